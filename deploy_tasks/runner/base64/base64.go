// Package base64 writes and reads bytes in the standard alphabet with padding, in a fifth of the code of Go's own
// package.
package base64

import (
	"errors"
	"strings"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// EncodeToString writes bytes.
func EncodeToString(b []byte) string {
	out := make([]byte, 0, (len(b)+2)/3*4)
	for ; len(b) > 0; b = b[min(3, len(b)):] {
		var three [3]byte
		n := copy(three[:], b)
		v := uint(three[0])<<16 | uint(three[1])<<8 | uint(three[2])
		for i := range 4 {
			if i <= n {
				out = append(out, alphabet[v>>(18-6*i)&63])
			} else {
				out = append(out, '=')
			}
		}
	}
	return string(out)
}

var errNone = errors.New("this is no base64")

// DecodeString reads what EncodeToString writes; ends of lines may stand anywhere.
func DecodeString(s string) ([]byte, error) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", "")
	if len(s)%4 != 0 {
		return nil, errNone
	}
	text := strings.TrimRight(s, "=")
	if len(s)-len(text) > 2 {
		return nil, errNone
	}
	out := make([]byte, 0, len(s)/4*3)
	v, have := uint(0), 0
	for i := range len(text) {
		digit := strings.IndexByte(alphabet, text[i])
		if digit < 0 {
			return nil, errNone
		}
		v = v<<6 | uint(digit)
		if have += 6; have >= 8 {
			have -= 8
			out = append(out, byte(v>>have))
		}
	}
	return out, nil
}
