package kit

import (
	"hash"
	"io"
	"os"

	"runner/hashing"
	"runner/hex"
)

// Checksums reads a file once and returns its checksum by each of the algorithms, in hex.
func Checksums(path string, names ...string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := NewHashes(names...)
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sums(), nil
}

// Hashes computes several checksums of what is written to it.
type Hashes []hash.Hash

// NewHashes begins the checksums of these names, as hashing.Named knows them.
func NewHashes(names ...string) Hashes {
	out := make(Hashes, len(names))
	for i, name := range names {
		out[i] = hashing.Named(name)
	}
	return out
}

// Write adds to every checksum; it never fails.
func (h Hashes) Write(p []byte) (int, error) {
	for _, each := range h {
		each.Write(p)
	}
	return len(p), nil
}

// Sums are the checksums so far, in hex, in the order of their names.
func (h Hashes) Sums() []string {
	out := make([]string, len(h))
	for i, each := range h {
		out[i] = hex.EncodeToString(each.Sum(nil))
	}
	return out
}

// ReadAll is a file's content, nil when it is not there.
func ReadAll(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if b == nil {
		b = []byte{}
	}
	return b, err
}
