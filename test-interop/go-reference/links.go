package main

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

// One connection per peer (PROTOCOLS.md, "Links"), from what both ends know. The rule of incarnations is left out: this node does not
// outlive a peer's process by a connection, as TCP tells when that is gone.

// stayingConn is the one that the end with the smaller node ID dialled, and of those the one that was opened first.
func stayingConn(h host.Host, conns []network.Conn) network.Conn {
	best := conns[0]
	smaller := less(member(h, h.ID()), member(h, best.RemotePeer())) // bytes and their lower-case hex have the same order
	preferred := func(c network.Conn) bool { return (c.Stat().Direction == network.DirOutbound) == smaller }
	for _, c := range conns[1:] {
		if preferred(c) != preferred(best) {
			if preferred(c) {
				best = c
			}
		} else if c.Stat().Opened.Before(best.Stat().Opened) {
			best = c
		}
	}
	return best
}

// keepOne closes what does not stay, 2 s after a connection came: by then both ends have both, and what ran on it has moved. A connection that the
// same end dialled as the one that stays is left to its dialler.
func keepOne(h host.Host) {
	h.Network().Notify(&network.NotifyBundle{ConnectedF: func(n network.Network, c network.Conn) {
		time.AfterFunc(2*time.Second, func() {
			conns := n.ConnsToPeer(c.RemotePeer())
			if len(conns) < 2 {
				return
			}
			stays := stayingConn(h, conns)
			for _, other := range conns {
				if other != stays && (other.Stat().Direction == network.DirOutbound || stays.Stat().Direction == network.DirOutbound) {
					other.Close()
				}
			}
		})
	}})
}

// selectProtocol is multistream-select of a single protocol on a new stream.
func selectProtocol(s network.Stream, id protocol.ID) error {
	s.SetDeadline(time.Now().Add(10 * time.Second))
	if err := multistream.SelectProtoOrFail(id, s); err != nil {
		return err
	}
	s.SetDeadline(time.Time{})
	return s.SetProtocol(id)
}

// member is the raw node ID of a connected peer, whose key its connection has proven.
func member(h host.Host, p peer.ID) []byte {
	if key := h.Peerstore().PubKey(p); key != nil {
		raw, err := rawNodeID(key)
		if err == nil {
			return raw
		}
	}
	return nil
}

// queue is what is sent to one neighbour: the sender runs as soon as something is due, and never twice at a time.
type queue struct {
	mu   sync.Mutex
	due  map[string]bool
	wake chan struct{}
}

func newQueue() *queue { return &queue{due: map[string]bool{}, wake: make(chan struct{}, 1)} }

func (q *queue) add(what string) {
	q.mu.Lock()
	q.due[what] = true
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) take(ctx context.Context) map[string]bool {
	select {
	case <-q.wake:
	case <-ctx.Done():
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	due := q.due
	q.due = map[string]bool{}
	return due
}

func less(a, b []byte) bool { return bytes.Compare(a, b) < 0 }
