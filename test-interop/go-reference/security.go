package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
)

const (
	securityID   = protocol.ID("/fisco/tls/1.0.0")
	alpn         = "fisco-libp2p"
	confirmMin   = 1
	confirmMax   = 1
	handshakeFor = 10 * time.Second
)

// refusal is the end of a handshake by a rule, ours or the peer's.
type refusal struct {
	rule, text string
	byPeer     bool
}

func (r *refusal) Error() string {
	who := "we refused"
	if r.byPeer {
		who = "the peer refused"
	}
	return strings.TrimSpace(who + ": " + r.rule + " " + r.text)
}

// security is TLS under the consortium's CA with the confirm exchange (PROTOCOLS.md, "Security"). It is a libp2p connection encrypter as it is;
// the transport of tlsfirst.go uses it without multistream-select.
type security struct {
	*identity
	muxers    []protocol.ID
	onRefused func(r *refusal, inbound bool)
}

var _ sec.SecureTransport = (*security)(nil)

func (s *security) ID() protocol.ID { return securityID }

func (s *security) SecureInbound(ctx context.Context, raw net.Conn, p peer.ID) (sec.SecureConn, error) {
	return s.secure(ctx, raw, p, true)
}

func (s *security) SecureOutbound(ctx context.Context, raw net.Conn, p peer.ID) (sec.SecureConn, error) {
	return s.secure(ctx, raw, p, false)
}

// secureConn is a connection that both ends have accepted.
type secureConn struct {
	*tls.Conn
	local, remote peer.ID
	key           lcrypto.PubKey
	muxer         protocol.ID
	incarnation   uint64
}

func (c *secureConn) LocalPeer() peer.ID              { return c.local }
func (c *secureConn) RemotePeer() peer.ID             { return c.remote }
func (c *secureConn) RemotePublicKey() lcrypto.PubKey { return c.key }
func (c *secureConn) ConnState() network.ConnectionState {
	return network.ConnectionState{StreamMultiplexer: c.muxer, Security: securityID, UsedEarlyMuxerNegotiation: c.muxer != ""}
}

func (s *security) config() *tls.Config {
	shown := tls.Certificate{PrivateKey: s.key, Leaf: s.chain[0]}
	for _, cert := range s.chain {
		shown.Certificate = append(shown.Certificate, cert.Raw)
	}
	protos := make([]string, 0, len(s.muxers)+1)
	for _, m := range s.muxers {
		protos = append(protos, alpn+string(m))
	}
	return &tls.Config{
		Certificates: []tls.Certificate{shown},
		// two keys of the profile "modern" never speak less, and crypto/tls knows no key of the other one
		MinVersion: tls.VersionTLS13,
		NextProtos: append(protos, alpn),
		ClientAuth: tls.RequireAnyClientCert,
		// the chain is judged behind TLS, so that the peer hears which rule it broke; the name in it means nothing
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
		CurvePreferences:       []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
	}
}

