package process

import (
	"sort"
	"sync"
	"time"
)

const (
	// RetainedBytesMax bounds what is kept of one process's output, bookkeeping included.
	RetainedBytesMax = 1 << 20
	// ChunkBytesMax bounds one event.
	ChunkBytesMax = 64 << 10
	// A segment costs this much besides its bytes, so that a process that writes single bytes to alternating streams
	// cannot make the bookkeeping larger than the output.
	segmentBytes = 64
)

// Stream says which descriptor bytes were written to; the values are the frame types of the protocol.
type Stream byte

const (
	Stdout Stream = 1
	Stderr Stream = 2
)

// Result is how a process ended.
type Result struct {
	ExitCode int // 0..255
	TimedOut bool
}

// segment is a run of bytes of one stream; start counts the bytes of both streams before it.
type segment struct {
	stream Stream
	start  uint64
	data   []byte
}

func (s *segment) end() uint64 { return s.start + uint64(len(s.data)) }

// output keeps the newest output of a process. While a follower still needs the oldest segment, append waits, which
// stops the reader of the pipe and with it the process; without followers the oldest segment is dropped. In a lossy
// output (of a terminal, which several people may watch) it waits only while all followers need it: one that falls behind
// the others skips what was dropped, and is told.
type output struct {
	lossy     bool
	mu        sync.Mutex
	advanced  *sync.Cond // a follower moved or left
	segments  []segment
	bytes     int    // of segments, bookkeeping included
	end       uint64 // bytes appended so far
	followers map[*Follower]struct{}
	result    *Result
}

func newOutput() *output {
	o := &output{followers: map[*Follower]struct{}{}}
	o.advanced = sync.NewCond(&o.mu)
	return o
}

// append adds at most ChunkBytesMax bytes and copies them.
func (o *output) append(stream Stream, data []byte) {
	if len(data) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.segments) > 0 && o.bytes+len(data)+segmentBytes > RetainedBytesMax {
		if o.needed(o.segments[0].end()) {
			o.advanced.Wait()
		} else {
			o.dropOldest()
		}
	}
	if last := len(o.segments) - 1; last >= 0 && o.segments[last].stream == stream &&
		len(o.segments[last].data)+len(data) <= ChunkBytesMax {
		o.segments[last].data = append(o.segments[last].data, data...)
		o.bytes += len(data)
	} else {
		o.segments = append(o.segments, segment{stream, o.end, append([]byte(nil), data...)})
		o.bytes += len(data) + segmentBytes
	}
	o.end += uint64(len(data))
	o.wakeFollowers()
}

// needed says whether a follower that has not taken everything before this offset must be waited for.
func (o *output) needed(end uint64) bool {
	behind := 0
	for f := range o.followers {
		if f.position < end {
			behind++
		}
	}
	if o.lossy {
		return behind > 0 && behind == len(o.followers)
	}
	return behind > 0
}

func (o *output) dropOldest() {
	o.bytes -= len(o.segments[0].data) + segmentBytes
	o.segments[0].data = nil
	o.segments = o.segments[1:]
}

func (o *output) finish(result Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.result = &result
	o.wakeFollowers()
}

// forget drops what nobody is reading and returns the bytes that remain.
func (o *output) forget() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.segments) > 0 && !o.needed(o.segments[0].end()) {
		o.dropOldest()
	}
	return o.bytes
}

func (o *output) retainedBytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

func (o *output) wakeFollowers() {
	for f := range o.followers {
		select {
		case f.wake <- struct{}{}:
		default: // it has a wake-up pending already
		}
	}
}

// follow begins behind the first after bytes, or at the first retained byte when that is later.
func (o *output) follow(after uint64) *Follower {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := &Follower{output: o, wake: make(chan struct{}, 1), position: after}
	if f.position > o.end {
		f.position = o.end
	}
	f.skipDropped()
	o.followers[f] = struct{}{}
	return f
}

// skipDropped moves a follower to the first byte that is still there.
func (f *Follower) skipDropped() {
	if first := f.output.firstRetained(); f.position < first {
		f.position, f.truncated = first, true
	}
}

func (o *output) firstRetained() uint64 {
	if len(o.segments) > 0 {
		return o.segments[0].start
	}
	return o.end
}

// Follower reads the output of one process from where it began to the end. One goroutine uses it.
type Follower struct {
	output    *output
	wake      chan struct{}
	position  uint64 // guarded by output.mu
	truncated bool
}

// Event is one of: output (Chunk is not empty), the end (Result is not nil), or neither, when nothing happened for long.
type Event struct {
	Stream Stream
	Chunk  []byte // shared: not to be changed
	Offset uint64 // bytes of both streams before Chunk
	Result *Result
	// Truncated says, with Result, that this follower missed output that was dropped before it came to it.
	Truncated bool
}

// Next waits for the next event, at most for idle. False when done was closed first. It must not be called after the
// end was returned.
func (f *Follower) Next(done <-chan struct{}, idle time.Duration) (Event, bool) {
	if event, ready := f.poll(); ready {
		return event, true
	}
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		select {
		case <-f.wake:
			if event, ready := f.poll(); ready {
				return event, true
			}
		case <-timer.C:
			return Event{}, true
		case <-done:
			return Event{}, false
		}
	}
}

func (f *Follower) poll() (Event, bool) {
	o := f.output
	o.mu.Lock()
	defer o.mu.Unlock()
	f.skipDropped()
	if f.position < o.end {
		i := sort.Search(len(o.segments), func(i int) bool { return o.segments[i].end() > f.position })
		s := o.segments[i]
		event := Event{Stream: s.stream, Chunk: s.data[f.position-s.start : len(s.data) : len(s.data)], Offset: f.position}
		f.position = s.end()
		o.advanced.Broadcast()
		return event, true
	}
	if o.result != nil {
		return Event{Result: o.result, Truncated: f.truncated}, true
	}
	return Event{}, false
}

// Close stops following; the process runs on and no longer waits for this follower.
func (f *Follower) Close() {
	f.output.mu.Lock()
	defer f.output.mu.Unlock()
	delete(f.output.followers, f)
	f.output.advanced.Broadcast()
}
