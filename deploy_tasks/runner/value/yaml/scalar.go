package yaml

import (
	"strings"

	"runner/fmt"
)

const breaks = "\n\u0085\u2028\u2029"

// analysis says in which styles a scalar can be written.
type analysis struct {
	empty, multiline      bool
	flowPlain, blockPlain bool
	single                bool
}

func isBlank(r rune) bool { return strings.ContainsRune("\x00 \t\r\n\u0085\u2028\u2029", r) }

func (e *emitter) analyze(s string) analysis {
	if s == "" {
		return analysis{empty: true, blockPlain: true, single: true}
	}
	runes := []rune(s)
	block, flow := strings.HasPrefix(s, "---") || strings.HasPrefix(s, "..."), false
	flow = block
	var lines, special, breakSpace, spaceBreak, afterSpace, afterBreak bool
	for i, r := range runes {
		followed := i+1 >= len(runes) || isBlank(runes[i+1])
		f, b := indicators(r, i == 0, i > 0 && isBlank(runes[i-1]), followed)
		flow, block = flow || f, block || b
		isBreak := strings.ContainsRune(breaks, r)
		lines = lines || isBreak
		special = special || r != '\n' && (r < 0x20 || r > 0x7e) && !(e.style.Unicode && isPlainUnicode(r))
		breakSpace = breakSpace || r == ' ' && afterBreak
		spaceBreak = spaceBreak || isBreak && afterSpace
		afterSpace, afterBreak = r == ' ', isBreak
	}
	edge := func(r rune) bool { return r == ' ' || strings.ContainsRune(breaks, r) }
	plain := !edge(runes[0]) && !edge(runes[len(runes)-1]) && !breakSpace && !spaceBreak && !special && !lines
	return analysis{
		multiline: lines, flowPlain: plain && !flow, blockPlain: plain && !block, single: !breakSpace && !spaceBreak && !special,
	}
}

// isPlainUnicode says whether a character beyond ASCII is written as it is.
func isPlainUnicode(r rune) bool {
	return (0xa0 <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd) && r != 0xfeff
}

// indicators says whether a character at its place means something in flow and in block context.
func indicators(r rune, first, preceded, followed bool) (flow, block bool) {
	if first {
		switch {
		case strings.ContainsRune("#,[]{}&*!|>'\"%@`", r), r == '-' && followed:
			return true, true
		case r == '?' || r == ':':
			return true, followed
		}
		return false, false
	}
	switch {
	case r == ':':
		return true, followed
	case r == '#' && preceded:
		return true, true
	}
	return strings.ContainsRune(",?[]{}", r), false
}

func (e *emitter) scalar(t *tree, c context) {
	e.deeper(true, false, func() {
		a := e.analyze(t.text)
		plain := a.blockPlain
		if e.flowLevel > 0 {
			plain = a.flowPlain
		}
		split := !c.simpleKey
		switch {
		case t.plain && plain && !(c.simpleKey && (a.empty || a.multiline)):
			e.plain(t.text, split)
		case a.single && !(c.simpleKey && a.multiline):
			e.single(t.text, split)
		default:
			e.double(t.text, split)
		}
	})
}

// pieces cuts text into runs of spaces, runs of breaks and runs of others.
func pieces(runes []rune) [][]rune {
	kind := func(r rune) int {
		switch {
		case r == ' ':
			return 1
		case strings.ContainsRune(breaks, r):
			return 2
		}
		return 0
	}
	var out [][]rune
	for start, i := 0, 1; i <= len(runes); i++ {
		if i == len(runes) || kind(runes[i]) != kind(runes[start]) {
			out = append(out, runes[start:i])
			start = i
		}
	}
	return out
}

func (e *emitter) plain(s string, split bool) {
	if s == "" {
		return
	}
	if !e.whitespace {
		e.write(" ")
	}
	e.whitespace, e.indention = false, false
	for _, piece := range pieces([]rune(s)) {
		if piece[0] == ' ' && len(piece) == 1 && e.column > e.style.Width && split {
			e.writeIndent()
			e.whitespace, e.indention = false, false
			continue
		}
		e.write(string(piece))
	}
}

func (e *emitter) single(s string, split bool) {
	e.indicator("'", true, false, false)
	runes := []rune(s)
	at := 0
	for _, piece := range pieces(runes) {
		start := at
		at += len(piece)
		switch {
		case piece[0] == ' ':
			if len(piece) == 1 && e.column > e.style.Width && split && start != 0 && at != len(runes) {
				e.writeIndent()
			} else {
				e.write(string(piece))
			}
		case strings.ContainsRune(breaks, piece[0]):
			if piece[0] == '\n' {
				e.lineBreak("\n")
			}
			for _, br := range piece {
				e.lineBreak(string(br))
			}
			e.writeIndent()
		default:
			e.write(strings.ReplaceAll(string(piece), "'", "''"))
			e.whitespace, e.indention = false, false
		}
	}
	e.indicator("'", false, false, false)
}

var escapes = map[rune]string{
	0: "0", 7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 27: "e", '"': `"`, '\\': `\`, 0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
}

func (e *emitter) mustEscape(r rune) bool {
	if strings.ContainsRune("\"\\\u0085\u2028\u2029\ufeff", r) {
		return true
	}
	return (r < 0x20 || r > 0x7e) && !(e.style.Unicode && (0xa0 <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd))
}

func escapeRune(r rune) string {
	if short, ok := escapes[r]; ok {
		return `\` + short
	}
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

func (e *emitter) double(s string, split bool) {
	e.indicator(`"`, true, false, false)
	runes := []rune(s)
	afterSpace := false // libyaml: no fold after another space
	for i, r := range runes {
		if r == ' ' && split && !afterSpace && e.column > e.style.Width && i > 0 && i < len(runes)-1 {
			e.writeIndent()
			if runes[i+1] == ' ' {
				e.write(`\`)
			}
			afterSpace = true
			continue
		}
		if e.mustEscape(r) {
			e.write(escapeRune(r))
		} else {
			e.write(string(r))
		}
		afterSpace = r == ' '
	}
	e.indicator(`"`, false, false, false)
}
