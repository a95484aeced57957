package boot

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// Every sandbox has its own network namespace on the host, so all guests use the same addresses.
const (
	device      = "eth0"
	guestText   = "10.0.0.2"
	gatewayText = "10.0.0.1"
	netmaskText = "255.255.255.252"
)

// netdevice(7), struct ifreq: 16 bytes of name and a union of 24 bytes.
type ifreqAddress struct {
	name    [syscall.IFNAMSIZ]byte
	address syscall.RawSockaddrInet4
	_       [8]byte
}

type ifreqFlags struct {
	name  [syscall.IFNAMSIZ]byte
	flags uint16
	_     [22]byte
}

// rtentry is struct rtentry of route(4), 64-bit layout.
type rtentry struct {
	_                 uint64
	destination       syscall.RawSockaddrInet4
	gateway           syscall.RawSockaddrInet4
	netmask           syscall.RawSockaddrInet4
	flags             uint16
	_                 int16
	_                 [4]byte
	_                 uint64
	_                 [8]byte // tos, class, padding
	metric            int16
	_                 [6]byte
	device            uintptr
	mtu, window, irtt uint64
}

func configureNetwork() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	if err := linkUp(socket, "lo"); err != nil { // the kernel gives it its addresses
		return err
	}
	for end := time.Now().Add(deviceWait); ; time.Sleep(pollInterval) {
		if _, err := os.Stat("/sys/class/net/" + device); err == nil {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s did not appear in %s: is the virtio network device attached and its driver in /modules/order?", device, deviceWait)
		}
	}
	if err := setAddress(socket, syscall.SIOCSIFADDR, guestText); err != nil {
		return err
	}
	if err := setAddress(socket, syscall.SIOCSIFNETMASK, netmaskText); err != nil {
		return err
	}
	if err := linkUp(socket, device); err != nil {
		return err
	}
	route := rtentry{
		destination: inet4("0.0.0.0"), netmask: inet4("0.0.0.0"), gateway: inet4(gatewayText),
		flags: syscall.RTF_UP | syscall.RTF_GATEWAY,
	}
	if err := ioctl(socket, syscall.SIOCADDRT, unsafe.Pointer(&route)); err != nil {
		return fmt.Errorf("default route by %s: %w", gatewayText, err)
	}
	return nil
}

func setAddress(socket int, request uintptr, address string) error {
	r := ifreqAddress{name: deviceName(device), address: inet4(address)}
	if err := ioctl(socket, request, unsafe.Pointer(&r)); err != nil {
		return fmt.Errorf("%s: setting %s: %w", device, address, err)
	}
	return nil
}

func linkUp(socket int, name string) error {
	r := ifreqFlags{name: deviceName(name), flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	if err := ioctl(socket, syscall.SIOCSIFFLAGS, unsafe.Pointer(&r)); err != nil {
		return fmt.Errorf("%s: up: %w", name, err)
	}
	return nil
}

func deviceName(name string) (padded [syscall.IFNAMSIZ]byte) {
	copy(padded[:], name)
	return padded
}

func inet4(text string) syscall.RawSockaddrInet4 {
	return syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: netip.MustParseAddr(text).As4()}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

func finitModule(fd uintptr, parameters *byte) error {
	const sysFinitModule = 313 // x86-64
	if _, _, errno := syscall.Syscall(sysFinitModule, fd, uintptr(unsafe.Pointer(parameters)), 0); errno != 0 {
		return errno
	}
	return nil
}
