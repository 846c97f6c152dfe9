// Command go-reference is a node of a fisco-libp2p network that was written from docs/PROTOCOLS.md alone. It is driven by JSON objects on
// standard input, one a line, and answers and tells in the same way on standard output.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

type object = map[string]any

// command is a line of standard input.
type command struct {
	ID      int    `json:"id"`
	Cmd     string `json:"cmd"`
	Addr    string `json:"addr"`
	Peer    string `json:"peer"`
	Lane    int    `json:"lane"`
	Name    string `json:"name"`
	Size    int    `json:"size"`
	Data    string `json:"data"`
	Timeout int    `json:"timeout"`
}

// data is what a command sends: hex, or so many bytes that both ends can count.
func (c *command) data() ([]byte, error) {
	if c.Size == 0 {
		return hex.DecodeString(c.Data)
	}
	b := make([]byte, c.Size)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b, nil
}

// output writes whole lines, whoever tells.
type output struct {
	mu sync.Mutex
	w  *json.Encoder
}

func (o *output) tell(line object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w.Encode(line)
}

type node struct {
	*output
	host   host.Host
	id     *identity
	direct *direct
	status *status
	topics *topics
	ctx    context.Context
}

func main() {
	out := &output{w: json.NewEncoder(os.Stdout)}
	if err := run(out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out *output) error {
	conf := flag.String("conf", "conf", "folder with node.key, node.crt and ca.crt")
	chainID := flag.String("chain", "1", "the chain's ID, a part of the network ID")
	state := flag.String("state", "", "file that keeps the incarnation")
	listen := flag.String("listen", "/ip4/127.0.0.1/tcp/0/tls", "addresses, with commas between them: with /tls TLS-first, else multistream-select")
	gossipOnly := flag.Bool("gossip-only", false, "take messages to topics by gossipsub alone")
	muxerByALPN := flag.Bool("alpn-muxer", true, "offer the muxer by ALPN")
	maxMessage := flag.Uint("max-message", 16<<20, "bytes of the longest request and answer")
	flag.Parse()

	id, err := loadIdentity(*conf, *chainID, *state)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := &node{output: out, id: id, ctx: ctx}
	security := &security{identity: id, onRefused: func(r *refusal, inbound bool) {
		out.tell(object{"event": "refused", "rule": r.rule, "byPeer": r.byPeer, "inbound": inbound})
	}}
	if *muxerByALPN {
		security.muxers = []protocol.ID{yamux.ID}
	}
	n.host, err = libp2p.New(libp2p.Identity(id.libp2pKey), libp2p.ListenAddrStrings(strings.Split(*listen, ",")...), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.Security(string(securityID), func() sec.SecureTransport { return security }), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(func(rcmgr network.ResourceManager) *tlsFirst { return &tlsFirst{security: security, rcmgr: rcmgr} }),
		libp2p.ResourceManager(&network.NullResourceManager{}), libp2p.DisableRelay(), libp2p.DisableMetrics())
	if err != nil {
		return err
	}
	defer n.host.Close()
	keepOne(n.host)
	n.direct = newDirect(n.host, uint32(*maxMessage))
	n.direct.handle("echo", func(_ context.Context, _ peer.ID, data []byte) ([]byte, error) { return data, nil })
	n.direct.handle("fail", func(context.Context, peer.ID, []byte) ([]byte, error) { return nil, errors.New("no such block") })
	n.direct.handle("slow", func(ctx context.Context, _ peer.ID, _ []byte) ([]byte, error) {
		out.tell(object{"event": "slow:begun"})
		<-ctx.Done()
		out.tell(object{"event": "slow:ended", "why": ctx.Err().Error()})
		return nil, ctx.Err()
	})
	n.direct.handle("note", func(_ context.Context, from peer.ID, data []byte) ([]byte, error) {
		out.tell(object{"event": "note", "from": from, "size": len(data), "sha256": sum(data)})
		return nil, nil
	})
	ready := make(chan struct{})
	n.status = newStatus(ctx, n.host, id, 10*time.Minute, func(r *record, how string) {
		<-ready
		n.topics.recordArrived()
		out.tell(object{"event": how, "record": told(r)})
	})
	n.topics, err = newTopics(ctx, n.host, id, n.direct, n.status, !*gossipOnly, func(topic string, m *topicMessage) {
		out.tell(object{"event": "message", "topic": topic, "author": hex.EncodeToString(m.author), "sequence": m.sequence, "size": len(m.data), "sha256": sum(m.data)})
	})
	if err != nil {
		return err
	}
	close(ready)
	for _, c := range []struct {
		event string
		up    bool
	}{{"peer:up", true}, {"peer:down", false}} {
		tell := func(nw network.Network, conn network.Conn) {
			if conns := len(nw.ConnsToPeer(conn.RemotePeer())); c.up && conns == 1 || !c.up && conns == 0 {
				state := conn.ConnState()
				out.tell(object{"event": c.event, "peer": conn.RemotePeer(), "nodeId": hex.EncodeToString(member(n.host, conn.RemotePeer())),
					"security": state.Security, "muxer": state.StreamMultiplexer, "muxerByAlpn": state.UsedEarlyMuxerNegotiation, "addr": conn.RemoteMultiaddr().String()})
			}
		}
		notified := &network.NotifyBundle{DisconnectedF: tell}
		if c.up {
			notified = &network.NotifyBundle{ConnectedF: tell}
		}
		n.host.Network().Notify(notified)
	}
	addrs := []string{}
	for _, a := range n.host.Addrs() {
		addrs = append(addrs, a.String())
	}
	n.status.set("fisco/addresses", []byte(strings.Join(addrs, "\n")))
	out.tell(object{"event": "ready", "peer": n.host.ID(), "nodeId": hex.EncodeToString(id.nodeID), "networkId": hex.EncodeToString(id.networkID), "incarnation": id.incarnation, "addrs": addrs})
	return n.commands(os.Stdin)
}

// commands runs until standard input ends, each command beside the others.
func (n *node) commands(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 32<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		go func() {
			timeout := time.Duration(c.Timeout) * time.Millisecond
			if timeout == 0 {
				timeout = 30 * time.Second
			}
			ctx, cancel := context.WithTimeout(n.ctx, timeout)
			defer cancel()
			answer, err := n.do(ctx, &c)
			if answer == nil {
				answer = object{}
			}
			answer["id"] = c.ID
			if answer["ok"] = err == nil; err != nil {
				answer["error"] = err.Error()
				if r := (*refusal)(nil); errors.As(err, &r) {
					answer["rule"], answer["byPeer"] = r.rule, r.byPeer
				}
			}
			n.tell(answer)
		}()
	}
	return lines.Err()
}

