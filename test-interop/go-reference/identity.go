package main

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

const maxSafe = 1<<53 - 1

// identity is who the node is and whom it trusts (PROTOCOLS.md, "Names and networks").
type identity struct {
	key         lcrypto.PrivKey
	peer        peer.ID
	nodeID      []byte
	shown       tls.Certificate // the chain without the root, and the key
	anchors     *x509.CertPool
	networkID   []byte
	state       string
	incarnation atomic.Uint64
}

func loadIdentity(folder, chainID, state string) *identity {
	file := func(name string) string { return filepath.Join(folder, name) }
	id := &identity{state: state, shown: must(tls.LoadX509KeyPair(file("node.crt"), file("node.key"))), anchors: x509.NewCertPool()}
	id.shown.Certificate = slices.DeleteFunc(id.shown.Certificate, func(der []byte) bool { // the root, which FISCO BCOS's tools append
		cert := must(x509.ParseCertificate(der))
		return bytes.Equal(cert.RawIssuer, cert.RawSubject)
	})
	key := id.shown.PrivateKey
	if k, ok := key.(ed25519.PrivateKey); ok {
		key = &k // as libp2p wants it
	}
	var err error
	id.key, _, err = lcrypto.KeyPairFromStdKey(key)
	check(err)
	public := publicKeyOf(id.shown.Leaf) // crypto/tls knows no secp256k1, so the profile "fisco" is out of reach, and refused here
	id.nodeID, id.peer = rawNodeID(public), must(peer.IDFromPublicKey(public))
	var infos [][]byte
	for block, rest := pem.Decode(must(os.ReadFile(file("ca.crt")))); block != nil; block, rest = pem.Decode(rest) {
		cert := must(x509.ParseCertificate(block.Bytes))
		id.anchors.AddCert(cert)
		infos = append(infos, cert.RawSubjectPublicKeyInfo)
	}
	id.networkID = networkID(infos, chainID)
	stored := uint64(0)
	if text, err := os.ReadFile(state); err == nil {
		stored = must(strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64))
	}
	id.raise(stored)
	return id
}

func networkID(infos [][]byte, chainID string) []byte {
	slices.SortFunc(infos, bytes.Compare)
	var input []byte
	for _, info := range slices.CompactFunc(infos, bytes.Equal) {
		input = len32(input, info)
	}
	sum := sha256.Sum256(len32(input, []byte(chainID)))
	return sum[:]
}

// raise takes an incarnation above another one. It is stored before it is used, so that a clock that was set back cannot repeat one.
func (id *identity) raise(above uint64) {
	next := max(above+1, uint64(time.Now().UnixMilli()))
	if id.state != "" {
		check(os.WriteFile(id.state, fmt.Appendf(nil, "%d\n", next), 0o600))
	}
	id.incarnation.Store(next)
}

// future says whether an incarnation is 0 or more than 24 h ahead: no honest node has such a one.
func future(incarnation uint64) bool {
	return incarnation == 0 || incarnation > uint64(time.Now().Add(24*time.Hour).UnixMilli())
}

// publicKeyOf is the key of a certificate, if it can be a node's here.
func publicKeyOf(cert *x509.Certificate) (key lcrypto.PubKey) {
	err := error(rule("unsupported-key"))
	switch k := cert.PublicKey.(type) {
	case ed25519.PublicKey:
		key, err = lcrypto.UnmarshalEd25519PublicKey(k)
	case *rsa.PublicKey:
		require(k.E == 65537, err)
		key, err = lcrypto.UnmarshalRsaPublicKey(cert.RawSubjectPublicKeyInfo) // of 2048 to 8192 bits
		require(err == nil, rule("weak-key"))
	}
	check(err)
	return key
}

// rawNodeID is the node ID of a key as bytes: the key of Ed25519, the modulus of RSA.
func rawNodeID(key lcrypto.PubKey) []byte {
	if std, ok := must(lcrypto.PubKeyToStdKey(key)).(*rsa.PublicKey); ok {
		return std.N.Bytes()
	}
	return must(key.Raw())
}

// signatureInput is what PROTOCOLS.md, "Signatures" says is signed: never what a peer supplied.
func (id *identity) signatureInput(purpose string, fields ...[]byte) []byte {
	input := len32([]byte("fisco-libp2p\x00"+purpose+"\x00\x01\x00"), id.networkID)
	for _, field := range fields {
		input = len32(input, field)
	}
	return input
}

