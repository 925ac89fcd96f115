package expr

import (
	"strings"

	"runner/value"
)

var sortFilters = table{
	{"sort", filterSort},
	{"dictsort", filterDictSort},
	{"groupby", filterGroupBy},
	{"unique", filterUnique},
	{"min", func(c *call, v any) (any, error) { return extreme(c, v, "lt") }},
	{"max", func(c *call, v any) (any, error) { return extreme(c, v, "gt") }},
	{"sum", filterSum},
}

func filterSort(c *call, v any) (any, error) {
	p := c.params("reverse", "case_sensitive", "attribute")
	items := p.items(v)
	reverse, ignoreCase := p.truth(0, false), !p.truth(1, false)
	if p.err != nil {
		return nil, p.err
	}
	return sortBy(items, multiGetter(p.any(2, nil), ignoreCase), reverse)
}

// multiGetter reads several attributes, `a,b.c`, as one list to sort by.
func multiGetter(attribute any, ignoreCase bool) func(any) (any, error) {
	var getters []func(any) (any, error)
	if s, ok := attribute.(string); ok {
		for _, part := range strings.Split(s, ",") {
			getters = append(getters, attributeGetter(part, nil, ignoreCase))
		}
	} else {
		getters = append(getters, attributeGetter(attribute, nil, ignoreCase))
	}
	return func(item any) (any, error) {
		out := make([]any, len(getters))
		for i, get := range getters {
			v, err := get(item)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
}

func filterDictSort(c *call, v any) (any, error) {
	p := c.params("case_sensitive", "by", "reverse")
	d, ok := p.defined(v).(*value.Dict)
	if !ok {
		p.fail(typeError("'%s' object has no attribute 'items'", value.TypeName(v)))
	}
	ignoreCase, by, reverse := !p.truth(0, false), p.text(1, "key"), p.truth(2, false)
	position := int64(0)
	switch by {
	case "key":
	case "value":
		position = 1
	default:
		p.fail(valueError(`You can only sort by either "key" or "value"`))
	}
	if p.err != nil {
		return nil, p.err
	}
	return sortBy(pairs(d), attributeGetter(position, nil, ignoreCase), reverse)
}

func filterGroupBy(c *call, v any) (any, error) {
	p := c.params("attribute", "default", "case_sensitive")
	attribute, fallback, ignoreCase := p.need(0), p.any(1, nil), !p.truth(2, false)
	items := p.items(v)
	if p.err != nil {
		return nil, p.err
	}
	key := attributeGetter(attribute, fallback, ignoreCase)
	sorted, err := sortBy(items, key, false)
	if err != nil {
		return nil, err
	}
	real := attributeGetter(attribute, fallback, false)
	out := []any{}
	var last any
	for i, item := range sorted {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		if i > 0 && value.Equal(k, last) {
			group := out[len(out)-1].(value.Tuple)
			group[1] = append(group[1].([]any), item)
			continue
		}
		last = k
		name, err := real(item)
		if err != nil {
			return nil, err
		}
		if u, undefined := name.(value.Undefined); undefined {
			return nil, undefinedError(u)
		}
		out = append(out, value.Tuple{name, []any{item}})
	}
	return out, nil
}

func filterUnique(c *call, v any) (any, error) {
	p := c.params("case_sensitive", "attribute")
	attribute, items := p.any(1, nil), p.items(v)
	ignoreCase := p.has(0) && !p.truth(0, false) || !p.has(0)
	if p.err != nil {
		return nil, p.err
	}
	keys, err := mapItems(items, attributeGetter(attribute, nil, ignoreCase))
	if err != nil {
		return nil, err
	}
	return distinct(items, keys, ignoreCase && p.has(0) || attribute != nil)
}

// distinct keeps the first item of each key. Keys that cannot be hashed are compared as whole items, unless strict.
func distinct(items, keys []any, strict bool) (any, error) {
	out, seen := []any{}, value.NewDict()
	for i, key := range keys {
		if u, undefined := key.(value.Undefined); undefined {
			return nil, undefinedError(u)
		}
		_, found, err := seen.GetKey(key)
		if err != nil {
			if strict {
				return nil, typeError("%s", err)
			}
			return distinctEqual(items), nil
		}
		if !found {
			_ = seen.SetKey(key, nil) // just looked up: hashable
			out = append(out, items[i])
		}
	}
	return out, nil
}

func distinctEqual(items []any) []any {
	out := []any{}
	for _, item := range items {
		if !holds(out, item) {
			out = append(out, item)
		}
	}
	return out
}

func holds(items []any, wanted any) bool {
	for _, item := range items {
		if value.Equal(item, wanted) {
			return true
		}
	}
	return false
}

func extreme(c *call, v any, op string) (any, error) {
	p := c.params("case_sensitive", "attribute")
	ignoreCase, items := !p.truth(0, false), p.items(v)
	if p.err != nil {
		return nil, p.err
	}
	if len(items) == 0 {
		return value.Undefined{Hint: "No aggregated item, sequence was empty."}, nil
	}
	keys, err := mapItems(items, attributeGetter(p.any(1, nil), nil, ignoreCase))
	if err != nil {
		return nil, err
	}
	best := 0
	for i := 1; i < len(items); i++ {
		better, err := compareValues(op, keys[i], keys[best])
		if err != nil {
			return nil, err
		}
		if better {
			best = i
		}
	}
	return items[best], nil
}

func filterSum(c *call, v any) (any, error) {
	p := c.params("attribute", "start")
	items := p.items(v)
	total := p.any(1, int64(0))
	if _, ok := total.(string); ok {
		p.fail(typeError("sum() can't sum strings [use ''.join(seq) instead]"))
	}
	if p.err != nil {
		return nil, p.err
	}
	get := attributeGetter(p.any(0, nil), nil, false)
	for _, item := range items {
		got, err := get(item)
		if err != nil {
			return nil, err
		}
		if total, err = calculate("+", total, got); err != nil {
			return nil, err
		}
	}
	return total, nil
}
