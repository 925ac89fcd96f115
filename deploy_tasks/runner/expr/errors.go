package expr

import (
	"errors"

	"runner/fmt"
	"runner/value"
)

// Kind is the class of an evaluation error.
type Kind string

// The kinds, named after what Jinja2 or Python would raise.
const (
	Undefined Kind = "undefined" // a name, attribute or item that does not exist was used
	Type      Kind = "type"      // an operation that its operands do not have
	Value     Kind = "value"     // an operand of the right type with a value that does not do
	Limit     Kind = "limit"     // too deep, too long, too large
	Broken    Kind = "broken"    // the tree itself is not one the compiler makes
)

// Error is why an expression has no value.
type Error struct {
	Kind Kind
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

// IsUndefined says whether err comes from the use of something undefined.
func IsUndefined(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Undefined
}

func typeError(format string, args ...any) error {
	return &Error{Type, fmt.Sprintf(format, args...)}
}

func valueError(format string, args ...any) error {
	return &Error{Value, fmt.Sprintf(format, args...)}
}

func limitError(format string, args ...any) error {
	return &Error{Limit, fmt.Sprintf(format, args...)}
}

func brokenError(format string, args ...any) error {
	return &Error{Broken, fmt.Sprintf(format, args...)}
}

func undefinedError(u value.Undefined) error {
	return &Error{Undefined, u.Message()}
}

// checkDefined returns the error of the first undefined value in v.
func checkDefined(v any) error {
	switch v := v.(type) {
	case value.Undefined:
		if !v.Soft {
			return undefinedError(v)
		}
	case *value.Dict:
		for _, item := range v.All() {
			if err := checkDefined(item); err != nil {
				return err
			}
		}
	default:
		items, _ := value.Items(v)
		for _, item := range items {
			if err := checkDefined(item); err != nil {
				return err
			}
		}
	}
	return nil
}