// signable is what a key is given to sign: libp2p hashes the input itself for RSA, and not for Ed25519.
func (id *identity) signable(key lcrypto.Key, purpose string, fields ...[]byte) []byte {
	input := id.signatureInput(purpose, fields...)
	if key.Type() == lcrypto.RSA {
		return input
	}
	sum := sha256.Sum256(input)
	return sum[:]
}

func (id *identity) sign(purpose string, fields ...[]byte) []byte {
	return must(id.key.Sign(id.signable(id.key, purpose, fields...)))
}

func (id *identity) verify(key lcrypto.PubKey, signature []byte, purpose string, fields ...[]byte) bool {
	good, err := key.Verify(id.signable(key, purpose, fields...), signature)
	return good && err == nil
}

// The rules that are refused with a code (PROTOCOLS.md, "Refusal codes"); the index is the code.
var rules = strings.Fields(`unspecified malformed no-certificate chain-too-long unsupported-key weak-key self-signed untrusted-issuer bad-signature
	not-a-ca path-length key-usage expired not-yet-valid is-a-ca version serial-number signature-algorithm explicit-curve duplicate-extension
	unknown-critical-extension extension-criticality missing-extension misplaced-extension empty-name name-constraint unsupported-name-constraint
	path-too-deep path-too-complex revoked crl-expired crl-unusable chain-mismatch unexpected-peer other-network unsupported-version tls-downgrade
	clock-skew denied draining overloaded`)

func codeOf(r rule) uint64 { return uint64(max(0, slices.Index(rules, string(r)))) }

func ruleOf(code uint64) rule {
	return rule(append(rules, "unspecified")[min(code, uint64(len(rules)))])
}

// judge parses a chain, and fails with the rule that it breaks (PROTOCOLS.md, "Judging a chain"). crypto/x509 finds the path; what it does not ask
// is asked here, of the rules that a chain made by honest tools can break: the whole table is the validator's own, and is tested with it.
func (id *identity) judge(ders [][]byte, usage x509.ExtKeyUsage) (leaf *x509.Certificate) {
	require(len(ders) > 0, rule("no-certificate"))
	require(len(ders) <= 4 && len(slices.Concat(ders...)) <= 16<<10, rule("chain-too-long"))
	between := x509.NewCertPool()
	for i := len(ders) - 1; i >= 0; i-- {
		cert, err := x509.ParseCertificate(ders[i])
		require(err == nil, rule("malformed"))
		between.AddCert(cert)
		leaf = cert
	}
	publicKeyOf(leaf)
	require(!leaf.IsCA, rule("is-a-ca"))
	require(!hasKeyUsage(leaf) || leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0, rule("key-usage"))
	paths, err := leaf.Verify(x509.VerifyOptions{Roots: id.anchors, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}})
	require(err == nil, ruleOfError(leaf, err))
	for _, path := range paths {
		if err = try(func() { judgePath(path) }); err == nil {
			break
		}
	}
	check(err)
	return leaf
}

// judgePath asks what a path must have beyond what crypto/x509 asks; a root of X.509 v1 or without basicConstraints means the policy "fisco".
func judgePath(path []*x509.Certificate) {
	root := path[len(path)-1]
	fisco := root.Version == 1 || !root.BasicConstraintsValid
	for i, cert := range path {
		isCA := i > 0
		require(cert.SerialNumber.Sign() > 0 && len(cert.SerialNumber.Bytes()) <= 20, rule("serial-number"))
		require(!isCA || !hasKeyUsage(cert) || cert.KeyUsage&x509.KeyUsageCertSign != 0, rule("key-usage"))
		require(fisco || !isCA || hasKeyUsage(cert) && len(cert.SubjectKeyId) > 0, rule("missing-extension"))
		require(fisco || cert == root || len(cert.AuthorityKeyId) > 0, rule("missing-extension"))
	}
}

func hasKeyUsage(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 15}) })
}

func ruleOfError(leaf *x509.Certificate, err error) rule {
	known := map[x509.InvalidReason]rule{x509.NotAuthorizedToSign: "not-a-ca", x509.Expired: "expired", x509.CANotAuthorizedForThisName: "name-constraint",
		x509.TooManyIntermediates: "path-length", x509.IncompatibleUsage: "key-usage"}
	invalid, otherwise := x509.CertificateInvalidError{Reason: -1}, rule("untrusted-issuer")
	switch {
	case errors.As(err, new(x509.UnhandledCriticalExtension)):
		otherwise = "unknown-critical-extension"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return "not-yet-valid"
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		otherwise = "self-signed"
	}
	return cmp.Or(known[invalid.Reason], otherwise)
}
