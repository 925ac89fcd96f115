package modules

import (
	"hash"
	"io"
	"os"

	"runner/hashing"
	"runner/hex"
)

// checksums reads a file once and returns its checksum by each of the algorithms, in hex.
func checksums(path string, names ...string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := newHashes(names...)
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.sums(), nil
}

// hashes computes several checksums of what is written to it.
type hashes []hash.Hash

func newHashes(names ...string) hashes {
	out := make(hashes, len(names))
	for i, name := range names {
		out[i] = hashing.Named(name)
	}
	return out
}

func (h hashes) Write(p []byte) (int, error) {
	for _, each := range h {
		each.Write(p)
	}
	return len(p), nil
}

func (h hashes) sums() []string {
	out := make([]string, len(h))
	for i, each := range h {
		out[i] = hex.EncodeToString(each.Sum(nil))
	}
	return out
}

// readAll is a file's content, nil when it is not there.
func readAll(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if b == nil {
		b = []byte{}
	}
	return b, err
}
