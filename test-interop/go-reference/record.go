package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	errMalformed = errors.New("malformed")
	errForged    = errors.New("forged")
)

type entry struct {
	name  string
	value []byte
}

// record is a node's signed statement about itself (PROTOCOLS.md, "The record"), as it travels and as it reads.
type record struct {
	nodeID           []byte
	incarnation, seq uint64
	entries          []entry
	raw, signature   []byte
	hash             [32]byte
	chain            [][]byte
	leaf             *x509.Certificate
	age              time.Duration // when it arrived
	lastIn           time.Time     // when its owner was last in the network, as far as is known here
}

func (r *record) entry(name string) []byte {
	for _, e := range r.entries {
		if e.name == name {
			return e.value
		}
	}
	return nil
}

// newer is the order of two records of one owner ("Order").
func newer(incarnation, seq uint64, hash []byte, than *record) bool {
	if than == nil || incarnation != than.incarnation {
		return than == nil || incarnation > than.incarnation
	}
	if seq != than.seq {
		return seq > than.seq
	}
	return bytes.Compare(hash, than.hash[:]) < 0
}

// signRecord makes the node's own record.
func (id *identity) signRecord(incarnation, seq uint64, entries []entry) *record {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	raw := putUint(nil, 1, 1)
	raw = putBytes(raw, 2, id.nodeID)
	raw = putUint(raw, 3, incarnation)
	raw = putUint(raw, 4, seq)
	for _, e := range entries {
		raw = putMessage(raw, 5, putBytes(putBytes(nil, 1, []byte(e.name)), 2, e.value))
	}
	r := &record{nodeID: id.nodeID, incarnation: incarnation, seq: seq, entries: entries, raw: raw, hash: sha256.Sum256(raw), signature: id.sign("status", 1, raw), leaf: id.chain[0]}
	for _, cert := range id.chain {
		r.chain = append(r.chain, cert.Raw)
	}
	return r
}

func (r *record) encode() []byte {
	b := putBytes(putBytes(nil, 1, r.raw), 2, r.signature)
	for _, der := range r.chain {
		b = putMessage(b, 3, der)
	}
	return putUint(b, 4, uint64(max(0, time.Since(r.lastIn).Milliseconds())))
}

func (r *record) number() []byte {
	b := putUint(putUint(putBytes(nil, 1, r.nodeID), 2, r.incarnation), 3, r.seq)
	return putBytes(b, 4, r.hash[:])
}

// readRecord decodes a SignedRecord; that it is proven is another question.
func readRecord(data []byte) (*record, error) {
	set, err := fields(data)
	if err != nil {
		return nil, err
	}
	r := &record{raw: set.bytes(1), signature: set.bytes(2), chain: set.all(3), age: time.Duration(min(set.uint(4), 1<<31)) * time.Millisecond}
	r.hash = sha256.Sum256(r.raw)
	if set, err = fields(r.raw); err != nil || len(r.raw) > 65_536 || len(r.signature) > 1_024 || len(r.chain) > 4 {
		return nil, errMalformed
	}
	r.nodeID, r.incarnation, r.seq = set.bytes(2), set.uint(3), set.uint(4)
	for _, encoded := range set.all(5) {
		e, err := readEntry(encoded)
		if err != nil || len(r.entries) > 0 && r.entries[len(r.entries)-1].name >= e.name {
			return nil, errMalformed
		}
		r.entries = append(r.entries, e)
	}
	version, n := set.uint(1), len(r.nodeID)
	switch {
	case version > 1:
		return nil, errors.New("version")
	case version == 0, r.incarnation-1 >= maxSafe, r.seq-1 >= maxSafe, len(r.entries) > 256, n != 64 && n != 32 && (n < 256 || n > 1_024):
		return nil, errMalformed
	}
	return r, nil
}

func readEntry(data []byte) (e entry, err error) {
	set, err := fields(data)
	e.name, e.value = string(set.bytes(1)), set.bytes(2)
	bad := func(r rune) bool { return unicode.Is(unicode.Cc, r) || r == utf8.RuneError }
	if err != nil || e.name == "" || len(e.name) > 64 || strings.ContainsFunc(e.name, bad) || len(e.value) > 16_384 {
		return e, errMalformed
	}
	return e, nil
}

// prove asks what PROTOCOLS.md asks of a record, in that order.
func (id *identity) prove(r *record) error {
	if int64(r.incarnation) > time.Now().Add(24*time.Hour).UnixMilli() {
		return errors.New("future")
	}
	chain, err := parseChain(r.chain)
	if err != nil || len(chain) == 0 {
		return errMalformed
	}
	r.leaf = chain[0]
	if owner, _, err := nodeOf(r.leaf); err != nil || !bytes.Equal(owner, r.nodeID) {
		return errForged
	}
	if rule := id.judge(chain, x509.ExtKeyUsageAny); rule != "" {
		return errors.New("untrusted: " + rule)
	}
	if !id.verify(r.leaf.PublicKey, r.signature, "status", 1, r.raw) {
		return errForged
	}
	return nil
}

// neighbourMark is how the entry fisco/neighbours names a node.
func neighbourMark(nodeID []byte) []byte {
	sum := sha256.Sum256(nodeID)
	return sum[:8]
}

func names(r *record, nodeID []byte) bool {
	mark := neighbourMark(nodeID)
	for value := r.entry("fisco/neighbours"); len(value) >= 8; value = value[8:] {
		if bytes.Equal(value[:8], mark) {
			return true
		}
	}
	return false
}

func writeStatusFrame(w io.Writer, message []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

func readStatusFrame(r io.Reader) (message, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 1 || n > 131_072 {
		return nil, errMalformed
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	return fields(data)
}
