package yaml

import (
	"strings"
	"unicode"

	"runner/fmt"
	"runner/value"
)

// Decode reads one document; an empty one is nil.
func Decode(s string) (any, error) {
	docs, err := DecodeAll(s)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return nil, nil
	case len(docs) > 1:
		return nil, fmt.Errorf("YAML: expected a single document in the stream, but found another document")
	}
	return docs[0], nil
}

// DecodeAll reads all documents of a stream.
func DecodeAll(s string) (docs []any, err error) {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(s, "\ufeff"))
	p := &parser{in: []rune(s), anchors: map[string]any{}}
	defer func() {
		if failed := recover(); failed != nil {
			problem, ok := failed.(*problem)
			if !ok {
				panic(failed)
			}
			docs, err = nil, problem
		}
	}()
	return p.documents(), nil
}

// problem is an error of the document; the parser panics with it and DecodeAll returns it.
type problem struct {
	what string
	line int
}

func (e *problem) Error() string { return fmt.Sprintf("YAML: %s on line %d", e.what, e.line) }

// Aliases may repeat content up to this many nodes.
const maxNodes = 1 << 20

type parser struct {
	in      []rune
	at      int
	depth   int
	nodes   int
	anchors map[string]any
}

func (p *parser) fail(what string) {
	panic(&problem{what, 1 + strings.Count(string(p.in[:min(p.at, len(p.in))]), "\n")})
}

func (p *parser) peek(ahead int) rune {
	if p.at+ahead < len(p.in) {
		return p.in[p.at+ahead]
	}
	return -1
}

func (p *parser) end() bool { return p.at >= len(p.in) }

func (p *parser) column() int {
	start := p.at
	for start > 0 && p.in[start-1] != '\n' {
		start--
	}
	return p.at - start
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == -1 }

// skip goes to the next content, over spaces, comments and lines, and says whether it left the line.
func (p *parser) skip() bool {
	newLine := false
	for !p.end() {
		switch r := p.in[p.at]; {
		case r == '\n':
			newLine = true
			p.at++
		case r == ' ' || r == '\t':
			p.at++
		case r == '#' && (p.at == 0 || isSpace(p.in[p.at-1])):
			for !p.end() && p.in[p.at] != '\n' {
				p.at++
			}
		default:
			return newLine
		}
	}
	return newLine
}

// marker says whether a document marker stands here.
func (p *parser) marker(text string) bool {
	return p.column() == 0 && strings.HasPrefix(string(p.in[p.at:min(len(p.in), p.at+3)]), text) && isSpace(p.peek(3))
}

func (p *parser) documents() []any {
	var docs []any
	for {
		p.skip()
		explicit := false
		for p.peek(0) == '%' && p.column() == 0 { // directives
			for !p.end() && p.in[p.at] != '\n' {
				p.at++
			}
			p.skip()
		}
		if p.end() {
			return docs
		}
		if p.marker("---") {
			p.at += 3
			explicit = true
		}
		p.anchors = map[string]any{}
		doc := p.block(0, false)
		if explicit || doc != nil || !p.end() {
			docs = append(docs, doc)
		}
		p.skip()
		closed := false
		for !p.end() && p.marker("...") {
			p.at += 3
			p.skip()
			closed = true
		}
		if !p.end() && !p.marker("---") && !closed {
			p.fail("expected the end of the document")
		}
	}
}

// properties are the tag and anchor before a node.
type properties struct{ tag, anchor string }

func (p *parser) properties() properties {
	var out properties
	for p.peek(0) == '!' || p.peek(0) == '&' {
		if p.peek(0) == '&' {
			out.anchor = p.name()
			p.blanks()
			continue
		}
		start := p.at
		for !isSpace(p.peek(0)) && (p.at == start || p.in[start] == '!' || !strings.ContainsRune(",[]{}", p.peek(0))) {
			p.at++
		}
		out.tag = string(p.in[start:p.at])
		p.blanks()
	}
	return out
}

func (p *parser) blanks() {
	for p.peek(0) == ' ' || p.peek(0) == '\t' {
		p.at++
	}
}

// name reads the name of an anchor or alias; p.at is on its mark.
func (p *parser) name() string {
	p.at++
	start := p.at
	for r := p.peek(0); r == '_' || r == '-' || r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)); r = p.peek(0) {
		p.at++
	}
	if p.at == start {
		p.fail("did not find expected alphabetic or numeric character")
	}
	return string(p.in[start:p.at])
}

