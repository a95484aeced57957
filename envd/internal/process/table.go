// Package process starts commands, supervises them and keeps their output. It must not run in a process that reaps
// strangers (wait4(-1)): each command has a goroutine that waits for exactly this child.
package process

import (
	"errors"
	"os"
	"sort"
	"strconv"
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
	settled  *sync.Cond // a start has succeeded or failed
	starting int
	tags     map[string]struct{} // of starts that are under way
	running  map[int]*Process
	ended    []*Process // oldest first
}

// NewTable makes an empty table. shield may be nil, which leaves the out-of-memory score alone.
func NewTable(shield *OOMShield) *Table {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	t := &Table{shield: shield, shell: shell, running: map[int]*Process{}, tags: map[string]struct{}{}}
	t.settled = sync.NewCond(&t.mu)
	return t
}

// Start runs the command, or finds the process that was started with the same tag and is still remembered. The follower is
// attached before the first byte can be read, or begins at the first retained byte; with follow false it is nil.
func (t *Table) Start(spec Spec, follow bool) (*Process, *Follower, error) {
	if err := checkDirectory(spec.Directory); err != nil {
		return nil, nil, err
	}
	p, err := t.reserve(spec)
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		return t.launch(spec, follow)
	}
	if !follow {
		return p, nil, nil
	}
	return p, p.Follow(0), nil
}

// reserve takes a place and the tag for a process that the caller then launches, or finds the one that has the tag.
func (t *Table) reserve(spec Spec) (*Process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if spec.Tag != "" {
		for _, taken := t.tags[spec.Tag]; taken; _, taken = t.tags[spec.Tag] {
			t.settled.Wait()
		}
		if p := t.findLocked(func(p *Process) bool { return p.Tag == spec.Tag }); p != nil {
			if p.fingerprint != spec.Fingerprint {
				return nil, failure.New(failure.TagTaken, "process %d was started with the same tag and something else to do", p.PID)
			}
			return p, nil
		}
	}
	if len(t.running)+t.starting >= runningMax {
		return nil, failure.New(failure.TooManyProcesses,
			"%d processes are running, which is the limit: wait for some or kill them", runningMax)
	}
	t.starting++
	if spec.Tag != "" {
		t.tags[spec.Tag] = struct{}{}
	}
	return nil, nil
}

func (t *Table) launch(spec Spec, follow bool) (*Process, *Follower, error) {
	p := &Process{Kind: spec.Kind, Command: spec.Command, Tag: spec.Tag, fingerprint: spec.Fingerprint, output: newOutput()}
	if spec.Kind == PTY {
		p.Command, p.output.lossy = t.shell+" "+loginFlag, true
	}
	err := p.fork(spec, t.shell, t.shield)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.starting--
	delete(t.tags, spec.Tag)
	t.settled.Broadcast()
	if err != nil {
		return nil, nil, startFailure(err, spec, t.shell)
	}
	t.forgetLocked(p.PID)
	t.running[p.PID] = p
	var follower *Follower
	if follow {
		follower = p.Follow(0)
	}
	if spec.Timeout > 0 {
		p.mu.Lock()
		p.timer = time.AfterFunc(spec.Timeout, p.expire)
		p.mu.Unlock()
	}
	go p.supervise(func() { t.retire(p) })
	return p, follower, nil
}

// Get finds a process, running or ended, by its pid in digits or by its tag.
func (t *Table) Get(reference string) (*Process, error) {
	pid, err := strconv.Atoi(reference)
	fits := func(p *Process) bool { return p.PID == pid }
	if err != nil {
		fits = func(p *Process) bool { return p.Tag == reference }
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.findLocked(fits); p != nil && reference != "" {
		return p, nil
	}
	return nil, failure.New(failure.NoSuchProcess,
		"there is no process %s that was started here, or its result is no longer kept", reference)
}

func (t *Table) findLocked(fits func(*Process) bool) *Process {
	for _, p := range t.running {
		if fits(p) {
			return p
		}
	}
	for _, p := range t.ended {
		if fits(p) {
			return p
		}
	}
	return nil
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
