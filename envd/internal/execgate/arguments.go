package execgate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	argumentsMax     = 128
	argumentBytesMax = 16 << 10 // of all together
	nameBytesMax     = 4096
)

// call is what a thread asked execve(2) for, read from its memory while it waits. Another thread may change it afterwards: it is what
// an honest program asks for.
type call struct {
	name      string
	arguments []string
	complete  bool
}

// read looks at the system call that the thread waits in: proc_pid_syscall(5), proc_pid_mem(5).
func read(thread int) call {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", thread))
	if err != nil {
		return call{}
	}
	fields := strings.Fields(string(line))
	if len(fields) < 6 {
		return call{}
	}
	number, err := strconv.Atoi(fields[0])
	if err != nil {
		return call{}
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", thread))
	if err != nil {
		return call{}
	}
	defer memory.Close()
	size := 8
	var name, list uint64
	switch number {
	case syscall.SYS_EXECVE:
		name, list = pointer(fields[1]), pointer(fields[2])
	case sysExecveat:
		name, list = pointer(fields[2]), pointer(fields[3])
	case sysExecve32:
		name, list, size = pointer(fields[1])&0xffffffff, pointer(fields[2])&0xffffffff, 4
	default:
		return call{}
	}
	found := call{name: text(memory, name, nameBytesMax)}
	left := argumentBytesMax
	for i := 0; i < argumentsMax && list != 0; i++ {
		var word [8]byte
		if _, err := memory.ReadAt(word[:size], int64(list)+int64(i*size)); err != nil {
			return found
		}
		address := binary.LittleEndian.Uint64(word[:])
		if address == 0 {
			found.complete = true
			return found
		}
		argument := text(memory, address, left)
		if left -= len(argument) + 1; left <= 0 {
			return found
		}
		found.arguments = append(found.arguments, argument)
	}
	return found
}

func pointer(word string) uint64 {
	value, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 64)
	if err != nil {
		return 0
	}
	return value
}

// text reads up to the first zero byte, piece by piece, since the next page may not be there.
func text(memory *os.File, address uint64, bytesMax int) string {
	var all []byte
	for len(all) < bytesMax {
		piece := make([]byte, min(256, bytesMax-len(all)))
		if rest := int(4096 - (address+uint64(len(all)))%4096); rest < len(piece) {
			piece = piece[:rest]
		}
		n, err := memory.ReadAt(piece, int64(address)+int64(len(all)))
		if end := bytes.IndexByte(piece[:n], 0); end >= 0 {
			return string(append(all, piece[:end]...))
		}
		all = append(all, piece[:n]...)
		if err != nil || n == 0 {
			break
		}
	}
	return string(all)
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// behindLoader is the call that a direct start of the dynamic loader amounts to: `ld.so [options] program arguments…`.
func behindLoader(found call) call {
	for i := 1; i < len(found.arguments); i++ {
		word := found.arguments[i]
		switch {
		case word == "--library-path" || word == "--inhibit-rpath" || word == "--audit" || word == "--preload" || word == "--argv0" || word == "--glibc-hwcaps-prepend" || word == "--glibc-hwcaps-mask":
			i++
		case strings.HasPrefix(word, "--"):
		default:
			return call{name: word, arguments: found.arguments[i:], complete: found.complete}
		}
	}
	return found
}
