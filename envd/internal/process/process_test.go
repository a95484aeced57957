package process

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/failure"
)

const testDeadline = 20 * time.Second

var root = account.User{Name: "root", Home: "/root", Shell: "/bin/sh"}

func spec(command string) Spec {
	return Spec{Command: command, User: root, Directory: "/", Env: Environment(root)}
}

func start(t *testing.T, table *Table, s Spec) (*Process, *Follower) {
	t.Helper()
	p, follower, err := table.Start(s, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { follower.Close(); p.Kill() })
	return p, follower
}

type outcome struct {
	stdout, stderr []byte
	result         Result
	truncated      bool
}

// finish reads a follower to the end.
func finish(t *testing.T, f *Follower) outcome {
	t.Helper()
	var o outcome
	done := make(chan struct{})
	timer := time.AfterFunc(testDeadline, func() { close(done) })
	defer timer.Stop()
	for {
		event, ok := f.Next(done, time.Minute)
		switch {
		case !ok:
			t.Fatalf("no end within %s; stdout so far: %d bytes", testDeadline, len(o.stdout))
		case event.Result != nil:
			o.result, o.truncated = *event.Result, event.Truncated
			return o
		case event.Stream == Stdout:
			o.stdout = append(o.stdout, event.Chunk...)
		case event.Stream == Stderr:
			o.stderr = append(o.stderr, event.Chunk...)
		}
	}
}

func TestCommandsEndWithTheirResult(t *testing.T) {
	table := NewTable(nil)
	for _, row := range []struct {
		name, command  string
		timeout        time.Duration
		stdout, stderr string
		result         Result
	}{
		{"nothing is an end", "true", 0, "", "", Result{}},
		{"output goes to its stream", "echo out; echo err >&2", 0, "out\n", "err\n", Result{}},
		{"the exit code is kept", "exit 42", 0, "", "", Result{ExitCode: 42}},
		{"the exit code is a byte", "exit 300", 0, "", "", Result{ExitCode: 44}},
		{"an unknown command is 127", "exec 2>/dev/null; no-such-command", 0, "", "", Result{ExitCode: 127}},
		{"a signal is 128 and its number", "kill -TERM $$", 0, "", "", Result{ExitCode: 143}},
		{"SIGKILL is 137", "kill -9 $$", 0, "", "", Result{ExitCode: 137}},
		{"a timeout is 124 and keeps what was written", "echo begun; sleep 60; echo never", 300 * time.Millisecond, "begun\n", "", Result{124, true}},
		{"a timeout kills the whole group", "sleep 60 & sleep 60 & echo two; wait", 300 * time.Millisecond, "two\n", "", Result{124, true}},
		{"a timeout that is not reached does nothing", "exit 3", time.Minute, "", "", Result{ExitCode: 3}},
		{"stdin is empty by default", "cat; echo end", 0, "end\n", "", Result{}},
		{"a child is leader of session and group", "ps -o pid=,pgid=,sid= -p $$ | awk '{print ($1==$2 && $2==$3)}'", 0, "1\n", "", Result{}},
	} {
		row := row
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := spec(row.command)
			s.Timeout = row.timeout
			_, follower := start(t, table, s)
			got := finish(t, follower)
			if string(got.stdout) != row.stdout || string(got.stderr) != row.stderr || got.result != row.result || got.truncated {
				t.Errorf("got %q %q %+v truncated=%v", got.stdout, got.stderr, got.result, got.truncated)
			}
		})
	}
}

func TestABackgroundDescendantHoldsTheOutputForHalfASecondOnly(t *testing.T) {
	_, follower := start(t, NewTable(nil), spec("sleep 30 & echo $!"))
	begin := time.Now()
	got := finish(t, follower)
	took := time.Since(begin)
	var descendant int
	if _, err := fmt.Sscan(string(got.stdout), &descendant); err != nil {
		t.Fatalf("stdout %q: %v", got.stdout, err)
	}
	defer syscall.Kill(descendant, syscall.SIGKILL)
	if took < outputGrace-50*time.Millisecond || took > 10*time.Second {
		t.Errorf("the output ended after %s", took)
	}
	if err := syscall.Kill(descendant, 0); err != nil {
		t.Errorf("the descendant did not survive: %v", err)
	}
}

