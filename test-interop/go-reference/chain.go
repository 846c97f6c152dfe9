package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"
)

// The rules that are refused with a code (PROTOCOLS.md, "Refusal codes"); the index is the code.
var rules = []string{
	"unspecified", "malformed", "no-certificate", "chain-too-long", "unsupported-key", "weak-key", "self-signed", "untrusted-issuer",
	"bad-signature", "not-a-ca", "path-length", "key-usage", "expired", "not-yet-valid", "is-a-ca", "version", "serial-number",
	"signature-algorithm", "explicit-curve", "duplicate-extension", "unknown-critical-extension", "extension-criticality",
	"missing-extension", "misplaced-extension", "empty-name", "name-constraint", "unsupported-name-constraint", "path-too-deep",
	"path-too-complex", "revoked", "crl-expired", "crl-unusable", "chain-mismatch", "unexpected-peer", "other-network",
	"unsupported-version", "tls-downgrade", "clock-skew", "denied", "draining", "overloaded",
}

func ruleOf(code uint64) string {
	if code < uint64(len(rules)) {
		return rules[code]
	}
	return rules[0]
}

func codeOf(rule string) uint64 {
	for code, r := range rules {
		if r == rule {
			return uint64(code)
		}
	}
	return 0
}

func parseChain(ders [][]byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for _, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}

// judge says which rule a chain breaks, or "" (PROTOCOLS.md, "Judging a chain"). crypto/x509 finds the path; what it does not ask is asked here,
// of the rules that a chain made by honest tools can break: the whole table is the validator's own, and is tested with it.
func (id *identity) judge(chain []*x509.Certificate, usage x509.ExtKeyUsage) string {
	size := 0
	for _, cert := range chain {
		size += len(cert.Raw)
	}
	if len(chain) == 0 {
		return "no-certificate"
	}
	if len(chain) > 4 || size > 16<<10 {
		return "chain-too-long"
	}
	leaf := chain[0]
	switch k := leaf.PublicKey.(type) {
	case ed25519.PublicKey:
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < 2048 || bits > 8192 || k.E%2 == 0 || k.E == 1 {
			return "weak-key"
		}
	default:
		return "unsupported-key"
	}
	if leaf.IsCA {
		return "is-a-ca"
	}
	if hasExtension(leaf, 15) && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return "key-usage"
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, cert := range id.anchors {
		roots.AddCert(cert)
	}
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	paths, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		return ruleOfError(leaf, err)
	}
	rule := ""
	for _, path := range paths {
		if rule = judgePath(path); rule == "" {
			break
		}
	}
	return rule
}

// judgePath asks what a path must have beyond what crypto/x509 asks; a root of X.509 v1 or without basicConstraints means the policy "fisco".
func judgePath(path []*x509.Certificate) string {
	root := path[len(path)-1]
	fisco := root.Version == 1 || !root.BasicConstraintsValid
	for i, cert := range path {
		if cert.SerialNumber.Sign() <= 0 || len(cert.SerialNumber.Bytes()) > 20 {
			return "serial-number"
		}
		if i > 0 && hasExtension(cert, 15) && cert.KeyUsage&x509.KeyUsageCertSign == 0 {
			return "key-usage"
		}
		if fisco {
			continue
		}
		if i > 0 && (!hasExtension(cert, 15) || len(cert.SubjectKeyId) == 0) || i < len(path)-1 && len(cert.AuthorityKeyId) == 0 {
			return "missing-extension"
		}
	}
	return ""
}

func hasExtension(cert *x509.Certificate, last int) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, last}) {
			return true
		}
	}
	return false
}

func ruleOfError(leaf *x509.Certificate, err error) string {
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &critical):
		return "unknown-critical-extension"
	case !errors.As(err, &invalid):
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			return "self-signed"
		}
		return "untrusted-issuer"
	}
	switch invalid.Reason {
	case x509.NotAuthorizedToSign:
		return "not-a-ca"
	case x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return "not-yet-valid"
		}
		return "expired"
	case x509.CANotAuthorizedForThisName:
		return "name-constraint"
	case x509.TooManyIntermediates:
		return "path-length"
	case x509.IncompatibleUsage:
		return "key-usage"
	}
	return "untrusted-issuer"
}
