package api

import (
	"net"
	"net/http"
	"strings"
	"time"

	"declaw.dev/envd/internal/execgate"
	"declaw.dev/envd/internal/failure"
)

const gateProtocol = "declaw-exec-gate"

// UseGate gives the server process 1's gate.
func (s *Server) UseGate(control *execgate.Control) { s.gate = control }

// gateCalls arm the gate, hand the connection of the call to it, or take it away.
func (s *Server) gateCalls(c *call) (bool, error) {
	if len(c.rest) != 0 {
		return false, nil
	}
	switch c.request.Method {
	case "POST":
		return true, c.query(func(query) error {
			memory, err := s.gate.Arm()
			if err != nil {
				return failure.New(failure.GateUnsupported, "%v", err)
			}
			return c.answer(map[string]any{"memory": memory})
		})
	case "DELETE":
		return true, c.query(func(query) error {
			if err := s.gate.Disarm(); err != nil {
				return failure.New(failure.GateUnsupported, "%v", err)
			}
			return c.answer(struct{}{})
		})
	case "GET":
		return true, c.query(func(query) error {
			if !strings.EqualFold(c.request.Header.Get("Upgrade"), gateProtocol) {
				return failure.New(failure.InvalidRequest, "this call needs the header Upgrade: %s", gateProtocol)
			}
			return c.handOver(s.gate)
		})
	}
	return false, nil
}

// handOver answers 101 and gives the connection to process 1; the copy here is closed.
func (c *call) handOver(gate *execgate.Control) error {
	connection, _, err := c.ResponseWriter.(http.Hijacker).Hijack()
	if err != nil {
		return failure.New(failure.Internal, "the connection cannot be taken over: %v", err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Time{})
	answer := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + gateProtocol + "\r\n\r\n"
	if _, err := connection.Write([]byte(answer)); err != nil {
		return nil
	}
	under, ok := connection.(*admitted)
	if !ok {
		return nil
	}
	return passOn(gate, under.TCPConn)
}

func passOn(gate *execgate.Control, connection *net.TCPConn) error {
	file, err := connection.File()
	if err != nil {
		return nil // the host sees the connection end and comes again
	}
	defer file.Close()
	_ = gate.Link(file) // likewise
	return nil
}
