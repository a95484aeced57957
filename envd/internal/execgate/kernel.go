// Package execgate asks the host before a program starts. Process 1 holds it: no signal ends process 1, and when it dies all the same, the
// machine does, so nothing in the guest but root can get past a gate by breaking it. The kernel side is fanotify(7) with
// FAN_OPEN_EXEC_PERM: whoever calls execve(2) waits inside it until the answer is there.
package execgate

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// linux/fanotify.h
const (
	classContent  = 0x04
	closeOnExec   = 0x01
	unlimited     = 0x10
	reportThread  = 0x100
	markAdd       = 0x01
	markIgnored   = 0x20
	markMounted   = 0x100 // FAN_MARK_FILESYSTEM
	openExecPerm  = 0x00040000
	responseAllow = 1
	responseDeny  = 2
	metadataBytes = 24
	atWorkingDir  = -100
)

const namespacesMax = "/proc/sys/user/max_user_namespaces"

// event is one program that somebody wants to start. The descriptor is ours.
type event struct {
	descriptor int
	thread     int
}

// watch opens the kernel's side: every program on every mounted file system, but the agent itself.
//
// memory tells whether programs without a file (memfd_create(2)) are covered: newer kernels refuse that.
func watch(agent string) (descriptor int, memory bool, err error) {
	opened, _, errno := syscall.Syscall(syscall.SYS_FANOTIFY_INIT, classContent|closeOnExec|unlimited|reportThread, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_LARGEFILE, 0)
	if errno != 0 {
		return -1, false, fmt.Errorf("fanotify_init: %w", errno)
	}
	descriptor = int(opened)
	if err := mark(descriptor, markAdd|markIgnored, agent); err != nil {
		syscall.Close(descriptor)
		return -1, false, err
	}
	for _, mount := range mounts() {
		if err := mark(descriptor, markAdd|markMounted, mount); err != nil {
			syscall.Close(descriptor)
			return -1, false, err
		}
	}
	return descriptor, markMemory(descriptor) == nil, nil
}

func mark(descriptor int, flags uintptr, path string) error {
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	directory := atWorkingDir
	_, _, errno := syscall.Syscall6(syscall.SYS_FANOTIFY_MARK, uintptr(descriptor), flags, openExecPerm, uintptr(directory), uintptr(unsafe.Pointer(name)), 0)
	if errno != 0 {
		return fmt.Errorf("fanotify_mark %s: %w", path, errno)
	}
	return nil
}

// markMemory covers the file system that anonymous memory files live in, which no mount shows.
func markMemory(descriptor int) error {
	name := [...]byte{'g', 'a', 't', 'e', 0}
	file, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), 1, 0)
	if errno != 0 {
		return errno
	}
	defer syscall.Close(int(file))
	return mark(descriptor, markAdd|markMounted, fmt.Sprintf("/proc/self/fd/%d", file))
}

// mounts are the places of file systems that can hold programs.
func mounts() []string {
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return []string{"/"}
	}
	places := []string{"/"}
	for _, line := range strings.Split(string(table), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.Contains(fields[1], "\\") {
			continue
		}
		switch fields[2] {
		case "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "debugfs", "tracefs", "securityfs", "bpf", "rootfs":
		default:
			if fields[1] != "/" {
				places = append(places, fields[1])
			}
		}
	}
	return places
}

// events splits what one read gave.
func events(buffer []byte) []event {
	var all []event
	for len(buffer) >= metadataBytes {
		length := int(binary.LittleEndian.Uint32(buffer))
		if length < metadataBytes || length > len(buffer) {
			break
		}
		mask := binary.LittleEndian.Uint64(buffer[8:])
		descriptor := int(int32(binary.LittleEndian.Uint32(buffer[16:])))
		if mask&openExecPerm != 0 && descriptor >= 0 {
			all = append(all, event{descriptor: descriptor, thread: int(int32(binary.LittleEndian.Uint32(buffer[20:])))})
		}
		buffer = buffer[length:]
	}
	return all
}

// answer lets the program start, or makes execve(2) fail with EPERM, and closes the descriptor.
func answer(descriptor int, asked event, allow bool) {
	response := uint32(responseDeny)
	if allow {
		response = responseAllow
	}
	var message [8]byte
	binary.LittleEndian.PutUint32(message[:], uint32(asked.descriptor))
	binary.LittleEndian.PutUint32(message[4:], response)
	_, _ = syscall.Write(descriptor, message[:]) // fails only when whoever waited is gone
	syscall.Close(asked.descriptor)
}

// file is where the program lies.
func (asked event) file() string {
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", asked.descriptor))
	if err != nil {
		return ""
	}
	return path
}

// ours tells whether the agent itself is what calls execve(2): what it starts, the host has judged.
func (asked event) ours(agent string) bool {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", asked.thread))
	return err == nil && path == agent
}

// forbidNamespaces keeps users from mounting file systems that are not watched, and returns what undoes that.
func forbidNamespaces() func() {
	before, err := os.ReadFile(namespacesMax)
	if err != nil {
		return func() {} // a kernel without user namespaces
	}
	_ = os.WriteFile(namespacesMax, []byte("0"), 0)
	return func() { _ = os.WriteFile(namespacesMax, before, 0) }
}

// loader tells whether a file is the dynamic loader: the kernel opens it for every program, and it can be started with one.
func loader(file string) bool {
	name := filepath.Base(file)
	return strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "ld-musl") || strings.HasPrefix(name, "ld.so") || strings.HasPrefix(name, "ld-2.")
}
