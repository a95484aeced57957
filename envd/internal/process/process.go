package process

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/failure"
)

const (
	// TimeoutExitCode is what timeout(1) uses.
	TimeoutExitCode = 124
	// A descendant that holds the output open keeps it no longer than this after the process itself has ended.
	outputGrace = 500 * time.Millisecond

	pPID    = 1          // waitid(2) P_PID
	wExited = 0x00000004 // WEXITED
	wNoWait = 0x01000000 // WNOWAIT
)

// Kind is what a process was started as.
type Kind string

const (
	Command Kind = "command"
	Stdio   Kind = "stdio" // a command that somebody talks to over its pipes
	PTY     Kind = "pty"   // a login shell on a terminal
)

// Spec says what to start.
type Spec struct {
	Kind      Kind   // Command when empty
	Command   string // not for PTY
	User      account.User
	Directory string        // absolute
	Env       []string      // complete
	Timeout   time.Duration // 0 for none
	Stdin     bool          // a pipe; otherwise /dev/null; not for PTY
	Terminal  Size          // for PTY
	// Tag is a name that the caller chose: a second start with the same tag finds the first process. Empty for none.
	Tag string
	// Fingerprint must be the same in both.
	Fingerprint string
}

// Process is a command that was started, running or ended. Safe for concurrent use.
type Process struct {
	PID     int
	Kind    Kind
	Command string
	Tag     string

	fingerprint string

	output *output
	pumps  sync.WaitGroup
	pipes  []*os.File

	stdinMu sync.Mutex // serialises writers: bytes of two calls never interleave
	stdin   *os.File   // nil when not asked for; never replaced; of a terminal another descriptor of its master

	mu       sync.Mutex // guards the fields below; held while signalling, so that the pid cannot be reaped and reused
	exited   bool
	killed   bool // by us; it may not have noticed yet
	timedOut bool
	timer    *time.Timer
}

// Follow reads the output behind its first after bytes, or from the first retained byte when that is later. The caller
// closes the follower.
func (p *Process) Follow(after uint64) *Follower { return p.output.follow(after) }

// Running is true until the process itself has ended.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.exited
}

// Kill sends SIGKILL to the process group, and of a terminal to everything in its session, where an interactive shell gives
// each job a group of its own. False when the process has ended or was killed already.
func (p *Process) Kill() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killLocked()
}

func (p *Process) killLocked() bool {
	if p.exited || p.killed || syscall.Kill(-p.PID, syscall.SIGKILL) != nil {
		return false
	}
	p.killed = true
	if p.Kind == PTY {
		killSession(p.PID)
	}
	return true
}

func (p *Process) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killLocked() {
		p.timedOut = true
	}
}

// WriteStdin writes all of chunk. It waits for a process that does not read, but not for ever.
func (p *Process) WriteStdin(chunk []byte) error {
	if p.stdin == nil {
		return failure.New(failure.StdinClosed, "process %d was started without standard input", p.PID)
	}
	p.stdinMu.Lock()
	defer p.stdinMu.Unlock()
	_ = p.stdin.SetWriteDeadline(time.Now().Add(stdinWaitTime)) // fails when it is closed, as the write then does
	written, err := p.stdin.Write(chunk)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failure.New(failure.StdinFull, "process %d did not read its standard input for %s; %d bytes of this part were taken",
			p.PID, stdinWaitTime, written)
	default: // EPIPE, or closed by us
		return failure.New(failure.StdinClosed, "the standard input of process %d is closed", p.PID)
	}
}

// CloseStdin gives the process an end of file after what was written. A second call does nothing.
func (p *Process) CloseStdin() error {
	if p.Kind == PTY {
		return failure.New(failure.InvalidRequest, "a terminal has no end of input; send the character that means it, Control-D")
	}
	if p.stdin == nil {
		return nil
	}
	p.stdinMu.Lock()
	defer p.stdinMu.Unlock()
	p.stdin.Close()
	return nil
}

