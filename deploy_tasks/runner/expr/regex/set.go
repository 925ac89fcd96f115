package regex

import (
	"strings"
	"unicode"
)

// set is a character class: ranges and classes such as \d, negated or not.
type set struct {
	negative bool
	ranges   [][2]rune
	classes  []rune // d D w W s S
	flags    Flags
}

// set reads [...]; p.at is after the opening bracket.
func (p *parser) set(start int) (*node, error) {
	out := &set{flags: p.flags}
	out.negative = p.take("^")
	for first := true; ; first = false {
		if p.at >= len(p.in) {
			return nil, p.fail(start, "unterminated character set")
		}
		if p.peek() == ']' && !first {
			p.at++
			return &node{kind: kindSet, set: out, flags: p.flags}, nil
		}
		from := p.at
		low, class, err := p.setItem(start)
		if err != nil {
			return nil, err
		}
		if p.peek() != '-' || p.at+1 >= len(p.in) || p.in[p.at+1] == ']' {
			out.add(low, low, class)
			continue
		}
		p.at++
		high, otherClass, err := p.setItem(start)
		if err != nil {
			return nil, err
		}
		if class != 0 || otherClass != 0 || high < low {
			return nil, p.fail(from, "bad character range "+string(p.in[from:p.at]))
		}
		out.add(low, high, 0)
	}
}

// setItem reads one character or class of a set.
func (p *parser) setItem(start int) (r, class rune, err error) {
	if p.at >= len(p.in) {
		return 0, 0, p.fail(start, "unterminated character set")
	}
	r = p.in[p.at]
	p.at++
	if r != '\\' {
		return r, 0, nil
	}
	if p.at >= len(p.in) {
		return 0, 0, p.fail(p.at-1, "bad escape (end of pattern)")
	}
	switch r = p.in[p.at]; {
	case strings.ContainsRune("dDwWsS", r):
		p.at++
		return 0, r, nil
	case r == 'b':
		p.at++
		return '\b', 0, nil
	case '0' <= r && r <= '7':
		n, digits := rune(0), 0
		for p.at < len(p.in) && digits < 3 && '0' <= p.in[p.at] && p.in[p.at] <= '7' {
			n = n*8 + p.in[p.at] - '0'
			p.at, digits = p.at+1, digits+1
		}
		return n, 0, nil
	case r == '8' || r == '9':
		return 0, 0, p.fail(p.at-1, `bad escape \`+string(r))
	}
	r, err = p.escaped(p.at - 1)
	return r, 0, err
}

func (s *set) add(low, high, class rune) {
	if class != 0 {
		s.classes = append(s.classes, class)
		return
	}
	s.ranges = append(s.ranges, [2]rune{low, high})
}

func (s *set) matches(r rune) bool {
	found := s.holds(r)
	if !found && s.flags&IgnoreCase != 0 {
		for other := unicode.SimpleFold(r); other != r && !found; other = unicode.SimpleFold(other) {
			found = s.holds(other)
		}
	}
	return found != s.negative
}

func (s *set) holds(r rune) bool {
	for _, span := range s.ranges {
		if span[0] <= r && r <= span[1] {
			return true
		}
	}
	for _, class := range s.classes {
		if inClass(r, class, s.flags) {
			return true
		}
	}
	return false
}

func inClass(r, class rune, flags Flags) bool {
	switch class {
	case 'd':
		return isDigitRune(r, flags)
	case 'D':
		return !isDigitRune(r, flags)
	case 'w':
		return isWordRune(r, flags)
	case 'W':
		return !isWordRune(r, flags)
	case 's':
		return isSpaceRune(r, flags)
	}
	return !isSpaceRune(r, flags)
}

func isDigitRune(r rune, flags Flags) bool {
	if flags&ASCII != 0 {
		return '0' <= r && r <= '9'
	}
	return unicode.IsDigit(r)
}

func isWordRune(r rune, flags Flags) bool {
	if r < 128 || flags&ASCII != 0 {
		return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

func isSpaceRune(r rune, flags Flags) bool {
	if flags&ASCII != 0 {
		return r == ' ' || '\t' <= r && r <= '\r'
	}
	return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f
}

// same compares characters, without regard to case if the flags say so.
func same(a, b rune, flags Flags) bool {
	if a == b {
		return true
	}
	if flags&IgnoreCase == 0 || flags&ASCII != 0 && (a > 127 || b > 127) {
		return false
	}
	for other := unicode.SimpleFold(a); other != a; other = unicode.SimpleFold(other) {
		if other == b {
			return true
		}
	}
	return false
}
