package kit

import (
	"runner/module"
	"runner/value"
)

// Params are the checked arguments of one call.
type Params struct {
	call   *module.Call
	values map[string]any
}

// Has tells whether an argument was given or has a default.
func (p *Params) Has(name string) bool {
	_, ok := p.values[name]
	return ok
}

// Raw is an argument's value as it was converted, nil when it is not given.
func (p *Params) Raw(name string) any { return p.values[name] }

// Str is an argument's text, empty when it is not given.
func (p *Params) Str(name string) string {
	s, _ := p.values[name].(string)
	return s
}

// Optional is an argument's text, nil when it is not given.
func (p *Params) Optional(name string) *string {
	if s, ok := p.values[name].(string); ok {
		return &s
	}
	return nil
}

// Flag is an argument of the kind Bool, false when it is not given.
func (p *Params) Flag(name string) bool {
	b, _ := p.values[name].(bool)
	return b
}

// Int is an argument of the kind Int, 0 when it is not given; Has tells these apart.
func (p *Params) Int(name string) int64 {
	switch n := p.values[name].(type) {
	case int64:
		return n
	case int:
		return int64(n)
	}
	return 0
}

// List is an argument of the kind List, nil when it is not given.
func (p *Params) List(name string) []string {
	l, _ := p.values[name].([]string)
	return l
}

// Dict builds an ordered dictionary from key, value, key, value…
func Dict(pairs ...any) *value.Dict { return value.DictOf(pairs...) }

// Items turns texts into a list value.
func Items(lines []string) []any {
	out := make([]any, len(lines))
	for i, line := range lines {
		out[i] = line
	}
	return out
}

// Nullable is a text value or None.
func Nullable(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// ListOf is a list as it is, nothing as no items, and anything else as its only item.
func ListOf(v any) []any {
	if v == nil {
		return nil
	}
	if l, ok := value.Items(v); ok {
		return l
	}
	return []any{v}
}
