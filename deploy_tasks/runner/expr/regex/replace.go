package regex

import (
	"strconv"
	"strings"
)

// Replace is Python's subn: it replaces up to count matches (all when count is 0) by the expanded template and says how
// many it replaced.
func (r *Regex) Replace(s, template string, count int) (string, int, error) {
	parts, err := r.template(template)
	if err != nil {
		return "", 0, err
	}
	matches, err := r.FindAll(s, count)
	if err != nil || len(matches) == 0 {
		return s, 0, err
	}
	var b strings.Builder
	in, at := matches[0].in, 0
	for _, m := range matches {
		start, end := m.Span(0)
		b.WriteString(in.cut(at, start))
		for _, part := range parts {
			if part.group < 0 {
				b.WriteString(part.text)
			} else {
				text, _ := m.Group(part.group)
				b.WriteString(text)
			}
		}
		at = end
	}
	b.WriteString(in.cut(at, in.size()))
	return b.String(), len(matches), nil
}

// Expand is Python's match.expand.
func (r *Regex) Expand(m *Match, template string) (string, error) {
	parts, err := r.template(template)
	if err != nil {
		return "", err
	}
	out := ""
	for _, part := range parts {
		if part.group >= 0 {
			part.text, _ = m.Group(part.group)
		}
		out += part.text
	}
	return out, nil
}

// templatePart is text, or a group when its number is not negative.
type templatePart struct {
	text  string
	group int
}

// template reads a replacement: \1, \g<1>, \g<name> and the escapes.
func (r *Regex) template(s string) ([]templatePart, error) {
	var parts []templatePart
	p := &parser{in: []rune(s)}
	for p.at < len(p.in) {
		start := p.at
		p.at++
		if p.in[start] != '\\' {
			parts = append(parts, templatePart{string(p.in[start]), -1})
			continue
		}
		if p.at >= len(p.in) {
			return nil, p.fail(start, "bad escape (end of pattern)")
		}
		part, err := r.templateEscape(p, start)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func (r *Regex) templateEscape(p *parser, start int) (templatePart, error) {
	c := p.in[p.at]
	switch {
	case c == 'g':
		return r.templateGroup(p)
	case c == '0':
		code, err := p.escaped(start)
		return templatePart{string(code), -1}, err
	case '1' <= c && c <= '9':
		n, err := p.backreferenceNumber()
		if err != nil {
			return templatePart{string(n), -1}, nil
		}
		return r.groupPart(p, int(n), start+1)
	}
	if plain, ok := plainEscapes[c]; ok {
		p.at++
		return templatePart{string(plain), -1}, nil
	}
	p.at++
	if c == '\\' {
		return templatePart{`\`, -1}, nil
	}
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return templatePart{}, p.fail(start, `bad escape \`+string(c))
	}
	return templatePart{`\` + string(c), -1}, nil
}

// backreferenceNumber reads one or two digits, or three as an octal code (then with an error as a mark).
func (p *parser) backreferenceNumber() (rune, error) {
	in := p.in[p.at:]
	if len(in) >= 3 && in[0] <= '3' && '0' <= in[1] && in[1] <= '7' && '0' <= in[2] && in[2] <= '7' {
		n, _ := strconv.ParseInt(string(in[:3]), 8, 32)
		p.at += 3
		return rune(n), strconv.ErrRange
	}
	n := in[0] - '0'
	p.at++
	if len(in) > 1 && '0' <= in[1] && in[1] <= '9' {
		n = n*10 + in[1] - '0'
		p.at++
	}
	return n, nil
}

func (r *Regex) templateGroup(p *parser) (templatePart, error) {
	p.at++
	if p.peek() != '<' {
		return templatePart{}, p.fail(p.at, "missing <")
	}
	p.at++
	from := p.at
	for p.at < len(p.in) && p.in[p.at] != '>' {
		p.at++
	}
	if p.at >= len(p.in) {
		return templatePart{}, p.fail(from, "missing >, unterminated name")
	}
	name := string(p.in[from:p.at])
	p.at++
	if n, err := strconv.Atoi(name); err == nil && n >= 0 {
		return r.groupPart(p, n, from)
	}
	n, ok := r.names[name]
	if !ok {
		return templatePart{}, p.fail(from, "unknown group name '"+name+"'")
	}
	return templatePart{group: n}, nil
}

func (r *Regex) groupPart(p *parser, n, at int) (templatePart, error) {
	if n > r.groups {
		return templatePart{}, p.fail(at, "invalid group reference "+strconv.Itoa(n))
	}
	return templatePart{group: n}, nil
}

// Escape is Python's re.escape.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
