package modules

import (
	"runner/module"
	"runner/value"
)

// params are the checked arguments of one call.
type params struct {
	call   *module.Call
	values map[string]any
}

func (p *params) has(name string) bool {
	_, ok := p.values[name]
	return ok
}

func (p *params) raw(name string) any { return p.values[name] }

// str is an argument's text, empty when it is not given.
func (p *params) str(name string) string {
	s, _ := p.values[name].(string)
	return s
}

// optional is an argument's text, nil when it is not given.
func (p *params) optional(name string) *string {
	if s, ok := p.values[name].(string); ok {
		return &s
	}
	return nil
}

func (p *params) flag(name string) bool {
	b, _ := p.values[name].(bool)
	return b
}

func (p *params) int(name string) int64 {
	switch n := p.values[name].(type) {
	case int64:
		return n
	case int:
		return int64(n)
	}
	return 0
}

func (p *params) list(name string) []string {
	l, _ := p.values[name].([]string)
	return l
}

// dict builds an ordered dictionary from key, value, key, value…
func dict(pairs ...any) *value.Dict { return value.DictOf(pairs...) }

// items turns texts into a list value.
func items(lines []string) []any {
	out := make([]any, len(lines))
	for i, line := range lines {
		out[i] = line
	}
	return out
}

// nullable is a text value or None.
func nullable(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}
