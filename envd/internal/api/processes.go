package api

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path"
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
)

const (
	stdinStepBytes   = 64 << 10
	timeoutMillisMax = int64(365*24*time.Hour) / int64(time.Millisecond)
)

type startRequest struct {
	Cmd           string            `json:"cmd"`
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
	pid, err := strconv.Atoi(c.rest[0])
	if err != nil || pid <= 0 {
		return true, failure.New(failure.InvalidRequest, "%q is no process id", c.rest[0])
	}
	var act func(*process.Process) error
	switch id := c.rest[0]; {
	case c.is("GET", id, "events"):
		act = func(p *process.Process) error {
			follower := p.Follow()
			defer follower.Close()
			return s.stream(c, follower, nil)
		}
	case c.is("POST", id, "stdin"):
		act = func(p *process.Process) error { return writeStdin(c, p) }
	case c.is("POST", id, "stdin", "close"):
		act = func(p *process.Process) error {
			p.CloseStdin()
			return c.answer(struct{}{})
		}
	case c.is("POST", id, "kill"):
		return true, c.query(func(query) error {
			p, err := s.processes.Get(pid)
			return c.answer(map[string]bool{"killed": err == nil && p.Kill()})
		})
	default:
		return false, nil
	}
	return true, c.query(func(query) error {
		p, err := s.processes.Get(pid)
		if err != nil {
			return err
		}
		return act(p)
	})
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
	switch {
	case body.Cmd == "":
		return process.Spec{}, failure.New(failure.InvalidRequest, "cmd is missing")
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
	return process.Spec{
		Command:   body.Cmd,
		User:      user,
		Directory: directory(body.Cwd, user),
		Env:       process.Environment(user, trust, sandbox, body.Env),
		Timeout:   time.Duration(body.TimeoutMillis) * time.Millisecond,
		Stdin:     body.Stdin,
	}, nil
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
		PID int    `json:"pid"`
		Cmd string `json:"cmd"`
	}
	items := []item{}
	for _, p := range s.processes.Running() {
		items = append(items, item{p.PID, p.Command})
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
	for {
		event, ok := follower.Next(c.request.Context().Done(), s.keepAlive)
		if !ok {
			return nil
		}
		var err error
		switch {
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
