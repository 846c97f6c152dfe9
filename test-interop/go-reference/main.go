// Command go-reference is a node of a fisco-libp2p network that was written from docs/PROTOCOLS.md alone. It is driven by JSON objects on
// standard input, one a line, and answers and tells in the same way on standard output.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

type object = map[string]any

// command is a line of standard input, where the names are in lower case.
type command struct {
	Cmd, Addr, Name, Data   string
	ID, Lane, Size, Timeout int
	Peer                    peer.ID
}

// data is what a command sends: hex, or so many bytes that both ends can count.
func (c *command) data() []byte {
	if c.Size == 0 {
		return must(hex.DecodeString(c.Data))
	}
	b := make([]byte, c.Size)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// tell writes a whole line, whoever tells.
func tell(line object) { os.Stdout.Write(append(must(json.Marshal(line)), '\n')) }

func sum(b []byte) string { digest := sha256.Sum256(b); return hex.EncodeToString(digest[:]) }

func main() {
	conf := flag.String("conf", "conf", "folder with node.key, node.crt and ca.crt")
	chainID := flag.String("chain", "1", "the chain's ID, a part of the network ID")
	state := flag.String("state", "", "file that keeps the incarnation")
	listen := flag.String("listen", "/ip4/127.0.0.1/tcp/0/tls", "addresses, with commas between them: with /tls TLS-first, else multistream-select")
	gossipOnly := flag.Bool("gossip-only", false, "take messages to topics by gossipsub alone")
	muxerByALPN := flag.Bool("alpn-muxer", true, "offer the muxer by ALPN")
	maxMessage := flag.Uint("max-message", 16<<20, "bytes of the longest request and answer")
	flag.Parse()
	err := try(func() {
		n := &node{identity: loadIdentity(*conf, *chainID, *state)}
		n.changed = sync.NewCond(&n.mu)
		var stop context.CancelFunc
		n.ctx, stop = context.WithCancel(context.Background())
		defer stop()
		encrypter := &security{identity: n.identity, alpn: []string{alpn}}
		if *muxerByALPN {
			encrypter.alpn = []string{alpn + yamux.ID, alpn}
		}
		n.host = must(libp2p.New(libp2p.Identity(n.key), libp2p.NoListenAddrs, libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.DisableMetrics(),
			libp2p.Security(string(securityID), func() sec.SecureTransport { return encrypter }), libp2p.ResourceManager(&network.NullResourceManager{}),
			libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(func(u transport.Upgrader) *tlsFirst { return &tlsFirst{u} })))
		defer n.host.Close()
		n.direct = newDirect(n, int(*maxMessage))
		n.status = newStatus(n)
		n.topics = newTopics(n, !*gossipOnly)
		n.watch()
		n.topics.follow(broadcastTopic)
		for addr := range strings.SplitSeq(*listen, ",") {
			check(n.host.Network().Listen(must(ma.NewMultiaddr(addr))))
		}
		addrs := []string{}
		for _, addr := range must(n.host.Network().InterfaceListenAddresses()) {
			addrs = append(addrs, addr.String())
		}
		tell(object{"event": "ready", "peer": n.peer, "nodeId": hex.EncodeToString(n.nodeID), "networkId": hex.EncodeToString(n.networkID),
			"incarnation": n.incarnation.Load(), "addrs": addrs})
		n.status.set("fisco/addresses", []byte(strings.Join(addrs, "\n")))
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 32<<20)
		for lines.Scan() {
			c := &command{}
			check(json.Unmarshal(lines.Bytes(), c))
			go n.run(c)
		}
		check(lines.Err())
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs a command beside the others, and answers it.
func (n *node) run(c *command) {
	ctx, cancel := context.WithTimeout(n.ctx, time.Duration(cmp.Or(c.Timeout, 30_000))*time.Millisecond)
	defer cancel()
	answer := object{}
	err := try(func() { n.do(ctx, c, answer) })
	answer["id"], answer["ok"] = c.ID, err == nil
	if err != nil {
		answer["error"] = err.Error()
	}
	if r := (*refusal)(nil); errors.As(err, &r) {
		answer["rule"], answer["byPeer"] = r.rule, r.byPeer
	}
	tell(answer)
}

func (n *node) do(ctx context.Context, c *command, answer object) {
	require(len(c.Name) < 256 && c.Lane >= 0 && c.Lane < len(laneIDs), errors.New("a name that is too long, or no such lane"))
	switch c.Cmd {
	case "dial":
		check(n.host.Connect(network.WithForceDirectDial(ctx, "asked for"), *must(peer.AddrInfoFromString(c.Addr))))
	case "close":
		check(n.host.Network().ClosePeer(c.Peer))
	case "request":
		data := n.direct.request(ctx, c.Peer, c.Lane, c.Name, c.data())
		answer["size"], answer["sha256"] = len(data), sum(data)
	case "notify":
		n.direct.notify(ctx, c.Peer, c.Lane, c.Name, c.data())
	case "follow":
		n.topics.follow(topicPrefix + c.Name)
	case "publish":
		answer["sent"] = n.topics.publish(topicPrefix+c.Name, c.data())
	case "broadcast":
		answer["sent"] = n.topics.publish(broadcastTopic, c.data())
	case "set-status":
		n.status.set(c.Name, c.data())
	case "list-status":
		defer n.enter()()
		records := []object{}
		for _, r := range n.status.span("", nil) {
			records = append(records, told(r))
		}
		answer["records"] = records
	default:
		panic(failure{fmt.Errorf("no command %q", c.Cmd)})
	}
}

// node is what all parts share. One lock is over all that they know; nothing is read from or written to the network while it is held.
type node struct {
	*identity
	host    host.Host
	ctx     context.Context
	mu      sync.Mutex
	changed *sync.Cond
	direct  *direct
	status  *status
	topics  *topics
}

// enter takes the lock. What it gives back leaves it, and wakes those who wait for something.
func (n *node) enter() (leave func()) {
	n.mu.Lock()
	return func() { n.changed.Broadcast(); n.mu.Unlock() }
}

// await waits, with the lock, until something is so, and says whether it is: it may be not when the context ends.
func (n *node) await(ctx context.Context, so func() bool) bool {
	defer context.AfterFunc(ctx, func() { n.enter()() })()
	for !so() {
		if ctx.Err() != nil {
			return false
		}
		n.changed.Wait()
	}
	return true
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// watch joins and leaves peers as connections open and close, and tells of it.
func (n *node) watch() {
	event := func(name string, c network.Conn) {
		state := c.ConnState()
		tell(object{"event": name, "peer": c.RemotePeer(), "nodeId": hex.EncodeToString(n.member(c.RemotePeer())), "security": state.Security,
			"muxer": state.StreamMultiplexer, "muxerByAlpn": state.UsedEarlyMuxerNegotiation, "addr": c.RemoteMultiaddr().String()})
	}
	n.host.Network().Notify(&network.NotifyBundle{ConnectedF: func(nw network.Network, c network.Conn) {
		if len(nw.ConnsToPeer(c.RemotePeer())) == 1 {
			event("peer:up", c)
		}
		defer n.enter()()
		n.status.join(c.RemotePeer())
		time.AfterFunc(2*time.Second, func() { n.keepOne(c.RemotePeer()) })
	}, DisconnectedF: func(nw network.Network, c network.Conn) {
		defer n.enter()()
		for i := range laneIDs {
			for _, s := range n.direct.lane(c, i).streams {
				s.end()
			}
			delete(n.direct.lanes, laneOf{c, i})
		}
		if len(nw.ConnsToPeer(c.RemotePeer())) == 0 {
			n.status.leave(c.RemotePeer())
			event("peer:down", c)
		}
	}})
}

// stayingConn is the one of several connections to a peer that the end with the smaller node ID dialled, and of those the one that was opened
// first (PROTOCOLS.md, "One connection per peer"). The rule of incarnations is left out: this node does not outlive a peer's process by a
// connection, as TCP tells when that is gone.
func (n *node) stayingConn(conns []network.Conn) network.Conn {
	smaller := bytes.Compare(n.nodeID, n.member(conns[0].RemotePeer())) < 0 // bytes and their lower-case hex have the same order
	return slices.MinFunc(conns, func(a, b network.Conn) int {
		if dialled(a) != dialled(b) {
			return map[bool]int{true: -1, false: 1}[dialled(a) == smaller]
		}
		return cmp.Compare(a.Stat().Opened.UnixNano(), b.Stat().Opened.UnixNano())
	})
}

func dialled(c network.Conn) bool { return c.Stat().Direction == network.DirOutbound }

// keepOne closes what does not stay, 2 s after a connection came: by then both ends have both, and what ran on it has moved. A connection that the
// same end dialled as the one that stays is left to its dialler.
func (n *node) keepOne(p peer.ID) {
	conns := n.host.Network().ConnsToPeer(p)
	for _, other := range conns {
		if stays := n.stayingConn(conns); other != stays && (dialled(other) || dialled(stays)) {
			other.Close()
		}
	}
}

// member is the raw node ID of a connected peer, whose key its connection has proven.
func (n *node) member(p peer.ID) []byte {
	if key := n.host.Peerstore().PubKey(p); key != nil {
		return rawNodeID(key)
	}
	return nil
}
