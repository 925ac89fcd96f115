package wire

import (
	"hash"
	"io"
	"os"
	"path/filepath"

	"runner/hashing"
	"runner/hex"
	"runner/host"
	"runner/program"
	"runner/record"
)

// assembly writes an artifact from its pieces.
type assembly struct {
	*Receiver
	out      *os.File
	whole    hash.Hash
	manifest *Manifest
}

// source is where a part lies on this host already.
type source struct {
	path     string
	at, size int64
}

func (a *assembly) all() error {
	local := a.local()
	missing := []string{}
	for _, p := range a.manifest.Parts {
		if _, ok := local[p.Digest]; !ok {
			missing = append(missing, p.Digest)
		}
	}
	if err := a.need(missing); err != nil {
		return err
	}
	if err := a.copyFrom(source{a.Self, 0, a.manifest.Runner.Size}); err != nil {
		return err
	}
	for _, p := range a.manifest.Parts {
		s, here := local[p.Digest]
		var err error
		if here {
			err = a.copyFrom(s)
		} else {
			err = a.take(p)
		}
		if err != nil {
			return err
		}
	}
	_, err := a.write(a.manifest.trailer)
	return err
}

func (a *assembly) write(p []byte) (int, error) {
	a.whole.Write(p)
	return a.out.Write(p)
}

// copyFrom appends what is here already; the digest of the whole tells whether it is right.
func (a *assembly) copyFrom(s source) error {
	in, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(io.MultiWriter(a.out, a.whole), io.NewSectionReader(in, s.at, s.size))
	if err == nil && n != s.size {
		err = refuse("digest", "%s has %d bytes for a piece of %d", s.path, n, s.size)
	}
	return err
}

// take appends a part that the worker sends: a line with digest and size, then exactly that many bytes.
func (a *assembly) take(p Part) error {
	line, err := readLine(a.In, maxHeader)
	if err != nil {
		return refuse("bad_request", "the connection ended before part %s: %s", p.Digest, err)
	}
	head, err := record.Parse(line)
	if err != nil || head.Text("part") != p.Digest || head.Int64("size") != p.Size {
		return refuse("bad_request", "expected part %s of %d bytes, got the line %.200q", p.Digest, p.Size, line)
	}
	sum := hashing.New()
	n, err := io.CopyN(io.MultiWriter(a.out, a.whole, sum), a.In, p.Size)
	if err == io.EOF {
		return refuse("bad_request", "the connection ended after %d of %d bytes of part %s", n, p.Size, p.Digest)
	}
	if err != nil {
		return err
	}
	if digest := hex.EncodeToString(sum.Sum(nil)); digest != p.Digest {
		return refuse("digest", "part %s arrived as %s", p.Digest, digest)
	}
	return nil
}

// local finds parts in the artifacts that are here.
func (a *assembly) local() map[string]source {
	found := map[string]source{}
	names, err := os.ReadDir(a.Folder.Artifacts())
	if err != nil {
		return found
	}
	for _, name := range names {
		if host.ValidDigest(name.Name()) {
			a.index(filepath.Join(a.Folder.Artifacts(), name.Name()), found)
		}
	}
	return found
}

// index adds the parts of one artifact, when their content is what the trailer says.
func (a *assembly) index(path string, found map[string]source) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	t, err := program.ReadTrailer(f)
	if err != nil {
		return
	}
	parts := map[[32]byte]source{
		t.FilesDigest:   {path, t.Runner, t.Files},
		t.ProgramDigest: {path, t.Runner + t.Files, t.Program},
	}
	for _, p := range a.manifest.Parts {
		b, err := hex.DecodeString(p.Digest)
		if err != nil || len(b) != hashing.Size {
			continue
		}
		digest := [hashing.Size]byte(b)
		s, ok := parts[digest]
		if !ok || s.size != p.Size || found[p.Digest].path != "" {
			continue
		}
		sum := hashing.New()
		if _, err := io.Copy(sum, io.NewSectionReader(f, s.at, s.size)); err == nil && [32]byte(sum.Sum(nil)) == digest {
			found[p.Digest] = s
		}
	}
}
