package kit

import (
	"errors"
	"strings"
)

// SplitWords splits a command line into words as a POSIX shell would, without any expansion.
func SplitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote byte
	open := false // a word has begun, though it may be empty
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case quote == '\'' && b != '\'', quote == '"' && b != '"' && b != '\\':
			word.WriteByte(b)
		case quote != 0 && b == quote:
			quote = 0
		case b == '\\':
			if i++; i == len(line) {
				return nil, errors.New("No escaped character")
			}
			if quote == '"' && line[i] != '"' && line[i] != '\\' {
				word.WriteByte('\\')
			}
			word.WriteByte(line[i])
			open = true
		case b == '\'' || b == '"':
			quote, open = b, true
		case strings.IndexByte(" \t\r\n", b) >= 0:
			if open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteByte(b)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("No closing quotation")
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