// fork starts the command as leader of its own session and process group, with the rights of its user.
func (p *Process) fork(spec Spec, shell string, shield *OOMShield) (err error) {
	var childEnds []int // its descriptors 0, 1, 2
	defer func() {
		for _, fd := range childEnds {
			syscall.Close(fd)
		}
		if err != nil {
			if p.stdin != nil {
				p.stdin.Close()
			}
			for _, pipe := range p.pipes {
				pipe.Close()
			}
		}
	}()
	attributes := &syscall.ProcAttr{
		Dir: spec.Directory,
		Env: spec.Env,
		Sys: &syscall.SysProcAttr{
			Setsid:     true,
			Credential: &syscall.Credential{Uid: spec.User.UID, Gid: spec.User.GID, Groups: spec.User.Groups},
		},
	}
	arguments := []string{shell, "-c", spec.Command}
	if spec.Kind == PTY {
		childEnds, err = p.openTerminal(spec)
		attributes.Sys.Setctty = true // its descriptor 0
		arguments = []string{shell, loginFlag}
	} else {
		childEnds, err = p.openPipes(spec)
	}
	if err != nil {
		return err
	}
	for i := 0; i < 3; i++ {
		attributes.Files = append(attributes.Files, uintptr(childEnds[i%len(childEnds)]))
	}
	shield.lowered(func() {
		p.PID, err = syscall.ForkExec(shell, arguments, attributes)
	})
	return err
}

// openPipes makes stdin, stdout and stderr. The child's ends are returned even with an error, to be closed.
func (p *Process) openPipes(spec Spec) (childEnds []int, err error) {
	if spec.Stdin {
		ours, childs, err := newPipe(true)
		if err != nil {
			return nil, err
		}
		p.stdin, childEnds = ours, append(childEnds, childs)
	} else {
		null, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		childEnds = append(childEnds, null)
	}
	for range [2]Stream{Stdout, Stderr} {
		ours, childs, err := newPipe(false)
		if err != nil {
			return childEnds, err
		}
		p.pipes, childEnds = append(p.pipes, ours), append(childEnds, childs)
	}
	return childEnds, nil
}

// supervise moves output until the process has ended, then reports its result. ended is called last.
func (p *Process) supervise(ended func()) {
	for i, pipe := range p.pipes { // a terminal has only one
		pipe, stream := pipe, [2]Stream{Stdout, Stderr}[i]
		p.pumps.Add(1)
		go func() {
			defer p.pumps.Done()
			pump(pipe, stream, p.output)
			pipe.Close()
		}()
	}
	status := p.reap()
	if p.stdin != nil {
		p.stdin.Close() // without the lock: this wakes a writer that waits for a process that is gone
	}
	deadline := time.Now().Add(outputGrace)
	for _, pipe := range p.pipes {
		_ = pipe.SetReadDeadline(deadline) // fails when it is at its end already
	}
	p.pumps.Wait()
	p.mu.Lock()
	result := Result{ExitCode: exitCode(status), TimedOut: p.timedOut}
	p.mu.Unlock()
	if result.TimedOut {
		result.ExitCode = TimeoutExitCode
	}
	p.output.finish(result)
	ended()
}

// reap waits until the process is dead but leaves it a zombie (WNOWAIT), so that its pid stays ours until the lock is
// held: a kill can then never hit a stranger that got the same number.
func (p *Process) reap() syscall.WaitStatus {
	var info [128]byte // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(p.PID), uintptr(unsafe.Pointer(&info[0])),
			wExited|wNoWait, 0, 0)
		if errno != syscall.EINTR {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exited = true
	if p.timer != nil {
		p.timer.Stop()
	}
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(p.PID, &status, 0, nil); err != syscall.EINTR {
			return status
		}
	}
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// Environment is the complete environment of a process of this user: what login(1) would set, then the layers, of which
// later ones win.
func Environment(user account.User, layers ...map[string]string) []string {
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if user.UID != 0 {
		path = strings.TrimSuffix(user.Home, "/") + "/.local/bin:" + path
	}
	merged := map[string]string{
		"HOME": user.Home, "USER": user.Name, "LOGNAME": user.Name, "SHELL": user.Shell, "PATH": path, "LANG": "C.UTF-8",
	}
	for _, layer := range layers {
		for name, value := range layer {
			merged[name] = value
		}
	}
	list := make([]string, 0, len(merged))
	for name, value := range merged {
		list = append(list, name+"="+value)
	}
	return list
}
