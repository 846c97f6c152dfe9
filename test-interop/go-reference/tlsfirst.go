package main

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	ma "github.com/multiformats/go-multiaddr"
	mafmt "github.com/multiformats/go-multiaddr-fmt"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

var tlsSuffix = ma.StringCast("/tls")

// tlsFirst is the transport of addresses that end in /tcp/<port>/tls: TLS from the first byte, then the muxer (PROTOCOLS.md, "Security").
type tlsFirst struct {
	security *security
	rcmgr    network.ResourceManager
}

var _ transport.Transport = (*tlsFirst)(nil)

func (t *tlsFirst) CanDial(addr ma.Multiaddr) bool {
	return mafmt.And(mafmt.Or(mafmt.IP, mafmt.DNS), mafmt.Base(ma.P_TCP), mafmt.Base(ma.P_TLS)).Matches(addr)
}

func (t *tlsFirst) Protocols() []int { return []int{ma.P_TLS} }
func (t *tlsFirst) Proxy() bool      { return false }

func (t *tlsFirst) Dial(ctx context.Context, raddr ma.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	scope, err := t.rcmgr.OpenConnection(network.DirOutbound, true, raddr)
	if err != nil {
		return nil, err
	}
	var dialer manet.Dialer
	raw, err := dialer.DialContext(ctx, raddr.Decapsulate(tlsSuffix))
	if err != nil {
		scope.Done()
		return nil, err
	}
	return t.upgrade(ctx, raw, p, network.DirOutbound, scope)
}

// upgrade does what libp2p's upgrader does, without multistream-select.
func (t *tlsFirst) upgrade(ctx context.Context, raw manet.Conn, p peer.ID, dir network.Direction, scope network.ConnManagementScope) (transport.CapableConn, error) {
	inbound := dir == network.DirInbound
	conn, err := t.muxed(ctx, raw, p, inbound, scope)
	if err != nil {
		raw.Close()
		scope.Done()
		return nil, err
	}
	conn.transport = t
	return conn, nil
}

func (t *tlsFirst) muxed(ctx context.Context, raw manet.Conn, p peer.ID, inbound bool, scope network.ConnManagementScope) (*capableConn, error) {
	secured, err := t.security.secure(ctx, raw, p, inbound)
	if err != nil {
		return nil, err
	}
	if err := scope.SetPeer(secured.RemotePeer()); err != nil {
		return nil, err
	}
	early := secured.muxer != ""
	if !early { // ALPN named no muxer: it is negotiated on the secured connection
		if inbound {
			mux := multistream.NewMultistreamMuxer[protocol.ID]()
			mux.AddHandler(yamux.ID, nil)
			secured.muxer, _, err = mux.Negotiate(secured)
		} else {
			secured.muxer, err = multistream.SelectOneOf([]protocol.ID{yamux.ID}, secured)
		}
		if err != nil {
			return nil, err
		}
	}
	session, err := yamux.DefaultTransport.NewConn(secured, inbound, scope.PeerScope())
	if err != nil {
		return nil, err
	}
	return &capableConn{MuxedConn: session, secureConn: secured, scope: scope, early: early,
		local: raw.LocalMultiaddr().Encapsulate(tlsSuffix), remote: raw.RemoteMultiaddr().Encapsulate(tlsSuffix)}, nil
}

func (t *tlsFirst) Listen(laddr ma.Multiaddr) (transport.Listener, error) {
	inner, err := manet.Listen(laddr.Decapsulate(tlsSuffix))
	if err != nil {
		return nil, err
	}
	l := &tlsListener{Listener: inner, accepted: make(chan transport.CapableConn)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	go l.handshakes(t)
	return l, nil
}

// tlsListener lets handshakes run beside each other: a slow one holds up nobody.
type tlsListener struct {
	manet.Listener
	accepted chan transport.CapableConn
	ctx      context.Context
	cancel   context.CancelFunc
}

func (l *tlsListener) handshakes(t *tlsFirst) {
	var running sync.WaitGroup
	defer func() { running.Wait(); close(l.accepted) }()
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return
		}
		scope, err := t.rcmgr.OpenConnection(network.DirInbound, true, raw.RemoteMultiaddr())
		if err != nil {
			raw.Close()
			continue
		}
		running.Go(func() {
			conn, err := t.upgrade(l.ctx, raw, "", network.DirInbound, scope)
			if err != nil {
				return
			}
			select {
			case l.accepted <- conn:
			case <-l.ctx.Done():
				conn.Close()
			}
		})
	}
}

func (l *tlsListener) Accept() (transport.CapableConn, error) {
	if conn, ok := <-l.accepted; ok {
		return conn, nil
	}
	return nil, transport.ErrListenerClosed
}

func (l *tlsListener) Close() error {
	l.cancel()
	return l.Listener.Close()
}

func (l *tlsListener) Multiaddr() ma.Multiaddr { return l.Listener.Multiaddr().Encapsulate(tlsSuffix) }

// capableConn is what libp2p's swarm takes: a muxed connection that knows its peer.
type capableConn struct {
	network.MuxedConn
	*secureConn
	transport     transport.Transport
	scope         network.ConnManagementScope
	local, remote ma.Multiaddr
	early         bool
}

func (c *capableConn) Transport() transport.Transport { return c.transport }
func (c *capableConn) Scope() network.ConnScope       { return c.scope }
func (c *capableConn) LocalMultiaddr() ma.Multiaddr   { return c.local }
func (c *capableConn) RemoteMultiaddr() ma.Multiaddr  { return c.remote }
func (c *capableConn) As(target any) bool             { return c.MuxedConn.As(target) }
func (c *capableConn) Close() error                   { defer c.scope.Done(); return c.MuxedConn.Close() }
func (c *capableConn) CloseWithError(code network.ConnErrorCode) error {
	defer c.scope.Done()
	return c.MuxedConn.CloseWithError(code)
}

func (c *capableConn) ConnState() network.ConnectionState {
	return network.ConnectionState{StreamMultiplexer: c.muxer, Security: securityID, Transport: "tcp", UsedEarlyMuxerNegotiation: c.early}
}
