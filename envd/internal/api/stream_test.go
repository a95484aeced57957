package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestStartedComesAtOnceAndTheProcessCanBeSteered(t *testing.T) {
	a := initialised(t, nil)
	response := a.open("POST", "/processes", strings.NewReader(`{"cmd":"echo ready; cat","stdin":true,"follow":true}`))
	started := nextFrame(t, response.Body)
	var answer struct{ PID int }
	if err := json.Unmarshal([]byte(started.payload), &answer); err != nil || started.kind != frameStarted || answer.PID <= 0 {
		t.Fatalf("first frame %+v", started)
	}
	if f := nextFrame(t, response.Body); f.payload != "ready\n" {
		t.Errorf("frame %+v", f)
	}
	process := fmt.Sprintf("/processes/%d", answer.PID)
	if status, body := a.call("GET", "/processes", ""); status != 200 || body != fmt.Sprintf(`{"processes":[{"pid":%d,"cmd":"echo ready; cat"}]}`, answer.PID) {
		t.Errorf("list: %d %s", status, body)
	}
	for _, call := range []string{process + "/stdin", process + "/stdin/close", process + "/stdin/close"} {
		if status, body := a.call("POST", call, "typed"); status != 200 || body != "{}" {
			t.Errorf("%s: %d %s", call, status, body)
		}
	}
	if stdout, exit := stdoutOf(t, response.Body); stdout != "typed" || !strings.Contains(exit, `"exit_code":0`) {
		t.Errorf("%q %s", stdout, exit)
	}
	if status, body := a.call("POST", process+"/stdin", "late"); status != 409 || !strings.Contains(body, "stdin_closed") {
		t.Errorf("late: %d %s", status, body)
	}
	if status, body := a.call("POST", process+"/kill", ""); status != 200 || body != `{"killed":false}` {
		t.Errorf("kill: %d %s", status, body)
	}
	if status, body := a.call("GET", "/processes", ""); status != 200 || body != `{"processes":[]}` {
		t.Errorf("list: %d %s", status, body)
	}
	for i := 0; i < 2; i++ {
		events := a.open("GET", process+"/events", nil)
		if stdout, exit := stdoutOf(t, events.Body); stdout != "ready\ntyped" || !strings.Contains(exit, `"truncated":false`) {
			t.Errorf("after the end: %q %s", stdout, exit)
		}
	}
}

func TestKillAndAFollowerThatLeaves(t *testing.T) {
	a := initialised(t, nil)
	status, body := a.call("POST", "/processes", `{"cmd":"echo up; exec sleep 60"}`)
	var answer struct{ PID int }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
		t.Fatalf("start: %d %s", status, body)
	}
	events := fmt.Sprintf("/processes/%d/events", answer.PID)
	first := a.open("GET", events, nil)
	nextFrame(t, first.Body)
	first.Body.Close() // leaving does not end the process
	second := a.open("GET", events, nil)
	if f := nextFrame(t, second.Body); f.payload != "up\n" {
		t.Errorf("frame %+v", f)
	}
	if status, body := a.call("POST", fmt.Sprintf("/processes/%d/kill", answer.PID), ""); status != 200 || body != `{"killed":true}` {
		t.Errorf("kill: %d %s", status, body)
	}
	if _, exit := stdoutOf(t, second.Body); !strings.Contains(exit, `"exit_code":137,"timed_out":false`) {
		t.Errorf("exit %s", exit)
	}
}

func TestSilenceIsFilledWithKeepAlives(t *testing.T) {
	a := initialised(t, func(s *Server) { s.keepAlive = 5 * time.Millisecond })
	response := a.open("POST", "/processes", strings.NewReader(`{"cmd":"exec sleep 60","follow":true}`))
	nextFrame(t, response.Body)
	for i := 0; i < 3; i++ {
		if f := nextFrame(t, response.Body); f.kind != frameKeepAlive || f.payload != "" {
			t.Errorf("frame %+v", f)
		}
	}
}

func TestAFollowerThatTakesNothingIsDroppedAndTheProcessFinishes(t *testing.T) {
	a := initialised(t, func(s *Server) { s.stall = 300 * time.Millisecond })
	connection, err := net.Dial("tcp", a.address)
	must(t, err)
	defer connection.Close()
	body := `{"cmd":"head -c 50000000 /dev/zero; touch ` + a.root + `/done","follow":true}`
	fmt.Fprintf(connection, "POST /processes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", a.token, len(body), body)
	for end := time.Now().Add(testDeadline); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(a.root + "/done"); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the process still waits for a follower that takes nothing")
		}
	}
	// The stream must not look complete: no last chunk, no exit frame.
	rest, _ := io.ReadAll(connection)
	if bytes.HasSuffix(rest, []byte("0\r\n\r\n")) || bytes.Contains(rest, []byte("exit_code")) {
		t.Error("the stream looks complete")
	}
}

