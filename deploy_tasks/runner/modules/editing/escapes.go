package editing

import (
	"strconv"
	"strings"

	"runner/fmt"
)

var escapes = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescaped reads the escapes of Python's texts of bytes; those that it does not know stay.
func unescaped(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("the delimiter %s ends with a backslash", s)
		}
		b, known := escapes[s[i]]
		switch digits := octalDigits(s[i:]); {
		case known:
			out.WriteByte(b)
		case s[i] == '\n':
		case digits > 0:
			n, _ := strconv.ParseUint(s[i:i+digits], 8, 16)
			out.WriteByte(byte(n))
			i += digits - 1
		case s[i] == 'x':
			n, err := strconv.ParseUint(s[i+1:min(i+3, len(s))], 16, 8)
			if err != nil || i+3 > len(s) {
				return "", fmt.Errorf("invalid \\x escape at position %d of the delimiter", i-1)
			}
			out.WriteByte(byte(n))
			i += 2
		default:
			out.WriteString(s[i-1 : i+1])
		}
	}
	return out.String(), nil
}

// octalDigits is how many of the first three bytes are octal digits.
func octalDigits(s string) int {
	n := 0
	for n < min(3, len(s)) && '0' <= s[n] && s[n] <= '7' {
		n++
	}
	return n
}
