package program

import (
	"errors"
	"io"
	"os"

	"runner/fmt"
	"runner/hashing"
	"runner/inflate"
)

// maxProgram bounds the unpacked program, bytes.
const maxProgram = 256 << 20

// Artifact is an open artifact.
type Artifact struct {
	f       *os.File
	trailer Trailer
}

// Open opens the artifact at path; ErrNoProgram when it is a bare runner.
func Open(path string) (*Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t, err := ReadTrailer(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Artifact{f: f, trailer: t}, nil
}

// Close closes the artifact and the files in it.
func (a *Artifact) Close() error { return a.f.Close() }

// Check compares the embedded files with the digest in the trailer. Whoever has checked the digest of the whole
// artifact needs it no more.
func (a *Artifact) Check() error {
	sum := hashing.New()
	if _, err := io.Copy(sum, io.NewSectionReader(a.f, a.trailer.Runner, a.trailer.Files)); err != nil {
		return err
	}
	if [32]byte(sum.Sum(nil)) != a.trailer.FilesDigest {
		return errors.New("the files in this artifact are damaged")
	}
	return nil
}

// Program reads, checks and decodes the program.
func (a *Artifact) Program() (*Program, error) {
	packed, err := a.packedProgram()
	if err != nil {
		return nil, err
	}
	text, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("the program in this artifact: %w", err)
	}
	return Decode(text)
}

// packedProgram reads and checks the program as it is packed.
func (a *Artifact) packedProgram() ([]byte, error) {
	packed := make([]byte, a.trailer.Program)
	at := a.trailer.Runner + a.trailer.Files
	if _, err := io.ReadFull(io.NewSectionReader(a.f, at, a.trailer.Program), packed); err != nil {
		return nil, err
	}
	if hashing.Sum(packed) != a.trailer.ProgramDigest {
		return nil, errors.New("the program in this artifact is damaged")
	}
	return packed, nil
}

func unpack(packed []byte) ([]byte, error) {
	in, err := inflate.NewReader(newBytes(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, maxProgram+1))
	if err == nil && len(text) > maxProgram {
		err = fmt.Errorf("larger than %d bytes", maxProgram)
	}
	return text, err
}
