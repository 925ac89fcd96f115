package inflate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"
)

// texts are contents of all kinds: nothing, noise, repetition near and far, and what programs look like.
func texts() [][]byte {
	r := rand.New(rand.NewSource(1))
	noise := make([]byte, 300_000)
	r.Read(noise)
	words := []byte{}
	for len(words) < 700_000 {
		words = append(words, strings.Fields("name task module copy dest /etc/app { } [ ] : , 0644 \"when\"")[r.Intn(14)]...)
		words = append(words, byte(r.Intn(4)*r.Intn(64)))
	}
	far := append(append(bytes.Clone(noise[:32<<10]), make([]byte, 100)...), noise[:32<<10]...)
	skewed := make([]byte, 200_000)
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 6)
	}
	return [][]byte{nil, {0}, []byte("hello, hello, hello"), noise, words, far, skewed, bytes.Repeat([]byte{7}, 1_000_000), append(words, noise...)}
}

func packed(t *testing.T, text []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err == nil {
		w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
		_, err = w.Write(text)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpacks(t *testing.T) {
	for i, text := range texts() {
		for _, level := range []int{gzip.NoCompression, gzip.HuffmanOnly, 1, 6, 9} {
			in := packed(t, text, level)
			for name, reader := range map[string]io.Reader{"whole": bytes.NewReader(in), "in halves": iotest.HalfReader(bytes.NewReader(in)),
				"with the end": iotest.DataErrReader(bytes.NewReader(in))} {
				r, err := NewReader(reader)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
					t.Errorf("text %d at level %d, %s: %d of %d bytes, %v", i, level, name, len(got), len(text), err)
				}
			}
		}
	}
}

func TestReadsAreFilledInSmallPieces(t *testing.T) {
	text := texts()[4]
	r, err := NewReader(bytes.NewReader(packed(t, text, 6)))
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(r, text); err != nil {
		t.Error(err)
	}
}

// Whatever is cut off or changed gives an error or other bytes, but never more than that.
func TestDamage(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for _, text := range texts()[1:] {
		text = text[:min(len(text), 5000)]
		in := packed(t, text, 6)
		body := len(in) - 8
		for end := 0; end < body; end += 1 + r.Intn(9) {
			if got, err := unpack(in[:end]); err == nil {
				t.Fatalf("cut at %d of %d: %d bytes", end, body, len(got))
			}
		}
		for range 300 {
			bad := bytes.Clone(in)
			bad[r.Intn(body)] ^= 1 << r.Intn(8)
			_, _ = unpack(bad)
		}
	}
	for _, in := range []string{"", "x", "PK\x03\x04 not gzip at all", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\x07"} {
		if _, err := unpack([]byte(in)); err == nil {
			t.Errorf("%q is no gzip", in)
		}
	}
}

func unpack(in []byte) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 10<<20))
}

func BenchmarkUnpack(b *testing.B) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	text := texts()[4]
	_, _ = w.Write(text)
	_ = w.Close()
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for range b.N {
			r, _ := NewReader(bytes.NewReader(out.Bytes()))
			_, _ = io.Copy(io.Discard, r)
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for range b.N {
			r, _ := gzip.NewReader(bytes.NewReader(out.Bytes()))
			_, _ = io.Copy(io.Discard, r)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\x4b\x04\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := unpack(in)
		r, theirs := gzip.NewReader(bytes.NewReader(in))
		var want []byte
		if theirs == nil {
			r.Multistream(false)
			want, theirs = io.ReadAll(io.LimitReader(r, 10<<20))
		}
		if theirs == nil && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
		}
	})
}
