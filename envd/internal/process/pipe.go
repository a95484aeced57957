package process

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	fionread      = 0x541b // ioctl_tty(2)
	pipeBytesMax  = 1 << 20
	stdinWaitTime = 30 * time.Second
)

// Idle processes hold no buffer: one is borrowed only when a pipe is readable.
var chunkBuffers = sync.Pool{New: func() any { return new([ChunkBytesMax]byte) }}

// newPipe returns our end, which works with deadlines, and the child's, a plain blocking descriptor that the caller
// closes after the fork.
func newPipe(childReads bool) (ours *os.File, childs int, err error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, -1, err
	}
	our, childs := ends[0], ends[1]
	if childReads {
		our, childs = ends[1], ends[0]
	}
	if err := syscall.SetNonblock(our, true); err != nil {
		syscall.Close(our)
		syscall.Close(childs)
		return nil, -1, err
	}
	return os.NewFile(uintptr(our), "pipe"), childs, nil
}

// pump moves what a process writes into its output until end of file or the read deadline. At the deadline the bytes
// that are in the pipe already still count: the process wrote them before it ended.
func pump(pipe *os.File, stream Stream, to *output) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	buffer := (*[ChunkBytesMax]byte)(nil)
	release := func() {
		if buffer != nil {
			chunkBuffers.Put(buffer)
			buffer = nil
		}
	}
	defer release()
	read := func(fd uintptr, limit int) (int, error) {
		if buffer == nil {
			buffer = chunkBuffers.Get().(*[ChunkBytesMax]byte)
		}
		for {
			n, err := syscall.Read(int(fd), buffer[:limit])
			if err != syscall.EINTR {
				return n, err
			}
		}
	}
	for {
		var n int
		var readErr error
		err := raw.Read(func(fd uintptr) bool {
			n, readErr = read(fd, ChunkBytesMax)
			if readErr == syscall.EAGAIN {
				release()
				return false
			}
			return true
		})
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil || readErr != nil || n <= 0 {
			return
		}
		to.append(stream, buffer[:n])
	}
	remaining := 0
	_ = raw.Control(func(fd uintptr) {
		var available int32
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, fionread, uintptr(unsafe.Pointer(&available)))
		if errno == 0 && available > 0 {
			remaining = int(available)
		}
	})
	if remaining > pipeBytesMax {
		remaining = pipeBytesMax
	}
	for remaining > 0 {
		limit := remaining
		if limit > ChunkBytesMax {
			limit = ChunkBytesMax
		}
		n := 0
		_ = raw.Control(func(fd uintptr) { n, _ = read(fd, limit) })
		if n <= 0 {
			return
		}
		remaining -= n
		to.append(stream, buffer[:n])
	}
}
