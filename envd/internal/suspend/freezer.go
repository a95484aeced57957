// Package suspend holds a guest still while it is saved, and cuts what did not survive: between the moment a machine is
// saved and the moment its copy has randomness, a clock and a name of its own, no code but the agent's may run.
package suspend

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	freezeTime   = 10 * time.Second
	pollInterval = time.Millisecond
	roundsMax    = 100 // of looking for processes that were forked meanwhile
	kernelThread = 2   // kthreadd, parent of all others

	ownGroup = "declaw-held"
)

// Freezer stops every process but the agent and process 1 with the kernel's freezer (cgroups(7), cgroup.freeze), which the
// stopped cannot notice, unlike SIGSTOP. Safe for concurrent use.
type Freezer struct {
	root   string // "/" in a guest
	self   int
	mu     sync.Mutex
	frozen []string // directories of groups that were frozen here
}

// NewFreezer stops all but process 1 and self.
func NewFreezer(root string, self int) *Freezer { return &Freezer{root: root, self: self} }

func (f *Freezer) cgroups() string { return filepath.Join(f.root, "sys/fs/cgroup") }

// Freeze returns when everything stands still. When it fails, everything runs.
func (f *Freezer) Freeze() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.frozen) > 0 {
		return nil
	}
	if err := f.freeze(); err != nil {
		f.thaw()
		return err
	}
	return nil
}

// Thaw lets everything run. It does nothing when nothing is frozen.
func (f *Freezer) Thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.thaw()
}

func (f *Freezer) thaw() {
	for _, group := range f.frozen {
		_ = os.WriteFile(filepath.Join(group, "cgroup.freeze"), []byte("0"), 0o644) // a group that is gone has nobody to thaw
	}
	f.frozen = nil
}

func (f *Freezer) freeze() error {
	own := filepath.Join(f.cgroups(), ownGroup)
	if err := os.Mkdir(own, 0o755); err != nil && !os.IsExist(err) {
		return fmt.Errorf("control groups: %w", err)
	}
	groups, err := f.groups()
	if err != nil {
		return err
	}
	for _, group := range groups {
		state, err := os.ReadFile(filepath.Join(group, "cgroup.freeze"))
		if err != nil || strings.TrimSpace(string(state)) == "1" { // gone, or frozen by somebody in the guest: his to thaw
			continue
		}
		if err := os.WriteFile(filepath.Join(group, "cgroup.freeze"), []byte("1"), 0o644); err != nil {
			return fmt.Errorf("freezing: %w", err)
		}
		f.frozen = append(f.frozen, group)
	}
	// Who is in no group joins ours, which is frozen already: he and all that he forks from then on stand still. Whoever was
	// forked before is found in the next round.
	for round := 0; ; round++ {
		found, err := f.gather(own)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		if round == roundsMax {
			return fmt.Errorf("processes are forked faster than they can be frozen")
		}
	}
	return f.awaitFrozen()
}

// groups of the first level; freezing one freezes everything below it.
func (f *Freezer) groups() ([]string, error) {
	entries, err := os.ReadDir(f.cgroups())
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, entry := range entries {
		if entry.IsDir() {
			groups = append(groups, filepath.Join(f.cgroups(), entry.Name()))
		}
	}
	return groups, nil
}

// gather moves the processes of the root group to the given one; true when there were any.
func (f *Freezer) gather(group string) (bool, error) {
	members, err := os.ReadFile(filepath.Join(f.cgroups(), "cgroup.procs"))
	if err != nil {
		return false, err
	}
	found := false
	for _, text := range strings.Fields(string(members)) {
		pid, err := strconv.Atoi(text)
		if err != nil || pid <= kernelThread || pid == f.self || f.parent(pid) == kernelThread {
			continue
		}
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(text), 0o644); err == nil { // an error: it has ended
			found = true
		}
	}
	return found, nil
}

// parent of a process, proc_pid_stat(5); 0 when it has ended.
func (f *Freezer) parent(pid int) int {
	stat, err := os.ReadFile(filepath.Join(f.root, "proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the name may hold anything
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func (f *Freezer) awaitFrozen() error {
	for _, group := range f.frozen {
		for end := time.Now().Add(freezeTime); ; time.Sleep(pollInterval) {
			events, err := os.ReadFile(filepath.Join(group, "cgroup.events"))
			if os.IsNotExist(err) || strings.Contains(string(events), "frozen 1") || strings.Contains(string(events), "populated 0") {
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("a process does not stand still within %s", freezeTime)
			}
		}
	}
	return nil
}
