package api

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// terminal starts one and returns its process id.
func (a *agent) terminal() int {
	a.t.Helper()
	status, body := a.call("POST", "/processes", `{"kind":"pty","terminal":{"cols":80,"rows":24},"env":{"PS1":"$ "}}`)
	var answer struct{ PID int }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
		a.t.Fatalf("start: %d %s", status, body)
	}
	return answer.PID
}

func TestATerminalIsStartedTypedAtResizedAndWatched(t *testing.T) {
	a := initialised(t, nil)
	pid := a.terminal()
	process := fmt.Sprintf("/processes/%d", pid)
	if _, body := a.call("GET", "/processes", ""); !strings.Contains(body, `-l","kind":"pty"}`) {
		t.Errorf("list: %s", body)
	}
	for _, call := range [][2]string{{"/stdin?kind=pty", "echo $TERM $FROM_INIT; stty size\r"}, {"/resize", `{"cols":132,"rows":50}`}, {"/stdin", "stty size; exit 3\r"}} {
		if status, body := a.call("POST", process+call[0], call[1]); status != 200 || body != "{}" {
			t.Errorf("%s: %d %s", call[0], status, body)
		}
	}
	output, exit := stdoutOf(t, a.open("GET", process+"/events?kind=pty", nil).Body)
	for _, want := range []string{"xterm-256color yes", "50 132"} {
		if !strings.Contains(output, want) {
			t.Errorf("%q is missing in %q", want, output)
		}
	}
	if !strings.Contains(exit, `"exit_code":3`) {
		t.Errorf("exit %s", exit)
	}
	if status, _ := a.call("GET", process+"/events?kind=stdio", ""); status != 404 {
		t.Errorf("another kind: %d", status)
	}
	if status, body := a.call("POST", process+"/stdin/close", ""); status != 400 {
		t.Errorf("close: %d %s", status, body)
	}
}

func TestTerminalsAreAskedForStrictly(t *testing.T) {
	a := initialised(t, nil)
	for _, body := range []string{
		`{"kind":"pty"}`, `{"kind":"tty","cmd":"x"}`, `{"kind":"pty","cmd":"x","terminal":{"cols":1,"rows":1}}`,
		`{"kind":"pty","terminal":{"cols":0,"rows":1}}`, `{"kind":"pty","terminal":{"cols":1,"rows":5000}}`,
		`{"cmd":"x","terminal":{"cols":1,"rows":1}}`, `{"cmd":"x","tag":"7"}`, `{"cmd":"x","tag":"UP-1"}`,
	} {
		if status, answer := a.call("POST", "/processes", body); status != 400 {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, answer := a.call("POST", "/processes/99999999/resize", `{"cols":1,"rows":1}`); status != 404 {
		t.Errorf("resize: %d %s", status, answer)
	}
}

func TestAProcessIsFoundByItsTagAndResumed(t *testing.T) {
	a := initialised(t, nil)
	for i := 0; i < 2; i++ {
		if status, body := a.call("POST", "/processes", `{"cmd":"printf 0123456789","kind":"stdio","stdin":true,"tag":"stdio-1"}`); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	stdoutOf(t, a.open("GET", "/processes/stdio-1/events", nil).Body) // it has ended
	response := a.open("GET", "/processes/stdio-1/events?after=6&kind=stdio", nil)
	if f := nextFrame(t, response.Body); f.kind != frameOffset || f.payload != `{"offset":6}` {
		t.Errorf("frame %+v", f)
	}
	if output, _ := stdoutOf(t, response.Body); output != "6789" {
		t.Errorf("%q", output)
	}
	if status, _ := a.call("GET", "/processes/stdio-1/events?after=-1", ""); status != 400 {
		t.Errorf("a negative offset: %d", status)
	}
	if status, body := a.call("POST", "/processes", `{"cmd":"true","tag":"stdio-1","fingerprint":"x"}`); status != 409 || !strings.Contains(body, "tag_taken") {
		t.Errorf("%d %s", status, body)
	}
}

func TestACallThatNobodyWaitsForIsNoticed(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	peer, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	connection, err := listener.Accept()
	must(t, err)
	defer connection.Close()
	request, err := http.NewRequest("POST", "/processes", nil)
	must(t, err)
	c := &call{request: request, connection: &admitted{TCPConn: connection.(*net.TCPConn)}}
	if c.abandoned() {
		t.Error("a peer that waits counts as gone")
	}
	peer.Close()
	for end := time.Now().Add(testDeadline); !c.abandoned(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a peer that closed counts as waiting")
		}
	}
}
