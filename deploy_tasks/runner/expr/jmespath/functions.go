package jmespath

import (
	"errors"
	"math"
	"sort"
	"strconv"
	"strings"

	"runner/big"
	"runner/value"
)

func errText(s string) error { return errors.New(s) }

// function is a function of the language: how many arguments it takes (most is -1 for any number) and what it does.
type function struct {
	least, most int
	run         func([]any) (any, error)
}

// functions by their names. A function and no variable: what makes a variable is linked into every runner.
func functions() map[string]function {
	return map[string]function{
		"abs":         {1, 1, numeric(math.Abs)},
		"ceil":        {1, 1, numeric(math.Ceil)},
		"floor":       {1, 1, numeric(math.Floor)},
		"sum":         {1, 1, func(a []any) (any, error) { return sum(a[0]) }},
		"avg":         {1, 1, average},
		"length":      {1, 1, length},
		"keys":        {1, 1, onDict(func(d *value.Dict) any { return d.KeyValues() })},
		"values":      {1, 1, onDict(func(d *value.Dict) any { return d.Values() })},
		"merge":       {0, -1, merge},
		"not_null":    {1, -1, notNull},
		"type":        {1, 1, func(a []any) (any, error) { return typeOf(a[0]), nil }},
		"to_string":   {1, 1, toString},
		"to_number":   {1, 1, toNumber},
		"to_array":    {1, 1, toArray},
		"contains":    {2, 2, contains},
		"starts_with": {2, 2, onTexts(strings.HasPrefix)},
		"ends_with":   {2, 2, onTexts(strings.HasSuffix)},
		"join":        {2, 2, join},
		"reverse":     {1, 1, reverse},
		"sort":        {1, 1, func(a []any) (any, error) { return sorted(a[0], identity) }},
		"sort_by":     {2, 2, by(func(items any, key run) (any, error) { return sorted(items, key) })},
		"max":         {1, 1, func(a []any) (any, error) { return extreme(a[0], identity, 1) }},
		"min":         {1, 1, func(a []any) (any, error) { return extreme(a[0], identity, -1) }},
		"max_by":      {2, 2, by(func(items any, key run) (any, error) { return extreme(items, key, 1) })},
		"min_by":      {2, 2, by(func(items any, key run) (any, error) { return extreme(items, key, -1) })},
		"map":         {2, 2, mapped},
	}
}

func number(v any) (float64, error) {
	switch v := v.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case *big.Int:
		return v.Float64(), nil
	}
	return 0, errText("a number is wanted, not " + typeOf(v))
}

// numeric makes a function of numbers that gives whole numbers as such.
func numeric(f func(float64) float64) func([]any) (any, error) {
	return func(a []any) (any, error) {
		x, err := number(a[0])
		if err != nil {
			return nil, err
		}
		x = f(x)
		if _, isFloat := a[0].(float64); x == math.Trunc(x) && math.Abs(x) < 1<<62 && (!isFloat || f(0.5) != 0.5) {
			return int64(x), nil
		}
		return x, nil
	}
}

func list(v any) ([]any, error) {
	items, ok := value.Items(v)
	if !ok {
		return nil, errText("an array is wanted, not " + typeOf(v))
	}
	return items, nil
}

func sum(v any) (any, error) {
	items, err := list(v)
	if err != nil {
		return nil, err
	}
	total, whole, isWhole := 0.0, new(big.Int), true
	for _, item := range items {
		x, err := number(item)
		if err != nil {
			return nil, err
		}
		total += x
		if n, ok := value.Big(item); ok {
			whole.Add(whole, n)
		} else {
			isWhole = false
		}
	}
	if isWhole {
		return value.Int(whole), nil
	}
	return total, nil
}

func average(a []any) (any, error) {
	items, err := list(a[0])
	if err != nil || len(items) == 0 {
		return nil, err
	}
	total, err := sum(a[0])
	if err != nil {
		return nil, err
	}
	x, err := number(total)
	return x / float64(len(items)), err
}

func length(a []any) (any, error) {
	n, ok := value.Len(a[0])
	if !ok {
		return nil, errText("text, an array or an object is wanted, not " + typeOf(a[0]))
	}
	return int64(n), nil
}

