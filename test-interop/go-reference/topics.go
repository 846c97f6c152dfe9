package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pubsubpb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/sync/semaphore"
)

const (
	broadcastTopic, topicPrefix, spreadHandler = "fisco-broadcast", "fisco/", "fisco/topics/message"
	maxTopicData, maxSigned, windowSize        = 1_044_480, 1 << 20, 1_023
	maxHeld, heldAtLeast, holdFor              = 16 << 20, 16 << 10, 2 * time.Second
	maxWaiting                                 = 8 // messages for one neighbour
)

// topics is messages to who follows a topic, and to everyone (PROTOCOLS.md, "Topics").
type topics struct {
	*node
	pubsub   *pubsub.PubSub
	unicast  bool
	joined   map[string]*pubsub.Topic // gossipsub topics
	followed map[string]bool
	sequence map[string]uint64
	windows  map[string]*window
	held     *semaphore.Weighted
}

// window is what was seen of an author on a topic, in its latest incarnation.
type window struct {
	incarnation, highest uint64
	seen                 map[uint64]bool
}

// topicMessage is what an author signs (PROTOCOLS.md, "Signed message").
type topicMessage struct {
	version, incarnation, sequence uint64
	author, topic                  string
	data, signature, encoded       []byte
}

func (m *topicMessage) signed() [][]byte {
	number := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	return [][]byte{[]byte(m.topic), []byte(m.author), number(m.incarnation), number(m.sequence), m.data}
}

func (m *topicMessage) encode() []byte {
	b := pb{}.uint(1, 1).bytes(2, []byte(m.author)).uint(3, m.incarnation).uint(4, m.sequence)
	return b.bytes(5, []byte(m.topic)).bytes(6, m.data).bytes(7, m.signature)
}

func readTopicMessage(encoded []byte) *topicMessage {
	require(len(encoded) <= maxSigned, errMalformed)
	f := parse(encoded)
	m := &topicMessage{f.uint(1), f.uint(3), f.uint(4), string(f.bytes(2)), string(f.bytes(5)), f.bytes(6), f.bytes(7), encoded}
	require(m.version != 0 && len(m.author) <= 1_024 && !future(m.incarnation) && m.sequence-1 < maxSafe && len(m.data) <= maxTopicData, errMalformed)
	require(m.version == 1, rule("unsupported-version"))
	return m
}

// messageID is gossipsub's name of a message: all of it counts, so that no forgery shares it.
func messageID(m *pubsubpb.Message) string {
	sum := sha256.Sum256(append(len32(nil, []byte(m.GetTopic())), m.GetData()...))
	return string(sum[:])
}

func newTopics(n *node, unicast bool) *topics {
	t := &topics{node: n, unicast: unicast, joined: map[string]*pubsub.Topic{}, followed: map[string]bool{}, sequence: map[string]uint64{},
		windows: map[string]*window{}, held: semaphore.NewWeighted(maxHeld)}
	params := pubsub.DefaultGossipSubParams()
	params.HistoryGossip, params.Dlazy, params.IDontWantMessageThreshold = 5, 3, 16<<10
	params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 4, 2, 8, 1, 4
	if unicast { // messages travel by unicast: the mesh is empty, gossip repairs
		params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 0, 0, 0, 0, 0
	}
	t.pubsub = must(pubsub.NewGossipSub(n.ctx, n.host, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID), pubsub.WithMaxMessageSize(4<<20), pubsub.WithPeerExchange(false), pubsub.WithFloodPublish(!unicast),
		pubsub.WithGossipSubParams(params), pubsub.WithGossipSubProtocols([]protocol.ID{pubsub.GossipSubID_v12, pubsub.GossipSubID_v11, pubsub.GossipSubID_v10},
			pubsub.GossipSubDefaultFeatures)))
	return t
}

// note takes a message by unicast. It may be held, and must not hold up those behind it.
func (t *topics) note(from peer.ID, data []byte) {
	go try(func() {
		m := readTopicMessage(data)
		t.judge(t.ctx, m, m.topic)
		t.spread(m, from)
		check(t.join(m.topic).Publish(t.ctx, data))
	})
}

// follow subscribes to a gossipsub topic and tells it in the entry fisco/topics ("Directory").
func (t *topics) follow(topic string) {
	must(t.join(topic).Relay()) // what the validator has accepted was delivered by it
	defer t.enter()()
	t.followed[topic] = true
	directory := pb{}
	for _, followed := range slices.Sorted(maps.Keys(t.followed)) {
		if name, named := strings.CutPrefix(followed, topicPrefix); named {
			directory = directory.each(1, []byte(name))
		}
	}
	if t.unicast {
		directory = directory.uint(2, 1)
	}
	t.status.own["fisco/topics"], t.status.dirty = directory, true
}