// block reads a node in block context whose column is at least `least`. A list may stand at the column of its key,
// one less, when `indentless` says so.
func (p *parser) block(least int, indentless bool) any {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested too deep")
	}
	defer func() { p.depth-- }()
	p.skip()
	if p.end() || p.marker("---") || p.marker("...") {
		return nil
	}
	column := p.column()
	if column < least && !(indentless && column == least-1 && p.dash()) {
		return nil
	}
	if p.keyAhead() {
		return p.mapping(column)
	}
	props := p.properties()
	if props != (properties{}) && (p.end() || p.peek(0) == '\n' || p.peek(0) == '#') {
		return p.finish(props, p.block(least, indentless), false)
	}
	v, plain := p.content(least, column)
	return p.finish(props, v, plain)
}

func (p *parser) dash() bool { return p.peek(0) == '-' && isSpace(p.peek(1)) }

func (p *parser) content(least, column int) (any, bool) {
	switch r := p.peek(0); {
	case p.dash():
		return p.sequence(column), false
	case p.keyAhead():
		return p.mapping(p.column()), false
	case r == '|' || r == '>':
		return p.literal(least), false
	case r == '[' || r == '{' || r == '"' || r == '\'' || r == '*':
		v := p.flowNode(least)
		p.restOfLine()
		return v, false
	case strings.ContainsRune("%@`", r) || (r == ',' || r == ']' || r == '}'):
		p.fail("found character '" + string(r) + "' that cannot start any token")
	}
	return p.plain(least, false), true
}

// restOfLine fails when something follows a finished value on its line.
func (p *parser) restOfLine() {
	p.blanks()
	if r := p.peek(0); r != '\n' && r != -1 && r != '#' {
		p.fail("expected the end of the line, but found '" + string(r) + "'")
	}
	for !p.end() && p.in[p.at] != '\n' { // a comment
		p.at++
	}
}

func (p *parser) sequence(column int) any {
	out := []any{}
	for !p.end() && p.column() == column && p.dash() {
		p.at++
		out = append(out, p.block(column+1, false))
		p.skip()
		p.count()
	}
	if !p.end() && p.column() > column {
		p.fail("expected the next item or the end of the list")
	}
	return out
}

func (p *parser) count() {
	if p.nodes++; p.nodes > maxNodes {
		p.fail("the document is too large")
	}
}

func (p *parser) mapping(column int) any {
	out := value.NewDict()
	for !p.end() && p.column() == column && !p.marker("---") && !p.marker("...") {
		if !p.keyAhead() {
			if p.dash() {
				break
			}
			p.fail("could not find expected ':'")
		}
		p.count()
		if p.peek(0) == '?' && isSpace(p.peek(1)) {
			p.explicitEntry(out, column)
		} else {
			key := p.key(column)
			p.put(out, key, p.mappingValue(column))
		}
		p.skip()
	}
	if !p.end() && p.column() > column {
		p.fail("expected the next key or the end of the mapping")
	}
	return out
}

// explicitEntry reads an entry whose key is marked by ? and its value by a colon on a line of its own.
func (p *parser) explicitEntry(d *value.Dict, column int) {
	p.at++
	key := p.block(column+1, false)
	p.skip()
	var v any
	if !p.end() && p.column() == column && p.peek(0) == ':' && isSpace(p.peek(1)) {
		p.at++
		v = p.block(column+1, true)
	}
	p.put(d, key, v)
}

// key reads a key and the colon after it.
func (p *parser) key(column int) any {
	props := p.properties()
	var key any
	plain := false
	switch r := p.peek(0); {
	case r == '"' || r == '\'' || r == '[' || r == '{' || r == '*':
		key = p.flowNode(0)
	case r == ':' && isSpace(p.peek(1)):
	default:
		key, plain = p.plain(column, false), true
	}
	key = p.finish(props, key, plain)
	p.blanks()
	if p.peek(0) != ':' {
		p.fail("could not find expected ':'")
	}
	p.at++
	return key
}

func (p *parser) mappingValue(column int) any {
	line := p.skip()
	if p.end() {
		return nil
	}
	if line {
		return p.block(column+1, true)
	}
	if p.dash() {
		p.fail("block sequence entries are not allowed here")
	}
	if p.keyAhead() {
		p.fail("mapping values are not allowed here")
	}
	props := p.properties()
	if p.end() || p.peek(0) == '\n' || p.peek(0) == '#' {
		return p.finish(props, p.block(column+1, true), false)
	}
	v, plain := p.content(column+1, column+1)
	return p.finish(props, v, plain)
}
