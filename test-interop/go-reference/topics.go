package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	broadcastTopic = "fisco-broadcast"
	topicPrefix    = "fisco/"
	spreadHandler  = "fisco/topics/message"
	maxTopicData   = 1_044_480
	maxSigned      = 1 << 20
	windowSize     = 1_023
	holdFor        = 2 * time.Second
	heldPerAuthor  = 64
)

// topics is messages to who follows a topic, and to everyone (PROTOCOLS.md, "Topics").
type topics struct {
	id      *identity
	host    host.Host
	direct  *direct
	status  *status
	pubsub  *pubsub.PubSub
	unicast bool
	deliver func(topic string, m *topicMessage)

	mu       sync.Mutex
	joined   map[string]*pubsub.Topic
	followed map[string]bool // gossipsub topics
	sequence map[string]uint64
	windows  map[string]*window
	held     map[string]int
	records  chan struct{} // closed and replaced when a record arrives
}

// window is what was seen of an author on a topic, in its latest incarnation.
type window struct {
	incarnation, highest uint64
	seen                 map[uint64]bool
}

// topicMessage is what an author signs (PROTOCOLS.md, "Signed message").
type topicMessage struct {
	version, incarnation, sequence uint64
	author, data, signature        []byte
	topic                          string
}

func (m *topicMessage) signed() [][]byte {
	number := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	return [][]byte{[]byte(m.topic), m.author, number(m.incarnation), number(m.sequence), m.data}
}

func (m *topicMessage) encode() []byte {
	b := putBytes(putUint(nil, 1, 1), 2, m.author)
	b = putBytes(putUint(putUint(b, 3, m.incarnation), 4, m.sequence), 5, []byte(m.topic))
	return putBytes(putBytes(b, 6, m.data), 7, m.signature)
}

func readTopicMessage(data []byte) (*topicMessage, error) {
	set, err := fields(data)
	m := &topicMessage{version: set.uint(1), author: set.bytes(2), incarnation: set.uint(3), sequence: set.uint(4), topic: string(set.bytes(5)), data: set.bytes(6), signature: set.bytes(7)}
	late := int64(m.incarnation) > time.Now().Add(24*time.Hour).UnixMilli()
	if err != nil || len(data) > maxSigned || m.version == 0 || len(m.author) > 1_024 || m.incarnation-1 >= maxSafe || m.sequence-1 >= maxSafe || late || len(m.data) > maxTopicData {
		return nil, errMalformed
	}
	return m, nil
}

// messageID is gossipsub's name of a message: all of it counts, so that no forgery shares it.
func messageID(m *pb.Message) string {
	sum := sha256.Sum256(append(len32(nil, []byte(m.GetTopic())), m.GetData()...))
	return string(sum[:])
}

func newTopics(ctx context.Context, h host.Host, id *identity, d *direct, s *status, unicast bool, deliver func(string, *topicMessage)) (*topics, error) {
	t := &topics{id: id, host: h, direct: d, status: s, unicast: unicast, deliver: deliver, joined: map[string]*pubsub.Topic{}, followed: map[string]bool{},
		sequence: map[string]uint64{}, windows: map[string]*window{}, held: map[string]int{}, records: make(chan struct{})}
	params := pubsub.DefaultGossipSubParams()
	params.HistoryGossip, params.Dlazy, params.IDontWantMessageThreshold = 5, 3, 16<<10
	params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 4, 2, 8, 1, 4
	if unicast { // messages travel by unicast: the mesh is empty, gossip repairs
		params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 0, 0, 0, 0, 0
	}
	var err error
	t.pubsub, err = pubsub.NewGossipSub(ctx, h, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(), pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(4<<20), pubsub.WithPeerExchange(false), pubsub.WithFloodPublish(!unicast), pubsub.WithGossipSubParams(params),
		pubsub.WithGossipSubProtocols([]protocol.ID{pubsub.GossipSubID_v12, pubsub.GossipSubID_v11, pubsub.GossipSubID_v10}, pubsub.GossipSubDefaultFeatures))
	if err != nil {
		return nil, err
	}
	d.handle(spreadHandler, func(ctx context.Context, from peer.ID, data []byte) ([]byte, error) {
		if m, _ := readTopicMessage(data); m != nil {
			go func() { // it may be held, and must not hold up those behind it
				if t.judge(ctx, m, m.topic) == pubsub.ValidationAccept {
					t.spread(m, data, from)
					t.gossip(m.topic, data)
				}
			}()
		}
		return nil, nil
	})
	return t, t.follow(ctx, broadcastTopic)
}

