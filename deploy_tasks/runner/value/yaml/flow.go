package yaml

import (
	"strconv"
	"strings"

	"runner/value"
)

// keyAhead says whether a key of a block mapping stands here: something on one line, then a colon and a blank.
func (p *parser) keyAhead() bool {
	start := p.at
	defer func() { p.at = start }()
	if p.peek(0) == '?' && isSpace(p.peek(1)) {
		return true
	}
	p.properties()
	limit := p.at + 1024
	switch p.peek(0) {
	case '"', '\'':
		if !p.overQuoted() {
			return false
		}
	case '[', '{':
		if !p.overBrackets() {
			return false
		}
	case '|', '>', '%', '@', '`', '#', -1, '\n':
		return false
	default:
		if p.dash() {
			return false
		}
		for !p.end() && p.in[p.at] != '\n' && !(p.in[p.at] == ':' && isSpace(p.peek(1))) {
			if p.in[p.at] == '#' && isSpace(p.in[max(p.at-1, 0)]) && p.at > start {
				return false
			}
			p.at++
		}
	}
	p.blanks()
	return p.peek(0) == ':' && isSpace(p.peek(1)) && p.at <= limit
}

// overQuoted goes over a quoted scalar of one line.
func (p *parser) overQuoted() bool {
	quote := p.in[p.at]
	for p.at++; !p.end() && p.in[p.at] != '\n'; p.at++ {
		switch {
		case p.in[p.at] == '\\' && quote == '"':
			p.at++
		case p.in[p.at] == quote && quote == '\'' && p.peek(1) == '\'':
			p.at++
		case p.in[p.at] == quote:
			p.at++
			return true
		}
	}
	return false
}

// overBrackets goes over a flow collection of one line.
func (p *parser) overBrackets() bool {
	depth := 0
	for !p.end() && p.in[p.at] != '\n' {
		switch p.in[p.at] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '"', '\'':
			if isSpace(p.in[p.at-1]) || strings.ContainsRune(",[{:", p.in[p.at-1]) {
				if !p.overQuoted() {
					return false
				}
				continue
			}
		}
		p.at++
		if depth == 0 {
			return true
		}
	}
	return false
}

// flowNode reads a quoted scalar, an alias, or a collection in brackets.
func (p *parser) flowNode(least int) any {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested too deep")
	}
	defer func() { p.depth-- }()
	p.count()
	props := p.properties()
	p.skip()
	switch p.peek(0) {
	case '[':
		return p.finish(props, p.flowList(), false)
	case '{':
		return p.finish(props, p.flowDict(), false)
	case '"':
		return p.finish(props, p.doubleQuoted(), false)
	case '\'':
		return p.finish(props, p.singleQuoted(), false)
	case '*':
		return p.alias()
	case '|', '>', '%', '@', '`':
		p.fail("found character that cannot start any token")
	case ',', ']', '}', ':':
		if p.peek(0) != ':' || isSpace(p.peek(1)) || strings.ContainsRune(",[]{}", p.peek(1)) {
			return p.finish(props, nil, false)
		}
	}
	return p.finish(props, p.plain(least, true), true)
}

func (p *parser) alias() any {
	name := p.name()
	v, ok := p.anchors[name]
	if !ok {
		p.fail("found undefined alias '" + name + "'")
	}
	p.nodes += size(v)
	p.count()
	return v
}

// size counts the nodes of a value, so that aliases of aliases cannot blow up.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += size(item)
		}
	case *value.Dict:
		for _, item := range v.All() {
			n += size(item)
		}
	}
	return n
}

func (p *parser) flowList() any {
	out := []any{}
	for p.at++; ; {
		p.skip()
		if p.end() {
			p.fail("expected ',' or ']', but got the end of the document")
		}
		if p.peek(0) == ']' {
			p.at++
			return out
		}
		item := p.flowNode(0)
		p.skip()
		if p.colon() { // [a: 1] is a list of a dict
			pair := value.NewDict()
			p.put(pair, item, p.flowValue())
			item = pair
			p.skip()
		}
		out = append(out, item)
		p.separator(']')
	}
}

func (p *parser) separator(end rune) {
	switch p.peek(0) {
	case ',':
		p.at++
	case end:
	default:
		p.fail("expected ',' or '" + string(end) + "'")
	}
}

func (p *parser) colon() bool {
	if p.peek(0) != ':' || !isSpace(p.peek(1)) && !strings.ContainsRune(",[]{}", p.peek(1)) && !strings.ContainsRune("\"'", p.in[p.at-1]) {
		return false
	}
	p.at++
	return true
}

func (p *parser) flowValue() any {
	p.skip()
	if strings.ContainsRune(",]}", p.peek(0)) {
		return nil
	}
	return p.flowNode(0)
}

