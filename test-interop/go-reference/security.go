package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	securityID = protocol.ID("/fisco/tls/1.0.0")
	alpn       = "fisco-libp2p"
)

// The fields of a HandshakeFrame, of which exactly one is set.
const fieldConfirm, fieldAccept, fieldRefusal protowire.Number = 1, 2, 3

// refusal is the end of a handshake by a rule, ours or the peer's.
type refusal struct {
	rule   rule
	text   string
	byPeer bool
}

func (r *refusal) Error() string {
	who := map[bool]string{false: "we refused: ", true: "the peer refused: "}[r.byPeer]
	return strings.TrimSpace(who + string(r.rule) + " " + r.text)
}

// security is TLS under the consortium's CA with the confirm exchange (PROTOCOLS.md, "Security"): one of libp2p's connection encrypters.
type security struct {
	*identity
	alpn []string
}

func (s *security) ID() protocol.ID { return securityID }

func (s *security) SecureInbound(ctx context.Context, raw net.Conn, p peer.ID) (sec.SecureConn, error) {
	return s.secure(ctx, tls.Server(raw, s.config()), p, true)
}

func (s *security) SecureOutbound(ctx context.Context, raw net.Conn, p peer.ID) (sec.SecureConn, error) {
	return s.secure(ctx, tls.Client(raw, s.config()), p, false)
}

// secureConn is a connection that both ends have accepted.
type secureConn struct {
	*tls.Conn
	local, remote peer.ID
	key           lcrypto.PubKey
	muxer         protocol.ID // if ALPN has chosen one
}

func (c *secureConn) LocalPeer() peer.ID              { return c.local }
func (c *secureConn) RemotePeer() peer.ID             { return c.remote }
func (c *secureConn) RemotePublicKey() lcrypto.PubKey { return c.key }
func (c *secureConn) ConnState() network.ConnectionState {
	return network.ConnectionState{StreamMultiplexer: c.muxer, Security: securityID, UsedEarlyMuxerNegotiation: c.muxer != ""}
}

func (s *security) config() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{s.shown},
		MinVersion:   tls.VersionTLS13, // two keys of the profile "modern" never speak less, and crypto/tls knows no key of the other one
		NextProtos:   s.alpn,
		ClientAuth:   tls.RequireAnyClientCert,
		// the chain is judged behind TLS, so that the peer hears which rule it broke; the name in it means nothing
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
		CurvePreferences:       []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
	}
}

// secure is the whole handshake, which has 10 s. A refusal is told to the peer, and to who drives this node.
func (s *security) secure(ctx context.Context, conn *tls.Conn, expected peer.ID, inbound bool) (sec.SecureConn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.NetConn().Close() })
	var secured *secureConn
	err := try(func() {
		check(conn.HandshakeContext(ctx))
		secured = s.confirm(conn, expected, inbound)
	})
	if broken := rule(""); errors.As(err, &broken) {
		err = &refusal{rule: broken}
		tellRefusal(conn, broken)
	}
	if r := (*refusal)(nil); errors.As(err, &r) {
		tell(object{"event": "refused", "rule": r.rule, "byPeer": r.byPeer, "inbound": inbound})
	}
	if inTime := stop(); err != nil || !inTime {
		conn.Close()
		return nil, cmp.Or(err, ctx.Err())
	}
	return secured, nil
}

// confirm is steps 2 and 3 of "Security".
func (s *security) confirm(conn *tls.Conn, expected peer.ID, inbound bool) *secureConn {
	state := conn.ConnectionState()
	muxer, ours := strings.CutPrefix(state.NegotiatedProtocol, alpn)
	require(ours, errors.New("no node of this network: without its ALPN"))
	usage := map[bool]x509.ExtKeyUsage{false: x509.ExtKeyUsageServerAuth, true: x509.ExtKeyUsageClientAuth}[inbound]
	var proven [][]byte
	for _, cert := range state.PeerCertificates {
		proven = append(proven, cert.Raw)
	}
	// (a) what TLS proved
	key := publicKeyOf(s.judge(proven, usage))
	remote := must(peer.IDFromPublicKey(key))
	require(expected == "" || expected == remote, rule("unexpected-peer"))
	writeHandshake(conn, fieldConfirm, pb{}.uint(1, 1).uint(2, 1).bytes(3, s.networkID).uint(4, s.incarnation.Load()).each(5, s.shown.Certificate...))
	// (b) what the peer says
	theirs := readHandshake(conn, fieldConfirm)
	chain := theirs.all(5, mostOfField)
	require(len(chain) > 0 && bytes.Equal(chain[0], proven[0]), rule("chain-mismatch"))
	s.judge(chain, usage)
	require(bytes.Equal(theirs.bytes(3), s.networkID), rule("other-network"))
	require(theirs.uint(1) <= 1 && theirs.uint(2) >= 1, rule("unsupported-version"))
	require(!future(theirs.uint(4)), rule("clock-skew"))
	writeHandshake(conn, fieldAccept, pb{}.uint(1, 1))
	// (c) that it takes us
	readHandshake(conn, fieldAccept)
	return &secureConn{Conn: conn, local: s.peer, remote: remote, key: key, muxer: protocol.ID(muxer)}
}

