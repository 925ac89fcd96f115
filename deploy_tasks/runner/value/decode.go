package value

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"runner/big"
	"runner/fmt"
)

// Bounds of what is decoded: deeper or longer is an error, not a crash.
const (
	maxDepth  = 1000
	maxDigits = 4300 // as Python
)

// Decode reads one JSON value, keeping the order of objects. NaN, Infinity and -Infinity are read as Python reads them.
func Decode(b []byte) (any, error) {
	d := decoder{in: b}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at < len(d.in) {
		return nil, d.fail("extra data")
	}
	return v, nil
}

type decoder struct {
	in []byte
	at int
}

func (d *decoder) fail(what string) error {
	line := 1 + strings.Count(string(d.in[:min(d.at, len(d.in))]), "\n")
	return fmt.Errorf("JSON: %s at line %d, byte %d", what, line, d.at)
}

func (d *decoder) space() {
	for d.at < len(d.in) {
		switch d.in[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, d.fail("nested too deep")
	}
	d.space()
	if d.at >= len(d.in) {
		return nil, d.fail("unexpected end")
	}
	switch d.in[d.at] {
	case '{':
		return d.object(depth)
	case '[':
		return d.array(depth)
	case '"':
		return d.text()
	}
	for _, w := range words {
		if strings.HasPrefix(string(d.in[d.at:min(len(d.in), d.at+len(w.text))]), w.text) {
			d.at += len(w.text)
			return w.value, nil
		}
	}
	return d.number()
}

var words = []struct {
	text  string
	value any
}{{"null", nil}, {"true", true}, {"false", false}, {"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}}

func (d *decoder) peek(c byte) bool {
	d.space()
	if d.at < len(d.in) && d.in[d.at] == c {
		d.at++
		return true
	}
	return false
}

func (d *decoder) object(depth int) (any, error) {
	d.at++
	out := NewDict()
	if d.peek('}') {
		return out, nil
	}
	for {
		d.space()
		if d.at >= len(d.in) || d.in[d.at] != '"' {
			return nil, d.fail("expected a key in double quotes")
		}
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		if !d.peek(':') {
			return nil, d.fail("expected ':'")
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out.Set(key, v)
		if d.peek('}') {
			return out, nil
		}
		if !d.peek(',') {
			return nil, d.fail("expected ',' or '}'")
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	d.at++
	out := []any{}
	if d.peek(']') {
		return out, nil
	}
	for {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if d.peek(']') {
			return out, nil
		}
		if !d.peek(',') {
			return nil, d.fail("expected ',' or ']'")
		}
	}
}

func (d *decoder) text() (string, error) {
	d.at++
	start := d.at
	for d.at < len(d.in) && d.in[d.at] != '"' && d.in[d.at] != '\\' && d.in[d.at] >= 0x20 {
		d.at++
	}
	if d.at < len(d.in) && d.in[d.at] == '"' { // the common case: nothing escaped
		d.at++
		return strings.ToValidUTF8(string(d.in[start:d.at-1]), "\uFFFD"), nil
	}
	var b strings.Builder
	b.Write(d.in[start:d.at])
	for d.at < len(d.in) {
		switch c := d.in[d.at]; {
		case c == '"':
			d.at++
			return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
		case c == '\\':
			if err := d.escape(&b); err != nil {
				return "", err
			}
		case c < 0x20:
			return "", d.fail("control character in a string")
		default:
			b.WriteByte(c)
			d.at++
		}
	}
	return "", d.fail("unterminated string")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (d *decoder) escape(b *strings.Builder) error {
	d.at++
	if d.at >= len(d.in) {
		return d.fail("unterminated string")
	}
	c := d.in[d.at]
	d.at++
	if c != 'u' {
		plain, ok := escapes[c]
		if !ok {
			return d.fail("unknown escape")
		}
		b.WriteByte(plain)
		return nil
	}
	r, err := d.unit()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) && d.at+1 < len(d.in) && d.in[d.at] == '\\' && d.in[d.at+1] == 'u' {
		mark := d.at
		d.at += 2
		low, err := d.unit()
		if err != nil {
			return err
		}
		if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
			r = full
		} else {
			d.at = mark
		}
	}
	b.WriteRune(r)
	return nil
}

func (d *decoder) unit() (rune, error) {
	if d.at+4 > len(d.in) {
		return 0, d.fail("unterminated escape")
	}
	n, err := strconv.ParseUint(string(d.in[d.at:d.at+4]), 16, 16)
	if err != nil {
		return 0, d.fail("bad \\u escape")
	}
	d.at += 4
	return rune(n), nil
}

func (d *decoder) number() (any, error) {
	start := d.at
	for d.at < len(d.in) && strings.IndexByte("+-0123456789.eE", d.in[d.at]) >= 0 {
		d.at++
	}
	text := string(d.in[start:d.at])
	if !isJSONNumber(text) {
		d.at = start
		return nil, d.fail("expected a value")
	}
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, d.fail("bad number")
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if len(text) > maxDigits {
		return nil, d.fail("number too long")
	}
	n, _ := new(big.Int).SetString(text, 10)
	return n, nil
}

// isJSONNumber checks the grammar that strconv is laxer about: -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, s := digits(s)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if rest, ok := strings.CutPrefix(s, "."); ok {
		var fraction string
		if fraction, s = digits(rest); fraction == "" {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		var exponent string
		if exponent, s = digits(s); exponent == "" {
			return false
		}
	}
	return s == ""
}

func digits(s string) (string, string) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}
