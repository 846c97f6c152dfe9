package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	statusID     = protocol.ID("/fisco/status-seq/1.0.0")
	maxNodes     = 1_000
	listAtMost   = 8
	partsOfCut   = 16
	pushPause    = 100 * time.Millisecond
	recordsFrame = 32 << 10
	announceTo   = 3
)

// status keeps the newest record of every node (PROTOCOLS.md, "Status").
type status struct {
	id        *identity
	host      host.Host
	maxAge    time.Duration
	onChange  func(*record, string)
	mu        sync.Mutex
	table     map[string]*record // by raw node ID, our own included
	own       map[string][]byte
	seq       uint64
	neighbors map[peer.ID]*neighbor
	dirty     *queue
	changed   *queue
}

// neighbor is a peer that speaks the protocol: the stream that we opened to it, and what is to be sent on it.
type neighbor struct {
	id     peer.ID
	nodeID []byte
	out    network.Stream
	in     network.Stream
	writes sync.Mutex
	due    *queue
	has    map[string][32]byte // hashes of records that it has shown, or was sent
	cancel context.CancelFunc
}

func newStatus(ctx context.Context, h host.Host, id *identity, maxAge time.Duration, onChange func(*record, string)) *status {
	s := &status{id: id, host: h, maxAge: maxAge, onChange: onChange, table: map[string]*record{}, own: map[string][]byte{"fisco/version": []byte("go-reference/1.0.0")},
		neighbors: map[peer.ID]*neighbor{}, dirty: newQueue(), changed: newQueue()}
	s.sign()
	h.SetStreamHandler(statusID, func(in network.Stream) { s.read(ctx, in) })
	h.Network().Notify(&network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) { s.join(ctx, c.RemotePeer()) }, DisconnectedF: func(n network.Network, c network.Conn) {
		if n.Connectedness(c.RemotePeer()) != network.Connected {
			s.leave(c.RemotePeer())
		}
	}})
	go s.keepOwn(ctx)
	go s.announce(ctx)
	go s.forgetOld(ctx)
	return s
}

// set changes entries of the own record; nil removes one.
func (s *status) set(name string, value []byte) {
	s.mu.Lock()
	if old, has := s.own[name]; value == nil && !has || value != nil && has && bytes.Equal(old, value) {
		s.mu.Unlock()
		return
	}
	if value == nil {
		delete(s.own, name)
	} else {
		s.own[name] = value
	}
	s.mu.Unlock()
	s.dirty.add("own")
}

func (s *status) sign() *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	var entries []entry
	for name, value := range s.own {
		entries = append(entries, entry{name, value})
	}
	r := s.id.signRecord(s.id.incarnation, s.seq, entries)
	r.lastIn = time.Now()
	s.table[string(s.id.nodeID)] = r
	return r
}

