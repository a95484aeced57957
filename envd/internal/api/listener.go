package api

import (
	"net"
	"net/netip"
	"sync"
)

// ConnectionsMax is larger than the number of processes, so that followers of all of them leave room for other calls.
const ConnectionsMax = 512

// GuardedListener admits connections of one peer only and closes all others at once, as well as those beyond the limit.
type GuardedListener struct {
	*net.TCPListener
	peer  netip.Addr
	slots chan struct{}
}

// Guard wraps a listener.
func Guard(listener *net.TCPListener, peer netip.Addr) *GuardedListener {
	return &GuardedListener{listener, peer, make(chan struct{}, ConnectionsMax)}
}

// Accept returns the next admitted connection.
func (g *GuardedListener) Accept() (net.Conn, error) {
	for {
		connection, err := g.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if !g.admits(connection) {
			_ = connection.SetLinger(0)
			connection.Close()
			continue
		}
		return &admitted{TCPConn: connection, slots: g.slots}, nil
	}
}

func (g *GuardedListener) admits(connection *net.TCPConn) bool {
	address, ok := connection.RemoteAddr().(*net.TCPAddr)
	if !ok || address.AddrPort().Addr().Unmap() != g.peer {
		return false
	}
	select {
	case g.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// admitted gives its place back when it is closed. It embeds the connection, so that sendfile(2) still works.
type admitted struct {
	*net.TCPConn
	slots    chan struct{}
	released sync.Once
}

func (a *admitted) Close() error {
	a.released.Do(func() { <-a.slots })
	return a.TCPConn.Close()
}