func (n *node) do(ctx context.Context, c *command) (object, error) {
	data, err := c.data()
	if err != nil {
		return nil, err
	}
	var p peer.ID
	if c.Peer != "" {
		if p, err = peer.Decode(c.Peer); err != nil {
			return nil, err
		}
	}
	switch c.Cmd {
	case "dial":
		addr, err := ma.NewMultiaddr(c.Addr)
		if err != nil {
			return nil, err
		}
		info, err := peer.AddrInfoFromP2pAddr(addr)
		if err != nil {
			return nil, err
		}
		return nil, n.host.Connect(network.WithForceDirectDial(ctx, "asked for"), *info)
	case "close":
		return nil, n.host.Network().ClosePeer(p)
	case "request":
		answer, err := n.direct.request(ctx, p, c.Lane, c.Name, data)
		return object{"size": len(answer), "sha256": sum(answer)}, err
	case "notify":
		return nil, n.direct.notify(ctx, p, c.Lane, c.Name, data)
	case "follow":
		return nil, n.topics.follow(n.ctx, topicPrefix+c.Name)
	case "publish":
		sent, err := n.topics.publish(topicPrefix+c.Name, data)
		return object{"sent": sent}, err
	case "broadcast":
		sent, err := n.topics.publish(broadcastTopic, data)
		return object{"sent": sent}, err
	case "set-status":
		n.status.set(c.Name, data)
		return nil, nil
	case "list-status":
		all := []object{}
		for _, r := range n.status.records() {
			all = append(all, told(r))
		}
		return object{"records": all}, nil
	}
	return nil, fmt.Errorf("no command %q", c.Cmd)
}

func told(r *record) object {
	entries := object{}
	for _, e := range r.entries {
		entries[e.name] = hex.EncodeToString(e.value)
	}
	return object{"nodeId": hex.EncodeToString(r.nodeID), "incarnation": r.incarnation, "seq": r.seq, "entries": entries}
}

func sum(b []byte) string {
	digest := sha256.Sum256(b)
	return hex.EncodeToString(digest[:])
}