// follow subscribes to a gossipsub topic and tells it in the entry fisco/topics ("Directory").
func (t *topics) follow(ctx context.Context, topic string) error {
	joined, err := t.join(topic)
	if err != nil {
		return err
	}
	sub, err := joined.Subscribe()
	if err != nil {
		return err
	}
	go func() { // what the validator has accepted was delivered by it
		for {
			if _, err := sub.Next(ctx); err != nil {
				return
			}
		}
	}()
	t.mu.Lock()
	t.followed[topic] = true
	var followed []string
	for name := range t.followed {
		if name != broadcastTopic {
			followed = append(followed, name[len(topicPrefix):])
		}
	}
	t.mu.Unlock()
	slices.Sort(followed)
	var directory []byte
	for _, name := range followed {
		directory = putMessage(directory, 1, []byte(name))
	}
	if t.unicast {
		directory = putUint(directory, 2, 1)
	}
	t.status.set("fisco/topics", append([]byte{}, directory...))
	return nil
}

func (t *topics) join(topic string) (*pubsub.Topic, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if joined := t.joined[topic]; joined != nil {
		return joined, nil
	}
	err := t.pubsub.RegisterTopicValidator(topic, func(ctx context.Context, from peer.ID, raw *pubsub.Message) pubsub.ValidationResult {
		if from == t.host.ID() {
			return pubsub.ValidationAccept
		}
		m, err := readTopicMessage(raw.GetData())
		if err != nil {
			return pubsub.ValidationReject
		}
		result := t.judge(ctx, m, topic)
		if result == pubsub.ValidationAccept {
			go t.spread(m, raw.GetData(), from)
		}
		return result
	}, pubsub.WithValidatorTimeout(2*holdFor))
	if err != nil {
		return nil, err
	}
	joined, err := t.pubsub.Join(topic)
	if err == nil {
		t.joined[topic] = joined
	}
	return joined, err
}

// judge is "Judging a message", in that order; what passes is delivered.
func (t *topics) judge(ctx context.Context, m *topicMessage, on string) pubsub.ValidationResult {
	if m.version != 1 {
		return pubsub.ValidationIgnore
	}
	t.mu.Lock()
	follows := t.followed[m.topic]
	t.mu.Unlock()
	if m.topic != on || !follows {
		return pubsub.ValidationReject
	}
	if bytes.Equal(m.author, t.id.nodeID) {
		return pubsub.ValidationIgnore
	}
	r := t.hold(ctx, m.author)
	if r == nil || m.incarnation < r.incarnation {
		return pubsub.ValidationIgnore
	}
	// no rule before the last one marks anything as seen, so a forgery never stands in for what it imitates
	good := t.id.verify(r.leaf.PublicKey, m.signature, "topic", 1, m.signed()...)
	t.mu.Lock()
	key := string(m.author) + "\x00" + m.topic
	w := t.windows[key]
	if w == nil || m.incarnation > w.incarnation {
		w = &window{incarnation: m.incarnation, seen: map[uint64]bool{}}
	}
	stale := m.incarnation < w.incarnation || w.seen[m.sequence] || m.sequence+windowSize < w.highest
	if stale || !good {
		t.mu.Unlock()
		if stale {
			return pubsub.ValidationIgnore
		}
		return pubsub.ValidationReject
	}
	t.windows[key] = w
	w.seen[m.sequence] = true
	w.highest = max(w.highest, m.sequence)
	for sequence := range w.seen {
		if sequence+windowSize < w.highest {
			delete(w.seen, sequence)
		}
	}
	t.mu.Unlock()
	t.deliver(m.topic, m)
	return pubsub.ValidationAccept
}

