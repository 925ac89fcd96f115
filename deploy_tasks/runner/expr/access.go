package expr

import (
	"runner/big"
	"runner/value"
)

func (e *evaluation) attribute(n []any) (any, error) {
	v, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	name, _ := n[2].(string)
	return getAttr(v, name)
}

func (e *evaluation) item(n []any) (any, error) {
	v, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	key, err := e.node(n[2])
	if err != nil {
		return nil, err
	}
	return getItem(v, key)
}

// object is a value with attributes of its own: a loop, a namespace, a date.
type object interface {
	attr(name string) (any, bool)
}

// getAttr is `v.name`: a method or attribute first, then the key.
func getAttr(v any, name string) (any, error) {
	if u, ok := v.(value.Undefined); ok {
		return ofUndefined(u)
	}
	if got, ok := ownAttr(v, name); ok {
		return got, nil
	}
	if d, ok := v.(*value.Dict); ok {
		if got, ok := d.Get(name); ok {
			return got, nil
		}
	}
	return missingMember(v, name), nil
}

func ownAttr(v any, name string) (any, bool) {
	if o, ok := v.(object); ok {
		return o.attr(name)
	}
	if hasMethod(v, name) {
		return &method{v, name}, true
	}
	if t, ok := v.(value.Tuple); ok && len(t) == 2 { // what groupby gives
		switch name {
		case "grouper":
			return t[0], true
		case "list":
			return t[1], true
		}
	}
	return nil, false
}

// ofUndefined is an attribute or item of something undefined: the same undefined thing.
func ofUndefined(u value.Undefined) (any, error) {
	if u.Soft {
		return nil, undefinedError(u)
	}
	return u, nil
}

// getItem is `v[key]`: the item first, then an attribute of that name.
func getItem(v, key any) (any, error) {
	if u, ok := v.(value.Undefined); ok {
		return ofUndefined(u)
	}
	if u, ok := key.(value.Undefined); ok {
		if _, ok := v.(*value.Dict); ok {
			return nil, undefinedError(u) // only a dict looks at it, and fails on that
		}
		return value.Undefined{Name: u.Name, Hint: value.TypeName(v) + " object has no element Undefined"}, nil
	}
	if got, ok := subscript(v, key); ok {
		return got, nil
	}
	if name, ok := key.(string); ok {
		if got, ok := ownAttr(v, name); ok {
			return got, nil
		}
	}
	return missingMember(v, key), nil
}

func subscript(v, key any) (any, bool) {
	switch v := v.(type) {
	case *value.Dict:
		got, ok, err := v.GetKey(key)
		return got, ok && err == nil
	case string:
		runes := []rune(v)
		if i, ok := index(key, len(runes)); ok {
			return string(runes[i]), true
		}
		return nil, false
	}
	if items, ok := value.Items(v); ok {
		if i, ok := index(key, len(items)); ok {
			return items[i], true
		}
	}
	return nil, false
}

// index reads a list index, negative from the end, and says whether it is one within the length.
func index(key any, length int) (int, bool) {
	n, ok := key.(int64)
	if b, isBool := key.(bool); isBool {
		ok = true
		if b {
			n = 1
		}
	}
	if n < 0 {
		n += int64(length)
	}
	return int(n), ok && 0 <= n && n < int64(length)
}

func missingMember(v, key any) value.Undefined {
	kind := value.TypeName(v) + " object"
	if v == nil {
		kind = "None"
	}
	u := value.Undefined{Name: value.Str(key), Hint: kind + " has no element " + value.Repr(key)}
	if _, ok := key.(string); ok {
		u.Hint = value.Repr(kind) + " has no attribute " + value.Repr(key)
	}
	return u
}

func (e *evaluation) slice(n []any) (any, error) {
	v, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	var bounds [3]any
	for i, part := range n[2:5] {
		if part == nil {
			continue
		}
		if bounds[i], err = e.node(part); err != nil {
			return nil, err
		}
	}
	return sliceOf(v, bounds)
}

func sliceOf(v any, bounds [3]any) (any, error) {
	switch v := v.(type) {
	case value.Undefined:
		return ofUndefined(v)
	case string:
		var runes []any
		for _, r := range v {
			runes = append(runes, string(r))
		}
		items, err := cut(runes, bounds)
		return joined(items), err
	case value.Tuple:
		items, err := cut(v, bounds)
		return value.Tuple(items), err
	}
	items, ok := value.Items(v)
	if !ok {
		return missingMember(v, int64(0)), nil
	}
	return cut(items, bounds)
}

func joined(items []any) string {
	out := ""
	for _, item := range items {
		out += value.Str(item)
	}
	return out
}

// cut is items[start:stop:step] with Python's rules.
func cut(items []any, bounds [3]any) ([]any, error) {
	step, err := sliceIndex(bounds[2], 1)
	if err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, valueError("slice step cannot be zero")
	}
	length := len(items)
	low, high := 0, length
	if step < 0 {
		low, high = -1, length-1
	}
	first, last := low, high
	if step < 0 {
		first, last = high, low
	}
	start, err := sliceBound(bounds[0], first, length, low, high)
	if err != nil {
		return nil, err
	}
	stop, err := sliceBound(bounds[1], last, length, low, high)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, items[i])
	}
	return out, nil
}

func sliceBound(v any, fallback, length, low, high int) (int, error) {
	if v == nil {
		return fallback, nil
	}
	i, err := sliceIndex(v, 0)
	if err != nil {
		return 0, err
	}
	if i < 0 {
		i += length
	}
	return min(max(i, low), high), nil
}

// Indices beyond this are as good as the end.
const farIndex = 1 << 30

func sliceIndex(v any, fallback int) (int, error) {
	switch v := v.(type) {
	case nil:
		return fallback, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int64:
		return int(min(max(v, -farIndex), farIndex)), nil
	case *big.Int:
		return v.Sign() * farIndex, nil
	case value.Undefined:
		return 0, undefinedError(v)
	}
	return 0, typeError("slice indices must be integers or None or have an __index__ method")
}
