package process

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"declaw.dev/envd/internal/failure"
)

func openTerminal(t *testing.T, table *Table) (*Process, *Follower) {
	t.Helper()
	user := root
	user.Home = t.TempDir() // without a profile, of which nobody knows what it waits for
	return start(t, table, Spec{
		Kind: PTY, User: user, Directory: "/", Env: append(Environment(user), "TERM=dumb", "PS1=ready> "), Terminal: Size{Rows: 24, Cols: 80},
	})
}

// await reads until the text was seen and returns everything read.
func await(t *testing.T, f *Follower, text string) string {
	t.Helper()
	seen := ""
	done := make(chan struct{})
	timer := time.AfterFunc(testDeadline, func() { close(done) })
	defer timer.Stop()
	for !strings.Contains(seen, text) {
		event, ok := f.Next(done, time.Minute)
		if !ok || event.Result != nil {
			t.Fatalf("%q did not come: %q", text, seen)
		}
		seen += string(event.Chunk)
	}
	return seen
}

func typed(t *testing.T, p *Process, text string) {
	t.Helper()
	if err := p.WriteStdin([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestATerminalIsOne(t *testing.T) {
	p, f := openTerminal(t, NewTable(nil))
	typed(t, p, "stty size; tty; test -t 0 -a -t 1 -a -t 2 && echo all-$((1+1)); ps -o sid= -p $$\r")
	seen := await(t, f, "all-2")
	if !strings.Contains(seen, "24 80") || !strings.Contains(seen, "/dev/pts/") {
		t.Errorf("%q", seen)
	}
	await(t, f, strconv.Itoa(p.PID))
	if err := p.Resize(Size{Rows: 50, Cols: 132}); err != nil {
		t.Fatal(err)
	}
	typed(t, p, "stty size\r")
	await(t, f, "50 132")
	typed(t, p, "exit 7\r")
	if got := finish(t, f); got.result != (Result{ExitCode: 7}) {
		t.Errorf("%+v", got.result)
	}
	if err := p.Resize(Size{Rows: 1, Cols: 1}); failure.Of(err, "").Code != failure.StdinClosed {
		t.Errorf("resize after the end: %v", err)
	}
}

func TestControlCharactersReachTheForegroundJob(t *testing.T) {
	p, f := openTerminal(t, NewTable(nil))
	typed(t, p, "trap '' INT; (trap - INT; echo wait-$((2+2)); exec sleep 60); echo code-$?\r")
	await(t, f, "wait-4")
	for end := time.Now().Add(testDeadline); ; time.Sleep(20 * time.Millisecond) {
		typed(t, p, "\x03")
		if event, ok := f.Next(nil, 50*time.Millisecond); ok && strings.Contains(string(event.Chunk), "code-130") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the job did not end")
		}
	}
}

func TestEverySubscriberGetsAllFromTheFirstByte(t *testing.T) {
	p, first := openTerminal(t, NewTable(nil))
	typed(t, p, "echo one-$((0+1))\r")
	await(t, first, "one-1")
	second := p.Follow(0)
	defer second.Close()
	typed(t, p, "echo two-$((1+1)); exit\r")
	a := finish(t, first)
	b := finish(t, second)
	if !strings.Contains(string(b.stdout), "one-1") || !strings.HasSuffix(string(b.stdout), string(a.stdout)) || b.truncated {
		t.Errorf("first %q, second %q", a.stdout, b.stdout)
	}
	late := p.Follow(0)
	defer late.Close()
	if c := finish(t, late); string(c.stdout) != string(b.stdout) {
		t.Errorf("after the end %q", c.stdout)
	}
}

func TestASubscriberThatLagsLosesOutputAndHoldsNobodyUp(t *testing.T) {
	p, fast := openTerminal(t, NewTable(nil))
	slow := p.Follow(0)
	defer slow.Close()
	typed(t, p, "yes 0123456789 | head -c 4000000; echo; exit\r")
	if got := finish(t, fast); len(got.stdout) < 4_000_000 {
		t.Errorf("the fast one got %d bytes, truncated=%v", len(got.stdout), got.truncated)
	}
	if got := finish(t, slow); len(got.stdout) > RetainedBytesMax || !got.truncated {
		t.Errorf("the slow one got %d bytes, truncated=%v", len(got.stdout), got.truncated)
	}
}

func TestKillTakesTheJobsOfATerminalToo(t *testing.T) {
	p, f := openTerminal(t, NewTable(nil))
	typed(t, p, "(trap '' HUP; exec sleep 61) & echo job=$((1*$!))=\r")
	found := regexp.MustCompile(`job=(\d+)=`)
	seen := ""
	for !found.MatchString(seen) {
		seen += await(t, f, "=")
	}
	job, err := strconv.Atoi(found.FindStringSubmatch(seen)[1])
	if err != nil {
		t.Fatalf("%q: %v", seen, err)
	}
	if !p.Kill() {
		t.Error("it was not running")
	}
	if got := finish(t, f); got.result.ExitCode != 137 {
		t.Errorf("%+v", got.result)
	}
	for end := time.Now().Add(testDeadline); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(job) + "/stat")
		if err != nil || strings.Contains(string(text), ") Z ") || syscall.Kill(job, 0) != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the job lives on")
		}
	}
	if p.Kill() {
		t.Error("killed twice")
	}
}

