// Package value holds the values of programs, which behave as Python's do.
//
// A value is one of: nil, bool, int64, *big.Int (only beyond int64), float64, string, []any, Tuple, *Dict,
// Undefined, Omit and, inside the evaluation of one expression only, *List and functions. What leaves the expression
// evaluator is Plain: no *List. A []any that came from a scope is never changed in place.
package value

import "runner/big"

// Tuple is Python's tuple: an immutable list, usable as the key of a Dict.
type Tuple []any

// List is a list that a template may change in place (append, insert, …). It lives inside one evaluation;
// Plain turns it into []any.
type List struct{ Items []any }

// Undefined is the value of a name that does not exist. Using it is an error; `default` and `defined` look at it.
type Undefined struct {
	Hint string // the whole message, when it is not derived from Name
	Name string // what was looked up
	Soft bool   // counts as empty text instead of failing: an inline `if` without `else` that does not hold
}

// Message says what is undefined, in Jinja2's words.
func (u Undefined) Message() string {
	if u.Hint != "" {
		return u.Hint
	}
	return Repr(u.Name) + " is undefined"
}

// Omit is the value of `omit`: an argument, key or item that has it is left out.
type Omit struct{}

// Callable is a function value: a macro, a method, `range`. It has no JSON form.
type Callable interface{ FuncName() string }

// Items returns the elements of a list or tuple, and whether v is one. The slice must not be changed.
func Items(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case Tuple:
		return v, true
	case *List:
		return v.Items, true
	}
	return nil, false
}

// Plain returns v with every List in it replaced by a []any. What holds no List is returned as it is.
func Plain(v any) any {
	if !holdsList(v) {
		return v
	}
	switch v := v.(type) {
	case []any:
		return plainAll(v)
	case Tuple:
		return Tuple(plainAll(v))
	case *List:
		return plainAll(v.Items)
	case *Dict:
		out := NewDict()
		for i, key := range v.keys {
			out.put(key, Plain(v.vals[i]))
		}
		return out
	}
	return v
}

func plainAll(items []any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = Plain(item)
	}
	return out
}

func holdsList(v any) bool {
	switch v := v.(type) {
	case *List:
		return true
	case []any:
		return anyHoldsList(v)
	case Tuple:
		return anyHoldsList(v)
	case *Dict:
		return anyHoldsList(v.vals)
	}
	return false
}

func anyHoldsList(items []any) bool {
	for _, item := range items {
		if holdsList(item) {
			return true
		}
	}
	return false
}

// Int returns a Go or big integer as a value: int64 when it fits.
func Int(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// Big returns an integer value (bool, int64, *big.Int) as a new big integer, and whether v is one.
func Big(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// TypeName is the name of v's type as Python's type(v).__name__ would give it.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any, *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case Undefined:
		return "AnsibleUndefined"
	case Callable:
		return "function"
	}
	return "object"
}
