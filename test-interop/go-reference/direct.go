package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The lanes, the most urgent one first (PROTOCOLS.md, "Lanes").
var lanes = []protocol.ID{"/fisco/direct/1.0.0/consensus", "/fisco/direct/1.0.0", "/fisco/direct/1.0.0/bulk"}

const (
	laneConsensus = iota
	laneDefault
	laneBulk
)

const (
	streamsPerLane = 4
	maxHandlers    = 1_280
	laneInUse      = time.Second
	laneAcks       = 2 * time.Second
	laneWindow     = 196_608
	ackEvery       = 65_536
)

const (
	codeNoHandler uint16 = iota + 1
	codeFailed
	codeRequestTooLarge
	codeAnswerTooLarge
	codeTimeout
	codeCancelled
	codeTooMany
)

var codeNames = []string{"other", "no-such-handler", "handler-failed", "request-too-large", "answer-too-large", "timeout", "cancelled", "too-many-requests"}

// answerError is an answer that is an error.
type answerError struct {
	code        uint16
	explanation string
}

func (e *answerError) Error() string {
	name := codeNames[0]
	if int(e.code) < len(codeNames) {
		name = codeNames[e.code]
	}
	return strings.TrimSpace(name + ": " + e.explanation)
}

type handler func(ctx context.Context, from peer.ID, data []byte) ([]byte, error)

// direct is unicast: requests with answers, and notifications (PROTOCOLS.md, "Unicast").
type direct struct {
	host       host.Host
	maxMessage uint32

	mu       sync.Mutex
	handlers map[string]handler
	conns    map[string]*directConn
}

// directConn is what the lanes of one connection share.
type directConn struct {
	mu    sync.Mutex
	conn  network.Conn
	gone  context.Context
	end   context.CancelFunc
	used  [3]time.Time
	lanes [3]lane
}

// lane holds the streams of one lane, the oldest first.
type lane struct {
	opening sync.Mutex
	streams []*directStream
	notes   chan func()
}

func newDirect(h host.Host, maxMessage uint32) *direct {
	d := &direct{host: h, maxMessage: maxMessage, handlers: map[string]handler{}, conns: map[string]*directConn{}}
	for i, id := range lanes {
		h.SetStreamHandler(id, func(s network.Stream) {
			if d.add(d.of(s.Conn()), i, s) == nil {
				s.Reset()
			}
		})
	}
	h.Network().Notify(&network.NotifyBundle{DisconnectedF: func(_ network.Network, c network.Conn) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if gone := d.conns[c.ID()]; gone != nil {
			delete(d.conns, c.ID())
			gone.end()
		}
	}})
	return d
}

func (d *direct) handle(name string, h handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handlers[name] = h
}

func (d *direct) handlerOf(name string) handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handlers[name]
}

func (d *direct) of(c network.Conn) *directConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	dc := d.conns[c.ID()]
	if dc == nil {
		dc = &directConn{conn: c}
		dc.gone, dc.end = context.WithCancel(context.Background())
		for i := range dc.lanes {
			// one after the other: notifications are begun to be handled in the order in which they came
			dc.lanes[i].notes = make(chan func(), 4_096)
			go dc.handleNotes(dc.lanes[i].notes)
		}
		if c.IsClosed() { // its end will not be told again
			dc.end()
			return dc
		}
		d.conns[c.ID()] = dc
	}
	return dc
}

func (dc *directConn) handleNotes(notes <-chan func()) {
	for {
		select {
		case note := <-notes:
			note()
		case <-dc.gone.Done():
			return
		}
	}
}

// add takes a stream into its lane; nil if it has too many. What does not stay is drained.
func (d *direct) add(dc *directConn, i int, s network.Stream) *directStream {
	dc.mu.Lock()
	defer dc.mu.Unlock()
	mine := 0
	for _, other := range dc.lanes[i].streams {
		if other.opened() == (s.Stat().Direction == network.DirOutbound) {
			mine++
		}
	}
	if mine >= streamsPerLane {
		return nil
	}
	ds := &directStream{direct: d, dc: dc, lane: i, s: s, calls: map[uint32]*call{}, incoming: map[uint32]*partial{}, answers: map[uint32]*partial{}, serving: map[uint32]context.CancelFunc{}, long: make(chan struct{}, 8), room: make(chan struct{}, maxHandlers)}
	ds.wake = sync.NewCond(&ds.mu)
	dc.lanes[i].streams = append(dc.lanes[i].streams, ds)
	staying := dc.staying(i)
	for _, other := range dc.lanes[i].streams {
		if other != staying && other.opened() {
			go other.drain()
		}
	}
	go ds.read()
	return ds
}