func (p *parser) flowDict() any {
	out := value.NewDict()
	for p.at++; ; {
		p.skip()
		if p.end() {
			p.fail("expected ',' or '}', but got the end of the document")
		}
		if p.peek(0) == '}' {
			p.at++
			return out
		}
		if p.peek(0) == '?' && isSpace(p.peek(1)) {
			p.at++
			p.skip()
		}
		key := p.flowNode(0)
		p.skip()
		var v any
		if p.colon() {
			v = p.flowValue()
			p.skip()
		}
		p.put(out, key, v)
		p.separator('}')
	}
}

// fold joins the lines of a scalar: one break is a space, more are one less.
func fold(b *strings.Builder, breaks int) {
	if breaks == 1 {
		b.WriteByte(' ')
	} else {
		b.WriteString(strings.Repeat("\n", breaks-1))
	}
}

// lines goes over spaces and line breaks and counts the breaks.
func (p *parser) lines() int {
	breaks := 0
	for !p.end() && (p.in[p.at] == ' ' || p.in[p.at] == '\t' || p.in[p.at] == '\n') {
		if p.in[p.at] == '\n' {
			breaks++
		}
		p.at++
	}
	return breaks
}

// plain reads a scalar without quotes; its further lines have at least the column `least`.
func (p *parser) plain(least int, flow bool) any {
	var b strings.Builder
	for {
		start := p.at
		for !p.plainEnds(flow) {
			p.at++
		}
		b.WriteString(strings.TrimRight(string(p.in[start:p.at]), " \t"))
		if p.peek(0) != '\n' {
			return b.String()
		}
		mark := p.at
		breaks := p.lines()
		if p.end() || p.peek(0) == '#' || !flow && p.column() < least || p.marker("---") || p.marker("...") ||
			flow && strings.ContainsRune(",[]{}", p.peek(0)) || p.plainEnds(flow) {
			p.at = mark
			return b.String()
		}
		if !flow && p.keyAhead() {
			p.fail("mapping values are not allowed here")
		}
		fold(&b, breaks)
	}
}

func (p *parser) plainEnds(flow bool) bool {
	r := p.peek(0)
	switch {
	case r == -1 || r == '\n':
		return true
	case r == ':':
		return isSpace(p.peek(1)) || flow && strings.ContainsRune(",[]{}", p.peek(1))
	case r == '#':
		return p.at > 0 && isSpace(p.in[p.at-1])
	}
	return flow && strings.ContainsRune(",[]{}?", r) && (r != '?' || isSpace(p.peek(1)))
}

func (p *parser) singleQuoted() any {
	var b strings.Builder
	for p.at++; ; {
		switch r := p.peek(0); {
		case r == -1:
			p.fail("found the end of the document within a quoted scalar")
		case r == '\'' && p.peek(1) == '\'':
			b.WriteByte('\'')
			p.at += 2
		case r == '\'':
			p.at++
			return b.String()
		case r == ' ' || r == '\t' || r == '\n':
			p.quotedSpace(&b)
		default:
			b.WriteRune(r)
			p.at++
		}
	}
}

// quotedSpace reads spaces within quotes: with a line break among them they fold.
func (p *parser) quotedSpace(b *strings.Builder) {
	start := p.at
	if breaks := p.lines(); breaks > 0 {
		fold(b, breaks)
		return
	}
	b.WriteString(string(p.in[start:p.at]))
}

var unescapes = map[rune]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b", ' ': " ", '"': `"`,
	'/': "/", '\\': `\`, 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

func (p *parser) doubleQuoted() any {
	var b strings.Builder
	for p.at++; ; {
		switch r := p.peek(0); {
		case r == -1:
			p.fail("found the end of the document within a quoted scalar")
		case r == '"':
			p.at++
			return b.String()
		case r == '\\':
			p.unescape(&b)
		case r == ' ' || r == '\t' || r == '\n':
			p.quotedSpace(&b)
		default:
			b.WriteRune(r)
			p.at++
		}
	}
}

func (p *parser) unescape(b *strings.Builder) {
	p.at++
	r := p.peek(0)
	if r == '\n' { // an escaped line break: the lines join without a space
		breaks := p.lines()
		b.WriteString(strings.Repeat("\n", breaks-1))
		return
	}
	p.at++
	if plain, ok := unescapes[r]; ok {
		b.WriteString(plain)
		return
	}
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[r]
	end := p.at + digits
	if digits == 0 || end > len(p.in) {
		p.fail("found unknown escape character")
	}
	n, err := strconv.ParseUint(string(p.in[p.at:end]), 16, 32)
	if err != nil || n > 0x10ffff {
		p.fail("expected an escape sequence of hexadecimal digits")
	}
	b.WriteRune(rune(n))
	p.at = end
}
