package argspec

import (
	"slices"
	"sort"
	"strings"

	"runner/value"
)

func (c *checker) required(l level, params *value.Dict) {
	var missing []string
	for _, name := range l.options.Keys() {
		if _, there := params.Get(name); !there && dictAt(l.options, name).truth("required") {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		c.tell("missing required arguments: %s%s", strings.Join(missing, ", "), l.found(" found in"))
	}
}

// rule is one of the rules that an option has for the options within it.
func (l level) rule(name string) []any {
	if l.rules == nil {
		return nil
	}
	v, _ := l.rules.Get(name)
	items, _ := value.Items(v)
	return items
}

func (c *checker) exclusive(l level, params *value.Dict) {
	var found []string
	for _, rule := range l.rule("mutually_exclusive") {
		if names := listed(rule); count(names, params) > 1 {
			found = append(found, strings.Join(names, "|"))
		}
	}
	if len(found) > 0 {
		c.tell("parameters are mutually exclusive: %s%s", strings.Join(found, ", "), l.found(" found in"))
	}
}

// together checks the rules about several options at once; of each sort the first that is broken is told.
func (c *checker) together(l level, params *value.Dict) {
	for _, rule := range l.rule("required_together") {
		if names := listed(rule); count(names, params) > 0 && count(names, params) < len(names) {
			c.tell("parameters are required together: %s%s", strings.Join(names, ", "), l.found(" found in"))
			break
		}
	}
	for _, rule := range l.rule("required_one_of") {
		if names := listed(rule); count(names, params) == 0 {
			c.tell("one of the following is required: %s%s", strings.Join(names, ", "), l.found(" found in"))
			break
		}
	}
	for _, rule := range l.rule("required_if") {
		if c.requiredIf(l, rule, params) {
			break
		}
	}
	c.requiredBy(l, params)
}

// requiredIf checks [option, value, [needed…], whether one of them is enough].
func (c *checker) requiredIf(l level, rule any, params *value.Dict) bool {
	parts, _ := value.Items(rule)
	if len(parts) < 3 {
		return false
	}
	v, there := params.Get(value.Str(parts[0]))
	if !there || !value.Equal(v, parts[1]) {
		return false
	}
	needed := listed(parts[2])
	var missing []string
	for _, name := range needed {
		if count([]string{name}, params) == 0 {
			missing = append(missing, name)
		}
	}
	which, enough := "all", 1
	if len(parts) > 3 && value.Truthy(parts[3]) {
		which, enough = "any", len(needed)
	}
	if len(missing) == 0 || len(missing) < enough {
		return false
	}
	c.tell("%s is %s but %s of the following are missing: %s%s", value.Str(parts[0]), value.Str(parts[1]), which,
		strings.Join(missing, ", "), l.found(" found in"))
	return true
}

func (c *checker) requiredBy(l level, params *value.Dict) {
	if l.rules == nil {
		return
	}
	for _, name := range dictAt(l.rules, "required_by").Keys() {
		if v, _ := params.Get(name); v == nil {
			continue
		}
		var missing []string
		for _, needed := range listed(dictAt(l.rules, "required_by").at(name)) {
			if v, _ := params.Get(needed); v == nil {
				missing = append(missing, needed)
			}
		}
		if len(missing) > 0 {
			c.tell("missing parameter(s) required by '%s': %s%s", name, strings.Join(missing, ", "), l.found(" found in"))
			return
		}
	}
}

func (c *checker) choices(l level, params *value.Dict) {
	for _, name := range l.options.Keys() {
		offered := dictAt(l.options, name).at("choices")
		if offered == nil {
			continue
		}
		choices, ok := value.Items(offered)
		v, there := params.Get(name)
		switch {
		case !ok:
			c.tell("internal error: choices for argument %s are not iterable: %s%s", name, value.Str(offered), l.found(" found in"))
		case there:
			c.choice(l, name, v, choices)
		}
	}
}

func (c *checker) choice(l level, name string, v any, choices []any) {
	if items, ok := v.([]any); ok {
		var strange []any
		for _, item := range items {
			if !among(item, choices) {
				strange = append(strange, item)
			}
		}
		if len(strange) > 0 {
			c.tell("value of %s must be one or more of: %s. Got no match for: %s%s", name, joined(choices), joined(strange),
				l.found(" found in"))
		}
		return
	}
	if among(v, choices) || truthWord(v, choices) {
		return
	}
	c.tell("value of %s must be one of: %s, got: %s%s", name, joined(choices), value.Str(v), l.found(" found in"))
}

// truthWord says whether a truth that became text stands for the only word among the choices that YAML reads as it.
func truthWord(v any, choices []any) bool {
	words := map[any][]string{"True": yes, "False": no}[v]
	matching := 0
	for _, choice := range choices {
		if slices.Contains(words, strings.ToLower(value.Str(choice))) {
			matching++
		}
	}
	return matching == 1
}

func among(v any, choices []any) bool {
	return slices.ContainsFunc(choices, func(choice any) bool { return value.Equal(v, choice) })
}

func joined(items []any) string { return strings.Join(listed(items), ", ") }

// listed are the texts of a list; anything else is its only item.
func listed(v any) []string {
	items, ok := value.Items(v)
	if !ok {
		return []string{value.Str(v)}
	}
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = value.Str(item)
	}
	return out
}

func count(names []string, params *value.Dict) int {
	found := 0
	for _, name := range names {
		if _, there := params.Get(name); there {
			found++
		}
	}
	return found
}