// keepOwn signs once for all changes of 100 ms.
func (s *status) keepOwn(ctx context.Context) {
	for s.dirty.take(ctx) != nil {
		r := s.sign()
		s.pushToAll(r, nil)
		s.changed.add("table")
		s.onChange(r, "own")
		pause(ctx, pushPause)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// join opens the stream to a neighbour; what was said on an earlier one does not count.
func (s *status) join(ctx context.Context, p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.neighbors[p] != nil {
		return
	}
	nodeID := member(s.host, p)
	if nodeID == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	n := &neighbor{id: p, nodeID: nodeID, due: newQueue(), has: map[string][32]byte{}, cancel: cancel}
	s.neighbors[p] = n
	time.AfterFunc(2*time.Second, s.tellNeighbours)
	go s.talk(ctx, n)
}

// talk keeps a stream open and sends what is due on it, in pushes 100 ms apart.
func (s *status) talk(ctx context.Context, n *neighbor) {
	for backoff := pushPause; ctx.Err() == nil; backoff = min(2*backoff, 30*time.Second) {
		opening, cancel := context.WithTimeout(ctx, 10*time.Second)
		out, err := s.host.NewStream(opening, n.id, statusID)
		cancel()
		if err != nil {
			pause(ctx, backoff)
			continue
		}
		s.mu.Lock()
		n.out, n.has = out, map[string][32]byte{}
		s.mu.Unlock()
		ended, end := context.WithCancel(ctx)
		go func() { // its reader sends nothing; that it ends is heard here
			io.ReadFull(out, make([]byte, 1))
			end()
		}()
		n.due.add(string(s.id.nodeID))
		for first := true; ; first = false {
			due := n.due.take(ended)
			if due == nil {
				break
			}
			if err := s.push(n, due); err != nil {
				break
			}
			if first {
				backoff = pushPause
				s.send(n, s.announcement())
			}
			pause(ended, pushPause)
		}
		out.Reset()
	}
}

func (s *status) leave(p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.neighbors[p]; n != nil {
		n.cancel()
		delete(s.neighbors, p)
		time.AfterFunc(2*time.Second, s.tellNeighbours)
	}
}

func (s *status) tellNeighbours() {
	s.mu.Lock()
	var marks []string
	for _, n := range s.neighbors {
		marks = append(marks, string(neighbourMark(n.nodeID)))
	}
	s.mu.Unlock()
	slices.Sort(marks)
	s.set("fisco/neighbours", []byte(strings.Join(marks, "")))
}

func (s *status) send(n *neighbor, message []byte) error {
	n.writes.Lock()
	defer n.writes.Unlock()
	s.mu.Lock()
	out := n.out
	s.mu.Unlock()
	if out == nil {
		return errors.New("no stream")
	}
	return writeStatusFrame(out, message)
}

// push sends the newest records of owners; a frame ends when it holds 32 KiB.
func (s *status) push(n *neighbor, owners map[string]bool) error {
	var records []byte
	for owner := range owners {
		s.mu.Lock()
		r := s.table[owner]
		if r != nil {
			n.has[owner] = r.hash
			if owner == string(s.id.nodeID) || s.connectedLocked(r.nodeID) {
				r.lastIn = time.Now()
			}
			records = putMessage(records, 1, r.encode())
		}
		s.mu.Unlock()
		if len(records) >= recordsFrame {
			if err := s.send(n, putMessage(nil, 4, records)); err != nil {
				return err
			}
			records = nil
		}
	}
	if records == nil {
		return nil
	}
	return s.send(n, putMessage(nil, 4, records))
}

func (s *status) connectedLocked(nodeID []byte) bool {
	for _, n := range s.neighbors {
		if bytes.Equal(n.nodeID, nodeID) {
			return true
		}
	}
	return false
}

// pushToAll pushes a record to those that are not known to have it: its owner's neighbours have it from the owner.
func (s *status) pushToAll(r *record, from *neighbor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := bytes.Equal(r.nodeID, s.id.nodeID)
	for _, n := range s.neighbors {
		if n != from && n.has[string(r.nodeID)] != r.hash && (own || !names(r, n.nodeID)) && !bytes.Equal(n.nodeID, r.nodeID) {
			n.due.add(string(r.nodeID))
		}
	}
}

// rangeLocked is the records of node IDs from `from` on and before `to`, ascending; nil as `to` is the end.
func (s *status) rangeLocked(from, to []byte) []*record {
	var in []*record
	for _, r := range s.table {
		if !less(r.nodeID, from) && (to == nil || less(r.nodeID, to)) {
			in = append(in, r)
		}
	}
	slices.SortFunc(in, func(a, b *record) int { return bytes.Compare(a.nodeID, b.nodeID) })
	return in
}

func digestOf(records []*record) []byte {
	hash := sha256.New()
	for _, r := range records {
		hash.Write(r.hash[:])
	}
	return hash.Sum(nil)[:16]
}

func (s *status) announcement() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.table[string(s.id.nodeID)]
	b := putUint(putUint(nil, 1, own.incarnation), 2, own.seq)
	return putMessage(nil, 1, putBytes(b, 3, digestOf(s.rangeLocked(nil, nil))))
}

// announce tells 3 neighbours at random of a table that has changed, in pauses that double up to 8 s.
func (s *status) announce(ctx context.Context) {
	for wait := 8 * time.Second; ctx.Err() == nil; wait = min(2*wait, 8*time.Second) {
		select {
		case <-s.changed.wake:
			wait = 250 * time.Millisecond
			pause(ctx, wait)
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		var all []*neighbor
		for _, n := range s.neighbors {
			all = append(all, n)
		}
		s.mu.Unlock()
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, n := range all[:min(announceTo, len(all))] {
			s.send(n, s.announcement())
		}
	}
}

// read reads the stream that a neighbour opened; what is malformed or forged resets it.
func (s *status) read(ctx context.Context, in network.Stream) {
	p := in.Conn().RemotePeer()
	s.join(ctx, p)
	s.mu.Lock()
	n := s.neighbors[p]
	if n == nil {
		s.mu.Unlock()
		in.Reset()
		return
	}
	if n.in != nil { // of several the newest is read
		n.in.Reset()
	}
	n.in = in
	s.mu.Unlock()
	for {
		received, err := readStatusFrame(in)
		if err == nil {
			err = s.take(n, received)
		}
		if err != nil {
			in.Reset()
			return
		}
	}
}

// take looks at the fields of a message in the order in which they count.
func (s *status) take(n *neighbor, received message) error {
	asked := map[string]bool{}
	for _, num := range []int32{4, 1, 2, 5, 3} {
		for _, f := range received {
			if int32(f.num) != num {
				continue
			}
			set, err := fields(f.bytes)
			if err != nil {
				return errMalformed
			}
			switch num {
			case 4:
				err = s.takeRecords(n, set, asked)
			case 1:
				err = s.takeAnnounce(n, set, asked)
			case 2:
				err = s.takeList(n, set, asked)
			case 5:
				err = s.takeCompare(n, set)
			case 3:
				for _, want := range set {
					n.due.add(string(want.bytes))
				}
			}
			if err != nil {
				return err
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	var ids []byte
	for owner := range asked {
		ids = putMessage(ids, 1, []byte(owner))
	}
	go s.send(n, putMessage(nil, 3, ids))
	return nil
}

func (s *status) takeRecords(n *neighbor, set message, asked map[string]bool) error {
	for _, encoded := range set.all(1) {
		r, err := readRecord(encoded)
		if err != nil {
			if err == errMalformed {
				return err
			}
			continue
		}
		owner := string(r.nodeID)
		s.mu.Lock()
		held := s.table[owner]
		n.has[owner] = r.hash
		full := held == nil && len(s.table) >= maxNodes
		s.mu.Unlock()
		if !newer(r.incarnation, r.seq, r.hash[:], held) {
			if held.hash != r.hash {
				n.due.add(owner)
			}
			continue
		}
		if len(r.chain) == 0 {
			if held == nil {
				asked[owner] = true
				continue
			}
			r.chain = held.chain
		}
		fromOwner := bytes.Equal(n.nodeID, r.nodeID)
		if age := r.age + min(2*time.Second, s.maxAge/100); fromOwner {
			r.lastIn = time.Now()
		} else if age >= s.maxAge {
			continue // aged
		} else {
			r.lastIn = time.Now().Add(-age)
		}
		if err := s.id.prove(r); err == errForged || err == errMalformed {
			return err
		} else if err != nil || full {
			continue
		}
		if owner == string(s.id.nodeID) {
			s.supersede(r)
			continue
		}
		s.mu.Lock()
		s.table[owner] = r
		s.mu.Unlock()
		s.pushToAll(r, n)
		s.changed.add("table")
		s.onChange(r, "status")
	}
	return nil
}

// supersede answers a record of ourselves that we did not make: another start of this node, or a copy of its key.
func (s *status) supersede(r *record) {
	s.mu.Lock()
	s.id.incarnation, s.seq = r.incarnation+1, 0
	s.mu.Unlock()
	s.dirty.add("superseded")
	s.onChange(r, "self-superseded")
}

func (s *status) takeAnnounce(n *neighbor, set message, asked map[string]bool) error {
	incarnation, seq, digest := set.uint(1), set.uint(2), set.bytes(3)
	if len(digest) != 16 {
		return errMalformed
	}
	s.mu.Lock()
	held := s.table[string(n.nodeID)]
	same := bytes.Equal(digest, digestOf(s.rangeLocked(nil, nil)))
	s.mu.Unlock()
	if held == nil || incarnation > held.incarnation || incarnation == held.incarnation && seq > held.seq {
		asked[string(n.nodeID)] = true
	} else if !same {
		go s.send(n, s.compare(nil, nil))
	}
	return nil
}

// compare is what is sent of a range: a list, or the digests of 16 parts.
func (s *status) compare(from, to []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := s.rangeLocked(from, to)
	body := putBytes(nil, 1, from)
	if len(records) <= listAtMost {
		if to != nil {
			body = putMessage(body, 2, to)
		}
		for _, r := range records {
			body = putMessage(body, 3, r.number())
		}
		return putMessage(nil, 2, body)
	}
	for i := range partsOfCut {
		low, high := len(records)*i/partsOfCut, len(records)*(i+1)/partsOfCut
		if low == high {
			continue
		}
		part := putBytes(nil, 1, digestOf(records[low:high]))
		if high < len(records) {
			part = putMessage(part, 2, records[high].nodeID)
		} else if to != nil {
			part = putMessage(part, 2, to)
		}
		body = putMessage(body, 2, part)
	}
	return putMessage(nil, 5, body)
}

func (s *status) takeCompare(n *neighbor, set message) error {
	from := set.bytes(1)
	for _, encoded := range set.all(2) {
		part, err := fields(encoded)
		if err != nil {
			return err
		}
		digest, to := part.bytes(1), part.bytes(2)
		if len(digest) != 16 || to != nil && !less(from, to) {
			return errMalformed
		}
		s.mu.Lock()
		same := bytes.Equal(digest, digestOf(s.rangeLocked(from, to)))
		s.mu.Unlock()
		if !same {
			go s.send(n, s.compare(from, to))
		}
		from = to
	}
	return nil
}

func (s *status) takeList(n *neighbor, set message, asked map[string]bool) error {
	from, to := set.bytes(1), set.bytes(2)
	named := map[string]bool{}
	for _, encoded := range set.all(3) {
		number, err := fields(encoded)
		if err != nil || len(number.bytes(4)) != 32 {
			return errMalformed
		}
		owner, hash := string(number.bytes(1)), [32]byte(number.bytes(4))
		named[owner] = true
		s.mu.Lock()
		held := s.table[owner]
		n.has[owner] = hash
		s.mu.Unlock()
		if newer(number.uint(2), number.uint(3), hash[:], held) {
			asked[owner] = true
		} else if held.hash != hash {
			n.due.add(owner)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rangeLocked(from, to) {
		if !named[string(r.nodeID)] {
			n.due.add(string(r.nodeID))
		}
	}
	return nil
}

// inNetworkLocked is who is connected, or is reached from there over links that both ends name.
func (s *status) inNetworkLocked() map[string]bool {
	in := map[string]bool{string(s.id.nodeID): true}
	var reached []*record
	for _, n := range s.neighbors {
		in[string(n.nodeID)] = true
		if r := s.table[string(n.nodeID)]; r != nil {
			reached = append(reached, r)
		}
	}
	for len(reached) > 0 {
		from := reached[0]
		reached = reached[1:]
		for owner, r := range s.table {
			if !in[owner] && names(from, r.nodeID) && names(r, from.nodeID) {
				in[owner] = true
				reached = append(reached, r)
			}
		}
	}
	return in
}

// forgetOld drops records whose owners have not been in the network for maxAge.
func (s *status) forgetOld(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, time.Second) {
		s.mu.Lock()
		in := s.inNetworkLocked()
		for owner, r := range s.table {
			if in[owner] {
				r.lastIn = time.Now()
			} else if time.Since(r.lastIn) > s.maxAge {
				delete(s.table, owner)
			}
		}
		s.mu.Unlock()
	}
}

func (s *status) record(nodeID []byte) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table[string(nodeID)]
}

func (s *status) records() []*record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rangeLocked(nil, nil)
}
