// Package ip is addresses of both families: read, written and masked.
package ip

import (
	"strconv"
	"strings"
)

// Addr is an address; the zero value is none. Addresses are comparable.
type Addr struct {
	bytes [16]byte
	size  uint8 // 0, 4 or 16 bytes
}

// FromBytes makes an address of 4 or 16 bytes, the most significant first; none of any other number.
func FromBytes(b []byte) Addr {
	if len(b) != 4 && len(b) != 16 {
		return Addr{}
	}
	a := Addr{size: uint8(len(b))}
	copy(a.bytes[:], b)
	return a
}

// Bytes are the address's 4 or 16 bytes.
func (a Addr) Bytes() []byte { return a.bytes[:a.size] }

// IsValid says whether there is an address.
func (a Addr) IsValid() bool { return a.size != 0 }

// Is4 says whether it is of the old family.
func (a Addr) Is4() bool { return a.size == 4 }

// IsUnspecified says whether it is 0.0.0.0 or ::.
func (a Addr) IsUnspecified() bool { return a.IsValid() && a.bytes == [16]byte{} }

// mapped is what an IPv4 address inside an IPv6 one begins with.
var mapped = [12]byte{10: 0xff, 11: 0xff}

// Unmap is the IPv4 address that an IPv6 address stands for, or the address itself.
func (a Addr) Unmap() Addr {
	if a.size == 16 && [12]byte(a.bytes[:12]) == mapped {
		return FromBytes(a.bytes[12:])
	}
	return a
}

// Masked is the address with all bits after the prefix cleared.
func (a Addr) Masked(prefix int) Addr {
	for i := range int(a.size) {
		a.bytes[i] &= byte(uint16(0xff00) >> max(0, min(8, prefix-8*i)))
	}
	return a
}

// Mask is the IPv4 network mask of a prefix.
func Mask(prefix int) Addr { return FromBytes([]byte{255, 255, 255, 255}).Masked(prefix) }

// String writes the address as RFC 5952 wants it.
func (a Addr) String() string {
	switch a.size {
	case 0:
		return "invalid IP"
	case 4:
		return a.dotted()
	}
	if v4 := a.Unmap(); v4.Is4() {
		return "::ffff:" + v4.dotted()
	}
	start, end := a.longestZeros()
	var out strings.Builder
	for i := 0; i < 8; i++ {
		if i == start {
			out.WriteString("::")
			i = end - 1
			continue
		}
		if i > 0 && i != end {
			out.WriteByte(':')
		}
		out.WriteString(strconv.FormatUint(uint64(a.group(i)), 16))
	}
	return out.String()
}

func (a Addr) dotted() string {
	var out []byte
	for i, b := range a.Bytes() {
		if i > 0 {
			out = append(out, '.')
		}
		out = strconv.AppendUint(out, uint64(b), 10)
	}
	return string(out)
}

func (a Addr) group(i int) uint16 { return uint16(a.bytes[2*i])<<8 | uint16(a.bytes[2*i+1]) }

// longestZeros are the groups to shorten: the first longest run of at least two zeros; start is -1 without one.
func (a Addr) longestZeros() (start, end int) {
	start, end = -1, -1
	for i := 0; i < 8; i++ {
		j := i
		for j < 8 && a.group(j) == 0 {
			j++
		}
		if j-i >= 2 && j-i > end-start {
			start, end = i, j
		}
		i = max(i, j)
	}
	return start, end
}
