package execgate

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	pendingMax    = 512 // programs that wait for an answer at one time; further ones are refused
	frameBytesMax = 64 << 10
	answerTime    = 5 * time.Second
	// How long a program waits while no host is there to ask, after a restart of the server or a snapshot.
	linkTime   = 10 * time.Second
	writeTime  = 5 * time.Second
	eventBytes = 4096
)

// question is what the host is asked.
type question struct {
	ID       uint64   `json:"id"`
	File     string   `json:"file"`
	Name     string   `json:"name"`
	Args     []string `json:"args"`
	Complete bool     `json:"complete"`
}

type verdict struct {
	ID    uint64 `json:"id"`
	Allow bool   `json:"allow"`
}

// gate is armed or not, and has a host to ask or not. While it is armed nothing starts without an answer.
type gate struct {
	agent string

	mu         sync.Mutex
	descriptor int // of the kernel's side; -1 while it is not armed
	memory     bool
	release    func()
	link       net.Conn
	linked     chan struct{} // closed when there is a link
	pending    map[uint64]chan bool
	next       uint64
	slots      chan struct{}
}

func newGate(agent string) *gate {
	return &gate{agent: agent, descriptor: -1, linked: make(chan struct{}), pending: map[uint64]chan bool{}, slots: make(chan struct{}, pendingMax)}
}

// arm begins to hold programs back; it tells what is covered.
func (g *gate) arm() (memory bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.descriptor >= 0 {
		return g.memory, nil
	}
	descriptor, memory, err := watch(g.agent)
	if err != nil {
		return false, err
	}
	g.descriptor, g.memory = descriptor, memory
	g.release = forbidNamespaces()
	go g.run(descriptor)
	return memory, nil
}

// disarm lets everything start again; who waits is let go.
func (g *gate) disarm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.descriptor < 0 {
		return
	}
	syscall.Close(g.descriptor)
	g.descriptor = -1
	g.release()
	g.unlink(g.link)
}

// connect gives the gate a host to ask, in place of the one it had.
func (g *gate) connect(link net.Conn) {
	g.mu.Lock()
	old := g.link
	g.unlink(old)
	g.link = link
	close(g.linked)
	g.mu.Unlock()
	go g.listen(link)
}

// unlink forgets a host; who waits for its answer is refused. Called with the lock.
func (g *gate) unlink(link net.Conn) {
	if link == nil || g.link != link {
		return
	}
	link.Close()
	g.link = nil
	g.linked = make(chan struct{})
	for id, waiting := range g.pending {
		delete(g.pending, id)
		close(waiting)
	}
}

// run reads events until the descriptor is closed. Each is answered beside the others.
func (g *gate) run(descriptor int) {
	buffer := make([]byte, eventBytes)
	for {
		n, err := syscall.Read(descriptor, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return
		}
		for _, asked := range events(buffer[:n]) {
			asked := asked
			select {
			case g.slots <- struct{}{}:
				go func() {
					defer func() { <-g.slots }()
					answer(descriptor, asked, g.allows(asked))
				}()
			default:
				answer(descriptor, asked, false)
			}
		}
	}
}

func (g *gate) allows(asked event) bool {
	if asked.ours(g.agent) {
		return true
	}
	file := asked.file()
	found := read(asked.thread)
	if loader(file) {
		if !loader(found.name) {
			return true // the kernel opens it for a program that was asked about
		}
		found = behindLoader(found)
		file = found.name
	}
	return g.ask(question{File: file, Name: found.name, Args: found.arguments, Complete: found.complete})
}

// ask waits for the host's word. No host, no answer, no start.
func (g *gate) ask(asked question) bool {
	link, waiting, id := g.enlist()
	if link == nil {
		return false
	}
	asked.ID = id
	if err := send(link, asked); err != nil {
		g.drop(link, id)
		return false
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case allow := <-waiting: // false when it is closed
		return allow
	case <-timer.C:
		g.drop(nil, id)
		return false
	}
}

// enlist takes a number for a question, once there is a host; nothing when there is none in time.
func (g *gate) enlist() (net.Conn, chan bool, uint64) {
	timer := time.NewTimer(linkTime)
	defer timer.Stop()
	for {
		g.mu.Lock()
		if g.link != nil {
			g.next++
			waiting := make(chan bool, 1)
			g.pending[g.next] = waiting
			link, id := g.link, g.next
			g.mu.Unlock()
			return link, waiting, id
		}
		linked := g.linked
		g.mu.Unlock()
		select {
		case <-linked:
		case <-timer.C:
			return nil, nil, 0
		}
	}
}

func (g *gate) drop(link net.Conn, id uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pending, id)
	g.unlink(link)
}

// listen hands the host's answers to those who wait, until the connection ends.
func (g *gate) listen(link net.Conn) {
	for {
		var said verdict
		if err := receive(link, &said); err != nil {
			g.mu.Lock()
			g.unlink(link)
			g.mu.Unlock()
			return
		}
		g.mu.Lock()
		waiting := g.pending[said.ID]
		delete(g.pending, said.ID)
		g.mu.Unlock()
		if waiting != nil {
			waiting <- said.Allow
		}
	}
}

// send writes one frame: four bytes of length, the most significant first, and JSON. net.Conn writes it as a whole.
func send(link net.Conn, message question) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > frameBytesMax {
		return errors.New("the question is too large")
	}
	frame := make([]byte, 4, 4+len(text))
	binary.BigEndian.PutUint32(frame, uint32(len(text)))
	_ = link.SetWriteDeadline(time.Now().Add(writeTime))
	_, err = link.Write(append(frame, text...))
	return err
}

func receive(link net.Conn, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(link, head[:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 || length > frameBytesMax {
		return errors.New("a frame over its limit")
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(link, text); err != nil {
		return err
	}
	return json.Unmarshal(text, message)
}
