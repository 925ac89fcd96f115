package expr

import (
	"strings"

	"runner/value"
)

var listFilters = table{
	{"list", filterList},
	{"first", filterFirst},
	{"last", filterLast},
	{"length", filterLength},
	{"count", filterLength},
	{"join", filterJoin},
	{"batch", filterBatch},
	{"slice", filterSlice},
	{"flatten", filterFlatten},
	{"zip", func(c *call, v any) (any, error) { return zipAll(c, v, false) }},
	{"zip_longest", func(c *call, v any) (any, error) { return zipAll(c, v, true) }},
	{"product", filterProduct},
	{"permutations", filterPermutations},
	{"combinations", filterCombinations},
}

func filterList(c *call, v any) (any, error) {
	p := c.params()
	return append([]any{}, p.items(v)...), p.err
}

func filterFirst(c *call, v any) (any, error) {
	p := c.params()
	items := p.items(v)
	if p.err != nil || len(items) > 0 {
		return at(items, 0), p.err
	}
	return value.Undefined{Hint: "No first item, sequence was empty."}, nil
}

func filterLast(c *call, v any) (any, error) {
	p := c.params()
	items := p.items(v)
	if p.err != nil || len(items) > 0 {
		return at(items, len(items)-1), p.err
	}
	return value.Undefined{Hint: "No last item, sequence was empty."}, nil
}

func at(items []any, i int) any {
	if 0 <= i && i < len(items) {
		return items[i]
	}
	return nil
}

func filterLength(c *call, v any) (any, error) {
	p := c.params()
	p.defined(v)
	n, ok := value.Len(v)
	if _, soft := v.(value.Undefined); !ok && !soft {
		p.fail(typeError("object of type '%s' has no len()", value.TypeName(v)))
	}
	return int64(n), p.err
}

func filterJoin(c *call, v any) (any, error) {
	p := c.params("d", "attribute")
	separator := p.text(0, "")
	items := p.items(v)
	if attribute := p.any(1, nil); attribute != nil && p.err == nil {
		var err error
		if items, err = mapItems(items, attributeGetter(attribute, nil, false)); err != nil {
			return nil, err
		}
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = p.str(item)
	}
	return strings.Join(parts, separator), p.err
}

func mapItems(items []any, run func(any) (any, error)) ([]any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		v, err := run(item)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func filterBatch(c *call, v any) (any, error) {
	p := c.params("linecount", "fill_with")
	size, items := p.whole(p.need(0)), p.items(v)
	if p.err != nil {
		return nil, p.err
	}
	out := []any{}
	for len(items) > 0 {
		n := min(max(size, 1), len(items))
		out = append(out, append([]any{}, items[:n]...))
		items = items[n:]
	}
	if fill := p.any(1, nil); fill != nil && len(out) > 0 {
		last := out[len(out)-1].([]any)
		for len(last) < min(size, maxItems) {
			last = append(last, fill)
		}
		out[len(out)-1] = last
	}
	return out, nil
}

func filterSlice(c *call, v any) (any, error) {
	p := c.params("slices", "fill_with")
	slices, items := p.whole(p.need(0)), p.items(v)
	if p.err == nil && slices == 0 {
		p.fail(valueError("integer division or modulo by zero"))
	}
	if slices > maxItems {
		p.fail(limitError("the list is too long"))
	}
	if p.err != nil {
		return nil, p.err
	}
	out := []any{}
	fill := p.any(1, nil)
	each, extra := len(items)/max(slices, 1), len(items)%max(slices, 1)
	start := 0
	for i := range max(slices, 0) {
		end := start + each
		if i < extra {
			end++
		}
		part := append([]any{}, items[start:end]...)
		if fill != nil && i >= extra {
			part = append(part, fill)
		}
		out = append(out, part)
		start = end
	}
	return out, nil
}

func filterFlatten(c *call, v any) (any, error) {
	p := c.params("levels", "skip_nulls")
	levels := -1
	if p.any(0, nil) != nil {
		levels = p.int(0, -1)
	}
	items := p.items(v)
	skip := p.truth(1, true)
	if p.err != nil {
		return nil, p.err
	}
	return flatten([]any{}, items, levels, skip), nil
}

// flatten appends the items of nested lists; levels is how deep, negative for all the way.
func flatten(out, items []any, levels int, skip bool) []any {
	for _, item := range items {
		inner, isList := value.Items(item)
		switch {
		case skip && (item == nil || item == "None" || item == "null"):
		case isList && levels != 0:
			out = flatten(out, inner, levels-1, skip)
		default:
			out = append(out, item)
		}
	}
	return out
}

func zipAll(c *call, v any, longest bool) (any, error) {
	var fill any
	if longest {
		fill, _ = c.kwargs.Get("fillvalue")
	}
	var lists [][]any
	shortest, most := maxItems, 0
	for _, list := range append([]any{v}, c.args...) {
		items, err := iterate(list)
		if err != nil {
			return nil, err
		}
		lists = append(lists, items)
		shortest, most = min(shortest, len(items)), max(most, len(items))
	}
	if longest {
		shortest = most
	}
	out := make([]any, shortest)
	for i := range out {
		row := make(value.Tuple, len(lists))
		for j, list := range lists {
			row[j] = fill
			if i < len(list) {
				row[j] = list[i]
			}
		}
		out[i] = row
	}
	return out, nil
}

func filterProduct(c *call, v any) (any, error) {
	lists := append([]any{v}, c.args...)
	if n, ok := c.kwargs.Get("repeat"); ok {
		times, ok := n.(int64)
		if !ok || times < 0 || times > 100 {
			return nil, valueError("repeat argument cannot be %s", value.Repr(n))
		}
		once := lists
		lists = nil
		for range times {
			lists = append(lists, once...)
		}
	}
	out := []any{value.Tuple{}}
	for _, list := range lists {
		items, err := iterate(list)
		if err != nil {
			return nil, err
		}
		if len(out)*len(items) > maxItems {
			return nil, limitError("the product is too long")
		}
		next := []any{}
		for _, row := range out {
			for _, item := range items {
				next = append(next, append(append(value.Tuple{}, row.(value.Tuple)...), item))
			}
		}
		out = next
	}
	return out, nil
}

func filterPermutations(c *call, v any) (any, error) {
	p := c.params("r")
	items := p.items(v)
	size := len(items)
	if p.any(0, nil) != nil {
		size = p.int(0, size)
	}
	if p.err != nil {
		return nil, p.err
	}
	return choose(items, size, true)
}

func filterCombinations(c *call, v any) (any, error) {
	p := c.params("r")
	items, size := p.items(v), p.whole(p.need(0))
	if p.err != nil {
		return nil, p.err
	}
	return choose(items, size, false)
}

// choose lists the ways to take `size` items, in the order of itertools.
func choose(items []any, size int, ordered bool) (any, error) {
	if size < 0 {
		return nil, valueError("r must be non-negative")
	}
	out := []any{}
	used := make([]bool, len(items))
	var pick func(row value.Tuple, from int) bool
	pick = func(row value.Tuple, from int) bool {
		if len(row) == size {
			out = append(out, append(value.Tuple{}, row...))
			return len(out) <= maxItems/10
		}
		for i := from; i < len(items); i++ {
			if used[i] {
				continue
			}
			used[i] = true
			next := 0
			if !ordered {
				next = i + 1
			}
			more := pick(append(row, items[i]), next)
			used[i] = false
			if !more {
				return false
			}
		}
		return true
	}
	if size <= len(items) && !pick(value.Tuple{}, 0) {
		return nil, limitError("there are too many of them")
	}
	return out, nil
}
