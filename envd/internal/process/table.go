// Package process starts commands, supervises them and keeps their output. It must not run in a process that reaps
// strangers (wait4(-1)): each command has a goroutine that waits for exactly this child.
package process

import (
	"errors"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"

	"declaw.dev/envd/internal/failure"
)

const (
	runningMax = 256
	endedMax   = 256
	// All ended processes together keep at most this much output; the oldest lose theirs first, but not their results.
	endedBytesMax = 16 << 20
)

// Table is all processes that were started through this agent and are still remembered. Safe for concurrent use.
type Table struct {
	shield *OOMShield
	shell  string

	mu       sync.Mutex
	starting int
	running  map[int]*Process
	ended    []*Process // oldest first
}

// NewTable makes an empty table. shield may be nil, which leaves the out-of-memory score alone.
func NewTable(shield *OOMShield) *Table {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	return &Table{shield: shield, shell: shell, running: map[int]*Process{}}
}

// Start runs the command. The follower is attached before the first byte can be read; with follow false it is nil.
func (t *Table) Start(spec Spec, follow bool) (*Process, *Follower, error) {
	if err := checkDirectory(spec.Directory); err != nil {
		return nil, nil, err
	}
	t.mu.Lock()
	if len(t.running)+t.starting >= runningMax {
		t.mu.Unlock()
		return nil, nil, failure.New(failure.TooManyProcesses,
			"%d processes are running, which is the limit: wait for some or kill them", runningMax)
	}
	t.starting++
	t.mu.Unlock()

	p := &Process{Command: spec.Command, output: newOutput()}
	err := p.fork(spec, t.shell, t.shield)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.starting--
	if err != nil {
		return nil, nil, startFailure(err, spec, t.shell)
	}
	t.forgetLocked(p.PID)
	t.running[p.PID] = p
	var follower *Follower
	if follow {
		follower = p.Follow()
	}
	if spec.Timeout > 0 {
		p.mu.Lock()
		p.timer = time.AfterFunc(spec.Timeout, p.expire)
		p.mu.Unlock()
	}
	go p.supervise(func() { t.retire(p) })
	return p, follower, nil
}

// Get finds a process, running or ended.
func (t *Table) Get(pid int) (*Process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.running[pid]; ok {
		return p, nil
	}
	for _, p := range t.ended {
		if p.PID == pid {
			return p, nil
		}
	}
	return nil, failure.New(failure.NoSuchProcess, "there is no process %d that was started here, or its result is no longer kept", pid)
}

// Running lists the processes that have not ended, by pid.
func (t *Table) Running() []*Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*Process, 0, len(t.running))
	for _, p := range t.running {
		if p.Running() {
			list = append(list, p)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].PID < list[j].PID })
	return list
}

// retire moves a process whose output has ended to the ended ones and enforces their limits.
func (t *Table) retire(p *Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[p.PID] == p {
		delete(t.running, p.PID)
		t.ended = append(t.ended, p)
	}
	if len(t.ended) > endedMax {
		t.ended = append([]*Process(nil), t.ended[len(t.ended)-endedMax:]...)
	}
	total := 0
	for i := len(t.ended) - 1; i >= 0; i-- {
		kept := t.ended[i].output.retainedBytes()
		if total+kept > endedBytesMax {
			kept = t.ended[i].output.forget()
		}
		total += kept
	}
}

// forgetLocked drops an ended process whose pid the kernel has given out again.
func (t *Table) forgetLocked(pid int) {
	delete(t.running, pid) // its output was still draining
	for i, p := range t.ended {
		if p.PID == pid {
			t.ended = append(t.ended[:i:i], t.ended[i+1:]...)
			return
		}
	}
}

func checkDirectory(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return failure.Of(err, "working directory "+path)
	}
	if !info.IsDir() {
		return failure.New(failure.NotDirectory, "working directory %s is not a directory", path)
	}
	return nil
}

func startFailure(err error, spec Spec, shell string) error {
	switch {
	case errors.Is(err, syscall.E2BIG):
		return failure.New(failure.TooLarge, "command line and environment are too long: Linux takes 128 KiB for one string")
	case errors.Is(err, syscall.EACCES):
		return failure.New(failure.PermissionDenied, "user %s may not enter %s or run %s", spec.User.Name, spec.Directory, shell)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return failure.New(failure.TooManyProcesses, "the sandbox cannot start another process: %v", err)
	case errors.Is(err, syscall.ENOENT):
		return failure.New(failure.Internal, "%s cannot be started: it or its loader is missing in the sandbox", shell)
	}
	return failure.New(failure.Internal, "starting %s: %v", shell, err)
}
