// Package wire carries the protocol of protocol/policyd.md: frames of JSON over a Unix stream socket.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
)

// FrameBytesMax bounds each message in both directions.
const FrameBytesMax = 1 << 20

var errFrame = errors.New("a frame has 1 to 1048576 bytes")

func readFrame(from io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 || length > FrameBytesMax {
		return nil, errFrame
	}
	frame := make([]byte, length)
	_, err := io.ReadFull(from, frame)
	return frame, err
}

func writeFrame(to io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > FrameBytesMax {
		return errFrame
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)), uint32(len(text)))
	_, err = to.Write(append(frame, text...))
	return err
}
