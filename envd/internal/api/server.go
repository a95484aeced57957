// Package api speaks the guest protocol, protocol/guest.md, with the host. Its callers are the host, which holds the token,
// and whatever else in the guest finds the port, which is hostile.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/execgate"
	"declaw.dev/envd/internal/failure"
	"declaw.dev/envd/internal/files"
	"declaw.dev/envd/internal/identity"
	"declaw.dev/envd/internal/process"
	"declaw.dev/envd/internal/suspend"
)

const (
	// Version of the protocol.
	Version = "1"

	headerBytesMax    = 16 << 10
	headerTime        = 10 * time.Second
	idleTime          = 5 * time.Minute
	stallTime         = 60 * time.Second // a peer that neither gives nor takes a byte for this long is dropped
	keepAliveInterval = 10 * time.Second
	jsonBytesMax      = 4 << 20
	// What is left of a body that was refused is read up to here, so that the answer is not lost in a reset.
	discardedBytesMax = 64 << 20
)

// Server answers the calls of the protocol.
type Server struct {
	guest     *identity.Guest
	processes *process.Table
	files     *files.Tree
	accounts  account.Database
	log       *log.Logger
	freezer   *suspend.Freezer
	gate      *execgate.Control
	watches   chan struct{} // one for each that is under way

	idle   map[netip.AddrPort]struct{} // peers of connections without a call
	idleMu sync.Mutex

	stall, keepAlive time.Duration
}

// New serves the guest whose file system is below root.
func New(root string, guest *identity.Guest, processes *process.Table, log *log.Logger) *Server {
	return &Server{
		guest: guest, processes: processes, files: files.NewTree(root), accounts: account.Database{Root: root}, log: log,
		freezer: suspend.NewFreezer(root, os.Getpid()),
		gate:    execgate.NewControl(-1),
		watches: make(chan struct{}, watchesMax),
		idle:    make(map[netip.AddrPort]struct{}),
		stall:   stallTime, keepAlive: keepAliveInterval,
	}
}

type connectionKey struct{}

// Serve answers until the listener fails.
func (s *Server) Serve(listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytesMax,
		ErrorLog:          s.log,
		ConnContext: func(ctx context.Context, connection net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, connection)
		},
		ConnState: func(connection net.Conn, state http.ConnState) {
			if state == http.StateIdle { // the deadline was that of the last answer
				_ = connection.SetWriteDeadline(time.Time{})
			}
			s.rests(connection, state == http.StateIdle)
		},
	}
	return server.Serve(listener)
}

// call is one request with the connection under it, whose deadlines follow the progress of the bodies.
type call struct {
	http.ResponseWriter
	request    *http.Request
	connection net.Conn
	stall      time.Duration
	rest       []string // of the path, behind the name of the resource
}

// ServeHTTP authenticates, routes, and turns errors into answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{ResponseWriter: w, request: r, stall: s.stall}
	c.connection, _ = r.Context().Value(connectionKey{}).(net.Conn)
	if r.Body != http.NoBody {
		body := &patientBody{ReadCloser: r.Body, call: c}
		body.setDeadline(time.Now().Add(s.stall)) // also for a body that no call reads: net/http discards it
		r.Body = body
	}
	c.setWriteDeadline()
	if err := s.route(c); err != nil {
		c.fail(err)
	}
	c.setWriteDeadline() // for what net/http still has to flush
}

func (s *Server) route(c *call) error {
	path := c.request.URL.Path
	open := false
	switch c.request.Method + " " + path {
	case "GET /health":
		return c.query(func(query) error {
			return c.answer(map[string]any{"version": Version, "initialised": s.guest.Initialised(), "boot_id": s.guest.BootID()})
		})
	case "POST /init":
		open = true // it authenticates itself: by being the first, or by the token
	}
	if !open {
		if !s.guest.Initialised() {
			return failure.New(failure.NotInitialised, "the guest has no identity yet: POST /init comes first")
		}
		if !s.guest.Authentic(c.bearer()) {
			return failure.New(failure.Unauthenticated, "the bearer token is missing or wrong")
		}
	}
	names := strings.Split(strings.TrimPrefix(path, "/"), "/")
	c.rest = names[1:]
	var err error
	found := true
	switch names[0] {
	case "init":
		found, err = s.initCalls(c)
	case "ca":
		found, err = s.caCalls(c)
	case "exec-gate":
		found, err = s.gateCalls(c)
	case "freeze", "thaw":
		found, err = s.suspendCalls(c, names[0])
	case "processes":
		found, err = s.processCalls(c)
	case "files":
		found, err = s.fileCalls(c)
	case "ports":
		found, err = s.portCalls(c)
	default:
		found = false
	}
	if !found {
		return failure.New(failure.NotFound, "there is no call %s %s", c.request.Method, path)
	}
	return err
}

func (s *Server) initCalls(c *call) (bool, error) {
	if !c.is("POST") {
		return false, nil
	}
	var body identity.Identity
	if err := c.decode(&body); err != nil {
		return true, err
	}
	if err := s.guest.Init(body, c.bearer()); err != nil {
		return true, err
	}
	if body.Restored {
		s.cut(c)
	}
	s.freezer.Thaw() // last: nothing ran before the machine had an identity of its own
	return true, c.answer(struct{}{})
}

func (s *Server) rests(connection net.Conn, idle bool) {
	peer, ok := connection.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return
	}
	address := peer.AddrPort()
	address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	s.idleMu.Lock()
	defer s.idleMu.Unlock()
	if idle {
		s.idle[address] = struct{}{}
	} else {
		delete(s.idle, address)
	}
}

