package kit

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"runner/module"
)

// Source is a content on its way to a place on the host.
type Source struct {
	Name   string // what the result shows as src
	Base   string // the name it gets in a folder
	Size   int64
	SHA256 string // hex; empty where it is not known beforehand
	Mode   uint32 // for mode: preserve
	Open   func() (io.ReadCloser, error)
}

// BytesSource is a content in memory; name is what the result shows as src.
func BytesSource(name string, b []byte) Source {
	h := NewHashes("sha256")
	h.Write(b)
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	return Source{Name: name, Base: LastOf(name), Size: int64(len(b)), SHA256: h.Sums()[0], Mode: NewFileMode, Open: open}
}

// EmbeddedSource is a file of the artifact.
func EmbeddedSource(c *module.Call, e module.Entry) Source {
	open := func() (io.ReadCloser, error) { return c.Files.Open(e) }
	return Source{Name: e.Name, Base: LastOf(e.Name), Size: e.Size, SHA256: e.Digest, Mode: BitsOf(e.Mode), Open: open}
}

// LastOf is what follows the last slash of a name.
func LastOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// read returns the whole content, at most limit bytes of it.
func (s Source) read(limit int64) ([]byte, error) {
	r, err := s.Open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit))
	return b, errors.Join(err, r.Close())
}
