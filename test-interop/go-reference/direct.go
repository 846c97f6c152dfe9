package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
	"golang.org/x/sync/semaphore"
)

// The kinds of frames of /fisco/direct/1.0.0 (PROTOCOLS.md, "Frames"), and the codes of errors.
const (
	kindRequest, kindResponse, kindChunk, kindError, kindNotification byte = 1, 2, 3, 4, 5
	kindCancel, kindEnd, kindCredit, kindAck, kindOpen                byte = 6, 7, 8, 9, 10
	flagMore, flagFromCallee                                          byte = 1, 2
	maxPart, minPart, maxTotal, maxFrame, maxExplanation                   = 65_536, 1_024, 104_857_600, 65_806, 768
	longestWait                                                            = 3_600_000

	codeNoHandler, codeFailed, codeRequestTooLarge, codeAnswerTooLarge, codeTimeout, codeCancelled, codeTooMany uint16 = 1, 2, 3, 4, 5, 6, 7
)

// layouts is what a frame has behind kind and id, and meanings is the flags that mean something in it.
var (
	layouts = map[byte]string{kindRequest: "flags timeout total name part", kindNotification: "flags timeout total name part", kindResponse: "flags total part",
		kindChunk: "flags part", kindError: "code part", kindEnd: "flags", kindCredit: "flags total", kindOpen: "timeout name"}
	meanings = map[byte]byte{kindRequest: flagMore, kindNotification: flagMore, kindResponse: flagMore, kindChunk: flagMore | flagFromCallee,
		kindEnd: flagFromCallee, kindCredit: flagFromCallee}
)

type frame struct {
	kind, flags        byte
	id, timeout, total uint32 // milliseconds; the length of the message, or the cost of a credit
	code               uint16
	name               string
	part               []byte // of the message, or the explanation of an error
	size               int    // on the wire, with its length
}

func (f *frame) fields() (fields []any) {
	all := map[string]any{"flags": &f.flags, "timeout": &f.timeout, "total": &f.total, "code": &f.code, "name": &f.name, "part": &f.part}
	for name := range strings.FieldsSeq(layouts[f.kind]) {
		fields = append(fields, all[name])
	}
	return fields
}

func (f *frame) more() bool { return f.flags&flagMore != 0 }

// toCaller says whether a frame of a message comes from the callee of its exchange.
func (f *frame) toCaller() bool {
	return f.kind == kindResponse || f.kind == kindError || f.flags&flagFromCallee != 0
}

func (f *frame) encode() []byte {
	b := binary.BigEndian.AppendUint32(append(make([]byte, 4, 32+len(f.name)+len(f.part)), f.kind), f.id)
	for _, field := range f.fields() {
		switch v := field.(type) {
		case *string:
			b = append(append(b, byte(len(*v))), *v...)
		case *[]byte:
			b = append(b, *v...)
		default:
			b = must(binary.Append(b, binary.BigEndian, v))
		}
	}
	f.size = len(b)
	binary.BigEndian.PutUint32(b, uint32(f.size-4))
	return b
}

// readDirectFrame reads one frame, and checks what can be known without its exchange ("Violations").
func readDirectFrame(r io.Reader) *frame {
	b := readFrame(r, 4, 5, maxFrame)
	f := &frame{kind: b[0], id: binary.BigEndian.Uint32(b[1:]), size: len(b) + 4}
	require(f.kind >= kindRequest && f.kind <= kindOpen, rule("kind"))
	b = b[5:]
	for _, field := range f.fields() {
		switch v := field.(type) {
		case *string:
			require(len(b) > 0 && len(b) > int(b[0]), rule("length"))
			end := 1 + int(b[0])
			*v, b = string(b[1:end]), b[end:]
			require(*v != "" && utf8.ValidString(*v), rule("name"))
		case *[]byte:
			*v, b = b, nil
		default:
			n, err := binary.Decode(b, binary.BigEndian, v)
			require(err == nil, rule("length"))
			b = b[n:]
		}
	}
	require(len(b) == 0 && (f.kind != kindError || len(f.part) <= maxExplanation), rule("length"))
	require(f.flags&^meanings[f.kind] == 0, rule("flags"))
	require(f.total <= maxTotal, rule("total"))
	require(len(f.part) <= maxPart && (!f.more() || len(f.part) >= minPart), rule("part"))
	f.timeout = min(max(f.timeout, 1), longestWait)
	return f
}

