package expr

import (
	"strings"

	"runner/value"
)

// compare evaluates a chain of comparisons, `a < b < c`, up to the first that does not hold.
func (e *evaluation) compare(n []any) (any, error) {
	left, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	for _, step := range n[2:] {
		step, ok := step.([]any)
		if !ok || len(step) != 2 {
			return nil, brokenError("a comparison needs an operator and an operand")
		}
		right, err := e.node(step[1])
		if err != nil {
			return nil, err
		}
		op, _ := step[0].(string)
		holds, err := compareValues(op, left, right)
		if err != nil || !holds {
			return false, err
		}
		left = right
	}
	return true, nil
}

// The sign a comparison is called by in messages.
var signs = map[string]string{"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}

func compareValues(op string, a, b any) (bool, error) {
	switch op {
	case "in":
		return contains(b, a)
	case "notin":
		found, err := contains(b, a)
		return !found && err == nil, err
	}
	for _, v := range []any{a, b} {
		if u, ok := v.(value.Undefined); ok && !(u.Soft && (op == "eq" || op == "ne")) {
			return false, undefinedError(u)
		}
	}
	switch op {
	case "eq":
		return value.Equal(a, b), nil
	case "ne":
		return !value.Equal(a, b), nil
	}
	order, unordered, err := value.Compare(a, b, signs[op])
	if err != nil {
		return false, typeError("%s", err)
	}
	switch op {
	case "lt":
		return order < 0 && !unordered, nil
	case "lteq":
		return order <= 0 && !unordered, nil
	case "gt":
		return order > 0 && !unordered, nil
	case "gteq":
		return order >= 0 && !unordered, nil
	}
	return false, brokenError("no such comparison: %s", op)
}

// contains is `item in container`.
func contains(container, item any) (bool, error) {
	switch c := container.(type) {
	case value.Undefined:
		return false, undefinedError(c)
	case string:
		s, ok := item.(string)
		if u, undefined := item.(value.Undefined); undefined {
			return false, undefinedError(u)
		}
		if !ok {
			return false, typeError("'in <string>' requires string as left operand, not %s", value.TypeName(item))
		}
		return strings.Contains(c, s), nil
	case *value.Dict:
		_, found, err := lookupKey(c, item)
		return found, err
	}
	items, ok := value.Items(container)
	if !ok {
		return false, typeError("argument of type '%s' is not iterable", value.TypeName(container))
	}
	for _, other := range items {
		same, err := compareValues("eq", other, item)
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}
