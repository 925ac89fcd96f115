// Package hashing is SHA-2, SHA-1 and MD5. Go's own packages bring all of the FIPS module with them, a twentieth of the runner.
package hashing

import (
	"encoding/binary"
	"hash"
)

// Size is the length of a SHA-256 digest in bytes, by which everything we store is named.
const Size = 32

// state is one digest in the making.
type state struct {
	*algorithm
	small  [8]uint32 // the chaining value of those that work on 32 bits
	large  [8]uint64 // of those that work on 64
	rest   [128]byte // what does not fill a block yet
	length uint64    // of all that was written
}

// algorithm is what makes one digest differ from another.
type algorithm struct {
	size, block int
	little      bool // least significant byte first
	small       [8]uint32
	large       [8]uint64
	mix         func(*state, []byte) // takes in whole blocks
}

func (a *algorithm) start() hash.Hash {
	s := &state{algorithm: a}
	s.Reset()
	return s
}

// New is SHA-256.
func New() hash.Hash { return sha256.start() }

// Sum is the SHA-256 digest of b.
func Sum(b []byte) [Size]byte {
	h := New()
	_, _ = h.Write(b)
	return [Size]byte(h.Sum(nil))
}

// Named is the algorithm of that name (md5, sha1, sha224, sha256, sha384, sha512), nil for any other.
func Named(name string) hash.Hash {
	for known, a := range map[string]*algorithm{
		"md5": &md5, "sha1": &sha1, "sha224": &sha224, "sha256": &sha256, "sha384": &sha384, "sha512": &sha512,
	} {
		if known == name {
			return a.start()
		}
	}
	return nil
}

func (s *state) Size() int      { return s.size }
func (s *state) BlockSize() int { return s.block }

func (s *state) Reset() {
	s.small, s.large, s.length = s.algorithm.small, s.algorithm.large, 0
}

func (s *state) Write(b []byte) (int, error) {
	n := len(b)
	held := int(s.length % uint64(s.block))
	s.length += uint64(n)
	if held > 0 {
		took := copy(s.rest[held:s.block], b)
		if b = b[took:]; held+took < s.block {
			return n, nil
		}
		s.mix(s, s.rest[:s.block])
	}
	whole := len(b) - len(b)%s.block
	if whole > 0 {
		s.mix(s, b[:whole])
	}
	copy(s.rest[:], b[whole:])
	return n, nil
}

func (s *state) Sum(b []byte) []byte {
	end := *s // more may be written afterwards
	end.pad()
	var out [64]byte
	for i := range 8 {
		switch {
		case s.block == 128:
			binary.BigEndian.PutUint64(out[8*i:], end.large[i])
		case s.little:
			binary.LittleEndian.PutUint32(out[4*i:], end.small[i])
		default:
			binary.BigEndian.PutUint32(out[4*i:], end.small[i])
		}
	}
	return append(b, out[:s.size]...)
}

// pad ends the message: a bit, zeros, and its length in bits.
func (s *state) pad() {
	bits := s.length << 3
	tail := s.block / 8 // of the length
	zeros := (2*s.block - tail - 1 - int(s.length%uint64(s.block))) % s.block
	end := make([]byte, 1+zeros+tail)
	end[0] = 0x80
	if s.little {
		binary.LittleEndian.PutUint64(end[len(end)-8:], bits)
	} else {
		binary.BigEndian.PutUint64(end[len(end)-8:], bits)
	}
	_, _ = s.Write(end)
}