// tellRefusal half-closes behind the refusal, and gives the peer 250 ms to hear it.
func tellRefusal(conn *tls.Conn, broken rule) {
	conn.SetDeadline(time.Now().Add(250 * time.Millisecond))
	try(func() {
		writeHandshake(conn, fieldRefusal, pb{}.uint(1, codeOf(broken)))
		check(conn.CloseWrite())
		io.Copy(io.Discard, io.LimitReader(conn, 64<<10))
	})
}

func writeHandshake(w io.Writer, field protowire.Number, body pb) {
	frame := pb{}.each(field, body)
	must(w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(frame))), frame...)))
}

// readHandshake reads a frame with the field that is due; a refusal may come at any time.
func readHandshake(r io.Reader, due protowire.Number) message {
	frame := parse(readFrame(r, 2, 1, 17_408))
	require(len(frame) == 1, errMalformed)
	if frame[fieldRefusal] != nil {
		why := parse(frame.bytes(fieldRefusal))
		panic(failure{&refusal{rule: ruleOf(why.uint(1)), text: string(why.bytes(2)), byPeer: true}})
	}
	require(len(frame[due]) == 1, errMalformed)
	return parse(frame.bytes(due))
}

var tlsSuffix = ma.StringCast("/tls")

// tlsFirst is the transport of addresses that end in /tcp/<port>/tls: TLS from the first byte on, then the muxer (PROTOCOLS.md, "Security").
// libp2p's upgrader does both; it is only not to choose the encrypter by multistream-select, see chosenConn.
type tlsFirst struct{ transport.Upgrader }

func (t *tlsFirst) Protocols() []int { return []int{ma.P_TLS} }
func (t *tlsFirst) Proxy() bool      { return false }

func (t *tlsFirst) CanDial(addr ma.Multiaddr) bool {
	below, last := ma.SplitLast(addr)
	return last.Protocol().Code == ma.P_TLS && manet.IsThinWaist(below)
}

func (t *tlsFirst) Dial(ctx context.Context, raddr ma.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	raw, err := new(manet.Dialer).DialContext(ctx, raddr.Decapsulate(tlsSuffix))
	if err != nil {
		return nil, err
	}
	return t.Upgrade(ctx, t, &chosenConn{Conn: raw}, network.DirOutbound, p, &network.NullScope{})
}

func (t *tlsFirst) Listen(laddr ma.Multiaddr) (transport.Listener, error) {
	raw, err := manet.Listen(laddr.Decapsulate(tlsSuffix))
	if err != nil {
		return nil, err
	}
	return t.UpgradeGatedMaListener(t, t.GateMaListener(tlsListener{raw})), nil
}

type tlsListener struct{ manet.Listener }

func (l tlsListener) Multiaddr() ma.Multiaddr { return l.Listener.Multiaddr().Encapsulate(tlsSuffix) }
func (l tlsListener) Accept() (manet.Conn, error) {
	raw, err := l.Listener.Accept()
	return &chosenConn{Conn: raw}, err
}

// choice is what each end says in multistream-select when it proposes, or takes, the only encrypter that there is.
const choice = "\x13/multistream/1.0.0\n\x11" + string(securityID) + "\n"

// chosenConn is a connection whose address has chosen the encrypter: what the upgrader says to choose it goes nowhere, and is answered here.
type chosenConn struct {
	manet.Conn
	heard, said int // bytes of the choice
}

func (c *chosenConn) LocalMultiaddr() ma.Multiaddr {
	return c.Conn.LocalMultiaddr().Encapsulate(tlsSuffix)
}
func (c *chosenConn) RemoteMultiaddr() ma.Multiaddr {
	return c.Conn.RemoteMultiaddr().Encapsulate(tlsSuffix)
}

func (c *chosenConn) Read(b []byte) (int, error) {
	if c.heard == len(choice) {
		return c.Conn.Read(b)
	}
	n := copy(b, choice[c.heard:])
	c.heard += n
	return n, nil
}

func (c *chosenConn) Write(b []byte) (int, error) {
	if c.said == len(choice) {
		return c.Conn.Write(b)
	}
	c.said += len(b)
	return len(b), nil
}
