package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	pubsubpb "github.com/libp2p/go-libp2p-pubsub/pb"
	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"google.golang.org/protobuf/encoding/protowire"
)

// The byte vectors are read from the document itself: the test fails when it and this node part.
func document(t *testing.T) string {
	text, err := os.ReadFile("../../docs/PROTOCOLS.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var vectorRow = regexp.MustCompile("(?m)^ *\\| ([^|`]+) \\| [^|]+ \\| `([0-9a-f ]+)`(?: \\(`([0-9a-f]{2})` ([0-9,]+) times\\))? \\|$")

// vectors are all vectors of the document whose names begin with some text.
func vectors(t *testing.T, prefix string) map[string][]byte {
	found := map[string][]byte{}
	for _, row := range vectorRow.FindAllStringSubmatch(document(t), -1) {
		if !strings.HasPrefix(row[1], prefix) {
			continue
		}
		b := unhex(t, row[2])
		if row[3] != "" { // its last byte is written once, and so often
			times, err := strconv.Atoi(strings.ReplaceAll(row[4], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, bytes.Repeat(unhex(t, row[3]), times-1)...)
		}
		found[row[1]] = b
	}
	return found
}

func vector(t *testing.T, name string) []byte {
	b, found := vectors(t, name)[name]
	if !found {
		t.Fatalf("the document has no vector %q", name)
	}
	return b
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

func keyOf(t *testing.T, nodeID string) lcrypto.PubKey {
	key, err := lcrypto.UnmarshalEd25519PublicKey([]byte(nodeID))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSignatureInput(t *testing.T) {
	id := &identity{networkID: []byte{1, 2}}
	same(t, "input", id.signatureInput("status", []byte{9}), vector(t, "signature input"))
	if !id.verify(keyOf(t, string(vector(t, "node ID Ed25519"))), vector(t, "signature Ed25519"), "status", []byte{9}) {
		t.Error("the signature is not good")
	}
}

func TestHandshake(t *testing.T) {
	confirm := pb{}.uint(1, 1).uint(2, 1).bytes(3, []byte{0xaa, 0xbb}).uint(4, 1000).each(5, []byte{0x30, 0}, []byte{0x30, 1, 0})
	for name, frame := range map[string]struct {
		kind protowire.Number
		body pb
	}{
		"handshake confirm":              {1, confirm},
		"handshake accept":               {2, pb{}.uint(1, 1)},
		"handshake refusal":              {3, pb{}.uint(1, codeOf("denied")).bytes(2, []byte("no"))},
		"handshake refusal without text": {3, pb{}.uint(1, codeOf("expired"))},
	} {
		var written bytes.Buffer
		writeHandshake(&written, frame.kind, frame.body)
		same(t, name, written.Bytes(), vector(t, name))
	}
}

func TestDirectFrames(t *testing.T) {
	frames := vectors(t, "direct ")
	for name, b := range frames {
		r := bytes.NewReader(b)
		if err := try(func() { same(t, name, readDirectFrame(r).encode(), b) }); err != nil || r.Len() > 0 {
			t.Errorf("%s: %v, %d bytes left", name, err, r.Len())
		}
	}
	if len(frames) != 16 {
		t.Errorf("%d frames in the document", len(frames))
	}
}

func TestStatusRecord(t *testing.T) {
	id := &identity{networkID: vector(t, "status network ID Ed25519")}
	raw := vector(t, "status record Ed25519")
	r := readRecord(pb{}.bytes(1, raw))
	same(t, "node ID", []byte(r.nodeID), vector(t, "status node ID Ed25519"))
	same(t, "hash", r.hash[:], vector(t, "status hash Ed25519"))
	same(t, "digest", digest([]*record{r}), vector(t, "status digest Ed25519"))
	if !id.verify(keyOf(t, r.nodeID), vector(t, "status signature Ed25519"), "status", raw) {
		t.Error("the signature is not good")
	}
}

func TestTopicMessage(t *testing.T) {
	id := &identity{networkID: []byte("fisco-libp2p test vector network")}
	encoded := vector(t, "signed message Ed25519")
	m := readTopicMessage(encoded)
	same(t, "message", m.encode(), encoded)
	same(t, "message ID", []byte(messageID(&pubsubpb.Message{Topic: &m.topic, Data: encoded})), vector(t, "signed message Ed25519, message ID"))
	if !id.verify(keyOf(t, m.author), m.signature, "topic", m.signed()...) {
		t.Error("the signature is not good")
	}
	hash := sha256.Sum256([]byte{1, 2})
	if !id.verify(keyOf(t, m.author), vector(t, "answer fisco/topics/deliver"), "receipt", hash[:]) {
		t.Error("the receipt is not good")
	}
}
