package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/value"
)

func makeStringMethods() methodTable {
	table := methodTable{
		"format": func(c *call, v any) (any, error) { return formatBraces(v.(string), c) },
		"format_map": func(c *call, v any) (any, error) {
			p := c.params("mapping")
			d, ok := p.need(0).(*value.Dict)
			if !ok {
				p.fail(typeError("format_map() argument must be a mapping"))
			}
			if p.err != nil {
				return nil, p.err
			}
			return formatBraces(v.(string), &call{eval: c.eval, name: c.name, kwargs: d})
		},
		"join":       textJoin,
		"startswith": func(c *call, v any) (any, error) { return affix(c, v.(string), strings.HasPrefix) },
		"endswith":   func(c *call, v any) (any, error) { return affix(c, v.(string), strings.HasSuffix) },
		"split":      func(c *call, v any) (any, error) { return textSplit(c, v.(string), false) },
		"rsplit":     func(c *call, v any) (any, error) { return textSplit(c, v.(string), true) },
		"replace":    textReplace,
	}
	for name, run := range caseMethods {
		table[name] = func(c *call, v any) (any, error) { return run(v.(string)), c.params().err }
	}
	for name, is := range runeTests {
		table[name] = func(c *call, v any) (any, error) { return allRunes(v.(string), is), c.params().err }
	}
	for name, find := range finders {
		table[name] = func(c *call, v any) (any, error) { return textFind(c, v.(string), name, find) }
	}
	addPadding(table)
	addTrimming(table)
	return table
}

var caseMethods = map[string]func(string) any{
	"upper":        func(s string) any { return upper(s) },
	"lower":        func(s string) any { return lower(s) },
	"title":        func(s string) any { return title(s) },
	"capitalize":   func(s string) any { return capitalize(s) },
	"swapcase":     func(s string) any { return swapCase(s) },
	"casefold":     func(s string) any { return caseFold(s) },
	"isupper":      func(s string) any { return isCase(s, unicode.IsUpper) },
	"islower":      func(s string) any { return isCase(s, unicode.IsLower) },
	"istitle":      func(s string) any { return strings.IndexFunc(s, isCased) >= 0 && title(s) == s },
	"isidentifier": func(s string) any { return isIdentifier(s) },
	"isascii":      func(s string) any { return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0 },
	"isprintable":  func(s string) any { return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 },
}

var runeTests = map[string]func(rune) bool{
	"isalpha":   unicode.IsLetter,
	"isdigit":   isDigit,
	"isdecimal": unicode.IsDigit,
	"isnumeric": unicode.IsNumber,
	"isalnum":   func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) },
	"isspace":   isSpace,
}

func isDigit(r rune) bool {
	return unicode.IsDigit(r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r)
}

func allRunes(s string, is func(rune) bool) bool {
	for _, r := range s {
		if !is(r) {
			return false
		}
	}
	return s != ""
}

// isCase says whether there are cased letters and all of them have the case.
func isCase(s string, is func(rune) bool) bool {
	found := false
	for _, r := range s {
		if isCased(r) {
			if !is(r) {
				return false
			}
			found = true
		}
	}
	return found
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

func textJoin(c *call, v any) (any, error) {
	p := c.params("iterable")
	items := p.items(p.need(0))
	parts := make([]string, len(items))
	for i, item := range items {
		s, ok := p.defined(item).(string)
		if !ok {
			p.fail(typeError("sequence item %d: expected str instance, %s found", i, value.TypeName(item)))
		}
		parts[i] = s
	}
	return strings.Join(parts, v.(string)), p.err
}

func affix(c *call, s string, has func(string, string) bool) (any, error) {
	p := c.params("prefix", "start", "end")
	wanted := p.defined(p.need(0))
	runes := []rune(s)
	start, end := clamp(p, 1, 0, len(runes)), clamp(p, 2, len(runes), len(runes))
	if p.err != nil {
		return nil, p.err
	}
	if start > end {
		return false, nil
	}
	s = string(runes[start:end])
	options, ok := wanted.(value.Tuple)
	if !ok {
		options = value.Tuple{wanted}
	}
	for _, option := range options {
		text, ok := option.(string)
		if !ok {
			return nil, typeError("%s first arg must be str or a tuple of str, not %s", c.name, value.TypeName(option))
		}
		if has(s, text) {
			return true, nil
		}
	}
	return false, nil
}

// clamp reads a start or end argument as Python's string methods do.
func clamp(p *params, i, fallback, length int) int {
	if !p.has(i) || p.vals[i] == nil {
		return fallback
	}
	at := p.whole(p.vals[i])
	if at < 0 {
		at += length
	}
	return min(max(at, 0), length)
}

func textSplit(c *call, s string, right bool) (any, error) {
	p := c.params("sep", "maxsplit")
	limit := p.int(1, -1)
	separator := p.defined(p.any(0, nil))
	if p.err != nil {
		return nil, p.err
	}
	if separator == nil {
		if right {
			return anyStrings(splitSpaceRight(s, limit)), nil
		}
		return anyStrings(splitSpace(s, limit)), nil
	}
	sep, ok := separator.(string)
	if !ok {
		return nil, typeError("must be str or None, not %s", value.TypeName(separator))
	}
	if sep == "" {
		return nil, valueError("empty separator")
	}
	return anyStrings(splitOn(s, sep, limit, right)), nil
}

func splitOn(s, sep string, limit int, right bool) []string {
	if limit < 0 || !right {
		if limit < 0 {
			return strings.Split(s, sep)
		}
		return strings.SplitN(s, sep, limit+1)
	}
	parts := strings.Split(s, sep)
	if extra := len(parts) - 1 - limit; extra > 0 {
		return append([]string{strings.Join(parts[:extra+1], sep)}, parts[extra+1:]...)
	}
	return parts
}

func textReplace(c *call, v any) (any, error) {
	p := c.params("old", "new", "count")
	old, ok1 := p.defined(p.need(0)).(string)
	new, ok2 := p.defined(p.need(1)).(string)
	if !ok1 || !ok2 {
		p.fail(typeError("replace() arguments must be str"))
	}
	return replaceText(p, v.(string), old, new, p.int(2, -1))
}

func replaceText(p *params, s, old, new string, limit int) (any, error) {
	if p.err != nil {
		return nil, p.err
	}
	times := strings.Count(s, old)
	if limit >= 0 {
		times = min(times, limit)
	}
	if times > 0 && len(new) > maxTextBytes/times {
		return nil, limitError("the text is too long")
	}
	return strings.Replace(s, old, new, limit), nil
}

// finders give the byte offset of a text in another; count and index are made of the same.
var finders = map[string]func(s, part string) int{
	"find": strings.Index, "rfind": strings.LastIndex, "index": strings.Index, "rindex": strings.LastIndex, "count": strings.Count,
}

func textFind(c *call, s, name string, find func(string, string) int) (any, error) {
	p := c.params("sub", "start", "end")
	part, ok := p.defined(p.need(0)).(string)
	if !ok {
		p.fail(typeError("must be str, not %s", value.TypeName(p.any(0, nil))))
	}
	runes := []rune(s)
	start, end := clamp(p, 1, 0, len(runes)), clamp(p, 2, len(runes), len(runes))
	if p.err != nil {
		return nil, p.err
	}
	at := -1
	if start <= end {
		window := string(runes[start:end])
		at = find(window, part)
		if name != "count" && at >= 0 {
			at = start + utf8.RuneCountInString(window[:at])
		}
	} else if name == "count" {
		at = 0
	}
	if at < 0 && strings.HasSuffix(name, "index") {
		return nil, valueError("substring not found")
	}
	return int64(at), nil
}