// staying is the stream on which exchanges begin: the youngest of the side that dialled, else the youngest.
func (dc *directConn) staying(i int) *directStream {
	var best *directStream
	dialled := dc.conn.Stat().Direction == network.DirOutbound
	for _, s := range dc.lanes[i].streams {
		if s.usable() && (best == nil || s.opened() == dialled || best.opened() != dialled) {
			best = s
		}
	}
	return best
}

func (dc *directConn) remove(gone *directStream) {
	dc.mu.Lock()
	defer dc.mu.Unlock()
	l := &dc.lanes[gone.lane]
	for i, s := range l.streams {
		if s == gone {
			l.streams = append(l.streams[:i:i], l.streams[i+1:]...)
			return
		}
	}
}

// touch notes that a lane is in use, and acknowledges at once what less urgent lanes have taken when it comes into use.
func (dc *directConn) touch(i int) {
	dc.mu.Lock()
	defer dc.mu.Unlock()
	fresh := time.Since(dc.used[i]) > laneAcks
	dc.used[i] = time.Now()
	for less := i + 1; fresh && less < len(dc.lanes); less++ {
		for _, s := range dc.lanes[less].streams {
			go s.ack(1)
		}
	}
}

// urgent says whether a more urgent lane was in use within a time.
func (dc *directConn) urgent(i int, within time.Duration) bool {
	dc.mu.Lock()
	defer dc.mu.Unlock()
	for _, at := range dc.used[:i] {
		if time.Since(at) < within {
			return true
		}
	}
	return false
}

// stream is the one to begin an exchange on; it is opened if there is none.
func (d *direct) stream(ctx context.Context, p peer.ID, i int) (*directStream, error) {
	conns := d.host.Network().ConnsToPeer(p)
	if len(conns) == 0 {
		return nil, errors.New("not-connected")
	}
	c := stayingConn(d.host, conns)
	dc := d.of(c)
	l := &dc.lanes[i]
	l.opening.Lock()
	defer l.opening.Unlock()
	dc.mu.Lock()
	s := dc.staying(i)
	dc.mu.Unlock()
	if s != nil {
		return s, nil
	}
	raw, err := c.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	if err := selectProtocol(raw, lanes[i]); err != nil {
		raw.Reset()
		return nil, err
	}
	if s = d.add(dc, i, raw); s == nil {
		raw.Reset()
		return nil, errors.New("too many streams")
	}
	// the peer may have opened the one that stays meanwhile
	dc.mu.Lock()
	defer dc.mu.Unlock()
	if s = dc.staying(i); s == nil {
		return nil, errors.New("connection-lost")
	}
	return s, nil
}

func (d *direct) request(ctx context.Context, p peer.ID, i int, name string, data []byte) ([]byte, error) {
	s, err := d.stream(ctx, p, i)
	if err != nil {
		return nil, err
	}
	c := &call{done: make(chan struct{})}
	if err := s.send(ctx, &frame{kind: kindRequest, name: name, timeout: timeLeft(ctx)}, data, c); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
		return c.answer, c.err
	case <-ctx.Done():
		s.forget(c)
		s.write(&frame{kind: kindCancel, id: c.id})
		return nil, ctx.Err()
	}
}

func (d *direct) notify(ctx context.Context, p peer.ID, i int, name string, data []byte) error {
	s, err := d.stream(ctx, p, i)
	if err != nil {
		return err
	}
	s.notify.Lock()
	defer s.notify.Unlock()
	return s.send(ctx, &frame{kind: kindNotification, name: name, timeout: timeLeft(ctx)}, data, nil)
}

func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 30 * time.Second
	}
	return max(time.Until(deadline), time.Millisecond)
}

// serve runs the handler of a request and answers, or that of a notification.
func (s *directStream) serve(ctx context.Context, id uint32, name string, data []byte, notification bool) {
	defer func() { <-s.room }()
	h := s.direct.handlerOf(name)
	answer, err := []byte(nil), error(&answerError{code: codeNoHandler})
	if h != nil {
		answer, err = h(ctx, s.s.Conn().RemotePeer(), data)
	}
	if notification {
		return
	}
	var told *answerError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return // the caller does not wait any longer
	case ctx.Err() != nil:
		told = &answerError{code: codeTimeout}
	case err != nil && !errors.As(err, &told):
		told = &answerError{code: codeFailed, explanation: clean(err.Error())}
	case err == nil && uint32(len(answer)) > s.direct.maxMessage:
		told = &answerError{code: codeAnswerTooLarge}
	}
	if told != nil {
		s.endServing(id)
		s.write(&frame{kind: kindError, id: id, code: told.code, part: []byte(told.explanation)})
		return
	}
	s.send(ctx, &frame{kind: kindResponse, id: id}, answer, nil)
	s.endServing(id)
}

// clean makes an explanation fit to be shown to people.
func clean(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	for i, r := range runes {
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) {
			runes[i] = '?'
		}
	}
	return fmt.Sprintf("%.256s", string(runes))
}
