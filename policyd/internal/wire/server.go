package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"declaw.dev/policyd/internal/engine"
)

// Limits of the service.
const (
	ConnectionsMax    = 64
	PoliciesMax       = 128
	PolicyBytesMax    = 8 << 20 // of the sources of all remembered policies
	InputsMax         = 64
	DecisionMillisMax = 1000
	compileSecondsMax = 5
	// An idle client is normal; one that stops in the middle of a frame is not.
	writeSecondsMax = 10
)

type request struct {
	Op      string            `json:"op"`
	Sources []engine.Source   `json:"sources"`
	Packs   []string          `json:"packs"`
	Policy  string            `json:"policy"`
	Gate    string            `json:"gate"`
	Inputs  []json.RawMessage `json:"inputs"`
	Millis  int               `json:"millis"`
}

type compiled struct {
	Policy     string           `json:"policy,omitempty"`
	Gates      []string         `json:"gates,omitempty"`
	ReadsBody  bool             `json:"reads_body"`
	ReadsModel bool             `json:"reads_model"`
	Problems   []engine.Problem `json:"problems,omitempty"`
}

type decided struct {
	Deny []engine.Denial `json:"deny"`
}

type failed struct {
	Failed string `json:"failed"`
	Text   string `json:"text"`
}

// Server answers the clients of one listener.
type Server struct {
	allowed    func(*net.UnixConn) bool
	policies   *cache
	compiling  sync.Mutex
	evaluating chan struct{}
	// Overdue is called when a compilation outlives its time by far: nothing can stop it but the end of the process.
	Overdue func()
}

// NewServer makes a server that talks to the connections that `allowed` accepts.
func NewServer(allowed func(*net.UnixConn) bool) *Server {
	return &Server{
		allowed:    allowed,
		policies:   newCache(PoliciesMax, PolicyBytesMax),
		evaluating: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		Overdue:    func() {},
	}
}

// Serve runs until the listener is closed.
func (server *Server) Serve(listener *net.UnixListener) error {
	slots := make(chan struct{}, ConnectionsMax)
	for {
		connection, err := listener.AcceptUnix()
		if err != nil {
			return err
		}
		select {
		case slots <- struct{}{}:
		default:
			connection.Close()
			continue
		}
		go func() {
			defer func() { <-slots }()
			defer connection.Close()
			if server.allowed(connection) {
				server.talk(connection)
			}
		}()
	}
}

func (server *Server) talk(connection *net.UnixConn) {
	for {
		frame, err := readFrame(connection)
		if err != nil {
			return
		}
		answer, err := server.answer(frame)
		if err != nil {
			return // not our protocol
		}
		connection.SetWriteDeadline(time.Now().Add(writeSecondsMax * time.Second))
		if writeFrame(connection, answer) != nil {
			return
		}
	}
}

func (server *Server) answer(frame []byte) (any, error) {
	var asked request
	decoder := json.NewDecoder(bytes.NewReader(frame))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return nil, err
	}
	switch asked.Op {
	case "ping":
		return struct{}{}, nil
	case "compile":
		return server.compile(asked), nil
	case "decide":
		return server.decide(asked), nil
	default:
		return nil, errors.New("unknown op")
	}
}

func (server *Server) compile(asked request) any {
	server.compiling.Lock()
	defer server.compiling.Unlock()
	overdue := time.AfterFunc(compileSecondsMax*time.Second, server.Overdue)
	defer overdue.Stop()
	if known := server.policies.get(engine.Identity(asked.Sources, asked.Packs)); known != nil {
		return compiled{Policy: known.ID, Gates: known.Gates, ReadsBody: known.ReadsBody, ReadsModel: known.ReadsModel}
	}
	policy, problems := engine.Compile(context.Background(), asked.Sources, asked.Packs)
	if policy == nil {
		return compiled{Problems: problems}
	}
	server.policies.put(policy)
	return compiled{Policy: policy.ID, Gates: policy.Gates, ReadsBody: policy.ReadsBody, ReadsModel: policy.ReadsModel}
}

func (server *Server) decide(asked request) any {
	policy := server.policies.get(asked.Policy)
	if policy == nil {
		return failed{Failed: "unknown_policy", Text: "compile it first"}
	}
	if asked.Millis < 1 || asked.Millis > DecisionMillisMax || len(asked.Inputs) < 1 || len(asked.Inputs) > InputsMax {
		return failed{Failed: "invalid", Text: fmt.Sprintf("millis is 1 to %d, and there are 1 to %d inputs", DecisionMillisMax, InputsMax)}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(asked.Millis)*time.Millisecond)
	defer cancel()
	inputs := make([]any, len(asked.Inputs))
	for i, raw := range asked.Inputs {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&inputs[i]); err != nil {
			return failed{Failed: "invalid", Text: "an input is no JSON"}
		}
	}
	select {
	case server.evaluating <- struct{}{}:
		defer func() { <-server.evaluating }()
	case <-ctx.Done():
		return failed{Failed: "timeout", Text: "too many decisions wait"}
	}
	denials, err := policy.Decide(ctx, asked.Gate, inputs)
	switch {
	case ctx.Err() != nil:
		return failed{Failed: "timeout", Text: "the evaluation took too long"}
	case err != nil:
		// The message may quote the input, which must not reach a log: the kind and the place are enough.
		return failed{Failed: "evaluation", Text: engine.Kind(err)}
	}
	if denials == nil {
		denials = []engine.Denial{}
	}
	return decided{Deny: denials}
}
