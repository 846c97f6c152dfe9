package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

const (
	maxLong, maxOpen, maxUnread = 8, 32, 4_096 // messages of several frames, streaming exchanges, answers that the peer does not read
	drainAfter, writeWithin     = 500 * time.Millisecond, time.Minute
)

// stream is one stream of a lane (PROTOCOLS.md, "The stream" and "Exchanges").
type stream struct {
	*lane
	network.Stream
	ctx    context.Context // until it is over; what the peer asked for ends then as well
	end    context.CancelFunc
	writes sync.Mutex    // one frame at a time
	long   chan struct{} // places for messages of several frames

	// under the node's lock
	ended, draining             bool // the peer sends nothing more; we begin nothing more
	lastOwn, lastTold           uint32
	exchanges                   map[exchangeID]*exchange
	sent, acked, unacked, posts int
}

type exchangeID struct {
	own bool
	id  uint32
}

// exchange is a request or notification, ours or the peer's, and what has come of its message: the answer, or what the peer asks. It is known until
// it is over and all of the message is here.
type exchange struct {
	id      exchangeID
	ctx     context.Context
	end     context.CancelFunc
	first   *frame // of the message
	left    int    // bytes that are still to come
	data    []byte
	refused uint16 // the code of an error, if the peer's request is not taken
	over    bool   // ours: answered or failed; the peer's: answered or cancelled
	err     error
}

func (s *stream) opened() bool { return s.Stat().Direction == network.DirOutbound }
func (s *stream) idle() bool   { return len(s.exchanges)+s.posts == 0 }

// write writes a frame. A request or notification gets its id only now, so that none is left out; an own request is known from now on.
func (s *stream) write(f *frame, x *exchange) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	leave := s.enter()
	if f.kind == kindRequest || f.kind == kindNotification {
		s.lastOwn++
		f.id = s.lastOwn
	}
	ended := s.ended && x != nil
	if x != nil && !ended {
		x.id = exchangeID{true, f.id}
		s.exchanges[x.id] = x
	}
	if f.kind != kindAck {
		s.touch()
	}
	b := f.encode()
	s.sent += len(b)
	leave()
	if ended {
		return errLost
	}
	s.SetWriteDeadline(time.Now().Add(writeWithin))
	_, err := s.Write(b)
	if err != nil {
		s.Reset()
	}
	return err
}

// post has a frame written beside the reader, which writes nothing itself: both ends could wait for each other to read.
func (s *stream) post(f *frame) {
	if f.id == 0 { // what it is about was never begun
		return
	}
	if s.posts++; s.posts > maxUnread {
		go s.Reset() // the rule "unread"
	}
	go func() {
		s.write(f, nil)
		defer s.enter()()
		s.posts--
	}()
}

func (s *stream) ack(least int) {
	if s.unacked >= least {
		s.post(&frame{kind: kindAck, id: uint32(s.unacked)})
		s.unacked = 0
	}
}

// turn waits while a more urgent lane is in use and too much of this one is not acknowledged ("Lanes").
func (s *stream) turn(ctx context.Context) error {
	free := func() bool {
		defer s.enter()()
		return s.ended || !s.yields(laneInUse) || s.sent+maxFrame <= s.acked+laneWindow
	}
	for ctx.Err() == nil && !free() {
		pause(ctx, 10*time.Millisecond)
	}
	return ctx.Err()
}

// send sends a message, in parts where it is long, until its end or that of the context.
func (s *stream) send(ctx context.Context, first *frame, data []byte, x *exchange) (err error) {
	if len(data) > maxPart {
		select {
		case s.long <- struct{}{}:
			defer func() { <-s.long }()
		case <-ctx.Done():
		}
	}
	first.total = uint32(len(data))
	for f, more := first, true; more && err == nil; f, x = (&frame{kind: kindChunk, id: first.id}), nil {
		if f != first && first.kind == kindResponse {
			f.flags = flagFromCallee
		}
		n := min(len(data), maxPart)
		f.part, data = data[:n], data[n:]
		if more = len(data) > 0; more {
			f.flags |= flagMore
		}
		if err = s.turn(ctx); err == nil {
			err = s.write(f, x)
		}
	}
	return err
}

// read takes frames until the stream ends.
func (s *stream) read() {
	err := try(func() {
		for {
			if x := s.take(readDirectFrame(s.Stream)); x != nil {
				s.start(x)
			}
		}
	})
	defer s.enter()()
	s.ended = true
	for id, x := range s.exchanges {
		if id.own || x.left > 0 { // not answered, or not complete
			x.left = 0
			s.finish(x, errLost)
		}
	}
	if err == io.EOF { // the peer sends nothing more; what it asked for is still answered
		s.await(s.ctx, s.idle)
		go s.Close()
	} else {
		go s.Reset()
	}
	s.end()
	s.streams = slices.DeleteFunc(s.streams, func(other *stream) bool { return other == s })
}

