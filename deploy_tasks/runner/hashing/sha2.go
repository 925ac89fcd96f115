package hashing

import (
	"encoding/binary"
	"math/bits"
)

var (
	sha224 = algorithm{size: 28, block: 64, mix: mixSHA256, small: start224}
	sha256 = algorithm{size: 32, block: 64, mix: mixSHA256, small: start256}
	sha384 = algorithm{size: 48, block: 128, mix: mixSHA512, large: start384}
	sha512 = algorithm{size: 64, block: 128, mix: mixSHA512, large: start512}
)

func mixSHA256(s *state, p []byte) {
	if !fastSHA256(&s.small, p) {
		plainSHA256(&s.small, p)
	}
}

func plainSHA256(to *[8]uint32, p []byte) {
	var w [64]uint32
	for ; len(p) > 0; p = p[64:] {
		for i := range 16 {
			w[i] = binary.BigEndian.Uint32(p[4*i:])
		}
		for i := 16; i < 64; i++ {
			x, y := w[i-15], w[i-2]
			w[i] = w[i-16] + w[i-7] + (bits.RotateLeft32(x, -7) ^ bits.RotateLeft32(x, -18) ^ x>>3) +
				(bits.RotateLeft32(y, -17) ^ bits.RotateLeft32(y, -19) ^ y>>10)
		}
		a, b, c, d, e, f, g, h := to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7]
		for i, word := range &w {
			x := h + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)) + (e&f ^ ^e&g) + roots32[i] + word
			y := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) + (a&b ^ a&c ^ b&c)
			a, b, c, d, e, f, g, h = x+y, a, b, c, d+x, e, f, g
		}
		for i, v := range [8]uint32{a, b, c, d, e, f, g, h} {
			to[i] += v
		}
	}
}

func mixSHA512(s *state, p []byte) {
	var w [80]uint64
	for ; len(p) > 0; p = p[128:] {
		for i := range 16 {
			w[i] = binary.BigEndian.Uint64(p[8*i:])
		}
		for i := 16; i < 80; i++ {
			x, y := w[i-15], w[i-2]
			w[i] = w[i-16] + w[i-7] + (bits.RotateLeft64(x, -1) ^ bits.RotateLeft64(x, -8) ^ x>>7) +
				(bits.RotateLeft64(y, -19) ^ bits.RotateLeft64(y, -61) ^ y>>6)
		}
		a, b, c, d, e, f, g, h := s.large[0], s.large[1], s.large[2], s.large[3], s.large[4], s.large[5], s.large[6], s.large[7]
		for i, word := range &w {
			x := h + (bits.RotateLeft64(e, -14) ^ bits.RotateLeft64(e, -18) ^ bits.RotateLeft64(e, -41)) + (e&f ^ ^e&g) + roots64[i] + word
			y := (bits.RotateLeft64(a, -28) ^ bits.RotateLeft64(a, -34) ^ bits.RotateLeft64(a, -39)) + (a&b ^ a&c ^ b&c)
			a, b, c, d, e, f, g, h = x+y, a, b, c, d+x, e, f, g
		}
		for i, v := range [8]uint64{a, b, c, d, e, f, g, h} {
			s.large[i] += v
		}
	}
}
