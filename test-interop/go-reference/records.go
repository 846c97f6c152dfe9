package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
)

// number says which record of a node there is; of none it is zero (PROTOCOLS.md, "Order").
type number struct {
	incarnation, seq uint64
	hash             [32]byte
}

func (a number) compare(b number) int {
	return cmp.Or(cmp.Compare(a.incarnation, b.incarnation), cmp.Compare(a.seq, b.seq), bytes.Compare(b.hash[:], a.hash[:]))
}

// record is a node's signed statement about itself ("The record"), as it travels and as it reads.
type record struct {
	number
	nodeID, mark   string // raw; how others name it as their neighbour
	entries        map[string][]byte
	neighbours     map[string]bool // their marks
	raw, signature []byte
	chain          [][]byte
	key            lcrypto.PubKey
	lastIn         time.Time // when its owner was last in the network, as far as is known here
}

// readRecord decodes a SignedRecord; that it is proven is another question.
func readRecord(encoded []byte) *record {
	signed := parse(encoded)
	m, before := parse(signed.bytes(1)), ""
	r := &record{number: number{m.uint(3), m.uint(4), sha256.Sum256(signed.bytes(1))}, nodeID: string(m.bytes(2)), mark: markOf(string(m.bytes(2))),
		raw: signed.bytes(1), signature: signed.bytes(2), chain: signed.all(3, 4), entries: map[string][]byte{}, neighbours: map[string]bool{},
		lastIn: time.Now().Add(-time.Duration(min(signed.uint(4), uint64(maxAge.Milliseconds()))) * time.Millisecond)}
	require(m.uint(1) <= 1, rule("version"))
	require(m.uint(1) == 1 && r.incarnation-1 < maxSafe && r.seq-1 < maxSafe && len(r.raw) <= 65_536 && len(r.signature) <= 1_024, errMalformed)
	require(len(r.nodeID) == 32 || len(r.nodeID) == 64 || len(r.nodeID) >= 256 && len(r.nodeID) <= 1_024, errMalformed)
	for _, encoded := range m.all(5, 256) {
		entry := parse(encoded)
		name, value := string(entry.bytes(1)), entry.bytes(2)
		require(name > before && validEntry(name, value), errMalformed)
		r.entries[name], before = value, name
	}
	for mark := range slices.Chunk(r.entries["fisco/neighbours"], 8) {
		r.neighbours[string(mark)] = true
	}
	return r
}

func validEntry(name string, value []byte) bool {
	bad := func(c rune) bool { return unicode.Is(unicode.Cc, c) || c == utf8.RuneError }
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, bad) && len(value) <= 16_384
}

// prove asks what the document asks of a record, in that order.
func (id *identity) prove(r *record) {
	require(!future(r.incarnation), rule("future"))
	require(len(r.chain) > 0, errMalformed)
	leaf, err := x509.ParseCertificate(r.chain[0])
	require(err == nil, rule("untrusted")) // crypto/x509 does not read every key that a node may have
	r.key = publicKeyOf(leaf)
	require(string(rawNodeID(r.key)) == r.nodeID, errMalformed)
	id.judge(r.chain, x509.ExtKeyUsageAny)
	require(id.verify(r.key, r.signature, "status", r.raw), errMalformed)
}

func (r *record) encode() []byte {
	return pb{}.bytes(1, r.raw).bytes(2, r.signature).each(3, r.chain...).uint(4, uint64(max(0, time.Since(r.lastIn).Milliseconds())))
}

func markOf(nodeID string) string { sum := sha256.Sum256([]byte(nodeID)); return string(sum[:8]) }

// linked says whether both ends name the link.
func linked(a, b *record) bool {
	return a != nil && b != nil && a.neighbours[b.mark] && b.neighbours[a.mark]
}

// told is a record as it is printed.
func told(r *record) object {
	entries := object{}
	for name, value := range r.entries {
		entries[name] = hex.EncodeToString(value)
	}
	return object{"nodeId": hex.EncodeToString([]byte(r.nodeID)), "incarnation": r.incarnation, "seq": r.seq, "entries": entries}
}

// span is the records of node IDs from `from` on and before `to`, if there is one, ascending.
func (s *status) span(from string, to [][]byte) (in []*record) {
	for _, owner := range slices.Sorted(maps.Keys(s.table)) {
		if owner >= from && (len(to) == 0 || owner < string(to[0])) {
			in = append(in, s.table[owner])
		}
	}
	return in
}

func digest(records []*record) []byte {
	hash := sha256.New()
	for _, r := range records {
		hash.Write(r.hash[:])
	}
	return hash.Sum(nil)[:16]
}

func (s *status) announcement() pb {
	return pb{}.each(1, pb{}.uint(1, s.incarnation.Load()).uint(2, s.seq).bytes(3, digest(s.span("", nil))))
}