func onDict(f func(*value.Dict) any) func([]any) (any, error) {
	return func(a []any) (any, error) {
		d, ok := a[0].(*value.Dict)
		if !ok {
			return nil, errText("an object is wanted, not " + typeOf(a[0]))
		}
		return f(d), nil
	}
}

func merge(a []any) (any, error) {
	out := value.NewDict()
	for _, v := range a {
		d, ok := v.(*value.Dict)
		if !ok {
			return nil, errText("an object is wanted, not " + typeOf(v))
		}
		out.Update(d)
	}
	return out, nil
}

func notNull(a []any) (any, error) {
	for _, v := range a {
		if v != nil {
			return v, nil
		}
	}
	return nil, nil
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case *value.Dict:
		return "object"
	case reference:
		return "expression"
	}
	if isNumber(v) {
		return "number"
	}
	return "array"
}

func toString(a []any) (any, error) {
	if s, ok := a[0].(string); ok {
		return s, nil
	}
	return string(value.EncodeStyle(a[0], value.Style{ItemSep: ",", KeySep: ":", ASCII: true})), nil
}

func toNumber(a []any) (any, error) {
	if isNumber(a[0]) {
		return a[0], nil
	}
	s, ok := a[0].(string)
	if !ok {
		return nil, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f, nil
	}
	return nil, nil
}

func toArray(a []any) (any, error) {
	if items, ok := value.Items(a[0]); ok {
		return items, nil
	}
	return a[:1:1], nil
}

func contains(a []any) (any, error) {
	if s, ok := a[0].(string); ok {
		part, ok := a[1].(string)
		return ok && strings.Contains(s, part), nil
	}
	items, err := list(a[0])
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if value.Equal(item, a[1]) {
			return true, nil
		}
	}
	return false, nil
}

func onTexts(f func(string, string) bool) func([]any) (any, error) {
	return func(a []any) (any, error) {
		s, ok1 := a[0].(string)
		part, ok2 := a[1].(string)
		if !ok1 || !ok2 {
			return nil, errText("text is wanted")
		}
		return f(s, part), nil
	}
}

func join(a []any) (any, error) {
	glue, ok := a[0].(string)
	items, err := list(a[1])
	if err != nil || !ok {
		return nil, errText("text and an array of text are wanted")
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if parts[i], ok = item.(string); !ok {
			return nil, errText("text is wanted, not " + typeOf(item))
		}
	}
	return strings.Join(parts, glue), nil
}

func reverse(a []any) (any, error) {
	if s, ok := a[0].(string); ok {
		runes := []rune(s)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return string(runes), nil
	}
	items, err := list(a[0])
	out := make([]any, len(items))
	for i, item := range items {
		out[len(items)-1-i] = item
	}
	return out, err
}

// by makes a function of an array and a reference to what its items are ordered by.
func by(f func(any, run) (any, error)) func([]any) (any, error) {
	return func(a []any) (any, error) {
		key, ok := a[1].(reference)
		if !ok {
			return nil, errText("an expression, &…, is wanted")
		}
		return f(a[0], key.run)
	}
}

func mapped(a []any) (any, error) {
	f, ok := a[0].(reference)
	if !ok {
		return nil, errText("an expression, &…, is wanted")
	}
	items, err := list(a[1])
	if err != nil {
		return nil, err
	}
	out := make([]any, len(items))
	for i, item := range items {
		if out[i], err = f.run(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keysOf gives what items are ordered by: all numbers or all text.
func keysOf(items []any, key run) ([]any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		kind := typeOf(k)
		if kind != "number" && kind != "string" || i > 0 && kind != typeOf(out[0]) {
			return nil, errText("numbers or text are wanted, not " + kind)
		}
		out[i] = k
	}
	return out, nil
}

func sorted(v any, key run) (any, error) {
	items, err := list(v)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(items, key)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		less, _, _ := value.Compare(keys[order[i]], keys[order[j]], "<")
		return less < 0
	})
	out := make([]any, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return out, nil
}

func extreme(v any, key run, sign int) (any, error) {
	items, err := list(v)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	keys, err := keysOf(items, key)
	if err != nil {
		return nil, err
	}
	best := 0
	for i := range items {
		if order, _, _ := value.Compare(keys[i], keys[best], "<"); order*sign > 0 {
			best = i
		}
	}
	return items[best], nil
}
