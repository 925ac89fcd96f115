package yaml

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/fmt"
	"runner/value"
)

// Flow says which lists and dicts are written in brackets.
type Flow int

// What is written in brackets: those that hold only plain scalars, none, or all.
const (
	FlowLeaves Flow = iota
	FlowNone
	FlowAll
)

// Style says how YAML is written; PyYAML's defaults are an indent of 2, a width of 80 and sorted keys.
type Style struct {
	Flow          Flow
	Indent, Width int
	SortKeys      bool
	Unicode       bool // write characters beyond ASCII as they are
	ExplicitStart bool
	ExplicitEnd   bool
}

// Encode writes one document. The error says what has no YAML form.
func Encode(v any, style Style) (string, error) {
	if style.Indent < 2 || style.Indent > 9 {
		style.Indent = 2
	}
	if style.Width <= 2*style.Indent {
		style.Width = 80
	}
	e := &emitter{style: style, indent: -1, whitespace: true, indention: true}
	tree, err := e.represent(v, 0)
	if err != nil {
		return "", err
	}
	if style.ExplicitStart {
		e.indicator("---", true, false, false)
	}
	e.node(tree, context{})
	e.writeIndent()
	if style.ExplicitEnd {
		e.indicator("...", true, false, false)
		e.writeIndent()
	}
	return e.out.String(), nil
}

// tree is a value in the form it is written in.
type tree struct {
	text  string // of a scalar
	plain bool   // a scalar may stand without quotes as far as its meaning goes
	list  []*tree
	keys  []*tree // of a dict
	kind  byte    // s scalar, l list, d dict
	flow  bool
	quote string // the scalar's style in a comparison of styles: empty for plain
}

const maxDepth = 500

func (e *emitter) represent(v any, depth int) (*tree, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested too deep")
	}
	switch v := v.(type) {
	case nil:
		return &tree{kind: 's', text: "null", plain: true}, nil
	case bool:
		return &tree{kind: 's', text: strconv.FormatBool(v), plain: true}, nil
	case float64:
		return &tree{kind: 's', text: floatText(v), plain: true}, nil
	case string:
		return &tree{kind: 's', text: v, plain: isText(v)}, nil
	case *value.Dict:
		return e.representDict(v, depth)
	}
	if items, ok := value.Items(v); ok {
		return e.representList(items, depth)
	}
	if value.TypeName(v) == "int" {
		return &tree{kind: 's', text: value.Str(v), plain: true}, nil
	}
	if s, ok := v.(interface{ String() string }); ok {
		return &tree{kind: 's', text: s.String(), plain: true}, nil
	}
	return nil, fmt.Errorf("cannot represent an object: %s", value.Repr(v))
}

func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := value.FloatRepr(f)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

func (e *emitter) representList(items []any, depth int) (*tree, error) {
	out := &tree{kind: 'l', flow: e.style.Flow != FlowNone}
	for _, item := range items {
		t, err := e.represent(item, depth+1)
		if err != nil {
			return nil, err
		}
		out.list = append(out.list, t)
		out.flow = out.flow && (t.kind == 's' || e.style.Flow == FlowAll)
	}
	return out, nil
}

func (e *emitter) representDict(d *value.Dict, depth int) (*tree, error) {
	out := &tree{kind: 'd', flow: e.style.Flow != FlowNone}
	keys := d.KeyValues()
	if e.style.SortKeys {
		sortKeys(keys)
	}
	for _, key := range keys {
		k, err := e.represent(key, depth+1)
		if err != nil {
			return nil, err
		}
		item, _, err := d.GetKey(key)
		if err != nil {
			return nil, err
		}
		t, err := e.represent(item, depth+1)
		if err != nil {
			return nil, err
		}
		out.keys, out.list = append(out.keys, k), append(out.list, t)
		out.flow = out.flow && (k.kind == 's' && t.kind == 's' || e.style.Flow == FlowAll)
	}
	return out, nil
}

