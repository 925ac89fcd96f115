package expr

import (
	"sort"

	"runner/value"
)

func makeListMethods() methodTable {
	table := methodTable{
		"count": listCount,
		"index": listIndex,
		"copy": func(_ *call, v any) (any, error) {
			items, _ := value.Items(v)
			return append([]any{}, items...), nil
		},
	}
	changing := map[string]func(*params, *value.List) (any, error){
		"append": func(p *params, l *value.List) (any, error) { l.Items = append(l.Items, p.need(0)); return nil, nil },
		"extend": func(p *params, l *value.List) (any, error) {
			l.Items = append(l.Items, p.items(p.need(0))...)
			return nil, nil
		},
		"clear":   func(_ *params, l *value.List) (any, error) { l.Items = nil; return nil, nil },
		"insert":  listInsert,
		"pop":     listPop,
		"remove":  listRemove,
		"reverse": func(_ *params, l *value.List) (any, error) { l.Items = reversed(l.Items); return nil, nil },
	}
	for name, run := range changing {
		table[name] = func(c *call, v any) (any, error) {
			l, ok := changeable(v).(*value.List)
			if !ok {
				return nil, typeError("'%s' object cannot be changed", value.TypeName(v))
			}
			p := c.params("value", "object")
			if p.err != nil {
				return nil, p.err
			}
			out, err := run(p, l)
			return out, first(p.err, err)
		}
	}
	table["sort"] = listSort
	return table
}

func reversed(items []any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[len(items)-1-i] = item
	}
	return out
}

func listCount(c *call, v any) (any, error) {
	p := c.params("value")
	want := p.need(0)
	items, _ := value.Items(v)
	if u, ok := want.(value.Undefined); ok && len(items) > 0 { // comparing with it is an error
		p.fail(undefinedError(u))
	}
	n := int64(0)
	for _, item := range items {
		if value.Equal(item, want) {
			n++
		}
	}
	return n, p.err
}

func listIndex(c *call, v any) (any, error) {
	p := c.params("value", "start", "stop")
	items, _ := value.Items(v)
	want := p.need(0)
	start, stop := p.int(1, 0), p.int(2, len(items))
	if start < 0 {
		start = max(0, start+len(items))
	}
	if stop < 0 {
		stop += len(items)
	}
	for i := start; i < min(stop, len(items)) && p.err == nil; i++ {
		if value.Equal(items[i], want) {
			return int64(i), nil
		}
	}
	p.fail(valueError("%s is not in list", value.Repr(want)))
	return nil, p.err
}

func listInsert(p *params, l *value.List) (any, error) {
	at := p.whole(p.need(0))
	v := p.need(1)
	if at < 0 {
		at += len(l.Items)
	}
	at = min(max(at, 0), len(l.Items))
	l.Items = append(l.Items[:at:at], append([]any{v}, l.Items[at:]...)...)
	return nil, nil
}

func listPop(p *params, l *value.List) (any, error) {
	if len(l.Items) == 0 {
		return nil, valueError("pop from empty list")
	}
	at, ok := index(int64(p.int(0, -1)), len(l.Items))
	if !ok {
		return nil, valueError("pop index out of range")
	}
	v := l.Items[at]
	l.Items = append(l.Items[:at:at], l.Items[at+1:]...)
	return v, nil
}

func listRemove(p *params, l *value.List) (any, error) {
	want := p.need(0)
	for i, item := range l.Items {
		if value.Equal(item, want) {
			l.Items = append(l.Items[:i:i], l.Items[i+1:]...)
			return nil, nil
		}
	}
	return nil, valueError("list.remove(x): x not in list")
}

func listSort(c *call, v any) (any, error) {
	p := c.params("reverse")
	l, ok := changeable(v).(*value.List)
	if !ok || p.err != nil {
		return nil, p.err
	}
	sorted, err := sortBy(l.Items, func(v any) (any, error) { return v, nil }, p.truth(0, false))
	if err == nil {
		l.Items = sorted
	}
	return nil, first(p.err, err)
}

// sortBy sorts stably by a key, as Python's sorted does: also in reverse equal items keep their order.
func sortBy(items []any, key func(any) (any, error), reverse bool) ([]any, error) {
	keys := make([]any, len(items))
	order := make([]int, len(items))
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		keys[i], order[i] = k, i
	}
	if len(keys) > 1 {
		if err := checkDefined(keys); err != nil {
			return nil, err
		}
	}
	var failed error
	sort.SliceStable(order, func(i, j int) bool {
		a, b := keys[order[i]], keys[order[j]]
		if reverse {
			a, b = b, a
		}
		less, err := compareValues("lt", a, b)
		if err != nil {
			failed = first(failed, err)
		}
		return less
	})
	out := make([]any, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return out, failed
}
