package main

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
	"unicode/utf8"
)

// The frames of /fisco/direct/1.0.0 (PROTOCOLS.md, "Frames").
const (
	kindRequest byte = iota + 1
	kindResponse
	kindChunk
	kindError
	kindNotification
	kindCancel
	kindEnd
	kindCredit
	kindAck
	kindOpen
)

const (
	flagMore       = 1
	flagFromCallee = 2
	maxPart        = 65_536
	minPart        = 1_024
	maxTotal       = 104_857_600
	maxFrame       = 65_806
	maxExplanation = 768
)

// violation is the rule that a frame breaks; it resets the stream.
type violation string

func (v violation) Error() string { return "the frame breaks the rule " + string(v) }

type frame struct {
	kind    byte
	id      uint32
	flags   byte
	timeout time.Duration
	total   uint32
	code    uint16
	name    string
	part    []byte // part of a message, or the explanation of an error
	size    uint32 // on the wire, with its length
}

func (f *frame) more() bool       { return f.flags&flagMore != 0 }
func (f *frame) fromCallee() bool { return f.flags&flagFromCallee != 0 }

func (f *frame) encode() []byte {
	b := append(make([]byte, 4, 32+len(f.name)+len(f.part)), f.kind)
	b = binary.BigEndian.AppendUint32(b, f.id)
	switch f.kind {
	case kindRequest, kindNotification:
		b = binary.BigEndian.AppendUint32(append(b, f.flags), uint32(f.timeout.Milliseconds()))
		b = binary.BigEndian.AppendUint32(b, f.total)
		b = append(append(b, byte(len(f.name))), f.name...)
	case kindResponse:
		b = binary.BigEndian.AppendUint32(append(b, f.flags), f.total)
	case kindChunk:
		b = append(b, f.flags)
	case kindError:
		b = binary.BigEndian.AppendUint16(b, f.code)
	}
	b = append(b, f.part...)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// readFrame reads one frame, and checks what can be known without its exchange.
func readFrame(r io.Reader) (*frame, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 5 || n > maxFrame {
		return nil, violation("length")
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	f := &frame{kind: b[0], id: binary.BigEndian.Uint32(b[1:]), size: n + 4}
	b = b[5:]
	// the fixed fields of each kind, and the flags that have a meaning in it
	fixed := map[byte]int{kindRequest: 10, kindNotification: 10, kindResponse: 5, kindChunk: 1, kindError: 2, kindCancel: 0, kindEnd: 1, kindCredit: 5, kindAck: 0, kindOpen: 5}
	flags := map[byte]byte{kindRequest: flagMore, kindNotification: flagMore, kindResponse: flagMore, kindChunk: flagMore | flagFromCallee, kindEnd: flagFromCallee, kindCredit: flagFromCallee}
	size, known := fixed[f.kind]
	switch {
	case !known:
		return nil, violation("kind")
	case len(b) < size:
		return nil, violation("length")
	case (f.kind == kindCancel || f.kind == kindEnd || f.kind == kindCredit || f.kind == kindAck) && len(b) != size:
		return nil, violation("length")
	}
	if allowed, has := flags[f.kind]; has {
		if f.flags = b[0]; f.flags&^allowed != 0 {
			return nil, violation("flags")
		}
		b = b[1:]
	}
	named := false
	switch f.kind {
	case kindRequest, kindNotification:
		f.timeout, f.total, named = clampTimeout(b), binary.BigEndian.Uint32(b[4:]), true
		b = b[8:]
	case kindOpen:
		f.timeout, named = clampTimeout(b), true
		b = b[4:]
	case kindResponse:
		f.total = binary.BigEndian.Uint32(b)
		b = b[4:]
	case kindError:
		f.code = binary.BigEndian.Uint16(b)
		if b = b[2:]; len(b) > maxExplanation {
			return nil, violation("length")
		}
	}
	if named {
		n := int(b[0])
		if len(b) < 1+n || f.kind == kindOpen && len(b) != 1+n {
			return nil, violation("length")
		}
		if f.name = string(b[1 : 1+n]); n == 0 || !utf8.ValidString(f.name) {
			return nil, violation("name")
		}
		b = b[1+n:]
	}
	f.part = b
	return f, f.check()
}

// check is the rules of a message's first frame and of its parts.
func (f *frame) check() error {
	switch f.kind {
	case kindRequest, kindNotification, kindResponse:
		if f.total > maxTotal {
			return violation("total")
		}
		if f.more() && uint64(len(f.part)) >= uint64(f.total) || !f.more() && len(f.part) != int(f.total) {
			return violation("part")
		}
	case kindChunk:
	default:
		return nil
	}
	if len(f.part) > maxPart || f.more() && len(f.part) < minPart {
		return violation("part")
	}
	return nil
}

func clampTimeout(b []byte) time.Duration {
	ms := min(max(binary.BigEndian.Uint32(b), 1), 3_600_000)
	return time.Duration(ms) * time.Millisecond
}
