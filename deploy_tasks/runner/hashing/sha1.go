package hashing

import (
	"encoding/binary"
	"math/bits"
)

var sha1 = algorithm{size: 20, block: 64, mix: mixSHA1,
	small: [8]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}}

func mixSHA1(s *state, p []byte) {
	var w [80]uint32
	for ; len(p) > 0; p = p[64:] {
		for i := range 16 {
			w[i] = binary.BigEndian.Uint32(p[4*i:])
		}
		for i := 16; i < 80; i++ {
			w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
		}
		a, b, c, d, e := s.small[0], s.small[1], s.small[2], s.small[3], s.small[4]
		for i, word := range &w {
			var f, k uint32
			switch i / 20 {
			case 0:
				f, k = b&c|^b&d, 0x5a827999
			case 1:
				f, k = b^c^d, 0x6ed9eba1
			case 2:
				f, k = b&c|b&d|c&d, 0x8f1bbcdc
			default:
				f, k = b^c^d, 0xca62c1d6
			}
			a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+word+k, a, bits.RotateLeft32(b, 30), c, d
		}
		s.small[0] += a
		s.small[1] += b
		s.small[2] += c
		s.small[3] += d
		s.small[4] += e
	}
}
