package expr

import (
	"strconv"
	"strings"

	"runner/expr/regex"
	"runner/value"
)

var regexFilters = table{
	{"regex_replace", filterRegexReplace},
	{"regex_search", filterRegexSearch},
	{"regex_findall", filterRegexFindAll},
	{"regex_escape", filterRegexEscape},
}

var regexTests = table{
	{"match", func(c *call, v any) (any, error) { return testRegex(c, v, "match") }},
	{"search", func(c *call, v any) (any, error) { return testRegex(c, v, "search") }},
	{"regex", func(c *call, v any) (any, error) { return testRegex(c, v, "") }},
}

// pattern compiles a pattern with the flags Ansible's filters take.
func (p *params) pattern(v any, ignoreCase, multiLine bool) *regex.Regex {
	flags := regex.Flags(0)
	if ignoreCase {
		flags |= regex.IgnoreCase
	}
	if multiLine {
		flags |= regex.MultiLine
	}
	s := p.str(v)
	if p.err != nil {
		return nil
	}
	r, err := regex.Compile(s, flags)
	if err != nil {
		p.fail(valueError("the regular expression %s: %s", value.Repr(s), err))
	}
	return r
}

func filterRegexReplace(c *call, v any) (any, error) {
	p := c.params("pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count")
	s := p.str(v)
	r := p.pattern(p.any(0, ""), p.truth(2, false), p.truth(3, false))
	replacement, count, wanted := p.text(1, ""), p.int(4, 0), p.int(5, 0)
	if p.err != nil {
		return nil, p.err
	}
	out, times, err := r.Replace(s, replacement, count)
	if err != nil {
		return nil, valueError("%s", err)
	}
	if wanted != 0 && wanted != times {
		return nil, valueError("'%s' should match %d times, but matches %d times in '%s'", p.text(0, ""), wanted, count, s)
	}
	return out, nil
}

func filterRegexSearch(c *call, v any) (any, error) {
	if len(c.args) == 0 {
		return nil, typeError("regex_search() missing 1 required positional argument: 'regex'")
	}
	options := &call{c.eval, c.name, nil, c.kwargs}
	p := options.params("ignorecase", "multiline")
	s := p.str(v)
	r := p.pattern(c.args[0], p.truth(0, false), p.truth(1, false))
	if p.err != nil {
		return nil, p.err
	}
	found, err := r.Search(s)
	if err != nil {
		return nil, valueError("%s", err)
	}
	groups, err := wantedGroups(r, c.args[1:])
	if err != nil || found == nil {
		return nil, err
	}
	if len(groups) == 0 {
		return groupValue(found, 0), nil
	}
	out := []any{}
	for _, group := range groups {
		if group > r.Groups() {
			return nil, valueError("no such group")
		}
		out = append(out, groupValue(found, group))
	}
	return out, nil
}

func groupValue(m *regex.Match, group int) any {
	if s, ok := m.Group(group); ok {
		return s
	}
	return nil
}

// wantedGroups reads the arguments \\1 and \\g<name> of regex_search.
func wantedGroups(r *regex.Regex, args []any) ([]int, error) {
	var groups []int
	for _, arg := range args {
		s, _ := arg.(string)
		if rest, ok := strings.CutPrefix(s, `\g<`); ok {
			name, _, _ := strings.Cut(rest, ">")
			n, ok := r.Names()[name]
			if number, err := strconv.Atoi(name); err == nil {
				n, ok = number, true
			}
			if !ok {
				return nil, valueError("no such group")
			}
			groups = append(groups, n)
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(s, `\`))
		if !strings.HasPrefix(s, `\`) || err != nil {
			return nil, valueError("Unknown argument")
		}
		groups = append(groups, n)
	}
	return groups, nil
}

func filterRegexFindAll(c *call, v any) (any, error) {
	p := c.params("regex", "multiline", "ignorecase")
	s := p.str(v)
	r := p.pattern(p.need(0), p.truth(2, false), p.truth(1, false))
	if p.err != nil {
		return nil, p.err
	}
	found, err := r.FindAll(s, 0)
	if err != nil {
		return nil, valueError("%s", err)
	}
	out := []any{}
	for _, m := range found {
		out = append(out, findAllValue(m, r.Groups()))
	}
	return out, nil
}

// findAllValue is what re.findall lists for a match: the match, its one group or a tuple of its groups.
func findAllValue(m *regex.Match, groups int) any {
	switch groups {
	case 0:
		s, _ := m.Group(0)
		return s
	case 1:
		s, _ := m.Group(1)
		return s
	}
	out := value.Tuple{}
	for i := 1; i <= groups; i++ {
		s, _ := m.Group(i)
		out = append(out, s)
	}
	return out
}

func filterRegexEscape(c *call, v any) (any, error) {
	p := c.params("re_type")
	s := p.str(v)
	switch kind := p.text(0, "python"); {
	case p.err != nil:
		return nil, p.err
	case kind == "python":
		return regex.Escape(s), nil
	case kind == "posix_basic":
		return strings.NewReplacer(`]`, `\]`, `.`, `\.`, `[`, `\[`, `^`, `\^`, `$`, `\$`, `*`, `\*`, `\`, `\\`).Replace(s), nil
	default:
		return nil, valueError("Invalid regex type (%s)", kind)
	}
}

func testRegex(c *call, v any, kind string) (any, error) {
	p := c.params("pattern", "ignorecase", "multiline", "match_type")
	s := textOf(p, v, "the test '"+c.name+"'")
	r := p.pattern(p.any(0, ""), p.truth(1, false), p.truth(2, false))
	if kind == "" {
		kind = p.text(3, "search")
	}
	if p.err != nil {
		return nil, p.err
	}
	find := r.Search
	switch kind {
	case "match":
		find = r.Match
	case "fullmatch":
		find = r.FullMatch
	}
	found, err := find(s)
	if err != nil {
		return nil, valueError("%s", err)
	}
	return found != nil, nil
}
