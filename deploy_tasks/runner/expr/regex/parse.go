package regex

import (
	"strconv"
	"strings"
)

type kind int

const (
	kindEmpty kind = iota
	kindRune
	kindSet
	kindAny
	kindSequence
	kindChoice
	kindRepeat
	kindGroup
	kindAssert
	kindBackref
	kindLook
	kindAtomic
	kindConditional
)

// node is a part of a pattern.
type node struct {
	kind       kind
	r          rune
	set        *set
	parts      []*node
	min, max   int // of a repeat; max is -1 for no end
	lazy       bool
	possessive bool
	group      int // of a group (0: it does not capture), backreference or conditional
	assert     rune
	flags      Flags
	behind     bool
	negative   bool
}

// Bounds of a pattern.
const (
	maxNesting = 200
	maxRepeat  = 65535
	maxGroups  = 1000
)

type parser struct {
	in     []rune
	at     int
	flags  Flags
	groups int
	names  map[string]int
	depth  int
	wanted int          // the highest group a conditional asks for
	open   map[int]bool // groups that are not closed yet
}

func (p *parser) fail(at int, message string) error { return &Error{message, at} }

func (p *parser) peek() rune {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return -1
}

func (p *parser) take(s string) bool {
	if strings.HasPrefix(string(p.in[p.at:min(len(p.in), p.at+len(s))]), s) {
		p.at += len(s)
		return true
	}
	return false
}

func (p *parser) parse() (*node, error) {
	p.open = map[int]bool{}
	tree, err := p.choice()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.in) {
		return nil, p.fail(p.at, "unbalanced parenthesis")
	}
	if p.wanted > p.groups {
		return nil, p.fail(p.at, "invalid group reference "+strconv.Itoa(p.wanted))
	}
	return tree, nil
}

func (p *parser) choice() (*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail(p.at, "nested too deep")
	}
	defer func() { p.depth-- }()
	out := &node{kind: kindChoice}
	for {
		part, err := p.sequence()
		if err != nil {
			return nil, err
		}
		out.parts = append(out.parts, part)
		if p.peek() != '|' {
			break
		}
		p.at++
	}
	if len(out.parts) == 1 {
		return out.parts[0], nil
	}
	return out, nil
}

func (p *parser) sequence() (*node, error) {
	out := &node{kind: kindSequence}
	for p.at < len(p.in) && p.peek() != '|' && p.peek() != ')' {
		if p.flags&Verbose != 0 && p.skipVerbose() {
			continue
		}
		part, err := p.atom()
		if err != nil {
			return nil, err
		}
		if part == nil {
			continue
		}
		if part, err = p.repeats(part); err != nil {
			return nil, err
		}
		out.parts = append(out.parts, part)
	}
	return out, nil
}

func (p *parser) skipVerbose() bool {
	switch r := p.peek(); {
	case strings.ContainsRune(" \t\n\r\f\v", r):
		p.at++
	case r == '#':
		for p.at < len(p.in) && p.in[p.at] != '\n' {
			p.at++
		}
	default:
		return false
	}
	return true
}

// repeats reads what may follow an atom: * + ? {m,n}, lazy or possessive.
func (p *parser) repeats(part *node) (*node, error) {
	for p.flags&Verbose != 0 && p.skipVerbose() {
	}
	from := p.at
	low, high, ok, err := p.quantifier()
	if err != nil || !ok {
		return part, err
	}
	if part.kind == kindAssert || part.kind == kindEmpty {
		return nil, p.fail(from, "nothing to repeat")
	}
	out := &node{kind: kindRepeat, parts: []*node{part}, min: low, max: high}
	if p.take("?") {
		out.lazy = true
	} else if p.take("+") {
		out.possessive = true
	}
	again := p.at
	if _, _, twice, _ := p.quantifier(); twice {
		return nil, p.fail(again, "multiple repeat")
	}
	return out, nil
}

func (p *parser) quantifier() (low, high int, ok bool, err error) {
	switch p.peek() {
	case '*':
		p.at++
		return 0, -1, true, nil
	case '+':
		p.at++
		return 1, -1, true, nil
	case '?':
		p.at++
		return 0, 1, true, nil
	case '{':
		return p.counts()
	}
	return 0, 0, false, nil
}

