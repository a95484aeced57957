package api

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/failure"
	"declaw.dev/envd/internal/identity"
	"declaw.dev/envd/internal/process"
)

// Frame types of the event stream; 1 and 2 are those of process.Stream.
const (
	frameExit      = 3
	frameKeepAlive = 4
	frameStarted   = 5
	frameOffset    = 6
)

const (
	fingerprintBytesMax = 128
	terminalType        = "xterm-256color"

	stdinStepBytes   = 64 << 10
	timeoutMillisMax = int64(365*24*time.Hour) / int64(time.Millisecond)
)

// A tag never looks like a process id: it has a kind, a dash, and what is chosen.
var tagForm = regexp.MustCompile(`^[a-z]{1,16}-[a-z0-9_-]{1,64}$`)

type terminalSize struct {
	Cols int `json:"cols"`
	Rows int `json:"rows"`
}

func (s terminalSize) check() (process.Size, error) {
	if s.Cols < 1 || s.Cols > process.SizeMax || s.Rows < 1 || s.Rows > process.SizeMax {
		return process.Size{}, failure.New(failure.InvalidRequest, "cols and rows must be 1 to %d", process.SizeMax)
	}
	return process.Size{Rows: uint16(s.Rows), Cols: uint16(s.Cols)}, nil
}

type startRequest struct {
	Cmd           string            `json:"cmd"`
	Kind          process.Kind      `json:"kind"`
	Terminal      *terminalSize     `json:"terminal"`
	Tag           string            `json:"tag"`
	Fingerprint   string            `json:"fingerprint"`
	User          string            `json:"user"`
	Cwd           string            `json:"cwd"`
	Env           map[string]string `json:"env"`
	TimeoutMillis int64             `json:"timeout_millis"` // 0 for none
	Stdin         bool              `json:"stdin"`
	Follow        bool              `json:"follow"`
}

func (s *Server) processCalls(c *call) (bool, error) {
	switch {
	case c.is("POST"):
		return true, s.startProcess(c)
	case c.is("GET"):
		return true, c.query(func(query) error { return s.listProcesses(c) })
	case len(c.rest) < 2:
		return false, nil
	}
	reference := c.rest[0]
	if pid, err := strconv.Atoi(reference); (err != nil || pid <= 0) && !tagForm.MatchString(reference) {
		return true, failure.New(failure.InvalidRequest, "%q is no process id and no tag", reference)
	}
	var act func(*process.Process, query) error
	also := []string{"kind"}
	switch {
	case c.is("GET", reference, "events"):
		act, also = s.followProcess(c), append(also, "after")
	case c.is("POST", reference, "stdin"):
		act = func(p *process.Process, _ query) error { return writeStdin(c, p) }
	case c.is("POST", reference, "stdin", "close"):
		act = func(p *process.Process, _ query) error {
			if err := p.CloseStdin(); err != nil {
				return err
			}
			return c.answer(struct{}{})
		}
	case c.is("POST", reference, "kill"):
		return true, c.query(func(q query) error {
			p, err := s.find(reference, q.kind)
			return c.answer(map[string]bool{"killed": err == nil && p.Kill()})
		}, "kind")
	case c.is("POST", reference, "resize"):
		return true, s.resize(c, reference)
	default:
		return false, nil
	}
	return true, c.query(func(q query) error {
		p, err := s.find(reference, q.kind)
		if err != nil {
			return err
		}
		return act(p, q)
	}, also...)
}

// find looks for a process, of one kind if that is given.
func (s *Server) find(reference, kind string) (*process.Process, error) {
	p, err := s.processes.Get(reference)
	if err == nil && kind != "" && process.Kind(kind) != p.Kind {
		return nil, failure.New(failure.NoSuchProcess, "process %s is of another kind: %s", reference, p.Kind)
	}
	return p, err
}

func (s *Server) followProcess(c *call) func(*process.Process, query) error {
	return func(p *process.Process, q query) error {
		after := uint64(0)
		if q.after != "" {
			var err error
			if after, err = strconv.ParseUint(q.after, 10, 63); err != nil {
				return failure.New(failure.InvalidRequest, "after must be a number of bytes")
			}
		}
		follower := p.Follow(after)
		defer follower.Close()
		return s.stream(c, follower, nil)
	}
}

func (s *Server) resize(c *call, reference string) error {
	var body terminalSize
	if err := c.decode(&body); err != nil {
		return err
	}
	size, err := body.check()
	if err != nil {
		return err
	}
	p, err := s.find(reference, string(process.PTY))
	if err == nil {
		err = p.Resize(size)
	}
	if err != nil {
		return err
	}
	return c.answer(struct{}{})
}

func (s *Server) startProcess(c *call) error {
	var body startRequest
	if err := c.decode(&body); err != nil {
		return err
	}
	spec, err := s.specify(body)
	if err != nil {
		return err
	}
	if c.abandoned() {
		return failure.New(failure.InvalidRequest, "nobody waits for the answer any more, so nothing was started")
	}
	p, follower, err := s.processes.Start(spec, body.Follow)
	if err != nil {
		return err
	}
	started := map[string]int{"pid": p.PID}
	if follower == nil {
		return c.answer(started)
	}
	defer follower.Close()
	return s.stream(c, follower, started)
}