func TestALongStreamSurvivesTheDeadlinesOfItsRequest(t *testing.T) {
	a := initialised(t, func(s *Server) { s.stall, s.keepAlive = 200*time.Millisecond, 20*time.Millisecond })
	if stdout, exit := a.run(`{"cmd":"sleep 1; echo end","follow":true}`); stdout != "end\n" || !strings.Contains(exit, `"exit_code":0`) {
		t.Errorf("%q %s", stdout, exit)
	}
}

func TestABodyThatStallsIsRefused(t *testing.T) {
	a := initialised(t, func(s *Server) { s.stall = 100 * time.Millisecond })
	connection, err := net.Dial("tcp", a.address)
	must(t, err)
	defer connection.Close()
	must(t, connection.SetDeadline(time.Now().Add(testDeadline)))
	fmt.Fprintf(connection, "PUT /files?path=/tmp/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 10\r\n\r\nhalf", a.token)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != 400 {
		t.Errorf("status %d", response.StatusCode)
	}
	if names, _ := os.ReadDir(a.root + "/tmp"); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestFilesGoInAndComeOutUnchanged(t *testing.T) {
	a := initialised(t, nil)
	content := bytes.Repeat([]byte("\x00\xff\r\n{}ü"), 300_000) // more than one step of the copy
	path := url.QueryEscape("/tmp/ü +&#%41 .bin")
	for _, chunked := range []bool{false, true} {
		var body io.Reader = bytes.NewReader(content)
		if chunked {
			body = io.MultiReader(body) // hides the length
		}
		put := a.open("PUT", "/files?path="+path, body)
		if text, _ := io.ReadAll(put.Body); put.StatusCode != 200 || string(text) != fmt.Sprintf(`{"size":%d}`, len(content)) {
			t.Errorf("put: %d %s", put.StatusCode, text)
		}
		get := a.open("GET", "/files?path="+path, nil)
		text, err := io.ReadAll(get.Body)
		if err != nil || !bytes.Equal(text, content) || get.ContentLength != int64(len(content)) {
			t.Errorf("get: %d bytes of %d, length %d, %v", len(text), len(content), get.ContentLength, err)
		}
	}
	for _, row := range []struct{ call, body, answer string }{
		{"PUT /files?path=empty", "", `{"size":0}`},
		{"GET /files?path=empty", "", ""},
		{"GET /files/exists?path=empty", "", `{"exists":true}`},
		{"POST /files/mkdir", `{"path":"d/e"}`, `{"created":true}`},
		{"POST /files/mkdir", `{"path":"/tmp/d/e"}`, `{"created":false}`},
		{"DELETE /files?path=d", "", `{}`},
		{"DELETE /files?path=d", "", `{}`},
		{"GET /files/exists?path=d", "", `{"exists":false}`},
	} {
		method, path, _ := strings.Cut(row.call, " ")
		if status, body := a.call(method, path, row.body); status != 200 || body != row.answer {
			t.Errorf("%s: %d %s", row.call, status, body)
		}
	}
	status, body := a.call("POST", "/files/rename", `{"old_path":"empty","new_path":"/tmp/renamed"}`)
	var entry struct {
		Name, Path, Owner string
		Dir               bool
		Mode              int
	}
	if err := json.Unmarshal([]byte(body), &entry); err != nil || status != 200 || entry.Name != "renamed" || entry.Path != "/tmp/renamed" ||
		entry.Owner != "user" || entry.Mode != 0o644 || entry.Dir {
		t.Errorf("rename: %d %s", status, body)
	}
	if status, body := a.call("GET", "/files/info?path=/tmp", ""); status != 200 || !strings.Contains(body, `"dir":true,"size":0`) {
		t.Errorf("info: %d %s", status, body)
	}
	if status, body := a.call("GET", "/files/list?path=/&depth=2", ""); status != 200 || !strings.Contains(body, `"path":"/tmp/renamed"`) || !strings.Contains(body, `"truncated":false`) {
		t.Errorf("list: %d %s", status, body)
	}
}
