package regex

import (
	"strconv"
	"strings"
)

// group reads what follows an opening parenthesis.
func (p *parser) group(start int) (*node, error) {
	if !p.take("?") {
		return p.capture("", start)
	}
	switch {
	case p.take(":"):
		return p.inside(&node{kind: kindGroup}, start)
	case p.take("P<"):
		name, err := p.name('>')
		if err != nil {
			return nil, err
		}
		return p.capture(name, start)
	case p.take("P="):
		name, err := p.name(')')
		if err != nil {
			return nil, err
		}
		n, ok := p.names[name]
		if !ok {
			return nil, p.fail(start+4, "unknown group name '"+name+"'")
		}
		return p.reference(n, start)
	case p.take("#"):
		for p.at < len(p.in) && p.in[p.at] != ')' {
			p.at++
		}
		if p.at >= len(p.in) {
			return nil, p.fail(start, "missing ), unterminated comment")
		}
		p.at++
		return nil, nil
	case p.take("="):
		return p.inside(&node{kind: kindLook}, start)
	case p.take("!"):
		return p.inside(&node{kind: kindLook, negative: true}, start)
	case p.take("<="):
		return p.inside(&node{kind: kindLook, behind: true}, start)
	case p.take("<!"):
		return p.inside(&node{kind: kindLook, behind: true, negative: true}, start)
	case p.take(">"):
		return p.inside(&node{kind: kindAtomic}, start)
	case p.take("("):
		return p.conditional(start)
	}
	return p.inlineFlags(start)
}

// inside reads the contents of a group up to its closing parenthesis.
func (p *parser) inside(out *node, start int) (*node, error) {
	flags := p.flags
	tree, err := p.choice()
	p.flags = flags
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.fail(start, "missing ), unterminated subpattern")
	}
	out.parts = []*node{tree}
	if out.behind {
		if low, high := tree.width(); low != high {
			return nil, p.fail(start, "look-behind requires fixed-width pattern")
		}
	}
	return out, nil
}

func (p *parser) capture(name string, start int) (*node, error) {
	p.groups++
	n := p.groups
	if name != "" {
		if old, taken := p.names[name]; taken {
			return nil, p.fail(start+4, "redefinition of group name '"+name+"' as group "+strconv.Itoa(n)+"; was group "+strconv.Itoa(old))
		}
		p.names[name] = n
	}
	p.open[n] = true
	out, err := p.inside(&node{kind: kindGroup, group: n}, start)
	delete(p.open, n)
	return out, err
}

func (p *parser) name(end rune) (string, error) {
	from := p.at
	for p.at < len(p.in) && p.in[p.at] != end {
		p.at++
	}
	if p.at >= len(p.in) {
		return "", p.fail(from, "missing "+string(end)+", unterminated name")
	}
	name := string(p.in[from:p.at])
	p.at++
	if name == "" {
		return "", p.fail(from, "missing group name")
	}
	for i, r := range name {
		if !isWordRune(r, 0) || i == 0 && '0' <= r && r <= '9' {
			return "", p.fail(from, "bad character in group name '"+name+"'")
		}
	}
	return name, nil
}

// conditional reads (?(1)yes|no) and (?(name)yes|no).
func (p *parser) conditional(start int) (*node, error) {
	from := p.at
	for p.at < len(p.in) && p.in[p.at] != ')' {
		p.at++
	}
	if p.at >= len(p.in) {
		return nil, p.fail(from, "missing ), unterminated name")
	}
	name := string(p.in[from:p.at])
	p.at++
	n, ok := p.names[name]
	if number, err := strconv.Atoi(name); err == nil {
		n, ok = number, number > 0 && number <= maxGroups
		p.wanted = max(p.wanted, number)
	}
	if !ok {
		return nil, p.fail(from, "unknown group name '"+name+"'")
	}
	out, err := p.inside(&node{kind: kindConditional, group: n}, start)
	if err != nil {
		return nil, err
	}
	options := out.parts[0]
	if options.kind == kindChoice {
		if len(options.parts) > 2 {
			return nil, p.fail(start, "conditional backref with more than two branches")
		}
		out.parts = options.parts
	}
	return out, nil
}

var flagLetters = map[rune]Flags{'i': IgnoreCase, 'm': MultiLine, 's': DotAll, 'x': Verbose, 'a': ASCII, 'u': 0, 'L': 0}

// inlineFlags reads (?i) for the whole pattern and (?i:…) or (?-i:…) for a group.
func (p *parser) inlineFlags(start int) (*node, error) {
	on, off := Flags(0), Flags(0)
	negative := false
	for p.at < len(p.in) {
		r := p.in[p.at]
		p.at++
		flag, ok := flagLetters[r]
		switch {
		case ok && negative:
			off |= flag
		case ok:
			on |= flag
		case r == '-' && !negative:
			negative = true
		case r == ')' && !negative:
			if start != 0 && strings.TrimSpace(string(p.in[:start])) != "" {
				return nil, p.fail(start, "global flags not at the start of the expression")
			}
			p.flags |= on
			return nil, nil
		case r == ':':
			outer := p.flags
			p.flags = p.flags&^off | on
			out, err := p.inside(&node{kind: kindGroup}, start)
			p.flags = outer
			return out, err
		default:
			return nil, p.fail(p.at-1, "unknown extension ?"+string(r))
		}
	}
	return nil, p.fail(p.at, "unexpected end of pattern")
}

// width is the least and the most characters a part matches; the most is -1 when there is no end to it.
func (n *node) width() (low, high int) {
	switch n.kind {
	case kindRune, kindSet, kindAny:
		return 1, 1
	case kindGroup, kindAtomic:
		return n.parts[0].width()
	case kindSequence:
		for _, part := range n.parts {
			least, most := part.width()
			low += least
			if high = high + most; most < 0 || high < most {
				high = -1 << 30
			}
		}
		return low, max(high, -1)
	case kindChoice, kindConditional:
		low, high = n.parts[0].width()
		for _, part := range n.parts[1:] {
			least, most := part.width()
			low = min(low, least)
			if most < 0 || high < 0 {
				high = -1
			} else {
				high = max(high, most)
			}
		}
		if n.kind == kindConditional && len(n.parts) == 1 {
			low = 0
		}
		return low, high
	case kindRepeat:
		least, most := n.parts[0].width()
		if most == 0 {
			return 0, 0
		}
		if n.max < 0 || most < 0 {
			return least * n.min, -1
		}
		return least * n.min, most * n.max
	case kindBackref:
		return 0, -1
	}
	return 0, 0
}
