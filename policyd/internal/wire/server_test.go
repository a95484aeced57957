package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"declaw.dev/policyd/internal/engine"
)

func service(t *testing.T) func() *net.UnixConn {
	t.Helper()
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"}
	listener, err := net.ListenUnix("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go NewServer(func(*net.UnixConn) bool { return true }).Serve(listener)
	return func() *net.UnixConn {
		connection, err := net.DialUnix("unix", nil, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
		return connection
	}
}

func ask(t *testing.T, connection *net.UnixConn, question string) map[string]any {
	t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(question)))
	if _, err := connection.Write(append(frame, question...)); err != nil {
		t.Fatal(err)
	}
	text, err := readFrame(connection)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

const module = `package declaw.platform.cmd\ndeny contains \"no\" if input.action.command == \"rm\"`

func TestCompileThenDecide(t *testing.T) {
	connection := service(t)()
	made := ask(t, connection, `{"op": "compile", "sources": [{"name": "a", "text": "`+module+`"}]}`)
	question := fmt.Sprintf(`{"op": "decide", "policy": "%s", "gate": "cmd", "millis": 500, "inputs": [{"action": {"command": "ls"}}, {"action": {"command": "rm"}}]}`, made["policy"])
	if answer := ask(t, connection, question); fmt.Sprint(answer["deny"]) != "[map[message:no rule:declaw.platform.cmd.deny]]" {
		t.Errorf("%v", answer)
	}
	if answer := ask(t, connection, strings.Replace(question, "500", "0", 1)); answer["failed"] != "invalid" {
		t.Errorf("%v", answer)
	}
	if answer := ask(t, connection, `{"op": "decide", "policy": "x", "gate": "cmd", "millis": 50, "inputs": [{}]}`); answer["failed"] != "unknown_policy" {
		t.Errorf("%v", answer)
	}
}

func TestWhatIsNotTheProtocolEndsTheConnection(t *testing.T) {
	connect := service(t)
	for _, bytes := range []string{"\x00\x00\x00\x02{}", "\x00\x00\x00\x00", "\x7f\x00\x00\x00", "\x00\x00\x00\x14{\"op\":\"ping\",\"x\":\"1\"}", "\x00\x00\x00\x04null"} {
		connection := connect()
		connection.Write([]byte(bytes))
		if frame, err := readFrame(connection); err == nil {
			t.Errorf("%q is answered with %s", bytes, frame)
		}
	}
}

func TestManyConnectionsShareThePolicies(t *testing.T) {
	connect := service(t)
	made := ask(t, connect(), `{"op": "compile", "sources": [{"name": "a", "text": "`+module+`"}]}`)
	question := fmt.Sprintf(`{"op": "decide", "policy": "%s", "gate": "cmd", "millis": 1000, "inputs": [{"action": {"command": "rm"}}]}`, made["policy"])
	var all sync.WaitGroup
	for range 8 {
		connection := connect()
		all.Add(1)
		go func() {
			defer all.Done()
			for range 50 {
				if answer := ask(t, connection, question); len(answer["deny"].([]any)) != 1 {
					t.Errorf("%v", answer)
				}
			}
		}()
	}
	all.Wait()
}

func TestTheOldestPolicyMakesRoom(t *testing.T) {
	server := NewServer(func(*net.UnixConn) bool { return true })
	server.policies = newCache(2, 1<<20)
	var ids []string
	for i := range 3 {
		answer := server.compile(request{Sources: sourcesOf(fmt.Sprintf("package p%d\nx := 1", i))}).(compiled)
		ids = append(ids, answer.Policy)
	}
	if server.policies.get(ids[0]) != nil || server.policies.get(ids[2]) == nil {
		t.Error("the wrong policy was dropped")
	}
}

func sourcesOf(text string) []engine.Source {
	return []engine.Source{{Name: "a", Text: text}}
}