// The lanes, the most urgent one first (PROTOCOLS.md, "Lanes").
var laneIDs = []protocol.ID{"/fisco/direct/1.0.0/consensus", "/fisco/direct/1.0.0", "/fisco/direct/1.0.0/bulk"}

const (
	laneDefault, streamsPerLane = 1, 4
	laneInUse, laneAcks         = time.Second, 2 * time.Second
	laneWindow, ackEvery        = 196_608, 65_536
	maxIncoming, maxCalls       = 16 << 20, 1_280 // bytes and number of a peer's requests on a lane that run or wait
)

var codeNames = [...]string{"other", "no-such-handler", "handler-failed", "request-too-large", "answer-too-large", "timeout", "cancelled", "too-many-requests"}

// answerError is an answer that is an error.
type answerError struct {
	code        uint16
	explanation string
}

func (e *answerError) Error() string { return codeNames[e.code%(codeTooMany+1)] + ": " + e.explanation }

var errLost = errors.New("connection-lost")

type handler func(ctx context.Context, from peer.ID, data []byte) ([]byte, error)

// direct is unicast: requests with answers, and notifications (PROTOCOLS.md, "Unicast"). The handlers are complete before the node listens.
type direct struct {
	*node
	maxMessage int
	handlers   map[string]handler
	lanes      map[laneOf]*lane
}

type laneOf struct {
	conn  network.Conn
	index int
}

// lane holds the streams of one lane of a connection, the oldest first.
type lane struct {
	*direct
	laneOf
	opening   sync.Mutex
	notifying sync.Mutex // a long notification holds back those behind it
	room      *semaphore.Weighted
	streams   []*stream
	used      time.Time
	handled   chan struct{} // closed when the latest notification was handled: they are handled one after the other
}

func newDirect(n *node, maxMessage int) *direct {
	d := &direct{node: n, maxMessage: maxMessage, lanes: map[laneOf]*lane{}}
	d.handlers = map[string]handler{
		"echo": func(_ context.Context, _ peer.ID, data []byte) ([]byte, error) { return data, nil },
		"fail": func(context.Context, peer.ID, []byte) ([]byte, error) { return nil, errors.New("no such block") },
		"slow": func(ctx context.Context, _ peer.ID, _ []byte) ([]byte, error) {
			tell(object{"event": "slow:begun"})
			<-ctx.Done()
			tell(object{"event": "slow:ended", "why": ctx.Err().Error()})
			return nil, ctx.Err()
		},
		"note": func(_ context.Context, from peer.ID, data []byte) ([]byte, error) {
			tell(object{"event": "note", "from": from, "size": len(data), "sha256": sum(data)})
			return nil, nil
		},
		spreadHandler: func(_ context.Context, from peer.ID, data []byte) ([]byte, error) {
			n.topics.note(from, data)
			return nil, nil
		},
	}
	for i, id := range laneIDs {
		n.host.SetStreamHandler(id, func(raw network.Stream) {
			defer n.enter()()
			d.lane(raw.Conn(), i).add(raw)
		})
	}
	return d
}

func (d *direct) lane(c network.Conn, i int) *lane {
	l := d.lanes[laneOf{c, i}]
	if l == nil {
		l = &lane{direct: d, laneOf: laneOf{c, i}, room: semaphore.NewWeighted(maxIncoming)}
	}
	if !c.IsClosed() { // its end will not be told again
		d.lanes[l.laneOf] = l
	}
	return l
}

