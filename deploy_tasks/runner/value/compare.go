package value

import (
	"math"
	"strings"
	"unicode/utf8"

	"runner/big"
	"runner/fmt"
)

// Truthy is Python's bool(v). An undefined value is false here; the evaluator refuses it before.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case *Dict:
		return v.Len() > 0
	}
	if items, ok := Items(v); ok {
		return len(items) > 0
	}
	return true
}

// Len is Python's len(v), and whether v has a length.
func Len(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case *Dict:
		return v.Len(), true
	}
	items, ok := Items(v)
	return len(items), ok
}

// Equal is Python's a == b.
func Equal(a, b any) bool {
	if isNumber(a) && isNumber(b) {
		c, ordered := compareNumbers(a, b)
		return ordered && c == 0
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && a == s
	case *Dict:
		d, ok := b.(*Dict)
		return ok && equalDicts(a, d)
	case Tuple:
		t, ok := b.(Tuple)
		return ok && equalItems(a, t)
	case []any, *List:
		if _, tuple := b.(Tuple); tuple {
			return false
		}
		x, _ := Items(a)
		y, ok := Items(b)
		return ok && equalItems(x, y)
	case Undefined:
		_, ok := b.(Undefined)
		return ok
	case interface{ EqualTo(any) bool }:
		return a.EqualTo(b)
	}
	return isComparable(a) && isComparable(b) && a == b
}

func isComparable(v any) bool {
	switch v.(type) {
	case []any, Tuple:
		return false
	}
	return true
}

func equalItems(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalDicts(a, b *Dict) bool {
	if a.Len() != b.Len() {
		return false
	}
	for key, v := range a.All() {
		w, ok, err := b.GetKey(key)
		if err != nil || !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}

// Compare orders a and b as Python's < does: negative, zero or positive. The error is Python's TypeError for types
// that have no order; `op` is the operator it names. unordered is true for NaN.
func Compare(a, b any, op string) (order int, unordered bool, err error) {
	if isNumber(a) && isNumber(b) {
		c, ordered := compareNumbers(a, b)
		return c, !ordered, nil
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), false, nil
		}
	}
	if c, ok := a.(interface {
		CompareTo(any) (int, bool)
	}); ok {
		if order, ok := c.CompareTo(b); ok {
			return order, false, nil
		}
	}
	x, xok := Items(a)
	y, yok := Items(b)
	if xok && yok && TypeName(a) == TypeName(b) {
		return compareItems(x, y, op)
	}
	return 0, false, fmt.Errorf("'%s' not supported between instances of '%s' and '%s'", op, TypeName(a), TypeName(b))
}

func compareItems(a, b []any, op string) (int, bool, error) {
	for i := 0; i < len(a) && i < len(b); i++ {
		if !Equal(a[i], b[i]) {
			return Compare(a[i], b[i], op)
		}
	}
	return len(a) - len(b), false, nil
}

func isNumber(v any) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64:
		return true
	}
	return false
}

// compareNumbers compares exactly, also integers with floats; ordered is false when one is NaN.
func compareNumbers(a, b any) (order int, ordered bool) {
	x, xIsInt := Big(a)
	y, yIsInt := Big(b)
	if xIsInt && yIsInt {
		return x.Cmp(y), true
	}
	f, xIsFloat := a.(float64)
	g, yIsFloat := b.(float64)
	switch {
	case xIsFloat && yIsFloat:
		return compareFloats(f, g)
	case xIsFloat:
		return compareFloatInt(f, y)
	}
	order, ordered = compareFloatInt(g, x)
	return -order, ordered
}

func compareFloats(f, g float64) (int, bool) {
	switch {
	case f < g:
		return -1, true
	case f > g:
		return 1, true
	}
	return 0, f == g
}

func compareFloatInt(f float64, n *big.Int) (int, bool) {
	switch {
	case math.IsNaN(f):
		return 0, false
	case math.IsInf(f, 1):
		return 1, true
	case math.IsInf(f, -1):
		return -1, true
	}
	return -n.CmpFloat(f), true
}
