// Package program reads what an artifact carries behind the runner: embedded files, program and trailer.
package program

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"runner/fmt"
)

// TrailerSize is the length of the trailer in bytes.
const TrailerSize = 128

// version of the trailer.
const version = 1

var magic = []byte("DTARTIF1")

// ErrNoProgram means that an executable is the bare runner.
var ErrNoProgram = errors.New("this file carries no program: it is the bare runner, or was not copied whole")

var errDamaged = errors.New("the artifact's trailer is damaged")

// Trailer ends an artifact: runner, files, program, trailer. Lengths are bytes.
type Trailer struct {
	Runner, Files, Program     int64
	FilesDigest, ProgramDigest [32]byte
}

// ParseTrailer reads the 128 bytes of a trailer.
func ParseTrailer(b []byte) (Trailer, error) {
	var t Trailer
	if len(b) != TrailerSize || !bytes.Equal(b[:8], magic) {
		return t, ErrNoProgram
	}
	if v := binary.BigEndian.Uint32(b[8:]); v != version {
		return t, fmt.Errorf("artifact format %d, this runner knows %d", v, version)
	}
	if binary.BigEndian.Uint32(b[12:]) != 0 || [24]byte(b[104:]) != [24]byte{} {
		return t, errDamaged
	}
	lengths := []*int64{&t.Runner, &t.Files, &t.Program}
	for i, p := range lengths {
		n := binary.BigEndian.Uint64(b[16+8*i:])
		if n > 1<<40 {
			return t, errDamaged
		}
		*p = int64(n)
	}
	copy(t.FilesDigest[:], b[40:72])
	copy(t.ProgramDigest[:], b[72:104])
	return t, nil
}

// Size is the length of the whole artifact.
func (t Trailer) Size() int64 { return t.Runner + t.Files + t.Program + TrailerSize }

// ReadTrailer reads the trailer of an open executable.
func ReadTrailer(f *os.File) (Trailer, error) {
	info, err := f.Stat()
	if err != nil {
		return Trailer{}, err
	}
	if info.Size() < TrailerSize {
		return Trailer{}, ErrNoProgram
	}
	var b [TrailerSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, info.Size()-TrailerSize, TrailerSize), b[:]); err != nil {
		return Trailer{}, err
	}
	t, err := ParseTrailer(b[:])
	if err == nil && t.Size() != info.Size() {
		err = fmt.Errorf("the artifact has %d bytes, its trailer says %d", info.Size(), t.Size())
	}
	return t, err
}
