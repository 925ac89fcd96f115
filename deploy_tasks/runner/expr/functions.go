package expr

import (
	"runner/big"
	"runner/value"
)

var functions map[string]func(*call) (any, error)

func init() {
	functions = map[string]func(*call) (any, error){
		"range":     makeRange,
		"dict":      makeDict,
		"namespace": makeNamespace,
		"cycler":    makeCycler,
		"joiner":    makeJoiner,
		"lookup":    func(c *call) (any, error) { return lookup(c, false) },
		"query":     func(c *call) (any, error) { return lookup(c, true) },
		"q":         func(c *call) (any, error) { return lookup(c, true) },
		"undef":     makeUndefined,
		"now":       now,
	}
}

func makeRange(c *call) (any, error) {
	var bounds [3]int64
	if len(c.args) == 0 || len(c.args) > 3 {
		return nil, typeError("range expected 1 to 3 arguments, got %d", len(c.args))
	}
	for i, arg := range c.args {
		if u, ok := arg.(value.Undefined); ok {
			return nil, undefinedError(u)
		}
		n, ok := value.Big(arg)
		if !ok {
			return nil, typeError("'%s' object cannot be interpreted as an integer", value.TypeName(arg))
		}
		if !n.IsInt64() {
			return nil, limitError("the range is too long")
		}
		bounds[i] = n.Int64()
	}
	start, stop, step := int64(0), bounds[0], int64(1)
	if len(c.args) > 1 {
		start, stop = bounds[0], bounds[1]
	}
	if len(c.args) == 3 {
		step = bounds[2]
	}
	return numbers(start, stop, step)
}

func numbers(start, stop, step int64) (any, error) {
	if step == 0 {
		return nil, valueError("range() arg 3 must not be zero")
	}
	span := new(big.Int).Sub(big.NewInt(stop), big.NewInt(start))
	if span.Quo(span, big.NewInt(step)); span.Sign() > 0 && (!span.IsInt64() || span.Int64() > maxItems) {
		return nil, limitError("the range is too long")
	}
	out := []any{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, i)
	}
	return out, nil
}

func makeDict(c *call) (any, error) {
	out := value.NewDict()
	if len(c.args) > 1 {
		return nil, typeError("dict expected at most 1 argument, got %d", len(c.args))
	}
	if len(c.args) == 1 {
		if err := updateDict(out, c.args[0]); err != nil {
			return nil, err
		}
	}
	out.Update(c.kwargs)
	return out, nil
}

// updateDict sets every entry of a dict or every pair of a list.
func updateDict(d *value.Dict, v any) error {
	if other, ok := v.(*value.Dict); ok {
		d.Update(other)
		return nil
	}
	items, err := iterate(v)
	if err != nil {
		return err
	}
	for i, item := range items {
		pair, err := iterate(item)
		if err != nil {
			return typeError("cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(pair) != 2 {
			return valueError("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := setKey(d, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// namespace is what `namespace()` makes: variables that a loop's body can set.
type namespace struct{ vars *value.Dict }

func (n *namespace) attr(name string) (any, bool) { return n.vars.Get(name) }

func (n *namespace) String() string { return "<Namespace " + value.Repr(n.vars) + ">" }

func makeNamespace(c *call) (any, error) {
	made, err := makeDict(c)
	if err != nil {
		return nil, err
	}
	vars := value.NewDict()
	for key, v := range made.(*value.Dict).All() {
		if err := setKey(vars, key, changeable(v)); err != nil {
			return nil, err
		}
	}
	return &namespace{vars}, nil
}

// cycler gives its items in turn.
type cycler struct {
	items []any
	at    int
}

func makeCycler(c *call) (any, error) {
	if len(c.args) == 0 {
		return nil, typeError("at least one item has to be provided")
	}
	return &cycler{items: c.args}, nil
}

func (c *cycler) attr(name string) (any, bool) {
	switch name {
	case "current":
		return c.items[c.at], true
	case "next":
		return &function{name, func(*call) (any, error) {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			return v, nil
		}}, true
	case "reset":
		return &function{name, func(*call) (any, error) {
			c.at = 0
			return nil, nil
		}}, true
	}
	return nil, false
}

// joiner gives nothing the first time it is called and its separator afterwards.
type joiner struct {
	separator any
	used      bool
}

// FuncName makes the joiner callable.
func (j *joiner) FuncName() string { return "joiner" }

func makeJoiner(c *call) (any, error) {
	p := c.params("sep")
	return &joiner{separator: p.any(0, ", ")}, p.err
}

func (j *joiner) next() any {
	if !j.used {
		j.used = true
		return ""
	}
	return j.separator
}

func makeUndefined(c *call) (any, error) {
	p := c.params("hint")
	u := value.Undefined{Hint: "Mandatory variable has not been overridden"}
	if p.has(0) && p.vals[0] != nil {
		u.Hint = p.text(0, "")
	}
	return u, p.err
}
