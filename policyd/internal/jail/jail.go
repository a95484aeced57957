// Package jail takes from the process what an evaluator of strangers' policies does not need.
package jail

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	dataBytesMax = 1 << 30 // RLIMIT_DATA: a policy that takes more ends the process, which is started again
	openFilesMax = 256
)

// Listen makes the socket in the namespace of the clients, with the name of the abstract kind (unix(7)), and leaves that network
// for an empty one. The program then begins anew, so that all of its threads have left. It does not return.
func Listen(name string, arguments []string) error {
	runtime.LockOSThread()
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) // without CLOEXEC: it goes along
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrUnix{Name: "@" + name}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(socket, 64); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	next := append([]string{os.Args[0], "--listener", strconv.Itoa(socket)}, arguments...)
	return syscall.Exec("/proc/self/exe", next, os.Environ())
}

// Enter becomes an ordinary user for good: no groups, no capabilities, no new privileges, no programs, no new sockets, no
// files, limited memory; and ends with its parent.
func Enter(uid int, gid int) error {
	for resource, limit := range map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_DATA: dataBytesMax, unix.RLIMIT_NOFILE: openFilesMax} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("setrlimit: %w", err)
		}
	}
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("setresgid: %w", err)
	}
	if err := syscall.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("setresuid: %w", err)
	}
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl PR_SET_NO_NEW_PRIVS: %w", errno)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_DUMPABLE: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_PDEATHSIG: %w", err)
	}
	return filter()
}

// filter makes the calls fail with EPERM that reach out of the process (seccomp(2)), in all threads at once.
func filter() error {
	calls := []uint32{
		unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND,
		unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_IO_URING_SETUP, unix.SYS_MEMFD_CREATE, unix.SYS_BPF,
		unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KILL, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT,
	}
	calls = append(calls, machineCalls...)
	const (
		load, jumpEqual, jumpAtLeast, give = 0x20, 0x15, 0x35, 0x06
		foreignNumbers                     = 0x40000000 // x32 on x86-64, unused on arm64
		verdictAllow, verdictEPERM         = 0x7fff0000, 0x00050001
	)
	refuse := func(from int) uint8 { return uint8(4 + len(calls) + 1 - from - 1) }
	program := []unix.SockFilter{
		{Code: load, K: 4},
		{Code: jumpEqual, Jf: refuse(1), K: machineAudit},
		{Code: load, K: 0},
		{Code: jumpAtLeast, Jt: refuse(3), K: foreignNumbers},
	}
	for i, call := range calls {
		program = append(program, unix.SockFilter{Code: jumpEqual, Jt: refuse(4 + i), K: call})
	}
	program = append(program, unix.SockFilter{Code: give, K: verdictAllow}, unix.SockFilter{Code: give, K: verdictEPERM})
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}

// PeerIn tells whether the process at the other end runs as one of these users (SO_PEERCRED).
func PeerIn(users []int) func(*net.UnixConn) bool {
	return func(connection *net.UnixConn) bool {
		raw, err := connection.SyscallConn()
		if err != nil {
			return false
		}
		known := false
		raw.Control(func(descriptor uintptr) {
			peer, err := unix.GetsockoptUcred(int(descriptor), unix.SOL_SOCKET, unix.SO_PEERCRED)
			for _, user := range users {
				known = known || err == nil && int(peer.Uid) == user
			}
		})
		return known
	}
}