// cut ends the connections that did not outlive the saving of this machine. A kernel that cannot do that leaves them to
// their time-outs. So are those of ours that wait for a call: nobody waits for them, and each costs a guest under emulation
// more than all the rest of its new identity.
func (s *Server) cut(c *call) {
	peer, err := netip.ParseAddrPort(c.request.RemoteAddr)
	if err == nil {
		keep := map[netip.AddrPort]struct{}{netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()): {}}
		s.idleMu.Lock()
		for address := range s.idle {
			keep[address] = struct{}{}
		}
		s.idleMu.Unlock()
		err = suspend.CutConnections(keep)
	}
	if err != nil {
		s.log.Printf("connections from before the restore stay until they time out: %v", err)
	}
}

func (s *Server) suspendCalls(c *call, name string) (bool, error) {
	if !c.is("POST") {
		return false, nil
	}
	if name == "thaw" {
		s.freezer.Thaw()
	} else if err := s.freezer.Freeze(); err != nil {
		return true, failure.New(failure.Internal, "%v", err)
	}
	return true, c.answer(struct{}{})
}

func (s *Server) caCalls(c *call) (bool, error) {
	if !c.is("POST") {
		return false, nil
	}
	var body struct {
		CAPem *string `json:"ca_pem"`
	}
	if err := c.decode(&body); err != nil {
		return true, err
	}
	if body.CAPem == nil {
		return true, failure.New(failure.InvalidRequest, "ca_pem is missing; an empty one removes the CA")
	}
	if err := s.guest.InstallCA(*body.CAPem); err != nil {
		return true, err
	}
	return true, c.answer(struct{}{})
}

// is compares the method and what follows the resource in the path.
func (c *call) is(method string, rest ...string) bool {
	if c.request.Method != method || len(c.rest) != len(rest) {
		return false
	}
	for i, name := range rest {
		if c.rest[i] != name {
			return false
		}
	}
	return true
}

func (c *call) bearer() string {
	const scheme = "Bearer "
	value := c.request.Header.Get("Authorization")
	if !strings.HasPrefix(value, scheme) {
		return ""
	}
	return value[len(scheme):]
}

// decode reads a JSON object strictly: no unknown fields, nothing behind it, at most jsonBytesMax bytes.
func (c *call) decode(into any) error {
	if len(c.request.URL.RawQuery) > 0 {
		return failure.New(failure.InvalidRequest, "this call takes no query")
	}
	text, err := io.ReadAll(io.LimitReader(c.request.Body, jsonBytesMax+1))
	if err != nil {
		return err
	}
	if len(text) > jsonBytesMax {
		return failure.New(failure.TooLarge, "the body is larger than %d bytes", jsonBytesMax)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalidJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return failure.New(failure.InvalidRequest, "something follows the JSON object")
	}
	return nil
}

// invalidJSON names the field, never the value: a body may hold secrets.
func invalidJSON(err error) error {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		return failure.New(failure.InvalidRequest, "field %q must not be a %s", mistyped.Field, mistyped.Value)
	}
	const unknown = "json: unknown field "
	if strings.HasPrefix(err.Error(), unknown) {
		return failure.New(failure.InvalidRequest, "unknown field %s", strings.TrimPrefix(err.Error(), unknown))
	}
	return failure.New(failure.InvalidRequest, "the body is no JSON object of this call")
}

func (c *call) answer(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return failure.New(failure.Internal, "encoding the answer: %v", err)
	}
	c.send(http.StatusOK, text)
	return nil
}

func (c *call) send(status int, text []byte) {
	c.setWriteDeadline()
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_, _ = c.Write(text) // the peer is gone: there is nobody to tell
}

func (c *call) fail(err error) {
	known := failure.Of(err, "internal")
	_, _ = io.CopyN(io.Discard, c.request.Body, discardedBytesMax)
	text, _ := json.Marshal(map[string]string{"code": string(known.Code), "message": known.Message})
	c.send(known.Status(), text)
}

// abandoned says whether the peer has closed its end already: then it takes the call for failed and may repeat it.
func (c *call) abandoned() bool {
	if c.request.Context().Err() != nil {
		return true
	}
	connection, ok := c.connection.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := connection.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	_ = raw.Control(func(fd uintptr) { // fails when it is closed, which the context tells as well
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = err == nil && n == 0 || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
	})
	return gone
}

func (c *call) setWriteDeadline() {
	if c.connection != nil {
		_ = c.connection.SetWriteDeadline(time.Now().Add(c.stall))
	}
}

// patientBody gives every read its own deadline, so that a body of any length may take its time but not stall.
type patientBody struct {
	io.ReadCloser
	call *call
	end  error
}

func (b *patientBody) Read(into []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	b.setDeadline(time.Now().Add(b.call.stall))
	n, err := b.ReadCloser.Read(into)
	switch {
	case err == io.EOF:
		// net/http goes on reading in the background to notice a peer that leaves: that read has no deadline.
		b.setDeadline(time.Time{})
		b.end = err
	case err != nil:
		// What may still come is no request of its own, and waiting for it is what has just failed.
		b.call.Header().Set("Connection", "close")
		b.end = failure.New(failure.InvalidRequest, "the body ended early or stalled")
	}
	return n, b.end
}

func (b *patientBody) setDeadline(at time.Time) {
	if connection := b.call.connection; connection != nil {
		_ = connection.SetReadDeadline(at)
	}
}
