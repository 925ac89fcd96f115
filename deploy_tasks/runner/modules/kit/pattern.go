package kit

import (
	"runner/expr/regex"
	"runner/fmt"
)

// Pattern is a regular expression over bytes, as Python's re has it for a bytes pattern.
type Pattern struct{ *regex.Regex }

// CompilePattern compiles a Python regular expression. The error is in Python's words.
func CompilePattern(text string, multiline bool) (*Pattern, error) {
	flags := regex.ASCII
	if multiline {
		flags |= regex.MultiLine
	}
	compiled, err := regex.Compile(latin1(text), flags)
	if err != nil {
		return nil, fmt.Errorf("Invalid regular expression: %w", err)
	}
	return &Pattern{compiled}, nil
}

// Find returns the offsets of the first match and its groups, nil when there is none; -1 for a group that took no part.
func (p *Pattern) Find(b []byte) ([]int, error) {
	m, err := p.SearchBytes(b)
	if m == nil || err != nil {
		return nil, err
	}
	spans := make([]int, 2*(p.Groups()+1))
	for i := range len(spans) / 2 {
		spans[2*i], spans[2*i+1] = m.Span(i)
	}
	return spans, nil
}

// Fill replaces the references in a template by what the groups match in a text.
func (p *Pattern) Fill(template string, b []byte) ([]byte, error) {
	m, err := p.SearchBytes(b)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("the regular expression does not match %q", b)
	}
	out, err := p.Expand(m, latin1(template))
	return fromLatin1(out), err
}

// latin1 turns every byte into a character of its own, so that offsets in characters are offsets in bytes.
func latin1(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

func fromLatin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}
