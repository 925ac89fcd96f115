package jmespath

import "runner/value"

func field(name string) run {
	return func(v any) (any, error) {
		if d, ok := v.(*value.Dict); ok {
			found, _ := d.Get(name)
			return found, nil
		}
		return nil, nil
	}
}

func pipe(left, right run) run {
	return func(v any) (any, error) {
		got, err := left(v)
		if err != nil {
			return nil, err
		}
		return right(got)
	}
}

func item(at int64) run {
	return func(v any) (any, error) {
		items, _ := value.Items(v)
		i := at
		if i < 0 {
			i += int64(len(items))
		}
		if i < 0 || i >= int64(len(items)) {
			return nil, nil
		}
		return items[i], nil
	}
}

func slice(parts [3]any) run {
	return func(v any) (any, error) {
		items, ok := value.Items(v)
		if !ok {
			return nil, nil
		}
		length := int64(len(items))
		step := int64(1)
		if parts[2] != nil {
			step = parts[2].(int64)
		}
		if step == 0 {
			return nil, errText("slice step cannot be zero")
		}
		low, high, start, stop := int64(0), length, int64(0), length
		if step < 0 {
			low, high, start, stop = -1, length-1, length-1, -1
		}
		bound := func(part any, fallback int64) int64 {
			at, given := part.(int64)
			if !given {
				return fallback
			}
			if at < 0 {
				at += length
			}
			return min(max(at, low), high)
		}
		start, stop = bound(parts[0], start), bound(parts[1], stop)
		out := []any{}
		for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
			out = append(out, items[i])
		}
		return out, nil
	}
}

// project applies right to each item of what left gives and leaves out nothing.
func project(left, right run) run {
	return func(v any) (any, error) {
		base, err := left(v)
		if err != nil {
			return nil, err
		}
		items, ok := value.Items(base)
		if !ok {
			return nil, nil
		}
		return collect(items, right)
	}
}

func collect(items []any, right run) (any, error) {
	out := []any{}
	for _, item := range items {
		got, err := right(item)
		if err != nil {
			return nil, err
		}
		if got != nil {
			out = append(out, got)
		}
	}
	return out, nil
}

func projectValues(left, right run) run {
	return func(v any) (any, error) {
		base, err := left(v)
		if err != nil {
			return nil, err
		}
		d, ok := base.(*value.Dict)
		if !ok {
			return nil, nil
		}
		return collect(d.Values(), right)
	}
}

func filtered(left, condition, right run) run {
	return project(left, func(v any) (any, error) {
		holds, err := condition(v)
		if err != nil || isFalse(holds) {
			return nil, err
		}
		return right(v)
	})
}

func flatten(left run) run {
	return func(v any) (any, error) {
		base, err := left(v)
		if err != nil {
			return nil, err
		}
		items, ok := value.Items(base)
		if !ok {
			return nil, nil
		}
		out := []any{}
		for _, item := range items {
			if inner, ok := value.Items(item); ok {
				out = append(out, inner...)
			} else {
				out = append(out, item)
			}
		}
		return out, nil
	}
}

// isFalse is JMESPath's notion: null, false and what is empty; zero is true.
func isFalse(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	}
	n, ok := value.Len(v)
	return ok && n == 0
}

func not(inner run) run {
	return func(v any) (any, error) {
		got, err := inner(v)
		return isFalse(got), err
	}
}

func logic(left, right run, or bool) run {
	return func(v any) (any, error) {
		got, err := left(v)
		if err != nil || isFalse(got) != or {
			return got, err
		}
		return right(v)
	}
}

func isNumber(v any) bool {
	kind := value.TypeName(v)
	return kind == "int" || kind == "float"
}

// same is equality in which true is not 1.
func same(a, b any) bool {
	_, aBool := a.(bool)
	_, bBool := b.(bool)
	return aBool == bBool && value.Equal(a, b)
}

func compare(op string, left, right run) run {
	return func(v any) (any, error) {
		a, err := left(v)
		if err != nil {
			return nil, err
		}
		b, err := right(v)
		if err != nil {
			return nil, err
		}
		switch op {
		case "==":
			return same(a, b), nil
		case "!=":
			return !same(a, b), nil
		}
		if !isNumber(a) || !isNumber(b) {
			return nil, nil
		}
		order, unordered, err := value.Compare(a, b, op)
		if err != nil || unordered {
			return false, err
		}
		switch op {
		case "<":
			return order < 0, nil
		case "<=":
			return order <= 0, nil
		case ">":
			return order > 0, nil
		}
		return order >= 0, nil
	}
}

func selectList(parts []run) run {
	return func(v any) (any, error) {
		if v == nil {
			return nil, nil
		}
		out := make([]any, len(parts))
		for i, part := range parts {
			got, err := part(v)
			if err != nil {
				return nil, err
			}
			out[i] = got
		}
		return out, nil
	}
}

func selectHash(names []string, parts []run) run {
	return func(v any) (any, error) {
		if v == nil {
			return nil, nil
		}
		out := value.NewDict()
		for i, part := range parts {
			got, err := part(v)
			if err != nil {
				return nil, err
			}
			out.Set(names[i], got)
		}
		return out, nil
	}
}
