package editing

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// strayFirst is where the characters begin that stand for bytes which are no UTF-8; nobody else uses them.
const strayFirst = 0x10FF00

// decoded is a content as characters. Bytes that are no UTF-8 become characters of their own, so that encoded gives
// them back as they were.
func decoded(content []byte) (string, error) {
	if utf8.Valid(content) {
		return string(content), nil
	}
	var out strings.Builder
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		switch {
		case r == utf8.RuneError && size == 1:
			r = strayFirst + rune(content[0])
		case r >= strayFirst:
			return "", errors.New("the file has bytes that are no UTF-8 and characters beyond U+10FF00 too")
		}
		out.WriteRune(r)
		content = content[size:]
	}
	return out.String(), nil
}

// encoded is what decoded made of a content that held stray bytes, as bytes again.
func encoded(text string, stray bool) []byte {
	if !stray {
		return []byte(text)
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= strayFirst {
			out = append(out, byte(r-strayFirst))
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