func TestKillTakesTheGroupAndWorksOnce(t *testing.T) {
	p, follower := start(t, NewTable(nil), spec("sleep 60 & echo $!; wait"))
	event, _ := follower.Next(nil, testDeadline)
	var child int
	if _, err := fmt.Sscan(string(event.Chunk), &child); err != nil {
		t.Fatalf("stdout %q: %v", event.Chunk, err)
	}
	if !p.Kill() {
		t.Error("kill did not reach a running process")
	}
	if got := finish(t, follower); got.result.ExitCode != 137 || got.result.TimedOut {
		t.Errorf("result %+v", got.result)
	}
	if p.Kill() {
		t.Error("kill of an ended process claims success")
	}
	// The child is an orphan now: whoever adopts it reaps it. A zombie does not run.
	waitUntil(t, "death of the child", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestStdinReachesTheProcessAndEnds(t *testing.T) {
	s := spec("cat; echo closed")
	s.Stdin = true
	p, follower := start(t, NewTable(nil), s)
	input := bytes.Repeat([]byte("\x00\xff line\n"), 30_000) // larger than the pipe, binary
	for from := 0; from < len(input); from += stdinChunk {
		to := from + stdinChunk
		if to > len(input) {
			to = len(input)
		}
		if err := p.WriteStdin(input[from:to]); err != nil {
			t.Fatal(err)
		}
	}
	p.CloseStdin()
	p.CloseStdin()
	if err := p.WriteStdin([]byte("late")); failure.Of(err, "").Code != failure.StdinClosed {
		t.Errorf("writing after close: %v", err)
	}
	if got := finish(t, follower); !bytes.Equal(got.stdout, append(input, "closed\n"...)) {
		t.Errorf("%d bytes came back of %d", len(got.stdout), len(input))
	}
}

const stdinChunk = 4096

func TestAWriterToAProcessThatEndsIsReleased(t *testing.T) {
	s := spec("exec sleep 60")
	s.Stdin = true
	p, follower := start(t, NewTable(nil), s)
	result := make(chan error, 1)
	go func() { result <- p.WriteStdin(make([]byte, 1<<20)) }() // more than the pipe takes: it waits
	p.Kill()
	finish(t, follower)
	select {
	case err := <-result:
		if failure.Of(err, "").Code != failure.StdinClosed {
			t.Errorf("got %v", err)
		}
	case <-time.After(testDeadline):
		t.Fatal("the writer still waits")
	}
}

func TestASlowFollowerLosesNothingOfFiveMegabytes(t *testing.T) {
	seed := int64(20_261_121)
	want := make([]byte, 5<<20)
	rand.New(rand.NewSource(seed)).Read(want)
	source := t.TempDir() + "/random"
	if err := os.WriteFile(source, want, 0o600); err != nil {
		t.Fatal(err)
	}
	p, follower := start(t, NewTable(nil), spec("cat "+source))
	// It takes nothing at first: the process must get stuck with its output retained, not dropped.
	waitUntil(t, "back-pressure", func() bool { return p.output.retainedBytes() > RetainedBytesMax-2*ChunkBytesMax })
	if !p.Running() {
		t.Error("the process ended although nobody took its output")
	}
	got := finish(t, follower)
	if !bytes.Equal(got.stdout, want) || got.truncated {
		t.Errorf("seed %d: %d bytes, truncated=%v", seed, len(got.stdout), got.truncated)
	}
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(testDeadline); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("no %s within %s", what, testDeadline)
		}
		time.Sleep(time.Millisecond) // polling the condition itself, not guessing a duration
	}
}

func TestAFollowerAfterTheEndGetsTheNewestMegabyteAndTheTruth(t *testing.T) {
	table := NewTable(nil)
	p, _, err := table.Start(spec("head -c 3000000 /dev/zero; echo last"), false)
	if err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "end of the output", func() bool { // which may come after that of the process
		table.mu.Lock()
		defer table.mu.Unlock()
		return len(table.ended) == 1
	})
	for i := 0; i < 2; i++ { // repeated reads give the same
		late := p.Follow(0)
		got := finish(t, late)
		late.Close()
		if !got.truncated || !bytes.HasSuffix(got.stdout, []byte("\x00last\n")) {
			t.Errorf("truncated=%v, %d bytes", got.truncated, len(got.stdout))
		}
		if len(got.stdout) > RetainedBytesMax || len(got.stdout) < RetainedBytesMax-2*ChunkBytesMax {
			t.Errorf("%d bytes were retained", len(got.stdout))
		}
	}
}

func TestAFollowerThatLeavesReleasesTheProcess(t *testing.T) {
	p, follower := start(t, NewTable(nil), spec("head -c 3000000 /dev/zero"))
	waitUntil(t, "back-pressure", func() bool { return p.output.retainedBytes() > RetainedBytesMax-2*ChunkBytesMax })
	follower.Close()
	waitUntil(t, "end", func() bool { return !p.Running() })
}

func TestAHundredProcessesAtOnceKeepTheirOutputApart(t *testing.T) {
	table := NewTable(nil)
	var all sync.WaitGroup
	for i := 0; i < 100; i++ {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			p, follower, err := table.Start(spec(fmt.Sprintf("echo %d; exit %d", i, i)), true)
			if err != nil {
				t.Error(err)
				return
			}
			defer follower.Close()
			got := finish(t, follower)
			if string(got.stdout) != fmt.Sprintln(i) || got.result.ExitCode != i {
				t.Errorf("process %d (%d): %q, %+v", i, p.PID, got.stdout, got.result)
			}
		}()
	}
	all.Wait()
	waitUntil(t, "empty table", func() bool { return len(table.Running()) == 0 })
}

