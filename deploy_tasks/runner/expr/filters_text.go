package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/value"
)

// rareTextFilters are those that hardly anyone names.
var rareTextFilters = table{
	{"striptags", func(s string) any { return stripTags(s) }},
	{"xmlattr", filterXMLAttr},
	{"pprint", filterPprint},
}

var textFilters = table{
	{"string", func(s string) any { return s }},
	{"upper", func(s string) any { return upper(s) }},
	{"lower", func(s string) any { return lower(s) }},
	{"capitalize", func(s string) any { return capitalize(s) }},
	{"title", func(s string) any { return titleWords(s) }},
	{"wordcount", func(s string) any { return countWords(s) }},
	{"escape", func(s string) any { return escapeHTML(s) }},
	{"e", func(s string) any { return escapeHTML(s) }},
	{"forceescape", func(s string) any { return escapeHTML(s) }},
	{"quote", filterQuote},
	{"replace", filterReplace},
	{"trim", filterTrim},
	{"format", filterFormat},
	{"split", filterSplit},
	{"reverse", filterReverse},
}

// titleWords is Jinja2's title: words begin after space, dash and brackets.
func titleWords(s string) string {
	var b strings.Builder
	starts := true
	for _, r := range s {
		if strings.ContainsRune("-({[<", r) || isSpace(r) {
			b.WriteRune(r)
			starts = true
			continue
		}
		if starts {
			b.WriteString(upper(string(r)))
		} else {
			b.WriteString(lower(string(r)))
		}
		starts = false
	}
	return b.String()
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func countWords(s string) any {
	n, inside := int64(0), false
	for _, r := range s {
		if isWord(r) && !inside {
			n++
		}
		inside = isWord(r)
	}
	return n
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;")

func escapeHTML(s string) string { return htmlEscapes.Replace(s) }

var htmlNames = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'", "&nbsp;", "\u00a0", "&amp;", "&")

// stripTags removes comments and tags and reads the common entities, as MarkupSafe does.
func stripTags(s string) string {
	for _, marks := range [][2]string{{"<!--", "-->"}, {"<", ">"}} {
		for at := strings.Index(s, marks[0]); at >= 0; at = strings.Index(s, marks[0]) {
			end := strings.Index(s[at:], marks[1])
			if end < 0 {
				break
			}
			s = s[:at] + s[at+end+len(marks[1]):]
		}
	}
	return htmlNames.Replace(strings.Join(splitSpace(s, -1), " "))
}

// filterQuote is shlex.quote.
func filterQuote(c *call, v any) (any, error) {
	p := c.params()
	s := ""
	if v != nil {
		s = p.str(v)
	}
	if p.err != nil {
		return nil, p.err
	}
	safe := func(r rune) bool {
		return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@%+=:,./-", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s, nil
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'", nil
}

func filterReplace(c *call, v any) (any, error) {
	p := c.params("old", "new", "count")
	limit := -1
	if p.any(2, nil) != nil {
		limit = p.int(2, -1)
	}
	return replaceText(p, p.str(v), p.str(p.need(0)), p.str(p.need(1)), limit)
}

func filterTrim(c *call, v any) (any, error) {
	p := c.params("chars")
	has := p.any(0, nil) != nil
	chars := ""
	if has {
		chars = p.text(0, "")
	}
	return trimChars(p.str(v), chars, has), p.err
}

func filterFormat(c *call, v any) (any, error) {
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	if c.kwargs.Len() == 0 {
		return formatPercent(s, value.Tuple(c.args))
	}
	if len(c.args) > 0 {
		return nil, typeError("can't handle positional and keyword arguments at the same time")
	}
	return formatPercent(s, c.kwargs)
}

func filterSplit(c *call, v any) (any, error) {
	if u, ok := v.(value.Undefined); ok {
		return nil, undefinedError(u)
	}
	s, ok := v.(string)
	if !ok {
		return nil, typeError("descriptor 'split' for 'str' objects doesn't apply to a '%s' object", value.TypeName(v))
	}
	return textSplit(c, s, false)
}

func filterReverse(c *call, v any) (any, error) {
	p := c.params()
	if s, ok := v.(string); ok {
		return reverse(s), p.err
	}
	return reversed(p.items(v)), p.err
}

func filterXMLAttr(c *call, v any) (any, error) {
	p := c.params("autospace")
	d, ok := p.defined(v).(*value.Dict)
	if !ok {
		p.fail(typeError("xmlattr wants a dict, not %s", value.TypeName(v)))
	}
	var parts []string
	for key, item := range d.All() {
		if _, undefined := item.(value.Undefined); undefined || item == nil {
			continue
		}
		name := textOf(p, key, "xmlattr")
		if strings.ContainsAny(name, " \t\n\r\f\v/>=") {
			p.fail(valueError("Invalid character in attribute name: %s", value.Repr(name)))
		}
		parts = append(parts, escapeHTML(name)+`="`+escapeHTML(p.str(item))+`"`)
	}
	out := strings.Join(parts, " ")
	if p.truth(0, true) && out != "" {
		out = " " + out
	}
	return out, p.err
}

// filterPprint writes short values as pprint does, on one line, and longer ones with an item a line.
func filterPprint(c *call, v any) (any, error) {
	p := c.params()
	if err := checkDefined(v); err != nil {
		return nil, err
	}
	return prettyRepr(sortedDeep(v), 0), p.err
}

// sortedDeep sorts the keys of every dict in v.
func sortedDeep(v any) any {
	switch v := v.(type) {
	case *value.Dict:
		out := value.NewDict()
		for key, item := range sortedDict(v).All() {
			_ = out.SetKey(key, sortedDeep(item)) // a key of a dict: hashable
		}
		return out
	case value.Tuple:
		items, _ := mapItems(v, func(item any) (any, error) { return sortedDeep(item), nil })
		return value.Tuple(items)
	}
	if items, ok := value.Items(v); ok {
		out, _ := mapItems(items, func(item any) (any, error) { return sortedDeep(item), nil })
		return out
	}
	return v
}

func prettyRepr(v any, indent int) string {
	line := value.Repr(v)
	if utf8.RuneCountInString(line)+indent <= 80 {
		return line
	}
	pad := ",\n" + strings.Repeat(" ", indent+1)
	switch v := v.(type) {
	case *value.Dict:
		var parts []string
		for key, item := range v.All() {
			name := value.Repr(key) + ": "
			parts = append(parts, name+prettyRepr(item, indent+1+utf8.RuneCountInString(name)))
		}
		return "{" + strings.Join(parts, pad) + "}"
	case []any, *value.List:
		items, _ := value.Items(v)
		var parts []string
		for _, item := range items {
			parts = append(parts, prettyRepr(item, indent+1))
		}
		return "[" + strings.Join(parts, pad) + "]"
	}
	return line
}
