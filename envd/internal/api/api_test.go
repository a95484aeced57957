package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"declaw.dev/envd/internal/identity"
	"declaw.dev/envd/internal/process"
)

const testDeadline = 20 * time.Second

// nothing keeps the tests away from the clock and names of the machine they run on.
type nothing struct{}

func (nothing) SetHostname(string) error                     { return nil }
func (nothing) SetBootID(string) error                       { return nil }
func (nothing) SetClock(time.Time) error                     { return nil }
func (nothing) AddEntropy([]byte) error                      { return nil }
func (nothing) Run(context.Context, string, ...string) error { return nil }

type agent struct {
	t       *testing.T
	address string
	token   string
	root    string
}

// startAgent serves on loopback, with the file system of a temporary directory, before /init.
func startAgent(t *testing.T, adjust func(*Server)) *agent {
	t.Helper()
	root := t.TempDir()
	must(t, os.MkdirAll(root+"/etc", 0o755))
	must(t, os.MkdirAll(root+"/tmp", 0o777))
	must(t, os.WriteFile(root+"/etc/passwd", []byte(fmt.Sprintf("user:x:%d:%d::/tmp:/bin/sh\n", os.Getuid(), os.Getgid())), 0o644))
	guest, err := identity.NewGuest(root, nothing{})
	must(t, err)
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	a := &agent{t: t, address: listener.Addr().String(), token: strings.Repeat("k", 40), root: root}
	table := process.NewTable(nil)
	t.Cleanup(func() {
		for _, p := range table.Running() {
			p.Kill()
		}
	})
	server := New(root, guest, table, log.New(io.Discard, "", 0))
	if adjust != nil {
		adjust(server)
	}
	go func() { _ = server.Serve(Guard(listener, netip.MustParseAddr("127.0.0.1"))) }()
	return a
}

func initialised(t *testing.T, adjust func(*Server)) *agent {
	t.Helper()
	a := startAgent(t, adjust)
	if status, body := a.call("POST", "/init", a.identity()); status != 200 || body != "{}" {
		t.Fatalf("init: %d %s", status, body)
	}
	return a
}

func (a *agent) identity() string {
	text, _ := json.Marshal(map[string]any{
		"token": a.token, "hostname": "sbx-1", "machine_id": strings.Repeat("0", 32), "time_unix_nanos": 1,
		"entropy": base64.StdEncoding.EncodeToString(make([]byte, 64)), "env": map[string]string{"FROM_INIT": "yes", "BOTH": "init"}, "ca_pem": "",
	})
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a *agent) open(method, path string, body io.Reader) *http.Response {
	a.t.Helper()
	request, err := http.NewRequest(method, "http://"+a.address+path, body)
	must(a.t, err)
	request.Header.Set("Authorization", "Bearer "+a.token)
	client := &http.Client{Timeout: testDeadline, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	must(a.t, err)
	a.t.Cleanup(func() { response.Body.Close() })
	return response
}

func (a *agent) call(method, path, body string) (int, string) {
	a.t.Helper()
	response := a.open(method, path, strings.NewReader(body))
	text, err := io.ReadAll(response.Body)
	must(a.t, err)
	return response.StatusCode, string(text)
}

// raw sends bytes as they are and returns everything until the connection ends.
func (a *agent) raw(text string) (string, error) {
	a.t.Helper()
	connection, err := net.Dial("tcp", a.address)
	if err != nil {
		return "", err // a connection that is refused at once may not even seem established
	}
	defer connection.Close()
	must(a.t, connection.SetDeadline(time.Now().Add(testDeadline)))
	_, _ = io.WriteString(connection, text)
	_ = connection.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(connection)
	return string(answer), err
}

type frame struct {
	kind    byte
	payload string
}

func nextFrame(t *testing.T, r io.Reader) frame {
	t.Helper()
	var header [5]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		t.Fatalf("frame: %v", err)
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[1:]))
	if _, err := io.ReadFull(r, payload); err != nil {
		t.Fatalf("payload: %v", err)
	}
	return frame{header[0], string(payload)}
}

// stdoutOf reads frames to the exit frame, which must be the last.
func stdoutOf(t *testing.T, r io.Reader) (stdout, exit string) {
	t.Helper()
	for {
		switch f := nextFrame(t, r); f.kind {
		case byte(process.Stdout):
			stdout += f.payload
		case frameExit:
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
				t.Errorf("after the end: %q, %v", rest, err)
			}
			return stdout, f.payload
		}
	}
}

func (a *agent) run(body string) (stdout, exit string) {
	a.t.Helper()
	response := a.open("POST", "/processes", strings.NewReader(body))
	if response.StatusCode != 200 {
		text, _ := io.ReadAll(response.Body)
		a.t.Fatalf("%s: %d %s", body, response.StatusCode, text)
	}
	return stdoutOf(a.t, response.Body)
}

