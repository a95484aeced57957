package process

import (
	"os"
	"sync"
)

const oomScorePath = "/proc/self/oom_score_adj"

// OOMShield keeps the agent itself from being chosen by the out-of-memory killer, but not what it starts. A child copies
// the value at fork, so the shield is lowered around each fork; since the kernel remembers the value that a privileged
// writer set last as the floor, the child cannot raise its own shield again.
type OOMShield struct{ mu sync.Mutex }

// NewOOMShield raises the shield of this process.
func NewOOMShield() *OOMShield {
	setOOMScore("-1000")
	return &OOMShield{}
}

// lowered runs fork without the shield. A nil shield only runs it.
func (s *OOMShield) lowered(fork func()) {
	if s == nil {
		fork()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	setOOMScore("0")
	defer setOOMScore("-1000")
	fork()
}

// An error is ignored: without the shield everything works, only the choice of a victim is worse.
func setOOMScore(score string) { _ = os.WriteFile(oomScorePath, []byte(score), 0) }