// add takes a stream into its lane, if it does not have too many. What does not stay is drained.
func (l *lane) add(raw network.Stream) {
	s := &stream{lane: l, Stream: raw, long: make(chan struct{}, maxLong), exchanges: map[exchangeID]*exchange{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	l.streams = append(l.streams, s)
	go s.read()
	mine, staying := 0, l.staying()
	for _, other := range l.streams {
		if other.opened() == s.opened() {
			mine++
		}
		if other != staying && other.opened() && !other.draining {
			other.draining = true
			go other.drain()
		}
	}
	if mine > streamsPerLane {
		go raw.Reset()
	}
}

// staying is the youngest stream of the side that dialled, else the youngest of the other one ("The stream"); nil if there is none.
func (l *lane) staying() (best *stream) {
	ofDialler := func(s *stream) bool { return s.opened() == dialled(l.conn) }
	for _, s := range l.streams {
		if !s.ended && !s.draining && (best == nil || ofDialler(s) || !ofDialler(best)) {
			best = s
		}
	}
	return best
}

// touch notes that a lane is in use. When it comes into use, what the less urgent ones have taken is acknowledged at once.
func (l *lane) touch() {
	fresh := time.Since(l.used) > laneAcks
	l.used = time.Now()
	for less := l.index + 1; fresh && less < len(laneIDs); less++ {
		for _, s := range l.lane(l.conn, less).streams {
			s.ack(1)
		}
	}
}

// yields says whether a more urgent lane was in use within a time.
func (l *lane) yields(within time.Duration) bool {
	for more := range l.index {
		if time.Since(l.lane(l.conn, more).used) < within {
			return true
		}
	}
	return false
}

// stream is the one to begin an exchange on; it is opened if there is none.
func (d *direct) stream(ctx context.Context, p peer.ID, i int) *stream {
	conns := d.host.Network().ConnsToPeer(p)
	require(len(conns) > 0, errors.New("not-connected"))
	conn := d.stayingConn(conns)
	find := func(raw network.Stream) (*lane, *stream) {
		defer d.enter()()
		l := d.lane(conn, i)
		if raw != nil {
			l.add(raw)
		}
		return l, l.staying()
	}
	l, s := find(nil)
	l.opening.Lock()
	defer l.opening.Unlock()
	if _, s = find(nil); s != nil {
		return s
	}
	raw := must(conn.NewStream(ctx))
	raw.SetDeadline(time.Now().Add(10 * time.Second))
	if err := multistream.SelectProtoOrFail(laneIDs[i], raw); err != nil {
		raw.Reset()
		check(err)
	}
	raw.SetDeadline(time.Time{})
	_, s = find(raw) // the peer may have opened the one that stays meanwhile
	require(s != nil, errLost)
	return s
}

func (d *direct) request(ctx context.Context, p peer.ID, lane int, name string, data []byte) []byte {
	s, x := d.stream(ctx, p, lane), &exchange{}
	x.ctx, x.end = context.WithCancel(ctx)
	defer x.end()
	f := &frame{kind: kindRequest, name: name, timeout: timeLeft(ctx)}
	err := s.send(x.ctx, f, data, x)
	if err == nil {
		<-x.ctx.Done()
	}
	defer d.enter()()
	if !x.over { // nobody waits for the answer any more
		s.finish(x, cmp.Or(ctx.Err(), err))
		s.post(&frame{kind: kindCancel, id: f.id})
	}
	check(x.err)
	return x.data
}

func (d *direct) notify(ctx context.Context, p peer.ID, lane int, name string, data []byte) {
	s := d.stream(ctx, p, lane)
	s.notifying.Lock()
	defer s.notifying.Unlock()
	f := &frame{kind: kindNotification, name: name, timeout: timeLeft(ctx)}
	if err := s.send(ctx, f, data, nil); err != nil {
		defer d.enter()()
		s.post(&frame{kind: kindCancel, id: f.id})
		check(err)
	}
}

func timeLeft(ctx context.Context) uint32 {
	deadline, _ := ctx.Deadline()
	return uint32(max(1, time.Until(deadline).Milliseconds()))
}

// control is what is not shown to people: control and bidirectional characters.
var control = regexp.MustCompile(`\p{Cc}|[\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// clean makes an explanation fit to be shown to people.
func clean(text string) string {
	return fmt.Sprintf("%.256s", control.ReplaceAllString(strings.ToValidUTF8(text, "?"), "?"))
}
