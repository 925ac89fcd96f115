package hashing

import (
	"bytes"
	realmd5 "crypto/md5"
	realsha1 "crypto/sha1"
	realsha256 "crypto/sha256"
	realsha512 "crypto/sha512"
	"hash"
	"math/rand"
	"testing"
)

var real = map[string]func() hash.Hash{
	"md5": realmd5.New, "sha1": realsha1.New, "sha224": realsha256.New224, "sha256": realsha256.New,
	"sha384": realsha512.New384, "sha512": realsha512.New,
}

// Go's own packages are the measure, at every length around the ends of blocks and in pieces of any size.
func TestDigestsAgree(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	text := make([]byte, 1<<16)
	r.Read(text)
	for name, make := range real {
		for n := range 300 {
			check(t, name, make(), Named(name), text[:n], r)
		}
		for range 50 {
			check(t, name, make(), Named(name), text[:r.Intn(len(text))], r)
		}
	}
	if Named("sha3") != nil || Sum(text) != realsha256.Sum256(text) {
		t.Error("a name or a sum")
	}
}

func check(t *testing.T, name string, want, got hash.Hash, text []byte, r *rand.Rand) {
	t.Helper()
	want.Write(text)
	for rest := text; len(rest) > 0; {
		n := 1 + r.Intn(len(rest))
		if r.Intn(3) == 0 {
			got.Sum(nil) // does not change anything
		}
		got.Write(rest[:n])
		rest = rest[n:]
	}
	if !bytes.Equal(got.Sum([]byte("x")), append([]byte("x"), want.Sum(nil)...)) {
		t.Fatalf("%s of %d bytes is %x, want %x", name, len(text), got.Sum(nil), want.Sum(nil))
	}
	if got.Size() != want.Size() || got.BlockSize() != want.BlockSize() {
		t.Fatalf("%s has another size", name)
	}
	got.Reset()
	if got.Write(text); !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Fatalf("%s differs after a reset", name)
	}
}

// What a processor without the instructions does must be tried where they are, too.
func TestPlainAgrees(t *testing.T) {
	text := bytes.Repeat([]byte("abcdefgh"), 100)
	s := &state{algorithm: &sha256}
	s.Reset()
	plainSHA256(&s.small, text[:768])
	s.length = 768
	s.Write(text[768:])
	if want := realsha256.Sum256(text); !bytes.Equal(s.Sum(nil), want[:]) {
		t.Errorf("%x, want %x", s.Sum(nil), want)
	}
}

func BenchmarkSHA256(b *testing.B) {
	text := make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		Sum(text)
	}
}
