package execgate

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// host answers like the server: programs in `denied` may not start.
func host(t *testing.T, connection net.Conn, denied string) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(connection, head[:]); err != nil {
			return
		}
		text := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(connection, text); err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(text, &asked); err != nil {
			t.Error(err)
			return
		}
		answer := []byte(fmt.Sprintf(`{"id":%d,"allow":%v}`, asked.ID, !strings.Contains(asked.File, denied)))
		frame := make([]byte, 4)
		binary.BigEndian.PutUint32(frame, uint32(len(answer)))
		if _, err := connection.Write(append(frame, answer...)); err != nil {
			return
		}
	}
}

func TestEachQuestionGetsItsOwnAnswer(t *testing.T) {
	gate := newGate("/none")
	near, far := net.Pipe()
	gate.connect(near)
	go host(t, far, "bad")
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			file := fmt.Sprintf("/bin/good%d", i)
			if i%3 == 0 {
				file = fmt.Sprintf("/bin/bad%d", i)
			}
			if got := gate.ask(question{File: file}); got != (i%3 != 0) {
				t.Errorf("%s: %v", file, got)
			}
		}()
	}
	all.Wait()
}

func TestWhatWaitsIsRefusedWhenTheHostGoes(t *testing.T) {
	gate := newGate("/none")
	near, far := net.Pipe()
	gate.connect(near)
	go func() {
		io.ReadFull(far, make([]byte, 4))
		far.Close()
	}()
	if gate.ask(question{File: "/bin/x"}) {
		t.Error("allowed by nobody")
	}
}

func TestAProgramWaitsForAHostThatComes(t *testing.T) {
	gate := newGate("/none")
	go func() {
		time.Sleep(50 * time.Millisecond)
		near, far := net.Pipe()
		go host(t, far, "bad")
		gate.connect(near)
	}()
	if !gate.ask(question{File: "/bin/good"}) {
		t.Error("refused although a host came")
	}
}

func TestANewHostTakesTheOldOnesPlace(t *testing.T) {
	gate := newGate("/none")
	first, silent := net.Pipe()
	gate.connect(first)
	go io.Copy(io.Discard, silent) // takes questions and says nothing
	asked := make(chan bool)
	go func() { asked <- gate.ask(question{File: "/bin/good"}) }()
	time.Sleep(50 * time.Millisecond)
	second, far := net.Pipe()
	go host(t, far, "bad")
	gate.connect(second)
	if <-asked {
		t.Error("an unanswered question was allowed")
	}
	if !gate.ask(question{File: "/bin/good"}) {
		t.Error("the new host was not asked")
	}
}

func TestProcess1ObeysTheAgentAndNobodyElse(t *testing.T) {
	keeper := NewKeeper("/none")
	descriptor, err := keeper.Attach()
	if err != nil {
		t.Fatal(err)
	}
	control := NewControl(descriptor)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			host(t, connection, "bad")
		}
	}()
	connection, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	file, err := connection.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := control.Link(file); err != nil {
		t.Fatal(err)
	}
	file.Close()
	connection.Close()
	if !keeper.gate.ask(question{File: "/bin/good"}) || keeper.gate.ask(question{File: "/bin/bad"}) {
		t.Error("the handed over connection does not work")
	}
	if err := control.Disarm(); err != nil {
		t.Error(err)
	}
	if _, err := control.call('x', nil); err == nil {
		t.Error("an unknown letter was obeyed")
	}
	if _, err := NewControl(-1).Arm(); err == nil {
		t.Error("armed without process 1")
	}
}

func TestADirectStartOfTheLoaderIsThatOfTheProgram(t *testing.T) {
	for line, want := range map[string]string{
		"ld.so /bin/rm -rf x":                           "/bin/rm -rf x",
		"ld.so --library-path /a --argv0 z /bin/rm x":   "/bin/rm x",
		"ld.so --inhibit-cache --preload /a.so /bin/rm": "/bin/rm",
		"ld.so --list": "ld.so --list",
	} {
		words := strings.Fields(line)
		found := behindLoader(call{name: words[0], arguments: words})
		if strings.Join(found.arguments, " ") != want || found.name != strings.Fields(want)[0] {
			t.Errorf("%s: %v", line, found)
		}
	}
	for file, want := range map[string]bool{"/lib64/ld-linux-x86-64.so.2": true, "/usr/lib/x86_64-linux-gnu/ld-2.31.so": true, "/lib/ld-musl-x86_64.so.1": true, "/usr/bin/ld": false} {
		if loader(file) != want {
			t.Errorf("%s", file)
		}
	}
}

// A child that waits in a system call of three pointers shows how arguments are read: here nanosleep(2) is no execve(2).
func TestOtherSystemCallsAreNotTakenForAnExecve(t *testing.T) {
	child := exec.Command("sleep", "5")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Signal(syscall.SIGKILL)
	time.Sleep(100 * time.Millisecond)
	if found := read(child.Process.Pid); found.name != "" || len(found.arguments) > 0 {
		t.Errorf("%+v", found)
	}
	if found := read(1 << 22); found.complete {
		t.Errorf("%+v", found)
	}
}

func TestTextEndsAtTheZeroByteOrTheLimit(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "memory")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	long := strings.Repeat("x", 9000)
	if _, err := file.WriteString("short\x00" + long); err != nil {
		t.Fatal(err)
	}
	if got := text(file, 0, 100); got != "short" {
		t.Error(got)
	}
	if got := text(file, 6, 5000); got != long[:5000] {
		t.Error(len(got))
	}
	if got := text(file, 6, 1<<20); got != long {
		t.Error(len(got))
	}
}

func TestEventsAreSplitAndBoundsKept(t *testing.T) {
	one := make([]byte, metadataBytes)
	binary.LittleEndian.PutUint32(one, metadataBytes)
	binary.LittleEndian.PutUint64(one[8:], openExecPerm)
	binary.LittleEndian.PutUint32(one[16:], 7)
	binary.LittleEndian.PutUint32(one[20:], 42)
	found := events(append(append([]byte{}, one...), one...))
	if len(found) != 2 || found[1] != (event{descriptor: 7, thread: 42}) {
		t.Errorf("%v", found)
	}
	binary.LittleEndian.PutUint32(one, 1000)
	if len(events(one)) != 0 {
		t.Error("an event beyond the buffer")
	}
}