// take looks at a frame; what it gives back is a call that is to be handled, or refused.
func (s *stream) take(f *frame) *exchange {
	defer s.enter()()
	if s.unacked += f.size; f.kind != kindAck {
		s.touch()
	}
	if s.yields(laneAcks) {
		s.ack(ackEvery)
	}
	id := exchangeID{f.toCaller(), f.id}
	x, last := s.exchanges[id], s.lastTold
	if id.own {
		last = s.lastOwn
	}
	begun := f.id-1 < last // modulo 2^32; 0 comes with the wrap alone
	switch f.kind {
	case kindRequest, kindNotification, kindOpen:
		s.lastTold++
		require(f.id == s.lastTold, rule("id"))
		x = &exchange{id: id}
		x.ctx, x.end = context.WithTimeout(s.ctx, time.Duration(f.timeout)*time.Millisecond)
		if f.kind == kindOpen { // this node has no handlers for streaming exchanges
			x.refused = codeNoHandler
		} else if int(f.total) > s.maxMessage {
			x.refused = codeRequestTooLarge
		}
	case kindResponse:
		require(begun && (x == nil || x.first == nil), rule("id"))
		if x == nil { // nobody waits for it any more
			x = &exchange{id: id, over: true}
		} else if int(f.total) > s.maxMessage {
			s.finish(x, &answerError{code: codeAnswerTooLarge})
			s.post(&frame{kind: kindCancel, id: f.id})
		}
	case kindChunk:
		require(x != nil && x.left > 0, rule("chunk"))
	case kindAck:
		s.acked += int(f.id)
		require(s.acked <= s.sent, rule("ack"))
		return nil
	default: // an error, a cancel, an end or credit
		require(begun, rule("id"))
		if x != nil && (f.kind == kindError || f.kind == kindCancel || f.kind == kindEnd && !id.own && x.first.kind == kindOpen) {
			x.left = 0
			s.finish(x, &answerError{f.code, clean(string(f.part))})
		}
		return nil
	}
	s.exchanges[id] = x
	return s.gather(x, f)
}

// gather puts a part to those before it. With the last one a call is complete, and a request of ours has ended.
func (s *stream) gather(x *exchange, f *frame) *exchange {
	if x.first == nil {
		x.first, x.left = f, int(f.total)
	}
	if x.first.kind == kindOpen { // the pieces are dropped until it is ended
		x.left = 1
	} else {
		x.left -= len(f.part)
		require(x.left >= 0 && f.more() == (x.left > 0), rule("part"))
	}
	counts := map[bool]int{}
	for _, other := range s.exchanges {
		if f == x.first && other.left > 0 {
			counts[other.first.kind == kindOpen]++
		}
	}
	require(counts[false] <= maxLong && counts[true] <= maxOpen, rule("unfinished"))
	if !x.over && x.refused == 0 {
		x.data = append(x.data, f.part...)
	}
	switch {
	case x.refused != 0 && f == x.first || x.refused == 0 && x.left == 0 && !x.id.own:
		return x
	case x.left == 0 && (x.id.own || x.over):
		s.finish(x, nil)
	}
	return nil
}

// finish ends an exchange; one that is over stays as it is.
func (s *stream) finish(x *exchange, why error) {
	if !x.over {
		x.over, x.err = true, why
		x.end()
	}
	if x.left == 0 {
		delete(s.exchanges, x.id)
	}
}

// start has a call handled and answered. While there is no room nothing more is read.
func (s *stream) start(x *exchange) {
	size := int64(min(max(len(x.data), maxIncoming/maxCalls), maxIncoming))
	check(s.room.Acquire(s.ctx, size))
	leave, done := s.enter(), make(chan struct{})
	var before chan struct{}
	if x.first.kind == kindNotification {
		before, s.handled = s.handled, done
	}
	leave()
	go func() {
		defer s.room.Release(size)
		defer close(done)
		if before != nil {
			<-before
		}
		s.serve(x)
		defer s.enter()()
		s.finish(x, nil)
	}()
}

// serve runs the handler of a call, and answers if it is a request.
func (s *stream) serve(x *exchange) {
	f := &frame{kind: kindResponse, id: x.id.id}
	answer, err := []byte(nil), error(&answerError{code: max(x.refused, codeNoHandler)})
	if handle := s.handlers[x.first.name]; handle != nil && x.refused == 0 {
		answer, err = handle(x.ctx, s.conn.RemotePeer(), x.data)
	}
	if len(answer) > s.maxMessage {
		err = &answerError{code: codeAnswerTooLarge}
	}
	if err == nil && x.first.kind != kindNotification {
		err = s.send(x.ctx, f, answer, nil)
	}
	cancelled := x.ctx.Err() == context.Canceled && f.size == 0 // hears of it only if the answer was begun
	if err == nil || cancelled || x.first.kind == kindNotification {
		return
	}
	told := &answerError{codeFailed, clean(err.Error())}
	if errors.As(err, &told); x.ctx.Err() != nil {
		told = &answerError{code: map[bool]uint16{true: codeCancelled, false: codeTimeout}[x.ctx.Err() == context.Canceled]}
	}
	s.write(&frame{kind: kindError, id: x.id.id, code: told.code, part: []byte(told.explanation)}, nil)
}

// drain closes our half of a stream of ours that does not stay, when what was begun on it has ended. First what the peer sent before it knew comes.
func (s *stream) drain() {
	pause(s.ctx, drainAfter)
	defer s.CloseWrite()
	defer s.enter()()
	s.await(s.ctx, s.idle)
}