// hold waits for the record of an author who has none here.
func (t *topics) hold(ctx context.Context, author []byte) *record {
	deadline := time.After(holdFor)
	for held := false; ; {
		t.mu.Lock()
		r, arrived := t.status.record(author), t.records
		if r == nil && !held {
			if t.held[string(author)] >= heldPerAuthor || len(t.held) >= 1_024/heldPerAuthor {
				t.mu.Unlock()
				return nil
			}
			held = true
			t.held[string(author)]++
			defer func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				if t.held[string(author)]--; t.held[string(author)] == 0 {
					delete(t.held, string(author))
				}
			}()
		}
		t.mu.Unlock()
		if r != nil {
			return r
		}
		select {
		case <-arrived:
		case <-deadline:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// recordArrived lets held messages look again.
func (t *topics) recordArrived() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.records)
	t.records = make(chan struct{})
}

// publish signs a message and sends it to every carrier that is connected; it says to how many.
func (t *topics) publish(topic string, data []byte) (int, error) {
	t.mu.Lock()
	t.sequence[topic]++
	m := &topicMessage{author: t.id.nodeID, incarnation: t.id.incarnation, sequence: t.sequence[topic], topic: topic, data: data}
	own := t.followed[topic] && topic != broadcastTopic
	t.mu.Unlock()
	m.signature = t.id.sign("topic", 1, m.signed()...)
	encoded := m.encode()
	sent := t.spread(m, encoded, "")
	if own {
		t.deliver(topic, m)
	}
	return sent, t.gossip(topic, encoded)
}

// gossip gives a message to gossipsub, which tells of it, or brings it to who takes nothing by unicast.
func (t *topics) gossip(topic string, encoded []byte) error {
	joined, err := t.join(topic)
	if err != nil {
		return err
	}
	return joined.Publish(context.Background(), encoded)
}

// spread sends to the children in the author's tree that are connected; the author itself to every carrier.
func (t *topics) spread(m *topicMessage, encoded []byte, from peer.ID) int {
	sent := 0
	t.status.mu.Lock()
	var targets []peer.ID
	own := bytes.Equal(m.author, t.id.nodeID)
	parents := map[string]string{}
	if !own {
		parents = t.treeLocked(m.author, m.topic)
	}
	for p, n := range t.status.neighbors {
		if p != from && t.carriesLocked(n.nodeID, m.topic) && (own || parents[string(n.nodeID)] == string(t.id.nodeID)) {
			targets = append(targets, p)
		}
	}
	t.status.mu.Unlock()
	for _, p := range targets {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if t.direct.notify(ctx, p, laneDefault, spreadHandler, encoded) == nil {
			sent++
		}
		cancel()
	}
	return sent
}

// carriesLocked says whether a node's status tells that it follows a topic and takes messages by unicast.
func (t *topics) carriesLocked(nodeID []byte, topic string) bool {
	r := t.status.table[string(nodeID)]
	if r == nil {
		return false
	}
	set, err := fields(r.entry("fisco/topics"))
	follows := topic == broadcastTopic || slices.ContainsFunc(set.all(1), func(name []byte) bool { return topicPrefix+string(name) == topic })
	return err == nil && set.uint(2) != 0 && follows
}

// treeLocked gives each carrier's parent in the tree of an author and a topic ("Spreading").
func (t *topics) treeLocked(author []byte, topic string) map[string]string {
	parents := map[string]string{}
	table := t.status.table
	reached := map[string]bool{string(author): true}
	for level := []string{string(author)}; len(level) > 0; {
		slices.Sort(level) // the parents of a node are ordered by node ID
		above := map[string][]string{}
		for _, parent := range level {
			for node, r := range table {
				p := table[parent]
				if p != nil && !reached[node] && t.carriesLocked(r.nodeID, topic) && names(p, r.nodeID) && names(r, p.nodeID) {
					above[node] = append(above[node], parent)
				}
			}
		}
		level = nil
		for node, candidates := range above {
			sum := sha256.Sum256(append(bytes.Clone(author), node...))
			parents[node] = candidates[binary.BigEndian.Uint32(sum[:])%uint32(len(candidates))]
			reached[node] = true
			level = append(level, node)
		}
	}
	return parents
}