func TestATimeoutEndsATerminal(t *testing.T) {
	table := NewTable(nil)
	_, f := start(t, table, Spec{Kind: PTY, User: root, Directory: "/", Env: Environment(root), Terminal: Size{24, 80}, Timeout: 200 * time.Millisecond})
	if got := finish(t, f); got.result != (Result{124, true}) {
		t.Errorf("%+v", got.result)
	}
}

func TestAFollowerResumesBehindWhatItHas(t *testing.T) {
	p, f := start(t, NewTable(nil), spec("printf abc; printf def >&2"))
	finish(t, f)
	resumed := p.Follow(4)
	defer resumed.Close()
	event, _ := resumed.Next(nil, time.Minute)
	got := finish(t, resumed)
	if event.Offset != 4 || len(event.Chunk)+len(got.stdout)+len(got.stderr) != 2 || got.truncated {
		t.Errorf("%+v %+v", event, got)
	}
	beyond := p.Follow(1 << 40)
	defer beyond.Close()
	if got := finish(t, beyond); len(got.stdout)+len(got.stderr) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestATagStartsOneProcess(t *testing.T) {
	table := NewTable(nil)
	counter := t.TempDir() + "/ran"
	s := spec("echo x >> " + counter + "; cat " + counter)
	s.Tag, s.Fingerprint = "call-1", "a"
	pids := make(chan int, 8)
	for i := 0; i < cap(pids); i++ {
		go func() {
			p, _, err := table.Start(s, false)
			if err != nil {
				t.Error(err)
				pids <- 0
				return
			}
			pids <- p.PID
		}()
	}
	first := <-pids
	for i := 1; i < cap(pids); i++ {
		if pid := <-pids; pid != first {
			t.Errorf("process %d and %d", first, pid)
		}
	}
	_, f := start(t, table, s)
	if got := finish(t, f); string(got.stdout) != "x\n" {
		t.Errorf("%q", got.stdout)
	}
	s.Fingerprint = "b"
	if _, _, err := table.Start(s, false); failure.Of(err, "").Code != failure.TagTaken {
		t.Errorf("another command with the tag: %v", err)
	}
	if p, err := table.Get("call-1"); err != nil || p.PID != first {
		t.Errorf("by tag: %v %v", p, err)
	}
	if _, err := table.Get(""); failure.Of(err, "").Code != failure.NoSuchProcess {
		t.Errorf("no reference: %v", err)
	}
}

func TestAKillIsOneHoweverSoonTheNextComes(t *testing.T) {
	for i := 0; i < 50; i++ {
		p, _ := start(t, NewTable(nil), spec("exec sleep 60"))
		if !p.Kill() || p.Kill() {
			t.Fatal("not killed once")
		}
	}
}
