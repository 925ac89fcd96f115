package program

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"
)

func archive(t *testing.T, contents map[string]string, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(contents[name])), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(contents[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTarReads(t *testing.T) {
	contents := map[string]string{"empty": "", "small": "x", "block": strings.Repeat("b", 512), "large": strings.Repeat("l", 100_000)}
	names := []string{"small", "empty", "block", "large"}
	for _, skip := range []int{0, 1} {
		r := &tarReader{in: bytes.NewReader(archive(t, contents, names...))}
		for i, name := range names {
			if got, err := r.next(); got != name || err != nil {
				t.Fatalf("%s instead of %s: %v", got, name, err)
			}
			if i%2 < skip { // what is not read is passed over
				continue
			}
			if got, err := io.ReadAll(r); string(got) != contents[name] || err != nil {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}
		if _, err := r.next(); err != io.EOF {
			t.Errorf("%v", err)
		}
	}
}

func TestTarRefusesWhatIsDamaged(t *testing.T) {
	whole := archive(t, map[string]string{"a": strings.Repeat("x", 1000)}, "a")
	for _, end := range []int{0, 1, 511, 512, 1000, 1511, 1600} {
		r := &tarReader{in: bytes.NewReader(whole[:end])}
		_, err := r.next()
		if err == nil {
			if _, err = io.ReadAll(r); err == nil {
				_, err = r.next()
			}
		}
		if err == nil || err == io.EOF {
			t.Errorf("cut at %d: %v", end, err)
		}
	}
	for _, at := range []int{0, 124, 130, 150, 156} {
		bad := bytes.Clone(whole)
		bad[at] ^= 1
		if _, err := (&tarReader{in: bytes.NewReader(bad)}).next(); err == nil {
			t.Errorf("byte %d is damaged, which nobody notices", at)
		}
	}
}
