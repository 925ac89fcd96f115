package ip

import (
	"strconv"
	"strings"
)

// Parse reads an address without a zone; it is none when the text is no address.
func Parse(s string) Addr {
	if !strings.Contains(s, ":") {
		b, ok := parse4(s)
		if !ok {
			return Addr{}
		}
		return FromBytes(b)
	}
	head, tail, shortened := strings.Cut(s, "::")
	before, ok := parseGroups(head, !shortened)
	if !ok {
		return Addr{}
	}
	after, ok := parseGroups(tail, true)
	n := len(before) + len(after)
	if !ok || !shortened && n != 16 || shortened && n > 14 {
		return Addr{}
	}
	var b [16]byte
	copy(b[:], before)
	copy(b[16-len(after):], after)
	return FromBytes(b[:])
}

func parse4(s string) ([]byte, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return nil, false
	}
	var b []byte
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || part[0] == '+' || len(part) > 1 && part[0] == '0' {
			return nil, false
		}
		b = append(b, byte(n))
	}
	return b, true
}

// parseGroups reads groups between colons; the last may be an IPv4 address where that is the end of the whole.
func parseGroups(s string, end bool) ([]byte, bool) {
	if s == "" {
		return nil, true
	}
	var b []byte
	parts := strings.Split(s, ":")
	for i, part := range parts {
		if end && i == len(parts)-1 && strings.Contains(part, ".") {
			v4, ok := parse4(part)
			return append(b, v4...), ok
		}
		n, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) > 4 || part[0] == '+' {
			return nil, false
		}
		b = append(b, byte(n>>8), byte(n))
	}
	return b, true
}
