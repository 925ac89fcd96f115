package value

import (
	"math"
	"sort"
	"strconv"
	"unicode/utf8"

	"runner/big"
)

// Style says how JSON is written.
type Style struct {
	ItemSep, KeySep string // Python's separators
	Indent          string // what one level is indented by; with it every item has a line of its own
	Pretty          bool   // lay out over lines, also when Indent is ""
	SortKeys        bool
	ASCII           bool // escape everything beyond ASCII
	HTMLSafe        bool // escape < > & ' as Jinja2's tojson does
}

// Compact is how programs and events are written.
var Compact = Style{ItemSep: ",", KeySep: ":"}

// Encode writes v as compact JSON, order kept. What has no JSON form (a function, Undefined) becomes null;
// NaN and the infinities are written as Python writes them.
func Encode(v any) []byte { return EncodeStyle(v, Compact) }

// EncodeStyle writes v as JSON in the given style.
func EncodeStyle(v any, style Style) []byte {
	e := encoder{style: style}
	e.value(v, 0)
	return e.out
}

type encoder struct {
	style Style
	out   []byte
}

func (e *encoder) value(v any, depth int) {
	switch v := v.(type) {
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	case int:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	case *big.Int:
		e.out = v.Append(e.out)
	case float64:
		e.out = append(e.out, jsonFloat(v)...)
	case string:
		e.text(v)
	case *Dict:
		e.object(v, depth)
	default:
		if items, ok := Items(v); ok {
			e.array(items, depth)
			return
		}
		e.other(v, depth)
	}
}

// Raw is JSON that is written already.
type Raw []byte

// other writes a value of another package: by its text if it has one (a date), by its fields if it is a record, else null.
func (e *encoder) other(v any, depth int) {
	switch v := v.(type) {
	case Raw:
		e.out = append(e.out, v...)
	case interface{ JSONText() string }:
		e.text(v.JSONText())
	case interface{ Fields() *Dict }:
		e.object(v.Fields(), depth)
	default:
		e.out = append(e.out, "null"...)
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return FloatRepr(f)
}

func (e *encoder) array(items []any, depth int) {
	if len(items) == 0 || depth > maxDepth {
		e.out = append(e.out, "[]"...)
		return
	}
	e.out = append(e.out, '[')
	for i, item := range items {
		e.separate(i, depth)
		e.value(item, depth+1)
	}
	e.newline(depth)
	e.out = append(e.out, ']')
}

func (e *encoder) object(d *Dict, depth int) {
	if d.Len() == 0 || depth > maxDepth {
		e.out = append(e.out, "{}"...)
		return
	}
	order := make([]int, d.Len())
	for i := range order {
		order[i] = i
	}
	if e.style.SortKeys {
		sort.SliceStable(order, func(i, j int) bool { return keyLess(d.keys[order[i]], d.keys[order[j]]) })
	}
	e.out = append(e.out, '{')
	for i, at := range order {
		e.separate(i, depth)
		e.text(jsonKey(d.keys[at]))
		e.out = append(e.out, e.style.KeySep...)
		e.value(d.vals[at], depth+1)
	}
	e.newline(depth)
	e.out = append(e.out, '}')
}

func keyLess(a, b any) bool {
	order, _, err := Compare(a, b, "<")
	if err != nil {
		return jsonKey(a) < jsonKey(b)
	}
	return order < 0
}

// jsonKey is the form json.dumps gives a key.
func jsonKey(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(key)
	case float64:
		return jsonFloat(key)
	}
	return Str(key)
}

// separate goes between items, and to the line of the first one.
func (e *encoder) separate(i, depth int) {
	if i > 0 {
		e.out = append(e.out, e.style.ItemSep...)
	}
	e.newline(depth + 1)
}

func (e *encoder) newline(depth int) {
	if !e.style.Pretty {
		return
	}
	e.out = append(e.out, '\n')
	for range depth {
		e.out = append(e.out, e.style.Indent...)
	}
}

func (e *encoder) text(s string) {
	e.out = append(e.out, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		e.char(r)
		i += size
	}
	e.out = append(e.out, '"')
}

func (e *encoder) char(r rune) {
	switch {
	case r == '"' || r == '\\':
		e.out = append(e.out, '\\', byte(r))
	case r == '\n':
		e.out = append(e.out, `\n`...)
	case r == '\r':
		e.out = append(e.out, `\r`...)
	case r == '\t':
		e.out = append(e.out, `\t`...)
	case r == '\b':
		e.out = append(e.out, `\b`...)
	case r == '\f':
		e.out = append(e.out, `\f`...)
	case r < 0x20, e.style.HTMLSafe && (r == '<' || r == '>' || r == '&' || r == '\''), e.style.ASCII && r >= 0x7f && r < 0x10000 && r != 0x7f:
		e.out = append(append(e.out, `\u`...), hex(uint32(r), 4)...)
	case e.style.ASCII && r >= 0x10000:
		r -= 0x10000
		e.out = append(append(e.out, `\u`...), hex(uint32(0xd800+r>>10), 4)...)
		e.out = append(append(e.out, `\u`...), hex(uint32(0xdc00+r&0x3ff), 4)...)
	default:
		e.out = utf8.AppendRune(e.out, r)
	}
}