// compare is what is said of a range: a list of it, or the digests of its parts.
func (s *status) compare(from string, to [][]byte) pb {
	records, m := s.span(from, to), pb{}.bytes(1, []byte(from))
	if len(records) <= listAtMost {
		m = m.each(2, to...)
		for _, r := range records {
			m = m.each(3, pb{}.bytes(1, []byte(r.nodeID)).uint(2, r.incarnation).uint(3, r.seq).bytes(4, r.hash[:]))
		}
		return pb{}.each(2, m)
	}
	for parts := min(partsOfCut, len(records)); parts > 0; parts-- {
		size, bound := len(records)/parts, to
		if parts > 1 {
			bound = [][]byte{[]byte(records[size].nodeID)}
		}
		m = m.each(2, pb{}.bytes(1, digest(records[:size])).each(2, bound...))
		records = records[size:]
	}
	return pb{}.each(5, m)
}

// take looks at the fields of a message in the order in which they count.
func (s *status) take(n *neighbour, m message) {
	defer s.enter()()
	wanted := map[string]bool{}
	for _, encoded := range parse(m.bytes(4)).all(1, 256) {
		if err := try(func() { s.takeRecord(n, encoded, wanted) }); !errors.As(err, new(rule)) {
			check(err)
		}
	}
	if m.bytes(1) != nil {
		s.takeAnnounce(n, parse(m.bytes(1)), wanted)
	}
	for _, list := range m.all(2, 256) {
		s.takeList(n, parse(list), wanted)
	}
	for _, comparison := range m.all(5, 256) {
		s.takeCompare(n, parse(comparison))
	}
	for _, owner := range parse(m.bytes(3)).all(1, 256) {
		n.owe(s.table[string(owner)])
	}
	request := pb{}
	for owner := range wanted {
		request = request.bytes(1, []byte(owner))
	}
	if len(wanted) > 0 {
		n.say(pb{}.each(3, request))
	}
}

// weigh compares what is told of a record with the one that is held: what is newer is wanted, and what is older is answered by the newer.
func (s *status) weigh(n *neighbour, owner string, m number, wanted map[string]bool) (newer bool) {
	held := number{}
	if r := s.table[owner]; r != nil {
		held = r.number
	}
	switch order := m.compare(held); {
	case order > 0:
		if len(wanted) < 256 { // as many as one request may name; the others are told again
			wanted[owner] = true
		}
		return true
	case order < 0:
		n.owe(s.table[owner])
	}
	return false
}

func (s *status) takeRecord(n *neighbour, encoded []byte, wanted map[string]bool) {
	r := readRecord(encoded)
	held := s.table[r.nodeID]
	if !s.weigh(n, r.nodeID, r.number, wanted) || len(r.chain) == 0 && held == nil {
		return // not newer, or wanted with its chain
	}
	delete(wanted, r.nodeID)
	if len(r.chain) == 0 {
		r.chain = held.chain
	}
	if r.lastIn = r.lastIn.Add(-2 * time.Second); n.nodeID == r.nodeID {
		r.lastIn = time.Now()
	}
	require(held != nil || len(s.table) < maxNodes && time.Since(r.lastIn) < maxAge, rule("table-full or aged"))
	require(n.proofs.Allow(), rule("too-many"))
	s.prove(r)
	if r.nodeID != string(s.nodeID) {
		s.put(r, n, "status")
	} else if time.Since(s.superseded) > time.Second { // another start of this node, or a copy of its key
		s.raise(r.incarnation)
		s.superseded, s.seq, s.dirty = time.Now(), 0, true
		tell(object{"event": "self-superseded", "record": told(r)})
	}
}

func (s *status) takeAnnounce(n *neighbour, m message, wanted map[string]bool) {
	require(len(m.bytes(3)) == 16, errMalformed)
	held := s.table[n.nodeID]
	if held == nil || m.uint(1) > held.incarnation || m.uint(1) == held.incarnation && m.uint(2) > held.seq {
		wanted[n.nodeID] = true
	} else if !bytes.Equal(m.bytes(3), digest(s.span("", nil))) && time.Since(n.compared) > 500*time.Millisecond {
		n.compared = time.Now()
		n.say(s.compare("", nil))
	}
}

func (s *status) takeCompare(n *neighbour, m message) {
	from := string(m.bytes(1))
	for _, encoded := range m.all(2, partsOfCut) {
		part := parse(encoded)
		to := part.all(2, 1)
		require(len(part.bytes(1)) == 16 && (len(to) == 0 || from < string(to[0])), errMalformed)
		if n.parts.Allow() && !bytes.Equal(part.bytes(1), digest(s.span(from, to))) {
			n.say(s.compare(from, to))
		}
		from = string(part.bytes(2))
	}
}

func (s *status) takeList(n *neighbour, m message, wanted map[string]bool) {
	lacks := map[string]*record{}
	for _, r := range s.span(string(m.bytes(1)), m.all(2, 1)) {
		lacks[r.nodeID] = r
	}
	for _, encoded := range m.all(3, 1_024) {
		one := parse(encoded)
		require(len(one.bytes(4)) == 32, errMalformed)
		delete(lacks, string(one.bytes(1)))
		s.weigh(n, string(one.bytes(1)), number{one.uint(2), one.uint(3), [32]byte(one.bytes(4))}, wanted)
	}
	for _, r := range lacks {
		n.owe(r)
	}
}
