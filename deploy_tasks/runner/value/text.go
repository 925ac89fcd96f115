package value

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/big"
)

// Str is Python's str(v).
func Str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case Undefined:
		return ""
	}
	return Repr(v)
}

// Repr is Python's repr(v).
func Repr(v any) string {
	var b strings.Builder
	writeRepr(&b, v, 0)
	return b.String()
}

// What nests deeper is cut: a value cannot be cyclic, but it can be hostile.
const maxReprDepth = 500

func writeRepr(b *strings.Builder, v any, depth int) {
	if depth > maxReprDepth {
		b.WriteString("...")
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(FloatRepr(v))
	case string:
		writeStringRepr(b, v)
	case []any:
		writeItems(b, "[", v, "]", depth)
	case *List:
		writeItems(b, "[", v.Items, "]", depth)
	case Tuple:
		writeTuple(b, v, depth)
	case *Dict:
		writeDict(b, v, depth)
	case Undefined:
		b.WriteString("Undefined")
	case Omit:
		b.WriteString("omit")
	case Callable:
		b.WriteString("<function " + v.FuncName() + ">")
	default:
		if s, ok := v.(interface{ String() string }); ok {
			b.WriteString(s.String())
		}
	}
}

func writeItems(b *strings.Builder, open string, items []any, end string, depth int) {
	b.WriteString(open)
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		writeRepr(b, item, depth+1)
	}
	b.WriteString(end)
}

func writeTuple(b *strings.Builder, items Tuple, depth int) {
	end := ")"
	if len(items) == 1 {
		end = ",)"
	}
	writeItems(b, "(", items, end, depth)
}

func writeDict(b *strings.Builder, d *Dict, depth int) {
	b.WriteByte('{')
	first := true
	for key, v := range d.All() {
		if !first {
			b.WriteString(", ")
		}
		first = false
		writeRepr(b, key, depth+1)
		b.WriteString(": ")
		writeRepr(b, v, depth+1)
	}
	b.WriteByte('}')
}

// FloatRepr is Python's repr of a float: the shortest digits that read back, with an exponent from 1e16 on and below 1e-4.
func FloatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-4) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func writeStringRepr(b *strings.Builder, s string) {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		writeReprRune(b, r, s[i], size, quote)
		i += size
	}
	b.WriteByte(quote)
}

func writeReprRune(b *strings.Builder, r rune, first byte, size int, quote byte) {
	switch {
	case r == rune(quote) || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == utf8.RuneError && size == 1:
		b.WriteString(`\udc` + hex(uint32(first), 2))
	case unicode.IsPrint(r):
		b.WriteRune(r)
	case r < 0x100:
		b.WriteString(`\x` + hex(uint32(r), 2))
	case r < 0x10000:
		b.WriteString(`\u` + hex(uint32(r), 4))
	default:
		b.WriteString(`\U` + hex(uint32(r), 8))
	}
}

func hex(n uint32, width int) string {
	s := strconv.FormatUint(uint64(n), 16)
	return strings.Repeat("0", max(0, width-len(s))) + s
}
