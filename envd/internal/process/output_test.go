package process

import (
	"bytes"
	"testing"
	"time"
)

func TestSingleBytesToAlternatingStreamsStayWithinTheLimit(t *testing.T) {
	o := newOutput()
	for i := 0; i < 200_000; i++ {
		o.append(Stdout+Stream(i%2), []byte{byte(i)})
	}
	if o.bytes > RetainedBytesMax || len(o.segments) > RetainedBytesMax/segmentBytes {
		t.Errorf("%d bytes in %d segments", o.bytes, len(o.segments))
	}
}

func TestSmallWritesBecomeOneChunkAndKeepTheirOrder(t *testing.T) {
	o := newOutput()
	f := o.follow(0)
	o.append(Stdout, []byte("a"))
	o.append(Stdout, []byte("b"))
	o.append(Stderr, []byte("c"))
	o.append(Stdout, []byte("d"))
	o.append(Stdout, nil)
	o.finish(Result{})
	for _, want := range []Event{{Stream: Stdout, Chunk: []byte("ab")}, {Stream: Stderr, Chunk: []byte("c")}, {Stream: Stdout, Chunk: []byte("d")}} {
		if got, ok := f.Next(nil, time.Minute); !ok || got.Stream != want.Stream || !bytes.Equal(got.Chunk, want.Chunk) {
			t.Errorf("got %d %q, want %d %q", got.Stream, got.Chunk, want.Stream, want.Chunk)
		}
	}
	if got, _ := f.Next(nil, time.Minute); got.Result == nil || got.Truncated {
		t.Errorf("no clean end: %+v", got)
	}
}

func TestAFollowerInTheMiddleOfAChunkGetsTheRestOfIt(t *testing.T) {
	o := newOutput()
	f := o.follow(0)
	o.append(Stdout, []byte("first"))
	_, _ = f.Next(nil, time.Minute)
	o.append(Stdout, []byte("second"))
	if got, _ := f.Next(nil, time.Minute); string(got.Chunk) != "second" {
		t.Errorf("got %q", got.Chunk)
	}
}

func TestNothingHappeningIsAnEventAndLeavingIsNone(t *testing.T) {
	f := newOutput().follow(0)
	if event, ok := f.Next(nil, time.Millisecond); !ok || event.Result != nil || len(event.Chunk) > 0 {
		t.Errorf("got %+v, %v", event, ok)
	}
	done := make(chan struct{})
	close(done)
	if _, ok := f.Next(done, time.Minute); ok {
		t.Error("a caller that left got an event")
	}
}