func TestBeforeInitOnlyHealthAndInitAnswer(t *testing.T) {
	a := startAgent(t, nil)
	if status, body := a.call("GET", "/health", ""); status != 200 || !strings.Contains(body, `"initialised":false`) {
		t.Errorf("health: %d %s", status, body)
	}
	for _, call := range []string{"GET /processes", "POST /processes", "POST /ca", "GET /files?path=/etc/passwd", "DELETE /files?path=/tmp", "GET /none"} {
		method, path, _ := strings.Cut(call, " ")
		if status, body := a.call(method, path, "{}"); status != 409 || !strings.Contains(body, `"not_initialised"`) {
			t.Errorf("%s: %d %s", call, status, body)
		}
	}
	if status, body := a.call("POST", "/init", a.identity()); status != 200 {
		t.Errorf("init: %d %s", status, body)
	}
	if status, body := a.call("GET", "/health", ""); status != 200 || !strings.Contains(body, `"initialised":true`) {
		t.Errorf("health: %d %s", status, body)
	}
}

func TestOnlyTheTokenOpensTheGuest(t *testing.T) {
	a := initialised(t, nil)
	for _, header := range []string{
		"", "Authorization: Bearer", "Authorization: Bearer wrong", "Authorization: Bearer " + a.token + "x", "Authorization: Bearer " + a.token[1:],
		"Authorization: bearer " + a.token, "Authorization: Basic " + a.token, "Authorization: " + a.token, "X-API-Key: " + a.token,
	} {
		for _, call := range []string{"GET /processes", "POST /init", "POST /processes", "PUT /files?path=/tmp/x", "GET /none"} {
			answer, _ := a.raw(call + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n" + header + "\r\n\r\n")
			refused := strings.HasPrefix(answer, "HTTP/1.1 401 ")
			if call == "POST /init" {
				refused = strings.HasPrefix(answer, "HTTP/1.1 400 ") // no body: nothing was looked at
			}
			if !refused || strings.Contains(answer, a.token) {
				t.Errorf("%s with %q: %.60q", call, header, answer)
			}
		}
	}
}

func TestConnectionsOfOtherPeersAreClosedAtOnce(t *testing.T) {
	a := initialised(t, nil)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	connection, err := dialer.Dial("tcp", a.address)
	must(t, err)
	defer connection.Close()
	must(t, connection.SetDeadline(time.Now().Add(testDeadline)))
	if n, err := connection.Read(make([]byte, 1)); n != 0 || err == nil || os.IsTimeout(err) {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestConnectionsBeyondTheLimitAreClosedAndPlacesComeBack(t *testing.T) {
	a := initialised(t, nil)
	var held []net.Conn
	defer func() {
		for _, connection := range held {
			connection.Close()
		}
	}()
	for i := 0; i < ConnectionsMax; i++ {
		connection, err := net.Dial("tcp", a.address)
		must(t, err)
		held = append(held, connection)
	}
	if answer, err := a.raw("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"); answer != "" {
		t.Errorf("one more got %q, %v", answer, err)
	}
	held[0].Close()
	for end := time.Now().Add(testDeadline); ; time.Sleep(time.Millisecond) {
		if answer, _ := a.raw("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"); strings.HasPrefix(answer, "HTTP/1.1 200") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the place did not come back")
		}
	}
}

func TestHostileRequestsAreRefusedAndTheAgentLives(t *testing.T) {
	a := initialised(t, nil)
	auth := "Authorization: Bearer " + a.token + "\r\n"
	for _, row := range []struct{ name, text, status string }{
		{"huge header", "GET /health HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "431"},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", "400"},
		{"two lengths", "POST /processes HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "400"},
		{"body cut off", "POST /processes HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Length: 100\r\n\r\n{\"cmd\":", "400"},
		{"broken chunk", "PUT /files?path=/tmp/x HTTP/1.1\r\nHost: x\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		{"file cut off", "PUT /files?path=/tmp/x HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Length: 100\r\n\r\nhalf", "400"},
		{"huge JSON", "POST /processes HTTP/1.1\r\nHost: x\r\n" + auth + "Connection: close\r\nContent-Length: 5000000\r\n\r\n" + strings.Repeat(" ", 5_000_000), "413"},
	} {
		// The agent may close before it has read everything; what it answered counts.
		if answer, err := a.raw(row.text); !strings.HasPrefix(answer, "HTTP/1.1 "+row.status) {
			t.Errorf("%s: %.80q, %v", row.name, answer, err)
		}
	}
	if _, err := os.Stat(a.root + "/tmp/x"); !os.IsNotExist(err) {
		t.Errorf("half a file was kept: %v", err)
	}
	if stdout, _ := a.run(`{"cmd":"echo alive","follow":true}`); stdout != "alive\n" {
		t.Errorf("stdout %q", stdout)
	}
}

func TestRequestsAreReadStrictly(t *testing.T) {
	a := initialised(t, nil)
	for _, row := range []struct {
		call, body string
		status     int
		message    string
	}{
		{"POST /processes", ``, 400, "no JSON object"},
		{"POST /processes", `{"cmd":"true","colour":1}`, 400, `unknown field "colour"`},
		{"POST /processes", `{"cmd":7}`, 400, `field "cmd" must not be a number`},
		{"POST /processes", `{"cmd":"true","env":{"A":1}}`, 400, "must not be a number"},
		{"POST /processes", `{"cmd":"true","env":{"A=":"1"}}`, 400, "env"},
		{"POST /processes", `{"cmd":"true"} {}`, 400, "something follows"},
		{"POST /processes", `[]`, 400, "array"},
		{"POST /processes", `{}`, 400, "cmd is missing"},
		{"POST /processes", `{"cmd":"a\u0000b"}`, 400, "NUL"},
		{"POST /processes", `{"cmd":"true","timeout_millis":-1}`, 400, "timeout_millis"},
		{"POST /processes", `{"cmd":"true","timeout_millis":0.5}`, 400, "timeout_millis"},
		{"POST /processes", `{"cmd":"true","user":"nobody"}`, 400, `no user "nobody"`},
		{"POST /processes", `{"cmd":"true","cwd":"/no/such"}`, 404, "/no/such"},
		{"POST /processes?x=1", `{"cmd":"true"}`, 400, "no query"},
		{"POST /ca", `{}`, 400, "ca_pem is missing"},
		{"POST /ca", `{"ca_pem":"x"}`, 400, "ca_pem"},
		{"POST /files/mkdir", `{"path":"/x","mode":7}`, 400, `unknown field "mode"`},
		{"POST /files/rename", `{"old_path":"/none","new_path":"/x"}`, 404, "/none"},
		{"GET /files?path=/etc/passwd&follow=1", ``, 400, `"follow"`},
		{"GET /files?path=/a&path=/b", ``, 400, "twice"},
		{"GET /files", ``, 400, "path is missing"},
		{"GET /files?path=%zz", ``, 400, "malformed"},
		{"GET /files?path=/none", ``, 404, "/none"},
		{"GET /files?path=/etc", ``, 400, "directory"},
		{"GET /files?path=/etc/passwd&user=no", ``, 400, `"no"`},
		{"GET /files/list?path=/&depth=0", ``, 400, "depth"},
		{"GET /files/list?path=/&depth=x", ``, 400, "depth"},
		{"PUT /files?path=/proc/x", `x`, 400, "/proc"},
		{"DELETE /files?path=/", ``, 400, "root"},
		{"GET /processes/1", ``, 404, "no call"},
		{"GET /processes/x/events", ``, 400, "no process id"},
		{"GET /processes/-1/events", ``, 400, "no process id"},
		{"GET /processes/99999999/events", ``, 404, "99999999"},
		{"POST /processes/99999999/stdin", `x`, 404, "99999999"},
		{"POST /processes/99999999/stdin/close", ``, 404, "99999999"},
		{"DELETE /processes", ``, 404, "no call"},
		{"GET /", ``, 404, "no call"},
		{"GET //health", ``, 404, "no call"},
		{"PATCH /files", ``, 404, "no call"},
	} {
		method, path, _ := strings.Cut(row.call, " ")
		status, body := a.call(method, path, row.body)
		var answer struct{ Code, Message string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != row.status || answer.Code == "" ||
			!strings.Contains(answer.Message, row.message) {
			t.Errorf("%s %s: %d %s", row.call, row.body, status, body)
		}
	}
}

func TestACommandRunsWithItsSurroundings(t *testing.T) {
	a := initialised(t, nil)
	for _, row := range []struct{ body, stdout, exit string }{
		{`{"cmd":"echo $HOME $USER $LOGNAME $SHELL; pwd; umask","follow":true}`, "/tmp user user /bin/sh\n/tmp\n0022\n", `"exit_code":0`},
		{`{"cmd":"echo $FROM_INIT $BOTH $OWN $LANG","env":{"BOTH":"call","OWN":"ü"},"follow":true}`, "yes call ü C.UTF-8\n", `"exit_code":0`},
		{`{"cmd":"pwd","cwd":"/usr","follow":true}`, "/usr\n", `"exit_code":0`},
		{`{"cmd":"pwd","cwd":"../usr","follow":true}`, "/usr\n", `"exit_code":0`},
		{`{"cmd":"printf '\\377\\000\\376'; exit 42","follow":true}`, "\xff\x00\xfe", `"exit_code":42`},
		{`{"cmd":"sleep 60","timeout_millis":200,"follow":true}`, "", `"exit_code":124,"timed_out":true,"truncated":false`},
	} {
		stdout, exit := a.run(row.body)
		if stdout != row.stdout || !strings.Contains(exit, row.exit) {
			t.Errorf("%s: %q %s", row.body, stdout, exit)
		}
	}
}
