package expr

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"runner/expr/regex"
	"runner/value"
)

// A subscript behind a pattern: web[0], web[-1], web[0:2], web[1:].
const hostSubscript = `^(.+)\[(?:(-?[0-9]+)|([0-9]*)[:-](-?[0-9]*))\]$`

// hostGroups are the hosts of every group, and all of them in order.
type hostGroups struct {
	groups *value.Dict
	all    []string
}

// lookupInventoryHostnames is the hosts that patterns mean, among those of the variable `groups`; a pattern that cannot be
// read gives none, as in Ansible.
func lookupInventoryHostnames(c *call) ([]any, error) {
	v, err := c.eval.named("groups")
	if err != nil {
		return nil, err
	}
	groups, ok := v.(*value.Dict)
	if !ok {
		return nil, valueError("the groups of the inventory are not known here")
	}
	h := hostGroups{groups: groups}
	for _, name := range groups.Keys() {
		h.all = withMore(h.all, h.members(name))
	}
	out := []any{}
	for _, name := range h.chosen(hostPatterns(c.args)) {
		out = append(out, name)
	}
	return out, nil
}

// hostPatterns are the single patterns in texts and lists of them, in order.
func hostPatterns(terms []any) []string {
	var out []string
	for _, term := range terms {
		if items, ok := value.Items(term); ok {
			out = append(out, hostPatterns(items)...)
			continue
		}
		for _, part := range strings.Split(value.Str(term), ",") {
			out = append(out, apart(strings.TrimSpace(part))...)
		}
	}
	return out
}

// apart splits at colons that are not within brackets. A regular expression stays whole.
func apart(text string) []string {
	if strings.HasPrefix(strings.TrimLeft(text, "!&"), "~") || strings.Count(text, ":") > 1 && strings.Contains(text, "::") {
		return []string{text}
	}
	var out []string
	depth, from := 0, 0
	for i, char := range text + ":" {
		switch {
		case char == '[':
			depth++
		case char == ']':
			depth--
		case char == ':' && (depth == 0 || i == len(text)):
			if part := strings.TrimSpace(text[from:i]); part != "" {
				out = append(out, part)
			}
			from = i + 1
		}
	}
	return out
}

// chosen are the hosts that the patterns select: `&` and `!` count after all others.
func (h hostGroups) chosen(patterns []string) []string {
	var chosen []string
	plain := false
	for _, pattern := range patterns {
		if pattern[0] != '!' && pattern[0] != '&' {
			plain = true
			chosen = withMore(chosen, h.match(pattern))
		}
	}
	if !plain {
		chosen = slices.Clone(h.all)
	}
	for _, sign := range "&!" {
		for _, pattern := range patterns {
			if rune(pattern[0]) == sign {
				these := h.match(pattern[1:])
				chosen = slices.DeleteFunc(chosen, func(name string) bool { return slices.Contains(these, name) == (sign == '!') })
			}
		}
	}
	return chosen
}

// match are the hosts that one pattern means.
func (h hostGroups) match(pattern string) []string {
	if pattern == "all" || pattern == "*" {
		return h.all
	}
	if expression, ok := strings.CutPrefix(pattern, "~"); ok {
		wanted, err := regex.Compile(expression, 0)
		if err != nil {
			return nil
		}
		return h.named(func(name string) bool { found, err := wanted.Match(name); return err == nil && found != nil })
	}
	if _, known := h.groups.Get(pattern); known {
		return h.members(pattern)
	}
	if slices.Contains(h.all, pattern) {
		return []string{pattern}
	}
	if base, first, last, ok := subscripted(pattern); ok {
		return cutHosts(h.match(base), first, last)
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return nil
	}
	glob := strings.ReplaceAll(pattern, "[!", "[^")
	return h.named(func(name string) bool { ok, err := path.Match(glob, name); return ok && err == nil })
}

// named are the hosts of groups whose names fit, then hosts whose own do.
func (h hostGroups) named(fits func(string) bool) []string {
	var out []string
	for _, group := range h.groups.Keys() {
		if name := value.Str(group); fits(name) {
			out = withMore(out, h.members(group))
		}
	}
	for _, name := range h.all {
		if fits(name) {
			out = withMore(out, []string{name})
		}
	}
	return out
}

func (h hostGroups) members(group string) []string {
	v, _ := h.groups.Get(group)
	items, _ := value.Items(v)
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = value.Str(item)
	}
	return out
}

// subscripted takes a subscript off a pattern; last is nil for one host, and the end counts.
func subscripted(pattern string) (base string, first int, last *int, ok bool) {
	wanted, err := regex.Compile(hostSubscript, 0)
	if err != nil {
		return "", 0, nil, false
	}
	found, err := wanted.Match(pattern)
	if err != nil || found == nil {
		return "", 0, nil, false
	}
	base, _ = found.Group(1)
	if index, single := found.Group(2); single {
		first, err = strconv.Atoi(index)
		return base, first, nil, err == nil
	}
	from, _ := found.Group(3)
	to, _ := found.Group(4)
	end := -1
	if to != "" {
		end, err = strconv.Atoi(to)
	}
	if from != "" && err == nil {
		first, err = strconv.Atoi(from)
	}
	return base, first, &end, err == nil
}

func cutHosts(hosts []string, first int, last *int) []string {
	n := len(hosts)
	if last == nil {
		if first < 0 {
			first += n
		}
		if first < 0 || first >= n {
			return nil
		}
		return hosts[first : first+1]
	}
	end := *last + 1
	if *last == -1 {
		end = n
	} else if end < 0 {
		end = max(0, n+end)
	}
	first, end = min(first, n), min(end, n)
	return hosts[first:max(first, end)]
}

// withMore adds the names that are not there yet.
func withMore(to, more []string) []string {
	for _, name := range more {
		if !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	return to
}
