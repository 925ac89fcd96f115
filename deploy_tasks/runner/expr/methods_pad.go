package expr

import (
	"strings"
	"unicode/utf8"

	"runner/value"
)

func addPadding(table methodTable) {
	pads := map[string]func(s, fill string, width, missing int) string{
		"center": func(s, fill string, width, _ int) string { return center(s, width, fill) },
		"ljust":  func(s, fill string, _, missing int) string { return s + strings.Repeat(fill, missing) },
		"rjust":  func(s, fill string, _, missing int) string { return strings.Repeat(fill, missing) + s },
	}
	for name, pad := range pads {
		table[name] = func(c *call, v any) (any, error) {
			p := c.params("width", "fillchar")
			width, fill := p.whole(p.need(0)), p.text(1, " ")
			if utf8.RuneCountInString(fill) != 1 {
				p.fail(typeError("The fill character must be exactly one character long"))
			}
			if width > maxTextBytes {
				p.fail(limitError("the text is too long"))
			}
			if p.err != nil {
				return nil, p.err
			}
			s := v.(string)
			return pad(s, fill, width, max(0, width-utf8.RuneCountInString(s))), nil
		}
	}
	table["zfill"] = func(c *call, v any) (any, error) {
		p := c.params("width")
		width := p.whole(p.need(0))
		if width > maxTextBytes {
			p.fail(limitError("the text is too long"))
		}
		if p.err != nil {
			return nil, p.err
		}
		return zeroFill(v.(string), width), nil
	}
	table["expandtabs"] = func(c *call, v any) (any, error) {
		p := c.params("tabsize")
		size := p.int(0, 8)
		if size > 1000 {
			p.fail(limitError("the tab is too wide"))
		}
		if p.err != nil {
			return nil, p.err
		}
		return expandTabs(v.(string), size), nil
	}
}

func zeroFill(s string, width int) string {
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign = s[:1]
	}
	return sign + strings.Repeat("0", max(0, width-utf8.RuneCountInString(s))) + s[len(sign):]
}

func expandTabs(s string, size int) string {
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - column%size
			b.WriteString(strings.Repeat(" ", n))
			column += n
		case r == '\t':
		case r == '\n' || r == '\r':
			b.WriteRune(r)
			column = 0
		default:
			b.WriteRune(r)
			column++
		}
	}
	return b.String()
}

func addTrimming(table methodTable) {
	trims := map[string][2]bool{"strip": {true, true}, "lstrip": {true, false}, "rstrip": {false, true}}
	for name, ends := range trims {
		table[name] = func(c *call, v any) (any, error) {
			p := c.params("chars")
			in := isSpace
			if chars := p.defined(p.any(0, nil)); chars != nil {
				set, ok := chars.(string)
				if !ok {
					p.fail(typeError("%s arg must be None or str", name))
				}
				in = func(r rune) bool { return strings.ContainsRune(set, r) }
			}
			s := v.(string)
			if ends[0] {
				s = strings.TrimLeftFunc(s, in)
			}
			if ends[1] {
				s = strings.TrimRightFunc(s, in)
			}
			return s, p.err
		}
	}
	affixes := map[string]func(string, string) string{"removeprefix": strings.TrimPrefix, "removesuffix": strings.TrimSuffix}
	for name, trim := range affixes {
		table[name] = func(c *call, v any) (any, error) {
			p := c.params("affix")
			part, ok := p.defined(p.need(0)).(string)
			if !ok {
				p.fail(typeError("%s() argument must be str", name))
			}
			return trim(v.(string), part), p.err
		}
	}
	table["splitlines"] = func(c *call, v any) (any, error) {
		p := c.params("keepends")
		return anyStrings(splitLines(v.(string), p.truth(0, false))), p.err
	}
	table["partition"] = func(c *call, v any) (any, error) { return partition(c, v.(string), false) }
	table["rpartition"] = func(c *call, v any) (any, error) { return partition(c, v.(string), true) }
}

func partition(c *call, s string, right bool) (any, error) {
	p := c.params("sep")
	sep, ok := p.defined(p.need(0)).(string)
	if !ok {
		p.fail(typeError("must be str, not %s", value.TypeName(p.any(0, nil))))
	}
	if p.err == nil && sep == "" {
		p.fail(valueError("empty separator"))
	}
	if p.err != nil {
		return nil, p.err
	}
	at := strings.Index(s, sep)
	if right {
		at = strings.LastIndex(s, sep)
	}
	switch {
	case at >= 0:
		return value.Tuple{s[:at], sep, s[at+len(sep):]}, nil
	case right:
		return value.Tuple{"", "", s}, nil
	}
	return value.Tuple{s, "", ""}, nil
}
