package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
)

// The byte vectors are read from the document itself: the test fails when it and this node part.
func document(t *testing.T) string {
	text, err := os.ReadFile("../../docs/PROTOCOLS.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// cell is the last cell of the first table row, from a heading on, that begins with some text.
func cell(t *testing.T, text, heading, row string) []byte {
	_, section, _ := strings.Cut(text, "\n"+heading+"\n")
	_, rest, found := strings.Cut(section, "\n| "+row)
	line, _, _ := strings.Cut(rest, "\n")
	codes := regexp.MustCompile("`([0-9a-f]+)`").FindAllStringSubmatch(line, -1)
	if !found || len(codes) == 0 {
		t.Fatalf("no row %q under %q", row, heading)
	}
	return unhex(t, codes[len(codes)-1][1])
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, not %x", what, got, want)
	}
}

func TestSignatureInput(t *testing.T) {
	id := &identity{networkID: []byte{1, 2}}
	_, example, _ := strings.Cut(document(t), "one field `09`:\n`")
	example, _, _ = strings.Cut(example, "`")
	same(t, "input", id.signatureInput("status", 1, []byte{9}), unhex(t, example))
}

func TestConfirm(t *testing.T) {
	confirm := putMessage(putUint(putBytes(putUint(putUint(nil, 1, 1), 2, 1), 3, []byte{0xaa, 0xbb}), 4, 1000), 5, []byte{0x30, 0})
	refusal := putBytes(putUint(nil, 1, codeOf("expired")), 2, []byte("no"))
	bodies := [][]byte{confirm, putUint(nil, 1, 1), refusal}
	_, vectors, _ := strings.Cut(document(t), "Vectors: `confirm`")
	for i, code := range regexp.MustCompile("`(00[0-9a-f ]+)`").FindAllStringSubmatch(vectors, 3) {
		var frame bytes.Buffer
		writeHandshake(&frame, i+1, bodies[i])
		same(t, "handshake frame", frame.Bytes(), unhex(t, code[1]))
	}
}

func TestDirectFrames(t *testing.T) {
	_, section, _ := strings.Cut(document(t), "\n| frame | bytes (hex) |")
	section, _, _ = strings.Cut(section, "\n### ")
	seen := 0
	for _, row := range regexp.MustCompile("(?m)\\| `([0-9a-f]+)`( \\(`([0-9a-f]{2})` 1,024 times\\))? \\|$").FindAllStringSubmatch(section, -1) {
		b := unhex(t, row[1])
		if row[3] != "" { // its last byte is written once, and so often
			b = append(b, bytes.Repeat(unhex(t, row[3]), 1_023)...)
		}
		r := bytes.NewReader(b)
		f, err := readFrame(r)
		if rest, _ := io.ReadAll(r); err != nil || len(rest) > 0 {
			t.Errorf("frame %s: %v, %d bytes left", row[1], err, len(rest))
		} else if f.kind != kindOpen && f.kind != kindEnd && f.kind != kindCredit { // this node does not send those
			same(t, "frame", f.encode(), b)
		}
		seen++
	}
	if seen != 16 {
		t.Errorf("%d frames in the document", seen)
	}
}

func TestStatusRecord(t *testing.T) {
	text, heading := document(t), "### Byte vectors"
	id := &identity{networkID: cell(t, text, heading, "network ID")}
	raw := cell(t, text, heading, "`record`")
	r, err := readRecord(putBytes(nil, 1, raw))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "node ID", r.nodeID, cell(t, text, heading, "node ID"))
	same(t, "hash", r.hash[:], cell(t, text, heading, "its SHA-256"))
	same(t, "digest", digestOf([]*record{r}), cell(t, text, heading, "digest of"))
	if !id.verify(ed25519.PublicKey(r.nodeID), cell(t, text, heading, "`signature`"), "status", 1, raw) {
		t.Error("the signature is not good")
	}
}

func TestTopicMessage(t *testing.T) {
	text, heading := document(t), "### Signed message"
	id := &identity{networkID: cell(t, text, heading, "network ID")}
	encoded := cell(t, text, heading, "Ed25519 key")
	m, err := readTopicMessage(encoded)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "message", m.encode(), encoded)
	same(t, "message ID", []byte(messageID(&pb.Message{Topic: &m.topic, Data: encoded})), cell(t, text, heading, "its message ID"))
	if !id.verify(ed25519.PublicKey(m.author), m.signature, "topic", 1, m.signed()...) {
		t.Error("the signature is not good")
	}
}
