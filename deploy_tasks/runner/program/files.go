package program

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"sort"
	"strings"

	"runner/fmt"
	"runner/hashing"
	"runner/hex"
	"runner/inflate"
	"runner/module"
)

func newBytes(b []byte) io.Reader { return bytes.NewReader(b) }

// Files gives the modules the embedded files. Contents are streamed forward through the archive; only a file that
// lies behind starts it again, so that the usual order of use costs one pass.
type Files struct {
	artifact *Artifact
	entries  map[string]module.Entry
	names    []string // sorted
	idle     *stream  // where the last finished Open stopped
}

// Files returns the embedded files that the program names.
func (a *Artifact) Files(p *Program) *Files {
	f := &Files{artifact: a, entries: p.Files}
	for name := range p.Files {
		f.names = append(f.names, name)
	}
	sort.Strings(f.names)
	return f
}

// Lookup implements module.Files.
func (f *Files) Lookup(name string) (module.Entry, bool) {
	e, ok := f.entries[name]
	return e, ok
}

// List implements module.Files.
func (f *Files) List(prefix string) []module.Entry {
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	if prefix == "/" || prefix == "./" {
		prefix = ""
	}
	var out []module.Entry
	for i := sort.SearchStrings(f.names, prefix); i < len(f.names) && strings.HasPrefix(f.names[i], prefix); i++ {
		out = append(out, f.entries[f.names[i]])
	}
	return out
}

// Open implements module.Files. The content is checked against the entry's digest: the last read fails when it differs.
func (f *Files) Open(e module.Entry) (io.ReadCloser, error) {
	s := f.idle
	f.idle = nil
	if s != nil {
		if found, err := s.seek(e.Digest); found && err == nil {
			return f.reader(s, e), nil
		}
	}
	s, err := f.start()
	if err != nil {
		return nil, err
	}
	found, err := s.seek(e.Digest)
	if err == nil && !found {
		err = errors.New("is not in the artifact")
	}
	if err != nil {
		return nil, fmt.Errorf("embedded file %s: %w", e.Name, err)
	}
	return f.reader(s, e), nil
}

// stream is one pass through the archive.
type stream struct {
	tar *tarReader
}

func (f *Files) start() (*stream, error) {
	if f.artifact == nil || f.artifact.trailer.Files == 0 {
		return nil, errors.New("the artifact holds no files")
	}
	t := f.artifact.trailer
	gz, err := inflate.NewReader(io.NewSectionReader(f.artifact.f, t.Runner, t.Files))
	if err != nil {
		return nil, err
	}
	return &stream{&tarReader{in: gz}}, nil
}

// seek goes forward to the entry with this name; not found means that it is not ahead.
func (s *stream) seek(digest string) (bool, error) {
	for {
		name, err := s.tar.next()
		if err == io.EOF {
			return false, nil
		}
		if err != nil || name == digest {
			return err == nil, err
		}
	}
}

func (f *Files) reader(s *stream, e module.Entry) io.ReadCloser {
	return &fileReader{files: f, stream: s, entry: e, sum: hashing.New()}
}

// fileReader reads one entry and checks its digest at the end.
type fileReader struct {
	files  *Files
	stream *stream
	entry  module.Entry
	sum    hash.Hash
}

func (r *fileReader) Read(p []byte) (int, error) {
	n, err := r.stream.tar.Read(p)
	r.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(r.sum.Sum(nil)) != r.entry.Digest {
		return n, fmt.Errorf("embedded file %s is damaged", r.entry.Name)
	}
	return n, err
}

// Close lets the next Open go on from here.
func (r *fileReader) Close() error {
	if r.stream != nil {
		r.files.idle, r.stream = r.stream, nil
	}
	return nil
}
