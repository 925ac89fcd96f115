package expr

import "runner/value"

// Filters of set theory. Python's sets have no order; these keep the order in which items come.
var setFilters = table{
	{"union", func(a, b []any) []any { return distinctEqual(append(append([]any{}, a...), b...)) }},
	{"intersect", func(a, b []any) []any { return keep(a, b, true) }},
	{"difference", func(a, b []any) []any { return keep(a, b, false) }},
	{"symmetric_difference", func(a, b []any) []any { return append(keep(a, b, false), keep(b, a, false)...) }},
}

func onTwo(run func(a, b []any) []any) filter {
	return func(c *call, v any) (any, error) {
		p := c.params("b")
		a, b := p.items(v), p.items(p.need(0))
		if p.err == nil {
			p.fail(checkDefined(value.Tuple{value.Tuple(a), value.Tuple(b)}))
		}
		if p.err != nil {
			return nil, p.err
		}
		return run(a, b), nil
	}
}

func keep(items, others []any, in bool) []any {
	known := newItemSet(others)
	out := []any{}
	for _, item := range items {
		if known.has(item) == in {
			out = append(out, item)
		}
	}
	return distinctEqual(out)
}

// itemSet answers quickly whether an item is among others.
type itemSet struct {
	hashed *value.Dict
	rest   []any
}

func newItemSet(items []any) *itemSet {
	s := &itemSet{hashed: value.NewDict()}
	for _, item := range items {
		if s.hashed.SetKey(item, nil) != nil {
			s.rest = append(s.rest, item)
		}
	}
	return s
}

func (s *itemSet) has(item any) bool {
	_, found, err := s.hashed.GetKey(item)
	return found && err == nil || err != nil && holds(s.rest, item)
}
