package suspend

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"unsafe"
)

// sock_diag(7): linux/sock_diag.h and linux/inet_diag.h.
const (
	netlinkSockDiag  = 4
	sockDiagByFamily = 20
	sockDestroy      = 21
	requestBytes     = 56 // struct inet_diag_req_v2
	messageBytes     = 72 // struct inet_diag_msg
	idOffset         = 4  // of struct inet_diag_sockid in struct inet_diag_msg
	idBytes          = 48
	tcpListen        = 10
	tcpStates        = 0xfff &^ (1 << tcpListen) &^ (1 << 7) // all but LISTEN and CLOSE
	answerBytesMax   = 64 << 10
	connectionsMax   = 65536
)

type connection struct {
	local, remote netip.AddrPort
	family        byte
	id            [idBytes]byte
}

// CutConnections ends every TCP connection to another machine, as if its peer had reset it (SOCK_DESTROY): the peers of a
// machine that was saved are gone, and a program that waits for one of them would wait for ever. Connections within the
// guest and listening sockets stay, and those from the peers to keep.
func CutConnections(keep map[netip.AddrPort]struct{}) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	timeout := syscall.Timeval{Sec: 5}
	if err := syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout); err != nil {
		return err
	}
	for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
		found, err := list(socket, family)
		if err != nil {
			return fmt.Errorf("listing connections: %w", err)
		}
		for _, c := range found {
			if !toCut(c, keep) {
				continue
			}
			if err := destroy(socket, c); err != nil && err != syscall.ENOENT { // ENOENT: it ended meanwhile
				return fmt.Errorf("ending a connection: %w", err)
			}
		}
	}
	return nil
}

func toCut(c connection, keep map[netip.AddrPort]struct{}) bool {
	local, remote := c.local.Addr().Unmap(), c.remote.Addr().Unmap()
	inside := remote.IsLoopback() || remote == local || remote.IsUnspecified()
	_, kept := keep[netip.AddrPortFrom(remote, c.remote.Port())]
	return !inside && !kept
}

func request(kind uint16, flags uint16, family byte, states uint32, id []byte) []byte {
	message := make([]byte, syscall.NLMSG_HDRLEN+requestBytes)
	native := binary.LittleEndian // of every machine that this is built for
	native.PutUint32(message[0:], uint32(len(message)))
	native.PutUint16(message[4:], kind)
	native.PutUint16(message[6:], syscall.NLM_F_REQUEST|flags)
	body := message[syscall.NLMSG_HDRLEN:]
	body[0], body[1] = family, syscall.IPPROTO_TCP
	native.PutUint32(body[4:], states)
	copy(body[8:], id)
	return message
}

func list(socket int, family byte) ([]connection, error) {
	if err := send(socket, request(sockDiagByFamily, syscall.NLM_F_DUMP, family, tcpStates, nil)); err != nil {
		return nil, err
	}
	var found []connection
	for len(found) < connectionsMax {
		messages, err := receive(socket)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			switch m.Header.Type {
			case syscall.NLMSG_DONE:
				return found, nil
			case syscall.NLMSG_ERROR:
				return nil, errorOf(m.Data)
			case sockDiagByFamily:
				if c, ok := parse(m.Data); ok {
					found = append(found, c)
				}
			}
		}
	}
	return found, nil
}

func parse(data []byte) (connection, bool) {
	if len(data) < messageBytes {
		return connection{}, false
	}
	c := connection{family: data[0]}
	copy(c.id[:], data[idOffset:])
	c.local = address(c.family, c.id[4:20], c.id[0:2])
	c.remote = address(c.family, c.id[20:36], c.id[2:4])
	return c, true
}

func address(family byte, ip, port []byte) netip.AddrPort {
	number := binary.BigEndian.Uint16(port)
	if family == syscall.AF_INET {
		ip = ip[:4]
	}
	parsed, _ := netip.AddrFromSlice(ip) // it has 4 or 16 bytes
	return netip.AddrPortFrom(parsed, number)
}

func destroy(socket int, c connection) error {
	if err := send(socket, request(sockDestroy, syscall.NLM_F_ACK, c.family, tcpStates, c.id[:])); err != nil {
		return err
	}
	messages, err := receive(socket)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.Header.Type == syscall.NLMSG_ERROR {
			return errorOf(m.Data)
		}
	}
	return nil
}

func send(socket int, message []byte) error {
	return syscall.Sendto(socket, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
}

func receive(socket int) ([]syscall.NetlinkMessage, error) {
	buffer := make([]byte, answerBytesMax)
	n, _, err := syscall.Recvfrom(socket, buffer, 0)
	if err != nil {
		return nil, err
	}
	return syscall.ParseNetlinkMessage(buffer[:n])
}

// errorOf reads struct nlmsgerr; 0 is an acknowledgement.
func errorOf(data []byte) error {
	if len(data) < 4 {
		return os.ErrInvalid
	}
	code := *(*int32)(unsafe.Pointer(&data[0]))
	if code == 0 {
		return nil
	}
	return syscall.Errno(-code)
}
