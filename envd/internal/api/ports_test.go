package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

func (a *agent) tunnel(port int) (*net.TCPConn, *bufio.Reader) {
	a.t.Helper()
	connection, err := net.Dial("tcp", a.address)
	must(a.t, err)
	a.t.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "GET /ports/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: declaw-tcp\r\n\r\nearly ", port, a.token)
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	must(a.t, err)
	if response.StatusCode != 101 {
		a.t.Fatalf("status %d", response.StatusCode)
	}
	return connection.(*net.TCPConn), reader
}

func TestATunnelCarriesBytesBothWaysAndTheEndOfEach(t *testing.T) {
	a := initialised(t, nil)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		fmt.Fprint(connection, "hello ")
		text, _ := io.ReadAll(connection)
		fmt.Fprintf(connection, "got %s", text)
	}()
	connection, reader := a.tunnel(listener.Addr().(*net.TCPAddr).Port)
	greeting := make([]byte, 6)
	_, err = io.ReadFull(reader, greeting)
	must(t, err)
	fmt.Fprint(connection, "late")
	must(t, connection.CloseWrite())
	rest, err := io.ReadAll(reader)
	must(t, err)
	if string(greeting)+string(rest) != "hello got early late" {
		t.Errorf("%q %q", greeting, rest)
	}
}

func TestTunnelsThatCannotBe(t *testing.T) {
	a := initialised(t, nil)
	_, own, _ := net.SplitHostPort(a.address)
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	closed := free.Addr().(*net.TCPAddr).Port
	free.Close()
	for _, row := range []struct {
		port    string
		upgrade string
		status  int
	}{
		{own, tunnelProtocol, 403}, {fmt.Sprint(closed), tunnelProtocol, 404}, {"0", tunnelProtocol, 400},
		{"65536", tunnelProtocol, 400}, {"x", tunnelProtocol, 400}, {"80", "", 400},
	} {
		request, err := http.NewRequest("GET", "http://"+a.address+"/ports/"+row.port, nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+a.token)
		if row.upgrade != "" {
			request.Header.Set("Connection", "Upgrade")
			request.Header.Set("Upgrade", row.upgrade)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != row.status {
			t.Errorf("port %s: %d", row.port, response.StatusCode)
		}
	}
}

func TestChangesOfADirectoryAreStreamed(t *testing.T) {
	a := initialised(t, nil)
	must(t, os.Mkdir(a.root+"/watched", 0o755))
	response := a.open("GET", "/files/watch?path=/watched&recursive=true", nil)
	must(t, os.WriteFile(a.root+"/watched/f", nil, 0o600))
	if f := nextFrame(t, response.Body); f.kind != frameChange || f.payload != `{"type":"create","path":"/watched/f","dir":false}` {
		t.Errorf("frame %+v", f)
	}
	must(t, os.RemoveAll(a.root+"/watched"))
	last := nextFrame(t, response.Body)
	for ; last.kind == frameChange; last = nextFrame(t, response.Body) {
	}
	if last.kind != frameWatchEnd {
		t.Errorf("frame %+v", last)
	}
	if status, body := a.call("GET", "/files/watch?path=/none", ""); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	for i := 0; i < watchesMax; i++ {
		if response := a.open("GET", "/files/watch?path=/tmp", nil); response.StatusCode != 200 {
			t.Fatalf("watch %d: %d", i, response.StatusCode)
		}
	}
	if status, body := a.call("GET", "/files/watch?path=/tmp", ""); status != 409 || !strings.Contains(body, "too_many_watches") {
		t.Errorf("%d %s", status, body)
	}
}
