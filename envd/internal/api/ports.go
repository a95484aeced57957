package api

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"declaw.dev/envd/internal/failure"
)

const (
	tunnelProtocol = "declaw-tcp"
	dialTime       = 5 * time.Second
	// What a port may still send after the host closed its end.
	tunnelLinger = 60 * time.Second
)

// portCalls turns the connection of a call into a tunnel to a port of the guest: from loopback first, where most servers
// listen, then from the guest's own address.
func (s *Server) portCalls(c *call) (bool, error) {
	if len(c.rest) != 1 || c.request.Method != "GET" {
		return false, nil
	}
	return true, c.query(func(query) error {
		port, err := strconv.ParseUint(c.rest[0], 10, 16)
		if err != nil || port == 0 {
			return failure.New(failure.InvalidRequest, "%q is no port", c.rest[0])
		}
		if !strings.EqualFold(c.request.Header.Get("Upgrade"), tunnelProtocol) {
			return failure.New(failure.InvalidRequest, "this call needs the header Upgrade: %s", tunnelProtocol)
		}
		own, ok := c.connection.LocalAddr().(*net.TCPAddr)
		if !ok || uint64(own.Port) == port {
			return failure.New(failure.PortRefused, "port %d is the sandbox's own agent", port)
		}
		target, err := dialPort(own.IP, int(port))
		if err != nil {
			return err
		}
		defer target.Close()
		return c.tunnel(target)
	})
}

func dialPort(own net.IP, port int) (*net.TCPConn, error) {
	for _, address := range []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, own} {
		target := net.JoinHostPort(address.String(), strconv.Itoa(port))
		if connection, err := net.DialTimeout("tcp", target, dialTime); err == nil {
			return connection.(*net.TCPConn), nil
		}
	}
	return nil, failure.New(failure.PortClosed, "nothing in the sandbox listens on port %d", port)
}

// tunnel answers 101 and moves bytes both ways; each side's end of stream is passed on, and an error ends both.
func (c *call) tunnel(target *net.TCPConn) error {
	connection, buffered, err := c.ResponseWriter.(http.Hijacker).Hijack()
	if err != nil {
		return failure.New(failure.Internal, "the connection cannot be taken over: %v", err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Time{}) // silence is the business of those who speak through it
	const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + tunnelProtocol + "\r\n\r\n"
	if _, err := connection.Write([]byte(answer)); err != nil {
		return nil
	}
	outbound := make(chan struct{})
	go func() {
		defer close(outbound)
		early := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered())) // then straight from the socket
		_, err := io.Copy(target, early)
		if err == nil {
			_, err = io.Copy(target, connection)
		}
		if err != nil || target.CloseWrite() != nil {
			target.Close()
		}
		_ = target.SetReadDeadline(time.Now().Add(tunnelLinger)) // fails when it is closed
	}()
	_, err = io.Copy(connection, target)
	if half, ok := connection.(interface{ CloseWrite() error }); err != nil || !ok || half.CloseWrite() != nil {
		connection.Close()
		target.Close()
	}
	<-outbound
	return nil
}
