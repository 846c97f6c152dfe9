package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// directStream is one stream of a lane (PROTOCOLS.md, "The stream" and "Exchanges").
type directStream struct {
	direct *direct
	dc     *directConn
	lane   int
	s      network.Stream
	notify sync.Mutex    // a long notification holds back those behind it
	long   chan struct{} // at most 8 messages of several frames under way
	room   chan struct{} // handlers that run, or wait for their turn

	mu       sync.Mutex // what follows; never held while a frame is written
	wake     *sync.Cond
	closing  bool // our half: nothing begins any more
	err      error
	calls    map[uint32]*call              // ours, without an answer
	answers  map[uint32]*partial           // parts of answers to us
	incoming map[uint32]*partial           // parts of the peer's requests and notifications
	serving  map[uint32]context.CancelFunc // the peer's requests that have no whole answer
	lastTold uint32                        // the peer's last id
	sent     uint64
	acked    uint64

	lastOwn uint32 // our last id
	unacked uint32 // bytes taken since our last ack

	writing sync.Mutex // one frame at a time
}

// call is a request of ours.
type call struct {
	id     uint32
	done   chan struct{}
	answer []byte
	err    error
}

// partial is a message of several frames of which some are here. What nobody wants any more is read and dropped.
type partial struct {
	first *frame
	parts []byte
	got   uint32
	drop  bool
	ctx   context.Context
}

func (s *directStream) opened() bool { return s.s.Stat().Direction == network.DirOutbound }

func (s *directStream) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closing && s.err == nil
}

// write sends a frame that may go at any time.
func (s *directStream) write(f *frame) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeLocked(f)
}

func (s *directStream) writeLocked(f *frame) error {
	b := f.encode()
	s.mu.Lock()
	s.sent += uint64(len(b))
	s.mu.Unlock()
	if f.kind != kindAck {
		s.dc.touch(s.lane)
	}
	_, err := s.s.Write(b)
	return err
}

