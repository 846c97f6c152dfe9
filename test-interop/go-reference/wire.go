package main

import (
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// Messages of the document have no higher field number, and no more of one field. What is beyond is unknown, or too much.
const (
	highestField = 7
	mostOfField  = 1_024
)

// message is the fields of a protobuf message by number, as they travel: bytes without their length, numbers as varints.
type message map[protowire.Number][][]byte

// parse reads a message. Fields that are unknown are passed over, whatever they are (PROTOCOLS.md, "Versions and upgrades").
func parse(data []byte) message {
	m := message{}
	for len(data) > 0 {
		num, typ, tag := protowire.ConsumeTag(data)
		require(tag >= 0, errMalformed)
		n := protowire.ConsumeFieldValue(num, typ, data[tag:])
		require(n >= 0, errMalformed)
		value := data[tag : tag+n]
		data = data[tag+n:]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if num <= highestField {
			m[num] = append(m[num], value)
			require(len(m[num]) <= mostOfField, errMalformed)
		}
	}
	return m
}

// bytes is the last of several: it counts where a field is not repeated.
func (m message) bytes(num protowire.Number) []byte {
	if all := m[num]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

func (m message) uint(num protowire.Number) uint64 {
	v, _ := protowire.ConsumeVarint(m.bytes(num))
	return v
}

func (m message) all(num protowire.Number, most int) [][]byte {
	require(len(m[num]) <= most, errMalformed)
	return m[num]
}

// pb is a protobuf message that is being written. proto3 leaves out zeros and empty bytes.
type pb []byte

func (b pb) uint(num protowire.Number, v uint64) pb {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

func (b pb) bytes(num protowire.Number, v []byte) pb {
	if len(v) == 0 {
		return b
	}
	return b.each(num, v)
}

// each appends messages or elements of a list, also those that are empty.
func (b pb) each(num protowire.Number, all ...[]byte) pb {
	for _, v := range all {
		b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
	}
	return b
}

// len32 appends bytes behind their length, as 32-bit number.
func len32(b, v []byte) []byte { return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...) }

// readFrame reads what stands behind its length, a number of `width` bytes that is checked before memory is allocated.
func readFrame(r io.Reader, width, least, most int) []byte {
	length := make([]byte, 4)
	must(io.ReadFull(r, length[4-width:]))
	n := int(binary.BigEndian.Uint32(length))
	require(n >= least && n <= most, errors.New("a frame that is too short or too long"))
	frame := make([]byte, n)
	_, err := io.ReadFull(r, frame)
	require(err != io.EOF, io.ErrUnexpectedEOF) // the stream may end before a frame, not in it
	check(err)
	return frame
}

// failure is an error on its way up to where it is caught: the end of a handshake, a stream, a record or a command. What peers send is read and
// judged as a list of demands, of which the first one that is not met ends it; so no line but the demand itself speaks of errors.
type failure struct{ error }

// errMalformed is what cannot be read, breaks a limit or is forged: an honest peer does not send it.
var errMalformed = errors.New("malformed or forged")

// rule is what a certificate, a record or a message breaks: it is refused, and whoever showed it may know no better. A frame that breaks one resets its
// stream.
type rule string

func (r rule) Error() string { return string(r) }

func require(met bool, err error) {
	if !met {
		panic(failure{err})
	}
}

func check(err error)                  { require(err == nil, err) }
func must[T any](value T, err error) T { check(err); return value }

// try runs what may fail. Other panics than failures go through.
func try(do func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case failure:
			err = thrown.error
		default:
			panic(thrown)
		}
	}()
	do()
	return nil
}