func (s *security) secure(ctx context.Context, raw net.Conn, expected peer.ID, inbound bool) (*secureConn, error) {
	deadline := time.Now().Add(handshakeFor)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var conn *tls.Conn
	if inbound {
		conn = tls.Server(raw, s.config())
	} else {
		conn = tls.Client(raw, s.config())
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	conn.SetDeadline(deadline)
	// a dial that is given up must not wait for the peer
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	secured, err := s.confirm(conn, expected, inbound)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if r, ok := err.(*refusal); ok {
		if !r.byPeer {
			s.refuse(conn, r)
		}
		s.onRefused(r, inbound)
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return secured, conn.SetDeadline(time.Time{})
}

// confirm is steps 2 and 3 of "Security".
func (s *security) confirm(conn *tls.Conn, expected peer.ID, inbound bool) (*secureConn, error) {
	state := conn.ConnectionState()
	muxer, ours := strings.CutPrefix(state.NegotiatedProtocol, alpn)
	if !ours {
		return nil, fmt.Errorf("no node of this network: ALPN %q", state.NegotiatedProtocol)
	}
	usage := x509.ExtKeyUsageServerAuth
	if inbound {
		usage = x509.ExtKeyUsageClientAuth
	}
	// (a) what TLS proved
	if rule := s.judge(state.PeerCertificates, usage); rule != "" {
		return nil, &refusal{rule: rule}
	}
	leaf := state.PeerCertificates[0]
	_, remote, err := nodeOf(leaf)
	if err != nil {
		return nil, &refusal{rule: "unsupported-key"}
	}
	if !inbound && expected != "" && expected != remote {
		return nil, &refusal{rule: "unexpected-peer"}
	}
	var mine []byte
	mine = putUint(mine, 1, confirmMin)
	mine = putUint(mine, 2, confirmMax)
	mine = putBytes(mine, 3, s.networkID)
	mine = putUint(mine, 4, s.incarnation)
	for _, cert := range s.chain {
		mine = putMessage(mine, 5, cert.Raw)
	}
	if err := writeHandshake(conn, 1, mine); err != nil {
		return nil, err
	}
	// (b) what the peer says
	theirs, err := readHandshake(conn, 1)
	if err != nil {
		return nil, err
	}
	incarnation, version, rule := s.judgeConfirm(theirs, leaf, usage)
	if rule != "" {
		return nil, &refusal{rule: rule}
	}
	if err := writeHandshake(conn, 2, putUint(nil, 1, version)); err != nil {
		return nil, err
	}
	// (c) that it takes us
	if _, err := readHandshake(conn, 2); err != nil {
		return nil, err
	}
	key, err := remote.ExtractPublicKey()
	if err != nil { // of an RSA key the PeerId is only a hash
		if key, err = lcrypto.UnmarshalRsaPublicKey(leaf.RawSubjectPublicKeyInfo); err != nil {
			return nil, err
		}
	}
	return &secureConn{Conn: conn, local: s.peer, remote: remote, key: key, muxer: protocol.ID(muxer), incarnation: incarnation}, nil
}

func (s *security) judgeConfirm(theirs message, leaf *x509.Certificate, usage x509.ExtKeyUsage) (incarnation, version uint64, rule string) {
	chain, err := parseChain(theirs.all(5))
	if err != nil {
		return 0, 0, "malformed"
	}
	lowest, highest := theirs.uint(1), theirs.uint(2)
	version, incarnation = min(highest, confirmMax), theirs.uint(4)
	switch rule = s.judge(chain, usage); {
	case len(chain) == 0 || !bytes.Equal(chain[0].Raw, leaf.Raw):
		rule = "chain-mismatch"
	case rule != "":
	case !bytes.Equal(theirs.bytes(3), s.networkID):
		rule = "other-network"
	case lowest > highest || version < confirmMin || version < lowest:
		rule = "unsupported-version"
	case incarnation > maxSafe || int64(incarnation) > time.Now().Add(24*time.Hour).UnixMilli():
		rule = "clock-skew"
	}
	return incarnation, version, rule
}

// refuse tells the peer, half-closes, and gives it 250 ms to hear that.
func (s *security) refuse(conn *tls.Conn, r *refusal) {
	conn.SetDeadline(time.Now().Add(250 * time.Millisecond))
	if writeHandshake(conn, 3, putUint(nil, 1, codeOf(r.rule))) == nil && conn.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(conn, 64<<10))
	}
}

func writeHandshake(w io.Writer, kind int, body []byte) error {
	frame := putMessage(nil, 1, body)
	frame[0] = byte(kind<<3 | 2)
	_, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(frame))), frame...))
	return err
}

// readHandshake reads a frame of the kind that is due; a refusal may come at any time.
func readHandshake(r io.Reader, kind int) (message, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint16(length[:])
	if n < 1 || n > 17_408 {
		return nil, fmt.Errorf("a handshake frame of %d bytes", n)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, err
	}
	set, err := fields(frame)
	if err != nil {
		return nil, err
	}
	if len(set) != 1 || int(set[0].num) != kind && set[0].num != 3 {
		return nil, fmt.Errorf("not the handshake frame %d that is due, alone", kind)
	}
	body, err := fields(set[0].bytes)
	if err != nil || int(set[0].num) == kind {
		return body, err
	}
	return nil, &refusal{rule: ruleOf(body.uint(1)), text: string(body.bytes(2)), byPeer: true}
}
