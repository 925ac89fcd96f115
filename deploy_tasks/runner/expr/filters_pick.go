package expr

import (
	"strconv"
	"strings"

	"runner/value"
)

// Filters that apply a filter, a test or an attribute to every item.
var pickFilters = table{
	{"map", filterMap},
	{"select", func(c *call, v any) (any, error) { return pick(c, v, true, false) }},
	{"reject", func(c *call, v any) (any, error) { return pick(c, v, false, false) }},
	{"selectattr", func(c *call, v any) (any, error) { return pick(c, v, true, true) }},
	{"rejectattr", func(c *call, v any) (any, error) { return pick(c, v, false, true) }},
}

// attributeGetter reads `a.b.0` of an item; a part that does not exist becomes the default when that is not nil.
func attributeGetter(attribute, fallback any, ignoreCase bool) func(any) (any, error) {
	parts := attributeParts(attribute)
	return func(item any) (any, error) {
		for _, part := range parts {
			v, err := getItem(item, part)
			if err != nil {
				return nil, err
			}
			if _, undefined := v.(value.Undefined); undefined && fallback != nil {
				v = fallback
			}
			item = v
		}
		if s, ok := item.(string); ok && ignoreCase {
			return lower(s), nil
		}
		return item, nil
	}
}

func attributeParts(attribute any) []any {
	s, ok := attribute.(string)
	if !ok {
		if attribute == nil {
			return nil
		}
		return []any{attribute}
	}
	var parts []any
	for _, part := range strings.Split(s, ".") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && allRunes(part, isDigit) {
			parts = append(parts, n)
		} else {
			parts = append(parts, part)
		}
	}
	return parts
}

func filterMap(c *call, v any) (any, error) {
	t, err := truth(v)
	if err != nil || !t {
		return []any{}, err
	}
	items, err := iterate(v)
	if err != nil {
		return nil, err
	}
	if attribute, ok := c.kwargs.Get("attribute"); ok && len(c.args) == 0 {
		for _, key := range c.kwargs.Keys() {
			if key != "attribute" && key != "default" {
				return nil, typeError("Unexpected keyword argument %s", value.Repr(key))
			}
		}
		return mapItems(items, attributeGetter(attribute, option(c.kwargs, "default", nil), false))
	}
	if len(c.args) == 0 {
		return nil, typeError("map requires a filter argument")
	}
	name := shortName(value.Str(c.args[0]))
	return mapItems(items, func(item any) (any, error) {
		return c.eval.applyFilter(item, &call{c.eval, name, c.args[1:], c.kwargs})
	})
}

// shortName drops the collection from the name of a filter or test that is given as text.
func shortName(name string) string { return strings.TrimPrefix(name, "ansible.builtin.") }

// pick keeps the items (or the items with an attribute) that pass a test, or that do not.
func pick(c *call, v any, wanted, byAttribute bool) (any, error) {
	out := []any{}
	t, err := truth(v)
	if err != nil || !t {
		return out, err
	}
	items, err := iterate(v)
	if err != nil {
		return nil, err
	}
	args := c.args
	get := func(item any) (any, error) { return item, nil }
	if byAttribute {
		if len(args) == 0 {
			return nil, typeError("Missing parameter for attribute name")
		}
		get = attributeGetter(args[0], nil, false)
		args = args[1:]
	}
	for _, item := range items {
		got, err := get(item)
		if err != nil {
			return nil, err
		}
		passed, err := c.passes(got, args)
		if err != nil {
			return nil, err
		}
		if passed == wanted {
			out = append(out, item)
		}
	}
	return out, nil
}

func (c *call) passes(v any, args []any) (bool, error) {
	if len(args) == 0 {
		return truth(v)
	}
	result, err := c.eval.applyTest(v, &call{c.eval, shortName(value.Str(args[0])), args[1:], c.kwargs})
	if err != nil {
		return false, err
	}
	return truth(result)
}
