package expr

import (
	"strings"
	"unicode/utf8"

	"runner/value"
)

// Filters that lay text out.
var layoutFilters = table{
	{"indent", filterIndent},
	{"comment", filterComment},
}

func filterCenter(c *call, v any) (any, error) {
	p := c.params("width")
	width := p.int(0, 80)
	if width > maxWidth {
		p.fail(limitError("the text is too long"))
	}
	return center(p.str(v), min(width, maxWidth), " "), p.err
}

func filterIndent(c *call, v any) (any, error) {
	p := c.params("width", "first", "blank")
	pad, isText := p.any(0, nil).(string)
	if !isText {
		pad = strings.Repeat(" ", min(max(p.int(0, 4), 0), maxWidth))
	}
	s, ok := p.defined(v).(string)
	if !ok {
		p.fail(typeError("unsupported operand type(s) for +=: '%s' and 'str'", value.TypeName(v)))
	}
	firstLine, blank := p.truth(1, false), p.truth(2, false)
	if p.err != nil {
		return nil, p.err
	}
	lines := splitLines(s+"\n", false)
	for i, line := range lines {
		if (i > 0 || firstLine) && (line != "" || blank || i == 0) {
			lines[i] = pad + line
		}
	}
	return strings.Join(lines, "\n"), nil
}

func filterTruncate(c *call, v any) (any, error) {
	p := c.params("length", "killwords", "end", "leeway")
	s, ok := p.defined(v).(string)
	if !ok {
		p.fail(typeError("truncate wants text, not %s", value.TypeName(v)))
	}
	length, killWords, end := p.int(0, 255), p.truth(1, false), p.text(2, "...")
	leeway := 5
	if p.any(3, nil) != nil {
		leeway = p.int(3, 5)
	}
	tail := utf8.RuneCountInString(end)
	if length < tail {
		p.fail(valueError("expected length >= %d, got %d", tail, length))
	}
	if leeway < 0 {
		p.fail(valueError("expected leeway >= 0, got %d", leeway))
	}
	runes := []rune(s)
	if p.err != nil || len(runes) <= length+leeway {
		return s, p.err
	}
	short := string(runes[:length-tail])
	if at := strings.LastIndexByte(short, ' '); at >= 0 && !killWords {
		short = short[:at]
	}
	return short + end, nil
}

// The styles of the filter comment: what goes before, on each line and after.
var commentStyles = map[string][]any{
	"plain":  {"decoration", "# "},
	"erlang": {"decoration", "% "},
	"c":      {"decoration", "// "},
	"cblock": {"beginning", "/*", "decoration", " * ", "end", " */"},
	"xml":    {"beginning", "<!--", "decoration", " - ", "end", "-->"},
}

func filterComment(c *call, v any) (any, error) {
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	name := "plain"
	if style, ok := c.kwargs.Get("style"); ok {
		name = value.Str(style)
	}
	if len(c.args) > 0 {
		name = value.Str(c.args[0])
	}
	style, ok := commentStyles[name]
	if !ok {
		return nil, valueError("no comment style named %s", value.Repr(name))
	}
	set := value.DictOf(style...)
	set.Update(c.kwargs)
	decoration := value.Str(option(set, "decoration", ""))
	edge := strings.TrimRightFunc(decoration, isSpace)
	return layComment(s, set, decoration, edge)
}

func option(d *value.Dict, name string, fallback any) any {
	if v, ok := d.Get(name); ok {
		return v
	}
	return fallback
}

func layComment(s string, set *value.Dict, decoration, edge string) (any, error) {
	part := func(name, fallback string) string { return value.Str(option(set, name, fallback)) }
	times := func(name string) int {
		n, _ := option(set, name, int64(1)).(int64)
		return int(min(max(n, 0), 1000))
	}
	newline := part("newline", "\n")
	out := ""
	if beginning := part("beginning", ""); beginning != "" {
		out += beginning + newline
	}
	if prefix := part("prefix", edge); prefix == newline {
		out += strings.Repeat(newline, times("prefix_count"))
	} else if prefix != "" {
		out += strings.Repeat(prefix+newline, times("prefix_count"))
	}
	body := decoration + strings.ReplaceAll(s, newline, newline+decoration)
	out += strings.ReplaceAll(body, decoration+newline, strings.TrimRightFunc(decoration, isSpace)+newline)
	out += strings.Repeat(newline+part("postfix", edge), times("postfix_count"))
	if end := part("end", ""); end != "" {
		out += newline + end
	}
	return out, nil
}
