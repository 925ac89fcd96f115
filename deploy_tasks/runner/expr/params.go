package expr

import (
	"runner/big"
	"runner/value"
)

// params are the arguments of a call in the order of the function's parameters. The first error stays in err, so that a
// function reads all its parameters and looks at err once.
type params struct {
	name  string
	names []string
	vals  []any
	err   error
}

// absent stands for an argument that was not given.
type absent struct{}

// params binds positional and named arguments to parameter names.
func (c *call) params(names ...string) *params {
	p := &params{name: c.name, names: names, vals: make([]any, len(names))}
	for i := range p.vals {
		p.vals[i] = absent{}
	}
	if len(c.args) > len(names) {
		p.err = typeError("%s() takes at most %d arguments (%d given)", c.name, len(names), len(c.args))
		return p
	}
	copy(p.vals, c.args)
	for key, v := range c.kwargs.All() {
		at := -1
		for i, name := range names {
			if name == key {
				at = i
			}
		}
		switch {
		case at < 0:
			p.err = typeError("%s() got an unexpected keyword argument %s", c.name, value.Repr(key))
		case at < len(c.args):
			p.err = typeError("%s() got multiple values for argument %s", c.name, value.Repr(key))
		default:
			p.vals[at] = v
		}
	}
	return p
}

// fail keeps the first error; nil is none.
func (p *params) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *params) has(i int) bool {
	_, missing := p.vals[i].(absent)
	return !missing
}

// any returns an argument as it is, also when it is undefined.
func (p *params) any(i int, fallback any) any {
	if p.has(i) {
		return p.vals[i]
	}
	return fallback
}

// need returns an argument that must be given.
func (p *params) need(i int) any {
	if !p.has(i) {
		p.fail(typeError("%s() missing 1 required positional argument: %s", p.name, value.Repr(p.names[i])))
	}
	return p.any(i, nil)
}

func (p *params) text(i int, fallback string) string {
	if !p.has(i) {
		return fallback
	}
	return p.str(p.vals[i])
}

// str is Python's str() of any value.
func (p *params) str(v any) string {
	s, err := text(v)
	if err != nil {
		p.fail(err)
	}
	return s
}

func (p *params) truth(i int, fallback bool) bool {
	if !p.has(i) {
		return fallback
	}
	t, err := truth(p.vals[i])
	if err != nil {
		p.fail(err)
	}
	return t
}

func (p *params) int(i, fallback int) int {
	if !p.has(i) {
		return fallback
	}
	return p.whole(p.vals[i])
}

// whole reads an integer, cut to a size that is as good as infinite.
func (p *params) whole(v any) int {
	switch v := v.(type) {
	case value.Undefined:
		p.fail(undefinedError(v))
	case bool, int64, *big.Int:
		n, _ := sliceIndex(v, 0)
		return n
	default:
		p.fail(typeError("'%s' object cannot be interpreted as an integer", value.TypeName(v)))
	}
	return 0
}

// items returns what v iterates over.
func (p *params) items(v any) []any {
	items, err := iterate(v)
	if err != nil {
		p.fail(err)
	}
	return items
}

// defined fails when v is undefined.
func (p *params) defined(v any) any {
	if u, ok := v.(value.Undefined); ok && !u.Soft {
		p.fail(undefinedError(u))
	}
	return v
}
