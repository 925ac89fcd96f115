// Package hex writes and reads bytes as hexadecimal digits, with the names of Go's own package, which brings all of
// Go's fmt with it.
package hex

import (
	"errors"
	"strings"
)

const digits = "0123456789abcdef"

// EncodeToString writes bytes as lower-case digits.
func EncodeToString(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

var errDigits = errors.New("no hexadecimal digits, two for each byte")

// DecodeString reads digits of either case; anything else is an error.
func DecodeString(s string) ([]byte, error) {
	if len(s)%2 != 0 {
		return nil, errDigits
	}
	s = strings.ToLower(s)
	out := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		high, low := strings.IndexByte(digits, s[i]), strings.IndexByte(digits, s[i+1])
		if high < 0 || low < 0 {
			return nil, errDigits
		}
		out = append(out, byte(high<<4|low))
	}
	return out, nil
}
