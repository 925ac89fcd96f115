package hashing

import (
	"encoding/binary"
	"math/bits"
)

var md5 = algorithm{size: 16, block: 64, little: true, mix: mixMD5,
	small: [8]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}}

var turns = [4][4]int{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}

func mixMD5(s *state, p []byte) {
	var w [16]uint32
	for ; len(p) > 0; p = p[64:] {
		for i := range 16 {
			w[i] = binary.LittleEndian.Uint32(p[4*i:])
		}
		a, b, c, d := s.small[0], s.small[1], s.small[2], s.small[3]
		for i, k := range &sines {
			var f uint32
			var at int
			switch i / 16 {
			case 0:
				f, at = b&c|^b&d, i
			case 1:
				f, at = d&b|^d&c, 5*i+1
			case 2:
				f, at = b^c^d, 3*i+5
			default:
				f, at = c^(b|^d), 7*i
			}
			turned := bits.RotateLeft32(a+f+k+w[at%16], turns[i/16][i%4])
			a, b, c, d = d, b+turned, b, c
		}
		s.small[0] += a
		s.small[1] += b
		s.small[2] += c
		s.small[3] += d
	}
}