// yield waits while a more urgent lane is in use and too much of this one is not acknowledged.
func (s *directStream) yield(ctx context.Context, size int) error {
	for s.dc.urgent(s.lane, laneInUse) {
		s.mu.Lock()
		free, err := s.sent+uint64(size) <= s.acked+laneWindow, s.err
		s.mu.Unlock()
		if free || err != nil {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// send sends a message, in parts where it is long. A request or notification gets its id with its first frame.
func (s *directStream) send(ctx context.Context, f *frame, data []byte, c *call) error {
	if len(data) > maxPart {
		select {
		case s.long <- struct{}{}:
			defer func() { <-s.long }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	n := min(len(data), maxPart)
	f.total, f.part = uint32(len(data)), data[:n]
	if n < len(data) {
		f.flags = flagMore
	}
	if err := s.yield(ctx, n+300); err != nil {
		return err
	}
	s.writing.Lock()
	if f.kind != kindResponse {
		s.mu.Lock()
		s.lastOwn++
		f.id = s.lastOwn
		if c != nil {
			c.id = f.id
			s.calls[f.id] = c
		}
		s.mu.Unlock()
	}
	err := s.writeLocked(f)
	s.writing.Unlock()
	for at := n; at < len(data) && err == nil; at += n {
		n = min(len(data)-at, maxPart)
		if err = s.yield(ctx, n+10); err != nil {
			// an answer that was begun ends by an error, a request or notification by a cancel
			end := &frame{kind: kindCancel, id: f.id}
			if f.kind == kindResponse {
				end = &frame{kind: kindError, id: f.id, code: codeCancelled}
				if errors.Is(err, context.DeadlineExceeded) {
					end.code = codeTimeout
				}
			} else if c != nil {
				s.forget(c)
			}
			s.write(end)
			return err
		}
		if c != nil {
			select {
			case <-c.done: // answered before it was complete
				return s.write(&frame{kind: kindCancel, id: f.id})
			default:
			}
		}
		part := &frame{kind: kindChunk, id: f.id, part: data[at : at+n]}
		if at+n < len(data) {
			part.flags |= flagMore
		}
		if f.kind == kindResponse {
			part.flags |= flagFromCallee
		}
		err = s.write(part)
	}
	return err
}

// read takes frames until the stream ends.
func (s *directStream) read() {
	var err error
	for err == nil {
		var f *frame
		if f, err = readFrame(s.s); err == nil {
			s.mu.Lock()
			s.unacked += f.size
			s.mu.Unlock()
			if f.kind != kindAck {
				s.dc.touch(s.lane)
			}
			if err = s.take(f); s.dc.urgent(s.lane, laneAcks) {
				s.ack(ackEvery)
			}
		}
	}
	if err == io.EOF {
		// the peer sends nothing more: what waits for an answer has failed, what it asked for is still answered
		s.fail(errors.New("connection-lost"))
		for range cap(s.room) {
			s.room <- struct{}{}
		}
		s.s.Close()
	} else {
		s.s.Reset()
		s.fail(err)
		s.mu.Lock()
		for _, cancel := range s.serving {
			cancel()
		}
		s.mu.Unlock()
	}
	s.dc.remove(s)
}

// ack tells how many bytes were taken, if that is at least so much.
func (s *directStream) ack(least uint32) {
	s.mu.Lock()
	n := s.unacked
	if n < least {
		s.mu.Unlock()
		return
	}
	s.unacked = 0
	s.mu.Unlock()
	go s.write(&frame{kind: kindAck, id: n})
}

func (s *directStream) take(f *frame) error {
	switch f.kind {
	case kindRequest, kindNotification, kindOpen:
		return s.takeCall(f)
	case kindResponse:
		return s.takeResponse(f)
	case kindChunk:
		return s.takeChunk(f)
	case kindError:
		return s.takeError(f)
	case kindCancel:
		return s.takeCancel(f)
	case kindAck:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.acked += uint64(f.id); s.acked > s.sent {
			return violation("ack")
		}
	}
	// ends and credits belong to streaming exchanges, which this node refuses
	return nil
}

func (s *directStream) takeCall(f *frame) error {
	s.mu.Lock()
	s.lastTold++
	next, long := s.lastTold == f.id, len(s.incoming)
	s.mu.Unlock()
	if !next {
		return violation("id")
	}
	if f.kind == kindOpen {
		s.mu.Lock()
		s.incoming[f.id] = &partial{first: f, drop: true}
		s.mu.Unlock()
		go s.write(&frame{kind: kindError, id: f.id, code: codeNoHandler})
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	m := &partial{first: f, ctx: ctx}
	s.mu.Lock()
	s.serving[f.id] = cancel
	s.mu.Unlock()
	if f.total > s.direct.maxMessage {
		m.drop = true
		s.endServing(f.id)
		if f.kind == kindRequest {
			go s.write(&frame{kind: kindError, id: f.id, code: codeRequestTooLarge})
		}
	}
	if !f.more() {
		if !m.drop {
			s.start(m, f.part)
		}
		return nil
	}
	if long >= 8 {
		return violation("unfinished")
	}
	return s.begin(s.incoming, m)
}

func (s *directStream) begin(into map[uint32]*partial, m *partial) error {
	m.got = uint32(len(m.first.part))
	if !m.drop {
		m.parts = append([]byte(nil), m.first.part...)
	}
	m.first.part = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	into[m.first.id] = m
	return nil
}

// start hands a whole message to its handler.
func (s *directStream) start(m *partial, data []byte) {
	f := m.first
	s.room <- struct{}{} // no room: nothing more is read
	if f.kind == kindNotification {
		note := func() {
			s.serve(m.ctx, f.id, f.name, data, true)
			s.endServing(f.id)
		}
		select {
		case s.dc.lanes[s.lane].notes <- note:
		case <-s.dc.gone.Done():
		}
		return
	}
	go s.serve(m.ctx, f.id, f.name, data, false)
}

func (s *directStream) endServing(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.serving[id]; cancel != nil {
		delete(s.serving, id)
		cancel()
	}
}

func (s *directStream) takeResponse(f *frame) error {
	if !s.begun(f.id) {
		return violation("id")
	}
	s.mu.Lock()
	c, twice := s.calls[f.id], s.answers[f.id] != nil
	s.mu.Unlock()
	if twice {
		return violation("id")
	}
	m := &partial{first: f, drop: c == nil}
	if c != nil && f.total > s.direct.maxMessage {
		m.drop = true
		s.finish(f.id, nil, &answerError{code: codeAnswerTooLarge})
		go s.write(&frame{kind: kindCancel, id: f.id})
	}
	if f.more() {
		return s.begin(s.answers, m)
	}
	s.finish(f.id, f.part, nil)
	return nil
}

func (s *directStream) takeChunk(f *frame) error {
	from := s.incoming
	if f.fromCallee() {
		from = s.answers
	}
	s.mu.Lock()
	m := from[f.id]
	s.mu.Unlock()
	if m == nil {
		return violation("chunk")
	}
	if m.first.kind == kindOpen {
		return nil
	}
	m.got += uint32(len(f.part))
	if m.got > m.first.total || f.more() == (m.got == m.first.total) || len(f.part) == 0 {
		return violation("part")
	}
	if !m.drop {
		m.parts = append(m.parts, f.part...)
	}
	if f.more() {
		return nil
	}
	s.mu.Lock()
	delete(from, f.id)
	s.mu.Unlock()
	if m.drop {
		return nil
	}
	if f.fromCallee() {
		s.finish(f.id, m.parts, nil)
	} else {
		s.start(m, m.parts)
	}
	return nil
}

func (s *directStream) takeError(f *frame) error {
	if !s.begun(f.id) {
		return violation("id")
	}
	s.mu.Lock()
	delete(s.answers, f.id)
	s.mu.Unlock()
	s.finish(f.id, nil, &answerError{code: f.code, explanation: clean(string(f.part))})
	return nil
}

func (s *directStream) takeCancel(f *frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.id-1 >= s.lastTold { // modulo 2^32; 0 comes with the wrap alone
		return violation("id")
	}
	delete(s.incoming, f.id)
	if cancel := s.serving[f.id]; cancel != nil {
		delete(s.serving, f.id)
		cancel()
	}
	return nil
}

// begun says whether we have begun an exchange of that id.
func (s *directStream) begun(id uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id != 0 && id <= s.lastOwn
}

// finish ends a request of ours; one that has ended stays as it is.
func (s *directStream) finish(id uint32, answer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[id]; c != nil {
		delete(s.calls, id)
		c.answer, c.err = answer, err
		close(c.done)
		s.wake.Broadcast()
	}
}

// forget drops the answer to a request for which nobody waits any more.
func (s *directStream) forget(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
	if m := s.answers[c.id]; m != nil {
		m.drop = true
	}
	s.wake.Broadcast()
}

func (s *directStream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	for id, c := range s.calls {
		delete(s.calls, id)
		c.err = err
		close(c.done)
	}
	s.wake.Broadcast()
}

// drain closes our half of a stream of ours that does not stay, when what we began on it has ended.
func (s *directStream) drain() {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return
	}
	s.closing = true
	for len(s.calls) > 0 && s.err == nil {
		s.wake.Wait()
	}
	s.mu.Unlock()
	for range cap(s.room) { // what the peer began is answered on it as well
		s.room <- struct{}{}
	}
	for range cap(s.room) {
		<-s.room
	}
	s.s.CloseWrite()
}