func TestTheTableHasALimit(t *testing.T) {
	table := NewTable(nil)
	var started []*Process
	defer func() {
		for _, p := range started {
			p.Kill()
		}
	}()
	for i := 0; i < runningMax; i++ {
		p, _, err := table.Start(spec("exec sleep 60"), false)
		if err != nil {
			t.Fatal(err)
		}
		started = append(started, p)
	}
	if _, _, err := table.Start(spec("true"), false); failure.Of(err, "").Code != failure.TooManyProcesses {
		t.Errorf("one more: %v", err)
	}
	started[0].Kill()
	waitUntil(t, "room", func() bool {
		p, _, err := table.Start(spec("true"), false)
		if err == nil {
			started = append(started, p)
		}
		return err == nil
	})
}

func TestEndedProcessesAreForgottenOldestFirst(t *testing.T) {
	table := NewTable(nil)
	for i := 0; i < endedMax+10; i++ {
		p := &Process{PID: 1_000_000 + i, output: newOutput()}
		p.output.append(Stdout, make([]byte, ChunkBytesMax))
		p.output.append(Stderr, make([]byte, ChunkBytesMax))
		p.output.finish(Result{ExitCode: 7})
		table.running[p.PID] = p
		table.retire(p)
	}
	if _, err := table.Get(strconv.Itoa(1_000_009)); failure.Of(err, "").Code != failure.NoSuchProcess {
		t.Errorf("the oldest is still there: %v", err)
	}
	oldest, err := table.Get(strconv.Itoa(1_000_010))
	if err != nil {
		t.Fatal(err)
	}
	follower := oldest.Follow(0)
	if got := finish(t, follower); !got.truncated || len(got.stdout) != 0 || got.result.ExitCode != 7 {
		t.Errorf("the output budget does not hold, or the result is lost: %d bytes, %+v", len(got.stdout), got.result)
	}
	newest, err := table.Get(strconv.Itoa(1_000_000 + endedMax + 9))
	if err != nil {
		t.Fatal(err)
	}
	if got := finish(t, newest.Follow(0)); got.truncated || len(got.stdout) != ChunkBytesMax {
		t.Errorf("the newest lost output: %d bytes", len(got.stdout))
	}
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	nobody := account.User{Name: "nobody", UID: 65534, GID: 65534, Groups: []uint32{65534}, Home: "/"}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		spec Spec
		code failure.Code
	}{
		{"a working directory that is missing", Spec{Command: "true", User: root, Directory: "/no/such"}, failure.NotFound},
		{"a working directory that is a file", Spec{Command: "true", User: root, Directory: "/etc/passwd"}, failure.NotDirectory},
		{"a working directory that the user may not enter", Spec{Command: "true", User: nobody, Directory: closed}, failure.PermissionDenied},
		{"a command longer than Linux takes", Spec{Command: strings.Repeat("x", 200_000), User: root, Directory: "/"}, failure.TooLarge},
	} {
		_, _, err := NewTable(nil).Start(row.spec, false)
		if err == nil || failure.Of(err, "").Code != row.code {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestChildrenRunWithTheRightsOfTheirUserOnly(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	table := NewTable(nil)
	other := spec("cat")
	other.Stdin = true
	start(t, table, other) // its pipes must not leak into the next one
	s := spec("id -u; id -g; id -G; grep -E '^Cap(Prm|Eff)' /proc/self/status | tr -d '\\t0:\\n'")
	s.User = account.User{Name: "nobody", UID: 65534, GID: 65533, Groups: []uint32{65533, 7}, Home: "/"}
	_, follower := start(t, table, s)
	if got := finish(t, follower); string(got.stdout) != "65534\n65533\n65533 7\nCapPrmCapEff" {
		t.Errorf("got %q, %q", got.stdout, got.stderr)
	}
	_, follower = start(t, table, spec("exec ls /proc/self/fd"))
	for _, fd := range strings.Fields(string(finish(t, follower).stdout)) {
		if number, _ := strconv.Atoi(fd); number > 3 && !inherited(number) { // 3 is the directory that ls reads
			t.Errorf("descriptor %d leaked", number)
		}
	}
}

// inherited is true for what the test run itself was started with and lets through.
func inherited(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	return errno == 0 && flags&syscall.FD_CLOEXEC == 0
}

func TestAChildCannotTakeTheShieldFromTheOOMKiller(t *testing.T) {
	before, err := os.ReadFile(oomScorePath)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(oomScorePath, []byte("-1000"), 0); err != nil {
		t.Skipf("needs CAP_SYS_RESOURCE to lower the score: %v", err)
	}
	defer os.WriteFile(oomScorePath, before, 0)
	s := spec("cat /proc/self/oom_score_adj; echo -500 2>/dev/null > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj")
	s.User = account.User{Name: "nobody", UID: 65534, GID: 65534, Home: "/"}
	_, follower := start(t, NewTable(NewOOMShield()), s)
	if got := finish(t, follower); string(got.stdout) != "0\n0\n" {
		t.Errorf("scores %q", got.stdout)
	}
	if mine, _ := os.ReadFile(oomScorePath); strings.TrimSpace(string(mine)) != "-1000" {
		t.Errorf("own score %q", mine)
	}
}
