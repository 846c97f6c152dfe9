package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"
)

const (
	statusID                         = protocol.ID("/fisco/status-seq/1.0.0")
	maxNodes, listAtMost, partsOfCut = 1_000, 8, 16
	maxStatusFrame, recordsFrame     = 131_072, 32 << 10
	maxAge, pushPause                = 10 * time.Minute, 100 * time.Millisecond
)

// status keeps the newest record of every node (PROTOCOLS.md, "Status").
type status struct {
	*node
	table                                      map[string]*record // by raw node ID, our own included
	own                                        map[string][]byte  // entries
	seq                                        uint64
	dirty                                      bool
	neighbours                                 map[peer.ID]*neighbour
	announceAfter                              time.Duration
	announced, aged, superseded, newNeighbours time.Time // when that was
}

// neighbour is a connected peer, and what is to be sent to it.
type neighbour struct {
	peer          peer.ID
	nodeID        string
	leave         context.CancelFunc
	in            network.Stream
	due           map[string]bool // owners whose records are to be pushed
	said          [][]byte        // other messages
	batches       chan [][]byte   // both, to be written
	compared      time.Time
	proofs, parts *rate.Limiter // of signatures to verify, of comparisons
	topicMessages chan []byte
}

func newStatus(n *node) *status {
	s := &status{node: n, table: map[string]*record{}, own: map[string][]byte{"fisco/version": []byte("go-reference/1.0.0")}, neighbours: map[peer.ID]*neighbour{}}
	s.sign()
	n.host.SetStreamHandler(statusID, s.read)
	go func() {
		for ; n.ctx.Err() == nil; pause(n.ctx, pushPause) {
			s.tick()
		}
	}()
	return s
}

// set changes an entry of the own record.
func (s *status) set(name string, value []byte) {
	require(validEntry(name, value), errMalformed)
	defer s.enter()()
	if old, has := s.own[name]; !has || !bytes.Equal(old, value) {
		s.own[name], s.dirty = value, true
	}
}

func (s *status) sign() {
	s.seq, s.dirty = s.seq+1, false
	raw := pb{}.uint(1, 1).bytes(2, s.nodeID).uint(3, s.incarnation.Load()).uint(4, s.seq)
	for _, name := range slices.Sorted(maps.Keys(s.own)) {
		raw = raw.each(5, pb{}.bytes(1, []byte(name)).bytes(2, s.own[name]))
	}
	r := readRecord(pb{}.bytes(1, raw).bytes(2, s.identity.sign("status", raw)).each(3, s.shown.Certificate...))
	s.put(r, nil, "own")
}

// put takes a record into the table and pushes it to who may not have it: its owner has pushed it to its own neighbours.
func (s *status) put(r *record, from *neighbour, event string) {
	if len(s.table) > 0 { // of the very first one nothing is told
		tell(object{"event": event, "record": told(r)})
	}
	s.table[r.nodeID], s.announceAfter, s.announced = r, 250*time.Millisecond, time.Now()
	for _, n := range s.neighbours {
		if n != from && n.nodeID != r.nodeID && (from == nil || !r.neighbours[markOf(n.nodeID)]) {
			n.due[r.nodeID] = true
		}
	}
}

// tick is what is done on time: to sign once for all changes of 100 ms, to tell the own neighbours 2 s after they change, to announce the table to
// 3 neighbours in pauses that double up to 8 s, to forget, and to send to each neighbour what has come together.
func (s *status) tick() {
	defer s.enter()()
	var marks []string
	for _, n := range s.neighbours {
		marks = append(marks, markOf(n.nodeID))
	}
	slices.Sort(marks)
	if joined := []byte(strings.Join(marks, "")); bytes.Equal(joined, s.own["fisco/neighbours"]) {
		s.newNeighbours = time.Now()
	} else if time.Since(s.newNeighbours) > 2*time.Second {
		s.own["fisco/neighbours"], s.dirty = joined, true
	}
	if s.dirty {
		try(s.sign) // it fails if the entries together are too long
	}
	left := 0
	if time.Since(s.announced) > s.announceAfter {
		left, s.announced, s.announceAfter = 3, time.Now(), min(2*s.announceAfter, 8*time.Second)
	}
	if time.Since(s.aged) > time.Second {
		s.age()
	}
	for _, n := range s.neighbours { // in random order
		if left--; left >= 0 {
			n.say(s.announcement())
		}
		if len(n.batches) == 0 && len(n.due)+len(n.said) > 0 {
			n.batches <- s.batch(n)
		}
	}
}

