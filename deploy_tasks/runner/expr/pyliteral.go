package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/value"
)

// What a text may have that is read as data: bytes, and levels of brackets.
const (
	maxLiteralBytes = 1 << 20
	maxLiteralDepth = 60
)

// dataIn is what Ansible makes of the text that a template of several pieces has written: a list or a mapping written as
// Python or JSON writes it, True or False. All other text stays text: also sets, bytes and complex numbers, which a
// program does not have.
func dataIn(text string) (any, bool) {
	if text == "True" || text == "False" {
		return text == "True", true
	}
	if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") || len(text) > maxLiteralBytes {
		return nil, false
	}
	r := &literalReader{rest: text}
	return r.whole()
}

// literalReader reads Python's literals. Every method says whether it could.
type literalReader struct {
	rest  string
	depth int
}

// whole is all of the text: a value, or several with commas, which are a tuple.
func (r *literalReader) whole() (any, bool) {
	v, ok := r.value()
	if !ok {
		return nil, false
	}
	if !r.take(",") {
		return v, r.rest == ""
	}
	more, ok := r.items("")
	return append(value.Tuple{v}, more...), ok
}

// space leaves out what stands between tokens.
func (r *literalReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n\f") }

// take takes a token if it is next, and the space behind it.
func (r *literalReader) take(token string) bool {
	if !strings.HasPrefix(r.rest, token) {
		return false
	}
	r.rest = r.rest[len(token):]
	r.space()
	return true
}

func (r *literalReader) value() (any, bool) {
	if r.depth++; r.depth > maxLiteralDepth {
		return nil, false
	}
	defer func() { r.depth-- }()
	switch {
	case r.take("["):
		items, ok := r.items("]")
		return items, ok
	case r.take("{"):
		return r.mapping()
	case r.take("("):
		return r.grouped()
	case strings.HasPrefix(r.rest, "'"), strings.HasPrefix(r.rest, `"`):
		return r.texts()
	}
	return r.word()
}

// items are values with commas between them, up to the closing bracket, or to the end when that is empty.
func (r *literalReader) items(closing string) ([]any, bool) {
	out := []any{}
	for !r.ends(closing) {
		v, ok := r.value()
		if !ok {
			return nil, false
		}
		out = append(out, v)
		if !r.take(",") {
			return out, r.ends(closing)
		}
	}
	return out, true
}

func (r *literalReader) ends(closing string) bool {
	if closing == "" {
		return r.rest == ""
	}
	return r.take(closing)
}

func (r *literalReader) mapping() (any, bool) {
	out := value.NewDict()
	for !r.take("}") {
		key, ok := r.value()
		if !ok || !r.take(":") {
			return nil, false
		}
		v, ok := r.value()
		if !ok || out.SetKey(key, v) != nil {
			return nil, false
		}
		if !r.take(",") {
			return out, r.take("}")
		}
	}
	return out, true
}

// grouped is what stands in parentheses: a tuple, or one value.
func (r *literalReader) grouped() (any, bool) {
	if r.take(")") {
		return value.Tuple{}, true
	}
	v, ok := r.value()
	if !ok || r.take(")") {
		return v, ok
	}
	if !r.take(",") {
		return nil, false
	}
	more, ok := r.items(")")
	return append(value.Tuple{v}, more...), ok
}

// texts are one or more texts in a row, which are one.
func (r *literalReader) texts() (any, bool) {
	out := ""
	for strings.HasPrefix(r.rest, "'") || strings.HasPrefix(r.rest, `"`) {
		s, ok := r.text()
		if !ok {
			return nil, false
		}
		out += s
		r.space()
	}
	return out, true
}

func (r *literalReader) text() (string, bool) {
	quote, long := r.rest[:1], false
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(r.rest, triple) {
		quote, long = triple, true
	}
	r.rest = r.rest[len(quote):]
	var out strings.Builder
	for r.rest != "" {
		switch {
		case strings.HasPrefix(r.rest, quote):
			r.rest = r.rest[len(quote):]
			return out.String(), true
		case r.rest[0] == '\\':
			if !r.escape(&out) {
				return "", false
			}
		case r.rest[0] == '\n' && !long:
			return "", false
		default:
			out.WriteByte(r.rest[0])
			r.rest = r.rest[1:]
		}
	}
	return "", false
}

var simpleEscapes = map[byte]string{'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n",
	'r': "\r", 't': "\t", 'v': "\v"}

// escape reads a backslash and what belongs to it; one that means nothing stands for itself.
func (r *literalReader) escape(out *strings.Builder) bool {
	if len(r.rest) < 2 {
		return false
	}
	c := r.rest[1]
	if s, ok := simpleEscapes[c]; ok {
		out.WriteString(s)
		r.rest = r.rest[2:]
		return true
	}
	digits, base, from := 0, 16, 2
	switch {
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case c >= '0' && c <= '7':
		base, from = 8, 1
		for digits < 3 && len(r.rest) > from+digits && r.rest[from+digits] >= '0' && r.rest[from+digits] <= '7' {
			digits++
		}
	case c == 'N':
		return false
	default:
		out.WriteByte('\\')
		r.rest = r.rest[1:]
		return true
	}
	if len(r.rest) < from+digits {
		return false
	}
	code, err := strconv.ParseUint(r.rest[from:from+digits], base, 32)
	if err != nil || code > utf8.MaxRune || code >= 0xd800 && code < 0xe000 {
		return false
	}
	out.WriteRune(rune(code))
	r.rest = r.rest[from+digits:]
	return true
}

var namedLiterals = map[string]any{"True": true, "true": true, "False": false, "false": false, "None": nil, "null": nil}

// word is a number or one of the names that stand for a value.
func (r *literalReader) word() (any, bool) {
	if r.take("-") {
		return r.signed(-1)
	}
	if r.take("+") {
		return r.signed(1)
	}
	end := 0
	for end < len(r.rest) && (isWordByte(r.rest[end]) || (r.rest[end] == '-' || r.rest[end] == '+') && inExponent(r.rest[:end])) {
		end++
	}
	text := r.rest[:end]
	r.rest = r.rest[end:]
	r.space()
	if v, ok := namedLiterals[text]; ok {
		return v, true
	}
	return numberIn(text)
}

func (r *literalReader) signed(sign int64) (any, bool) {
	if r.rest == "" || (r.rest[0] < '0' || r.rest[0] > '9') && r.rest[0] != '.' {
		return nil, false
	}
	v, ok := r.word()
	switch n := v.(type) {
	case int64:
		return n * sign, ok
	case float64:
		return n * float64(sign), ok
	}
	return nil, false
}

func isWordByte(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// inExponent says whether a number so far ends where a sign may follow.
func inExponent(s string) bool {
	return s != "" && (s[len(s)-1] == 'e' || s[len(s)-1] == 'E') && s[0] >= '.' && s[0] <= '9' && !strings.HasPrefix(s, "0x") && !strings.HasPrefix(s, "0X")
}

// numberIn reads a number as Python writes it: no zeros before a whole number, underscores only between digits.
func numberIn(text string) (any, bool) {
	if text == "" || (text[0] < '0' || text[0] > '9') && text[0] != '.' {
		return nil, false
	}
	plain := strings.Trim(text, "0123456789_") == ""
	if plain && text[0] == '0' && strings.Trim(text, "0_") != "" {
		return nil, false
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n, true
	}
	if plain || strings.ContainsAny(text, "_xXpPnN") {
		return nil, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}
