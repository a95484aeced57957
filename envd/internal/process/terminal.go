package process

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"declaw.dev/envd/internal/failure"
)

const (
	loginFlag = "-l"
	// SizeMax bounds rows and columns; the kernel's own limit is 65535.
	SizeMax = 4096

	tiocsptlck   = 0x40045431 // ioctl_tty(2): unlocks the other end
	tiocgptpeer  = 0x5441     // opens the other end without a path, so that nothing in /dev/pts can be put in its place
	tiocswinsz   = 0x5414
	terminalMode = 0o620 // as getty(8) leaves it: its user, and write(1) for the group

	sessionSweepsMax = 4 // a process that forks while it is looked for is found in the next sweep
)

// Size of a terminal in characters.
type Size struct{ Rows, Cols uint16 }

// openTerminal makes a pseudo-terminal (pty(7)). Two descriptors of its master are ours: one is read, one is written, so
// that closing the input does not cut off what is still to be read.
func (p *Process) openTerminal(spec Spec) (childEnds []int, err error) {
	master, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	p.pipes = []*os.File{os.NewFile(uintptr(master), "terminal")}
	input, err := duplicate(master)
	if err != nil {
		return nil, err
	}
	p.stdin = os.NewFile(uintptr(input), "terminal")
	var locked int32
	if err := ioctl(master, tiocsptlck, uintptr(unsafe.Pointer(&locked))); err != nil {
		return nil, err
	}
	peer, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(master), tiocgptpeer,
		syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC)
	if errno != 0 {
		return nil, errno
	}
	childEnds = []int{int(peer)}
	if err := syscall.Fchown(int(peer), int(spec.User.UID), -1); err != nil {
		return childEnds, err
	}
	if err := syscall.Fchmod(int(peer), terminalMode); err != nil {
		return childEnds, err
	}
	return childEnds, setSize(master, spec.Terminal)
}

// Resize changes the size of the terminal; the kernel tells the foreground job (SIGWINCH).
func (p *Process) Resize(size Size) error {
	if p.Kind != PTY {
		return failure.New(failure.NoSuchProcess, "process %d has no terminal", p.PID)
	}
	raw, err := p.stdin.SyscallConn()
	if err == nil {
		var failed error
		err = raw.Control(func(fd uintptr) { failed = setSize(int(fd), size) })
		if failed != nil {
			return failure.New(failure.Internal, "resizing the terminal of process %d: %v", p.PID, failed)
		}
	}
	if err != nil {
		return failure.New(failure.StdinClosed, "process %d has ended, and its terminal with it", p.PID)
	}
	return nil
}

func setSize(fd int, size Size) error {
	window := [4]uint16{size.Rows, size.Cols, 0, 0} // struct winsize
	return ioctl(fd, tiocswinsz, uintptr(unsafe.Pointer(&window[0])))
}

func ioctl(fd int, request, argument uintptr) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, argument); errno != 0 {
		return errno
	}
	return nil
}

func duplicate(fd int) (int, error) {
	const fDupfdCloexec = 1030 // fcntl(2)
	copied, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fDupfdCloexec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(copied), nil
}

// killSession kills every process of a session whose leader is not reaped yet, so that its number cannot be another's.
func killSession(session int) {
	for sweep := 0; sweep < sessionSweepsMax; sweep++ {
		found := false
		for _, pid := range processIDs() {
			if pid != session && sessionOf(pid) == session {
				found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
			}
		}
		if !found {
			return
		}
	}
}

func processIDs() []int {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // what could be read is used
	var ids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			ids = append(ids, pid)
		}
	}
	return ids
}

// sessionOf reads the session of a process that is not dead yet (proc_pid_stat(5)); 0 when there is none.
func sessionOf(pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // a name may hold spaces and brackets
	if len(fields) < 4 || fields[0][0] == 'Z' {
		return 0
	}
	session, err := strconv.Atoi(string(fields[3]))
	if err != nil {
		return 0
	}
	return session
}