// batch is the newest records that are due, in frames that end when they hold 32 KiB, and messages.
func (s *status) batch(n *neighbour) (frames [][]byte) {
	var records pb
	for owner := range n.due {
		if r := s.table[owner]; r != nil {
			records = records.each(1, r.encode())
		}
		if len(records) >= recordsFrame {
			frames, records = append(frames, pb{}.each(4, records)), nil
		}
	}
	if records != nil {
		frames = append(frames, pb{}.each(4, records))
	}
	n.due, n.said, frames = map[string]bool{}, nil, append(frames, n.said...)
	return frames
}

// age drops records whose owners have not been in the network for maxAge: connected, or reached from there over links that both ends name.
func (s *status) age() {
	s.aged = time.Now()
	level := []string{string(s.nodeID)}
	for _, n := range s.neighbours {
		level = append(level, n.nodeID)
	}
	in := s.reach("", level, func(*record) bool { return true })
	for owner, r := range s.table {
		if in[owner] != "" {
			r.lastIn = time.Now()
		}
	}
	maps.DeleteFunc(s.table, func(_ string, r *record) bool { return time.Since(r.lastIn) > maxAge })
}

// reach goes from a level of nodes over links that both ends name, breadth first, and gives each node its parent: one of those of the level above,
// by the rule of the tree of `author` ("Spreading").
func (s *status) reach(author string, level []string, admit func(*record) bool) map[string]string {
	parents := map[string]string{}
	for _, owner := range level {
		parents[owner] = owner
	}
	for len(level) > 0 {
		slices.Sort(level)
		var next []string
		for owner, r := range s.table {
			if parents[owner] != "" || !admit(r) {
				continue
			}
			above := slices.DeleteFunc(slices.Clone(level), func(parent string) bool { return !linked(s.table[parent], r) })
			if len(above) > 0 {
				sum := sha256.Sum256([]byte(author + owner))
				parents[owner] = above[binary.BigEndian.Uint32(sum[:])%uint32(len(above))]
				next = append(next, owner)
			}
		}
		level = next
	}
	return parents
}

func (s *status) join(p peer.ID) *neighbour {
	n, nodeID := s.neighbours[p], s.member(p)
	if n == nil && nodeID != nil && s.host.Network().Connectedness(p) == network.Connected {
		ctx, leave := context.WithCancel(s.ctx)
		n = &neighbour{peer: p, nodeID: string(nodeID), leave: leave, due: map[string]bool{}, batches: make(chan [][]byte, 1),
			proofs: rate.NewLimiter(200, 1_000), parts: rate.NewLimiter(256, 2_048), topicMessages: make(chan []byte, maxWaiting)}
		s.neighbours[p] = n
		go s.talk(ctx, n)
		go s.topics.pass(ctx, n)
	}
	return n
}

func (s *status) leave(p peer.ID) {
	if n := s.neighbours[p]; n != nil {
		n.leave()
		close(n.batches)
		close(n.topicMessages)
		delete(s.neighbours, p)
	}
}

// talk keeps a stream to a neighbour open. What was said on an earlier one does not count as having arrived.
func (s *status) talk(ctx context.Context, n *neighbour) {
	for wait := pushPause; ctx.Err() == nil; wait = min(2*wait, 30*time.Second) {
		try(func() {
			opening, cancel := context.WithTimeout(network.WithNoDial(ctx, "a neighbour"), 10*time.Second)
			defer cancel()
			out := must(s.host.NewStream(opening, n.peer, statusID))
			defer out.Reset()
			leave := s.enter()
			n.due[string(s.nodeID)] = true
			n.say(s.announcement())
			leave()
			for batch := range n.batches {
				for _, m := range batch {
					out.SetWriteDeadline(time.Now().Add(10 * time.Second))
					must(out.Write(len32(nil, m)))
				}
				wait = pushPause
			}
		})
		pause(ctx, wait)
	}
}

// say has a message sent. Of too many the rest is left to the next announce.
func (n *neighbour) say(m pb) {
	if len(n.said) < 256 {
		n.said = append(n.said, m)
	}
}

func (n *neighbour) owe(r *record) {
	if r != nil {
		n.due[r.nodeID] = true
	}
}

// read reads the stream that a neighbour opened; of several the newest. What is malformed or forged resets it.
func (s *status) read(in network.Stream) {
	defer in.Reset()
	leave := s.enter()
	n := s.join(in.Conn().RemotePeer())
	if n != nil {
		if n.in != nil {
			go n.in.Reset()
		}
		n.in = in
	}
	leave()
	try(func() {
		for n != nil {
			s.take(n, parse(readFrame(in, 4, 1, maxStatusFrame)))
		}
	})
}
