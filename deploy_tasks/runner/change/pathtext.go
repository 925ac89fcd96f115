package change

import (
	"strings"
	"unicode/utf8"

	"runner/base64"
)

// pathText is a path or link target in the journal. JSON holds text only: what is not UTF-8 goes as base64.
type pathText string

const rawMark = "\x00base64:"

// text keeps every byte.
func (p pathText) text() string {
	if utf8.ValidString(string(p)) {
		return string(p)
	}
	return rawMark + base64.EncodeToString([]byte(p))
}

// parsePath is text's inverse; no path holds the mark's zero byte. What is marked and no base64 is no path.
func parsePath(text string) pathText {
	raw, marked := strings.CutPrefix(text, rawMark)
	if !marked {
		return pathText(text)
	}
	data, _ := base64.DecodeString(raw)
	return pathText(data)
}
