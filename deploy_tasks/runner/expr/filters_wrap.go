package expr

import (
	"strings"
	"unicode/utf8"

	"runner/value"
)

// wrapFilters fit text into a width.
var wrapFilters = table{
	{"center", filterCenter},
	{"truncate", filterTruncate},
	{"wordwrap", filterWordWrap},
}

func filterWordWrap(c *call, v any) (any, error) {
	p := c.params("width", "break_long_words", "wrapstring", "break_on_hyphens")
	s, ok := p.defined(v).(string)
	if !ok {
		p.fail(typeError("wordwrap wants text, not %s", value.TypeName(v)))
	}
	width, breakLong, hyphens := p.int(0, 79), p.truth(1, true), p.truth(3, true)
	with := "\n"
	if p.any(2, nil) != nil {
		with = p.text(2, "\n")
	}
	if width <= 0 {
		p.fail(valueError("invalid width %d (must be > 0)", width))
	}
	if p.err != nil {
		return nil, p.err
	}
	var out []string
	for _, line := range splitLines(s, false) {
		out = append(out, strings.Join(wrap(chunks(line, hyphens), width, breakLong), with))
	}
	return strings.Join(out, with), nil
}

// chunks cuts a line into words, runs of space and, if wanted, words at their hyphens.
func chunks(line string, hyphens bool) []string {
	var out []string
	for line != "" {
		space := strings.IndexAny(line, "\t\n\v\f\r ")
		if space == 0 {
			rest := strings.TrimLeft(line, "\t\n\v\f\r ")
			out = append(out, line[:len(line)-len(rest)])
			line = rest
			continue
		}
		word := line
		if space > 0 {
			word = line[:space]
		}
		line = line[len(word):]
		if hyphens {
			out = append(out, atHyphens(word)...)
		} else {
			out = append(out, word)
		}
	}
	return out
}

// atHyphens cuts a word after a hyphen that stands between two letters and two more.
func atHyphens(word string) []string {
	var out []string
	runes := []rune(word)
	start := 0
	letter := func(i int) bool {
		return i >= 0 && i < len(runes) && isWord(runes[i]) && (runes[i] < '0' || runes[i] > '9')
	}
	for i := range runes {
		if runes[i] == '-' && i-start >= 2 && letter(i-1) && letter(i-2) && letter(i+1) && letter(i+2) {
			out = append(out, string(runes[start:i+1]))
			start = i + 1
		}
	}
	return append(out, string(runes[start:]))
}

// wrap is textwrap.wrap over chunks: spaces at the edges of lines are dropped, except before the first word.
func wrap(parts []string, width int, breakLong bool) []string {
	var lines []string
	for len(parts) > 0 {
		if strings.TrimFunc(parts[0], isSpace) == "" && len(lines) > 0 {
			parts = parts[1:]
			if len(parts) == 0 {
				break
			}
		}
		var line []string
		used := 0
		for len(parts) > 0 && used+utf8.RuneCountInString(parts[0]) <= width {
			used += utf8.RuneCountInString(parts[0])
			line, parts = append(line, parts[0]), parts[1:]
		}
		if len(parts) > 0 && utf8.RuneCountInString(parts[0]) > width {
			line, parts = breakWord(line, parts, width-used, breakLong)
		}
		if len(line) > 0 && strings.TrimFunc(line[len(line)-1], isSpace) == "" {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, ""))
		}
	}
	return lines
}

// breakWord deals with a word that fits on no line.
func breakWord(line, parts []string, space int, breakLong bool) ([]string, []string) {
	space = max(space, 1)
	if !breakLong {
		if len(line) == 0 {
			return parts[:1:1], parts[1:]
		}
		return line, parts
	}
	runes := []rune(parts[0])
	rest := append([]string{string(runes[space:])}, parts[1:]...)
	return append(line, string(runes[:space])), rest
}
