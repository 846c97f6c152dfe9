package main

import (
	"encoding/binary"
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

var errWire = errors.New("not the protobuf that the document describes")

// field is one field of a protobuf message as it travels: a number or bytes.
type field struct {
	num   protowire.Number
	value uint64
	bytes []byte
}

// fields reads a message field by field. Fields of types that the document does not use are skipped, as unknown ones.
func fields(data []byte) (message, error) {
	var all message
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil, errWire
		}
		data = data[n:]
		one := field{num: num}
		switch typ {
		case protowire.VarintType:
			one.value, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			one.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return nil, errWire
		}
		data = data[n:]
		all = append(all, one)
	}
	return all, nil
}

// message is the fields of a protobuf message. Of a field that stands there more than once, and is not repeated, the last one counts.
type message []field

func (m message) last(num protowire.Number) field {
	found := field{}
	for _, f := range m {
		if f.num == num {
			found = f
		}
	}
	return found
}

func (m message) uint(num protowire.Number) uint64  { return m.last(num).value }
func (m message) bytes(num protowire.Number) []byte { return m.last(num).bytes }

func (m message) all(num protowire.Number) [][]byte {
	var found [][]byte
	for _, f := range m {
		if f.num == num {
			found = append(found, f.bytes)
		}
	}
	return found
}

// putUint appends a number; proto3 leaves zeros out.
func putUint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// putBytes appends bytes; proto3 leaves empty ones out.
func putBytes(b []byte, num protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return putMessage(b, num, v)
}

// putMessage appends bytes, a message or an element of a list, also if it is empty.
func putMessage(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

// len32 puts the length before the bytes, as 32-bit number.
func len32(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}
