package execgate

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// The agent tells process 1 what to do over a pair of datagram sockets: one letter, with a descriptor for `link`; the answer is one letter
// and, for a failure, a text.
const (
	opArm     = 'a'
	opLink    = 'l'
	opDisarm  = 'd'
	saidDone  = 'k' // done, and programs without a file are covered
	saidSome  = 's' // done, but for those
	saidError = 'e'

	controlTime = 10 * time.Second
)

// Keeper is the gate in process 1.
type Keeper struct{ gate *gate }

// NewKeeper makes a gate that is not armed. The agent's binary is never held back.
func NewKeeper(agent string) *Keeper { return &Keeper{newGate(agent)} }

// Attach makes a control channel, serves it until the agent is gone, and returns the agent's end.
func (k *Keeper) Attach() (int, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	go k.serve(pair[0])
	return pair[1], nil
}

func (k *Keeper) serve(control int) {
	defer syscall.Close(control)
	for {
		message := make([]byte, 1)
		rights := make([]byte, syscall.CmsgSpace(4))
		n, rightsLength, _, _, err := syscall.Recvmsg(control, message, rights, syscall.MSG_CMSG_CLOEXEC)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n != 1 {
			return
		}
		if err := syscall.Sendto(control, k.obey(message[0], descriptorOf(rights[:rightsLength])), syscall.MSG_NOSIGNAL, nil); err != nil {
			return
		}
	}
}

func (k *Keeper) obey(op byte, descriptor int) []byte {
	switch {
	case op == opArm && descriptor < 0:
		memory, err := k.gate.arm()
		if err != nil {
			return append([]byte{saidError}, err.Error()...)
		}
		if memory {
			return []byte{saidDone}
		}
		return []byte{saidSome}
	case op == opLink && descriptor >= 0:
		file := os.NewFile(uintptr(descriptor), "host")
		defer file.Close()
		link, err := net.FileConn(file)
		if err != nil {
			return append([]byte{saidError}, err.Error()...)
		}
		k.gate.connect(link)
		return []byte{saidDone}
	case op == opDisarm && descriptor < 0:
		k.gate.disarm()
		return []byte{saidDone}
	}
	if descriptor >= 0 {
		syscall.Close(descriptor)
	}
	return append([]byte{saidError}, "not understood"...)
}

func descriptorOf(rights []byte) int {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return -1
	}
	descriptors, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return -1
	}
	return descriptors[0]
}

// Control is the agent's end. Safe for concurrent use.
type Control struct {
	mu         sync.Mutex
	descriptor int
}

// NewControl takes the descriptor that process 1 gave; -1 where there is no process 1 of ours.
func NewControl(descriptor int) *Control {
	if descriptor >= 0 {
		syscall.CloseOnExec(descriptor)
		timeout := syscall.NsecToTimeval(int64(controlTime))
		_ = syscall.SetsockoptTimeval(descriptor, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout)
	}
	return &Control{descriptor: descriptor}
}

// Arm makes process 1 hold programs back. `memory` tells whether programs without a file are covered.
func (c *Control) Arm() (memory bool, err error) {
	said, err := c.call(opArm, nil)
	return said == saidDone, err
}

// Link gives process 1 a copy of the connection to ask over.
func (c *Control) Link(connection *os.File) error {
	_, err := c.call(opLink, syscall.UnixRights(int(connection.Fd())))
	return err
}

// Disarm lets programs start.
func (c *Control) Disarm() error {
	_, err := c.call(opDisarm, nil)
	return err
}

func (c *Control) call(op byte, rights []byte) (byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.descriptor < 0 {
		return 0, errors.New("process 1 is not ours")
	}
	if err := syscall.Sendmsg(c.descriptor, []byte{op}, rights, nil, syscall.MSG_NOSIGNAL); err != nil {
		return 0, err
	}
	answer := make([]byte, 512)
	n, _, err := syscall.Recvfrom(c.descriptor, answer, 0)
	switch {
	case err != nil:
		syscall.Close(c.descriptor) // a late answer would be taken for the next one
		c.descriptor = -1
		return 0, err
	case n == 0:
		return 0, errors.New("process 1 does not answer")
	case answer[0] == saidError:
		return 0, errors.New(string(answer[1:n]))
	}
	return answer[0], nil
}