// sortKeys sorts keys that can be compared; others stay as they are.
func sortKeys(keys []any) {
	failed := false
	sorted := append([]any(nil), keys...)
	sort.SliceStable(sorted, func(i, j int) bool {
		order, _, err := value.Compare(sorted[i], sorted[j], "<")
		failed = failed || err != nil
		return order < 0
	})
	if !failed {
		copy(keys, sorted)
	}
}

// emitter writes as PyYAML's emitter does, with the same notion of column, indent and pending whitespace.
type emitter struct {
	style      Style
	out        strings.Builder
	indent     int // -1: none yet
	flowLevel  int
	column     int
	whitespace bool
	indention  bool
}

type context struct{ mapping, simpleKey bool }

func (e *emitter) write(s string) {
	e.out.WriteString(s)
	e.column += utf8.RuneCountInString(s)
}

func (e *emitter) lineBreak(br string) {
	e.whitespace, e.indention = true, true
	e.out.WriteString(br)
	e.column = 0
}

func (e *emitter) writeIndent() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || e.column == indent && !e.whitespace {
		e.lineBreak("\n")
	}
	if e.column < indent {
		e.whitespace = true
		e.write(strings.Repeat(" ", indent-e.column))
	}
}

func (e *emitter) indicator(s string, needSpace, whitespace, indention bool) {
	if !e.whitespace && needSpace {
		s = " " + s
	}
	e.whitespace = whitespace
	e.indention = e.indention && indention
	e.write(s)
}

// deeper runs something with a larger indent.
func (e *emitter) deeper(flow, indentless bool, run func()) {
	outer := e.indent
	switch {
	case e.indent < 0 && flow:
		e.indent = e.style.Indent
	case e.indent < 0:
		e.indent = 0
	case !indentless:
		e.indent += e.style.Indent
	}
	run()
	e.indent = outer
}

func (e *emitter) node(t *tree, c context) {
	flow := e.flowLevel > 0 || t.flow || len(t.list) == 0
	switch {
	case t.kind == 's':
		e.scalar(t, c)
	case t.kind == 'l' && flow:
		e.flow("[", t, "]")
	case t.kind == 'd' && flow:
		e.flow("{", t, "}")
	case t.kind == 'l':
		e.deeper(false, c.mapping && !e.indention, func() {
			for _, item := range t.list {
				e.writeIndent()
				e.indicator("-", true, false, true)
				e.node(item, context{})
			}
		})
	default:
		e.deeper(false, false, func() {
			for i, key := range t.keys {
				e.writeIndent()
				e.entry(key, t.list[i])
			}
		})
	}
}

func (e *emitter) entry(key, item *tree) {
	if e.isSimple(key) {
		e.node(key, context{mapping: true, simpleKey: true})
		e.indicator(":", false, false, false)
		e.node(item, context{mapping: true})
		return
	}
	e.indicator("?", true, false, e.flowLevel == 0)
	e.node(key, context{mapping: true})
	if e.flowLevel == 0 || e.column > e.style.Width {
		e.writeIndent()
	}
	e.indicator(":", true, false, e.flowLevel == 0)
	e.node(item, context{mapping: true})
}

func (e *emitter) isSimple(key *tree) bool {
	if key.kind != 's' {
		return len(key.list) == 0
	}
	return utf8.RuneCountInString(key.text) < 128 && !strings.ContainsAny(key.text, "\n\u0085\u2028\u2029")
}

func (e *emitter) flow(open string, t *tree, end string) {
	e.indicator(open, true, true, false)
	e.flowLevel++
	e.deeper(true, false, func() {
		for i, item := range t.list {
			if i > 0 {
				e.indicator(",", false, false, false)
			}
			if e.column > e.style.Width {
				e.writeIndent()
			}
			if t.kind == 'd' {
				e.entry(t.keys[i], item)
			} else {
				e.node(item, context{})
			}
		}
	})
	e.flowLevel--
	e.indicator(end, false, false, false)
}