func (s *Server) specify(body startRequest) (process.Spec, error) {
	pty := body.Kind == process.PTY
	switch {
	case body.Kind != "" && body.Kind != process.Command && body.Kind != process.Stdio && !pty:
		return process.Spec{}, failure.New(failure.InvalidRequest, "kind must be command, stdio or pty")
	case pty && (body.Cmd != "" || body.Stdin || body.Terminal == nil):
		return process.Spec{}, failure.New(failure.InvalidRequest, "a pty takes terminal and neither cmd nor stdin")
	case !pty && body.Terminal != nil:
		return process.Spec{}, failure.New(failure.InvalidRequest, "only a pty takes terminal")
	case body.Cmd == "" && !pty:
		return process.Spec{}, failure.New(failure.InvalidRequest, "cmd is missing")
	case body.Tag != "" && !tagForm.MatchString(body.Tag), len(body.Fingerprint) > fingerprintBytesMax:
		return process.Spec{}, failure.New(failure.InvalidRequest, "tag must match %s, fingerprint have at most %d bytes", tagForm, fingerprintBytesMax)
	case strings.IndexByte(body.Cmd, 0) >= 0:
		return process.Spec{}, failure.New(failure.InvalidRequest, "cmd holds a NUL byte")
	case strings.IndexByte(body.Cwd, 0) >= 0:
		return process.Spec{}, failure.New(failure.InvalidRequest, "cwd holds a NUL byte")
	case body.TimeoutMillis < 0 || body.TimeoutMillis > timeoutMillisMax:
		return process.Spec{}, failure.New(failure.InvalidRequest, "timeout_millis must be 0 (none) to %d", timeoutMillisMax)
	}
	if err := identity.CheckVariables("env", body.Env); err != nil {
		return process.Spec{}, err
	}
	user, err := s.accounts.Lookup(orDefaultUser(body.User))
	if err != nil {
		return process.Spec{}, err
	}
	trust, sandbox := s.guest.Environment()
	terminal := map[string]string{}
	spec := process.Spec{
		Kind:        body.Kind,
		Command:     body.Cmd,
		User:        user,
		Directory:   directory(body.Cwd, user),
		Timeout:     time.Duration(body.TimeoutMillis) * time.Millisecond,
		Stdin:       body.Stdin,
		Tag:         body.Tag,
		Fingerprint: body.Fingerprint,
	}
	if spec.Kind == "" {
		spec.Kind = process.Command
	}
	if pty {
		terminal["TERM"] = terminalType
		if spec.Terminal, err = body.Terminal.check(); err != nil {
			return process.Spec{}, err
		}
	}
	spec.Env = process.Environment(user, trust, terminal, sandbox, body.Env)
	return spec, nil
}

// directory is cwd, relative to the home; without one the home, or the root directory for a user who has none.
func directory(cwd string, user account.User) string {
	switch {
	case strings.HasPrefix(cwd, "/"):
		return cwd
	case cwd != "":
		return path.Join(user.Home, cwd)
	}
	if info, err := os.Stat(user.Home); err != nil || !info.IsDir() {
		return "/"
	}
	return user.Home
}

func (s *Server) listProcesses(c *call) error {
	type item struct {
		PID  int          `json:"pid"`
		Cmd  string       `json:"cmd"`
		Kind process.Kind `json:"kind,omitempty"` // absent for a command
		Tag  string       `json:"tag,omitempty"`
	}
	items := []item{}
	for _, p := range s.processes.Running() {
		shown := item{p.PID, p.Command, p.Kind, p.Tag}
		if p.Kind == process.Command {
			shown.Kind = ""
		}
		items = append(items, shown)
	}
	return c.answer(map[string]any{"processes": items})
}

// stream sends events until the end of the process, or until the peer leaves or stops taking them. The process runs on in
// any case.
func (s *Server) stream(c *call, follower *process.Follower, started any) error {
	c.Header().Set("Content-Type", "application/octet-stream")
	c.WriteHeader(http.StatusOK)
	if started != nil {
		if err := c.jsonFrame(frameStarted, started); err != nil {
			return nil // the peer is gone
		}
	} else {
		c.flush()
	}
	sent := uint64(0) // bytes of both streams that came before what comes next
	for {
		event, ok := follower.Next(c.request.Context().Done(), s.keepAlive)
		if !ok {
			return nil
		}
		var err error
		if len(event.Chunk) > 0 {
			if event.Offset != sent {
				err = c.jsonFrame(frameOffset, map[string]uint64{"offset": event.Offset})
			}
			sent = event.Offset + uint64(len(event.Chunk))
		}
		switch {
		case err != nil:
		case event.Result != nil:
			_ = c.jsonFrame(frameExit, map[string]any{
				"exit_code": event.Result.ExitCode, "timed_out": event.Result.TimedOut, "truncated": event.Truncated,
			})
			return nil
		case len(event.Chunk) > 0:
			err = c.frame(byte(event.Stream), event.Chunk)
		default:
			err = c.frame(frameKeepAlive, nil)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // closes the connection in the middle of the body: nobody takes this for the end
		}
	}
}

func (c *call) jsonFrame(kind byte, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.frame(kind, text)
}

// frame sends one frame at once. The peer has stallTime to take it.
func (c *call) frame(kind byte, payload []byte) error {
	var header [5]byte
	header[0] = kind
	binary.BigEndian.PutUint32(header[1:], uint32(len(payload)))
	c.setWriteDeadline()
	if _, err := c.Write(header[:]); err != nil {
		return err
	}
	if _, err := c.Write(payload); err != nil {
		return err
	}
	c.flush()
	return c.request.Context().Err()
}

func (c *call) flush() { c.ResponseWriter.(http.Flusher).Flush() }

func writeStdin(c *call, p *process.Process) error {
	buffer := make([]byte, stdinStepBytes)
	for {
		n, err := c.request.Body.Read(buffer)
		if n > 0 {
			if err := p.WriteStdin(buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return c.answer(struct{}{})
		}
		if err != nil {
			return err
		}
	}
}