func (t *topics) join(topic string) *pubsub.Topic {
	defer t.enter()()
	if t.joined[topic] == nil {
		check(t.pubsub.RegisterTopicValidator(topic, t.validate, pubsub.WithValidatorTimeout(2*holdFor)))
		t.joined[topic] = must(t.pubsub.Join(topic))
	}
	return t.joined[topic]
}

// validate judges what gossipsub brings, and tells it what came of that: what a relay could not know better is ignored, not rejected.
func (t *topics) validate(ctx context.Context, from peer.ID, raw *pubsub.Message) pubsub.ValidationResult {
	if from == t.host.ID() {
		return pubsub.ValidationAccept
	}
	err := try(func() {
		m := readTopicMessage(raw.GetData())
		t.judge(ctx, m, raw.GetTopic())
		t.spread(m, from)
	})
	if errors.As(err, new(rule)) {
		return pubsub.ValidationIgnore
	} else if err != nil {
		return pubsub.ValidationReject
	}
	return pubsub.ValidationAccept
}

// judge is "Judging a message", in that order; what passes is delivered.
func (t *topics) judge(ctx context.Context, m *topicMessage, on string) {
	defer t.enter()()
	require(m.topic == on && t.followed[on], errMalformed)
	require(m.author != string(t.nodeID), rule("own"))
	if table := t.status.table; table[m.author] == nil {
		size := int64(max(len(m.encoded), heldAtLeast))
		require(t.held.TryAcquire(size), rule("hold-full"))
		defer t.held.Release(size)
		ctx, cancel := context.WithTimeout(ctx, holdFor)
		defer cancel()
		require(t.await(ctx, func() bool { return table[m.author] != nil }), rule("unknown-author"))
	}
	author, key := t.status.table[m.author], m.author+"\x00"+m.topic
	w := t.windows[key]
	if w == nil || m.incarnation > w.incarnation {
		w = &window{incarnation: m.incarnation, seen: map[uint64]bool{}}
	}
	require(m.incarnation >= max(author.incarnation, w.incarnation) && m.sequence+windowSize >= w.highest, rule("stale"))
	require(!w.seen[m.sequence], rule("duplicate"))
	// no rule before this one marks anything as seen, so a forgery never stands in for what it imitates
	require(t.verify(author.key, m.signature, "topic", m.signed()...), errMalformed)
	t.windows[key], w.seen[m.sequence], w.highest = w, true, max(w.highest, m.sequence)
	maps.DeleteFunc(w.seen, func(sequence uint64, _ bool) bool { return sequence+windowSize < w.highest })
	m.deliver()
}

func (m *topicMessage) deliver() {
	author := hex.EncodeToString([]byte(m.author))
	tell(object{"event": "message", "topic": m.topic, "author": author, "sequence": m.sequence, "size": len(m.data), "sha256": sum(m.data)})
}

// publish signs a message and hands it to every carrier that is connected; it says to how many. gossipsub tells of it to the others.
func (t *topics) publish(topic string, data []byte) int {
	require(len(data) <= maxTopicData, errors.New("too long"))
	leave := t.enter()
	t.sequence[topic]++
	m := &topicMessage{1, t.incarnation.Load(), t.sequence[topic], string(t.nodeID), topic, data, nil, nil}
	m.signature = t.sign("topic", m.signed()...)
	m.encoded = m.encode()
	if t.followed[topic] && topic != broadcastTopic {
		m.deliver()
	}
	leave()
	sent := t.spread(m, "")
	check(t.join(topic).Publish(t.ctx, m.encoded))
	return sent
}

// spread hands a message to the children in the author's tree that are connected; an own one to every carrier ("Spreading").
func (t *topics) spread(m *topicMessage, from peer.ID) (sent int) {
	defer t.enter()()
	carries := func(r *record) bool {
		directory := message{}
		try(func() { directory = parse(r.entries["fisco/topics"]) })
		is := func(name []byte) bool { return topicPrefix+string(name) == m.topic }
		return directory.uint(2) != 0 && (m.topic == broadcastTopic || slices.ContainsFunc(directory[1], is))
	}
	own, parents := m.author == string(t.nodeID), map[string]string{}
	if !own {
		parents = t.status.reach(m.author, []string{m.author}, carries)
	}
	for p, n := range t.status.neighbours {
		child := own || parents[n.nodeID] == string(t.nodeID)
		if r := t.status.table[n.nodeID]; p != from && child && r != nil && carries(r) {
			select {
			case n.topicMessages <- m.encoded:
				sent++
			default: // it is left to repair
			}
		}
	}
	return sent
}

// pass sends what is spread to a neighbour, in its order.
func (t *topics) pass(ctx context.Context, n *neighbour) {
	for m := range n.topicMessages {
		sending, cancel := context.WithTimeout(ctx, 10*time.Second)
		try(func() { t.direct.notify(sending, n.peer, laneDefault, spreadHandler, m) })
		cancel()
	}
}
