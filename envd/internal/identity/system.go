package identity

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"
)

const (
	bootIDPath    = "/proc/sys/kernel/random/boot_id"
	rndAddEntropy = 0x40085203 // random(4) RNDADDENTROPY
	rndReseedCRNG = 0x5207     // RNDRESEEDCRNG: without it clones draw from the old state for up to a minute
)

// System is what re-identifying a guest does to the kernel and to other programs. Tests record it instead.
type System interface {
	SetHostname(name string) error
	// SetBootID changes what /proc/sys/kernel/random/boot_id says: the kernel makes it once, and clones would share it.
	SetBootID(id string) error
	SetClock(now time.Time) error
	// AddEntropy credits the bytes fully and makes the kernel's generator use them at once.
	AddEntropy(seed []byte) error
	// Run executes a program found in PATH. A missing program is an error.
	Run(ctx context.Context, program string, args ...string) error
}

// Kernel is the System of a real guest.
type Kernel struct{}

func (Kernel) SetHostname(name string) error { return syscall.Sethostname([]byte(name)) }

func (Kernel) SetBootID(id string) error { return cover(bootIDPath, []byte(id+"\n"), 0o444) }

func (Kernel) SetClock(now time.Time) error {
	value := syscall.NsecToTimeval(now.UnixNano())
	return syscall.Settimeofday(&value)
}

func (Kernel) AddEntropy(seed []byte) error {
	device, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer device.Close()
	var pool struct { // struct rand_pool_info
		bits, bytes int32
		data        [entropyBytesMax]byte
	}
	pool.bits, pool.bytes = int32(8*len(seed)), int32(len(seed))
	copy(pool.data[:], seed)
	if err := ioctl(device, rndAddEntropy, unsafe.Pointer(&pool)); err != nil {
		return fmt.Errorf("RNDADDENTROPY: %w", err)
	}
	if err := ioctl(device, rndReseedCRNG, nil); err != nil {
		return fmt.Errorf("RNDRESEEDCRNG: %w", err)
	}
	return nil
}

func (Kernel) Run(ctx context.Context, program string, args ...string) error {
	return exec.CommandContext(ctx, program, args...).Run()
}

func ioctl(file *os.File, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}
