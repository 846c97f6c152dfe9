package main

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

const maxSafe = 1<<53 - 1

// identity is who the node is and whom it trusts (PROTOCOLS.md, "Names and networks").
type identity struct {
	key         crypto.Signer
	libp2pKey   lcrypto.PrivKey
	peer        peer.ID
	nodeID      []byte
	chain       []*x509.Certificate // leaf first, without the root
	anchors     []*x509.Certificate
	networkID   []byte
	incarnation uint64
}

func loadIdentity(folder, chainID, state string) (*identity, error) {
	id := &identity{}
	keyPEM, err := os.ReadFile(filepath.Join(folder, "node.key"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, fmt.Errorf("node.key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		id.key = k
		id.libp2pKey, err = lcrypto.UnmarshalEd25519PrivateKey(k)
	case *rsa.PrivateKey:
		id.key = k
		id.libp2pKey, err = lcrypto.UnmarshalRsaPrivateKey(x509.MarshalPKCS1PrivateKey(k))
	default:
		// crypto/tls knows no secp256k1, so the profile "fisco" is out of its reach
		err = fmt.Errorf("a key of type %T cannot be used here", key)
	}
	if err != nil {
		return nil, err
	}
	if id.anchors, err = readCerts(filepath.Join(folder, "ca.crt")); err != nil {
		return nil, err
	}
	certs, err := readCerts(filepath.Join(folder, "node.crt"))
	if err != nil {
		return nil, err
	}
	for _, cert := range certs {
		if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			id.chain = append(id.chain, cert)
		}
	}
	if id.nodeID, id.peer, err = nodeOf(certs[0]); err != nil {
		return nil, err
	}
	id.networkID = networkID(id.anchors, chainID)
	id.incarnation, err = nextIncarnation(state)
	return id, err
}

func readCerts(file string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return certs, nil
}

// nodeOf gives the raw node ID and the PeerId of a certificate's key.
func nodeOf(cert *x509.Certificate) ([]byte, peer.ID, error) {
	var key lcrypto.PubKey
	var err error
	switch k := cert.PublicKey.(type) {
	case ed25519.PublicKey:
		key, err = lcrypto.UnmarshalEd25519PublicKey(k)
	case *rsa.PublicKey:
		key, err = lcrypto.UnmarshalRsaPublicKey(cert.RawSubjectPublicKeyInfo)
	default:
		err = fmt.Errorf("key of type %T", k)
	}
	if err != nil {
		return nil, "", err
	}
	raw, err := rawNodeID(key)
	if err != nil {
		return nil, "", err
	}
	id, err := peer.IDFromPublicKey(key)
	return raw, id, err
}

// rawNodeID is the node ID of a key as bytes: the key of Ed25519, the modulus of RSA.
func rawNodeID(key lcrypto.PubKey) ([]byte, error) {
	std, err := lcrypto.PubKeyToStdKey(key)
	if err != nil {
		return nil, err
	}
	switch k := std.(type) {
	case ed25519.PublicKey:
		return k, nil
	case *ed25519.PublicKey:
		return *k, nil
	case *rsa.PublicKey:
		if k.E == 65537 {
			return k.N.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("a key of type %T is no node's", std)
}

func networkID(anchors []*x509.Certificate, chainID string) []byte {
	var infos [][]byte
	for _, cert := range anchors {
		infos = append(infos, cert.RawSubjectPublicKeyInfo)
	}
	slices.SortFunc(infos, bytes.Compare)
	var input []byte
	for _, info := range slices.CompactFunc(infos, bytes.Equal) {
		input = len32(input, info)
	}
	sum := sha256.Sum256(len32(input, []byte(chainID)))
	return sum[:]
}

// nextIncarnation is stored before it is used, so that a clock that was set back cannot repeat one.
func nextIncarnation(file string) (uint64, error) {
	next := uint64(time.Now().UnixMilli())
	if file == "" {
		return next, nil
	}
	if text, err := os.ReadFile(file); err == nil {
		stored, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, err
		}
		next = max(next, stored+1)
	}
	return next, os.WriteFile(file, fmt.Appendf(nil, "%d\n", next), 0o600)
}

// signatureInput is what PROTOCOLS.md, "Signatures" says is signed.
func (id *identity) signatureInput(purpose string, version byte, signed ...[]byte) []byte {
	input := append([]byte("fisco-libp2p\x00"+purpose), 0, version, 0)
	input = len32(input, id.networkID)
	for _, f := range signed {
		input = len32(input, f)
	}
	return input
}

func (id *identity) sign(purpose string, version byte, signed ...[]byte) []byte {
	digest := sha256.Sum256(id.signatureInput(purpose, version, signed...))
	var signature []byte
	var err error
	if _, isRSA := id.key.(*rsa.PrivateKey); isRSA {
		signature, err = id.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	} else {
		signature, err = id.key.Sign(rand.Reader, digest[:], crypto.Hash(0))
	}
	if err != nil {
		panic(err) // a key that signed its own certificate request signs this too
	}
	return signature
}

func (id *identity) verify(key any, signature []byte, purpose string, version byte, signed ...[]byte) bool {
	digest := sha256.Sum256(id.signatureInput(purpose, version, signed...))
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, digest[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}
