package yaml

import "strings"

// literal reads a block scalar, | or >, whose lines are indented by at least `least`.
func (p *parser) literal(least int) any {
	folded := p.peek(0) == '>'
	p.at++
	chomp, indent := rune(0), 0
	for range 2 {
		switch r := p.peek(0); {
		case r == '+' || r == '-':
			chomp = r
			p.at++
		case '1' <= r && r <= '9':
			indent = max(least-1, 0) + int(r-'0')
			p.at++
		}
	}
	p.restOfLine()
	for !p.end() && p.in[p.at] != '\n' {
		p.at++
	}
	p.at = min(p.at+1, len(p.in))
	lines := p.literalLines(least, indent)
	last := len(lines)
	for last > 0 && lines[last-1] == "" {
		last--
	}
	body := strings.Join(lines[:last], "\n")
	if folded {
		body = foldLines(lines[:last])
	}
	switch {
	case chomp == '+':
		return body + strings.Repeat("\n", len(lines)-last+boolInt(last > 0))
	case chomp == '-' || last == 0:
		return body
	}
	return body + "\n"
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// literalLines reads the lines of a block scalar without their indent.
func (p *parser) literalLines(least, indent int) []string {
	var lines []string
	for p.at < len(p.in) {
		start := p.at
		for p.peek(0) == ' ' && (indent == 0 || p.at-start < indent) {
			p.at++
		}
		width := p.at - start
		if p.peek(0) == '\n' {
			lines = append(lines, "")
			p.at++
			continue
		}
		if p.end() {
			break
		}
		if indent == 0 {
			indent = max(width, least)
		}
		if width < indent {
			p.at = start
			break
		}
		from := p.at
		for !p.end() && p.in[p.at] != '\n' {
			p.at++
		}
		lines = append(lines, string(p.in[from:p.at]))
		p.at = min(p.at+1, len(p.in))
	}
	if p.at > 0 && p.in[p.at-1] == '\n' {
		p.at-- // stay on the last line's break, so that what follows starts on a new line
	}
	return lines
}

// foldLines joins the lines of a folded scalar; lines that begin with space keep their breaks.
func foldLines(lines []string) string {
	var b strings.Builder
	indented := func(s string) bool { return s != "" && (s[0] == ' ' || s[0] == '\t') }
	for i := 0; i < len(lines); {
		b.WriteString(lines[i])
		next := i + 1
		for next < len(lines) && lines[next] == "" {
			next++
		}
		if next >= len(lines) {
			break
		}
		breaks := next - i
		switch {
		case lines[i] == "": // leading empty lines
			b.WriteString(strings.Repeat("\n", breaks))
		case indented(lines[i]) || indented(lines[next]):
			b.WriteString(strings.Repeat("\n", breaks))
		default:
			fold(&b, breaks)
		}
		i = next
	}
	return b.String()
}