// counts reads {m}, {m,}, {,n} or {m,n}; anything else is a brace like any other character.
func (p *parser) counts() (low, high int, ok bool, err error) {
	start := p.at
	end := start + 1
	for end < len(p.in) && strings.ContainsRune("0123456789,", p.in[end]) {
		end++
	}
	inside := string(p.in[start+1 : end])
	if end >= len(p.in) || p.in[end] != '}' || inside == "" || strings.Count(inside, ",") > 1 {
		return 0, 0, false, nil
	}
	first, last, two := strings.Cut(inside, ",")
	high = -1
	if first != "" {
		low, err = strconv.Atoi(first)
	}
	if !two {
		high = low
	} else if last != "" && err == nil {
		high, err = strconv.Atoi(last)
	}
	if err != nil || low > maxRepeat || high > maxRepeat {
		return 0, 0, false, p.fail(start, "the repetition number is too large")
	}
	if high >= 0 && high < low {
		return 0, 0, false, p.fail(start, "min repeat greater than max repeat")
	}
	p.at = end + 1
	return low, high, true, nil
}

func (p *parser) atom() (*node, error) {
	start := p.at
	r := p.in[p.at]
	p.at++
	switch r {
	case '.':
		return &node{kind: kindAny, flags: p.flags}, nil
	case '^', '$':
		return &node{kind: kindAssert, assert: r, flags: p.flags}, nil
	case '(':
		return p.group(start)
	case '[':
		return p.set(start)
	case '\\':
		return p.escape(start)
	case '*', '+', '?':
		return nil, p.fail(start, "nothing to repeat")
	case '{':
		p.at--
		if _, _, ok, err := p.counts(); ok || err != nil {
			return nil, p.fail(start, "nothing to repeat")
		}
		p.at++
	}
	return p.literal(r), nil
}

func (p *parser) literal(r rune) *node { return &node{kind: kindRune, r: r, flags: p.flags} }

func (p *parser) escape(start int) (*node, error) {
	if p.at >= len(p.in) {
		return nil, p.fail(start, "bad escape (end of pattern)")
	}
	r := p.in[p.at]
	switch r {
	case 'A', 'Z', 'b', 'B':
		p.at++
		return &node{kind: kindAssert, assert: r, flags: p.flags}, nil
	case 'd', 'D', 'w', 'W', 's', 'S':
		p.at++
		return &node{kind: kindSet, set: &set{classes: []rune{r}, flags: p.flags}, flags: p.flags}, nil
	}
	if '1' <= r && r <= '9' {
		return p.backreference(start)
	}
	r, err := p.escaped(start)
	if err != nil {
		return nil, err
	}
	return p.literal(r), nil
}

// backreference reads \1 to \99, or an octal escape of three digits.
func (p *parser) backreference(start int) (*node, error) {
	end := p.at
	for end < len(p.in) && end < p.at+3 && '0' <= p.in[end] && p.in[end] <= '9' {
		end++
	}
	if end-p.at == 3 && p.in[p.at] <= '3' && p.in[p.at+1] <= '7' && p.in[p.at+2] <= '7' {
		n, _ := strconv.ParseInt(string(p.in[p.at:end]), 8, 32)
		p.at = end
		return p.literal(rune(n)), nil
	}
	end = min(end, p.at+2)
	n, _ := strconv.Atoi(string(p.in[p.at:end]))
	p.at = end
	return p.reference(n, start)
}

func (p *parser) reference(n, start int) (*node, error) {
	if n > p.groups {
		return nil, p.fail(start+1, "invalid group reference "+strconv.Itoa(n))
	}
	if p.open[n] {
		return nil, p.fail(start, "cannot refer to an open group")
	}
	return &node{kind: kindBackref, group: n, flags: p.flags}, nil
}

var plainEscapes = map[rune]rune{'a': '\a', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escaped reads the character an escape stands for; p.at is after the backslash.
func (p *parser) escaped(start int) (rune, error) {
	r := p.in[p.at]
	p.at++
	if plain, ok := plainEscapes[r]; ok {
		return plain, nil
	}
	switch {
	case r == 'x':
		return p.hexadecimal(start, 2)
	case r == 'u':
		return p.hexadecimal(start, 4)
	case r == 'U':
		return p.hexadecimal(start, 8)
	case r == '0':
		end := p.at
		for end < len(p.in) && end < p.at+2 && '0' <= p.in[end] && p.in[end] <= '7' {
			end++
		}
		n, _ := strconv.ParseInt("0"+string(p.in[p.at:end]), 8, 32)
		p.at = end
		return rune(n), nil
	case r < 128 && ('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'):
		return 0, p.fail(start, `bad escape \`+string(r))
	}
	return r, nil
}

func (p *parser) hexadecimal(start, digits int) (rune, error) {
	end := min(len(p.in), p.at+digits)
	n, err := strconv.ParseUint(string(p.in[p.at:end]), 16, 32)
	if err != nil || end-p.at < digits || n > 0x10ffff {
		return 0, p.fail(start, "incomplete escape "+string(p.in[start:end]))
	}
	p.at = end
	return rune(n), nil
}
