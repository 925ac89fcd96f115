package expr

import (
	"runner/value"
)

// call is one call of a function, method, filter or test.
type call struct {
	eval   *evaluation
	name   string
	args   []any
	kwargs *value.Dict
}

// function is a function value: a global such as `range`, or a function of an object.
type function struct {
	name string
	run  func(*call) (any, error)
}

// FuncName is the function's name.
func (f *function) FuncName() string { return f.name }

// method is a method bound to its receiver.
type method struct {
	receiver any
	name     string
}

// FuncName is the method's name.
func (m *method) FuncName() string { return m.name }

func (e *evaluation) callNode(n []any) (any, error) { return e.callWith(n, nil) }

// callWith evaluates a call, with the macro that is its `caller` if it comes from a call block.
func (e *evaluation) callWith(n []any, caller *macro) (any, error) {
	if callee, ok := n[1].([]any); ok && len(callee) == 3 && callee[0] == "attr" && changes[value.Str(callee[2])] {
		receiver, err := e.changeableNode(callee[1])
		if err != nil {
			return nil, err
		}
		return e.callMethodNode(receiver, callee[2], n)
	}
	callee, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	c, err := e.arguments("", n[2:])
	if err != nil {
		return nil, err
	}
	if caller != nil {
		c.kwargs.Set("caller", caller)
	}
	return e.apply(callee, c)
}

// callMethodNode calls a method of a receiver that is evaluated already.
func (e *evaluation) callMethodNode(receiver, name any, n []any) (any, error) {
	callee, err := getAttr(receiver, value.Str(name))
	if err != nil {
		return nil, err
	}
	c, err := e.arguments("", n[2:])
	if err != nil {
		return nil, err
	}
	return e.apply(callee, c)
}

func (e *evaluation) apply(callee any, c *call) (any, error) {
	switch f := callee.(type) {
	case value.Undefined:
		return nil, undefinedError(f)
	case *function:
		c.name = f.name
		return f.run(c)
	case *method:
		c.name = f.name
		return callMethod(f.receiver, c)
	case *macro:
		return f.call(c)
	case *block:
		return f.text()
	case *loopState:
		return f.recurse(c)
	case *joiner:
		return f.next(), nil
	}
	return nil, typeError("'%s' object is not callable", value.TypeName(callee))
}

// arguments evaluates [args], {kwargs} and, when they are there, *args and **kwargs.
func (e *evaluation) arguments(name string, n []any) (*call, error) {
	c := &call{eval: e, name: name, kwargs: value.NewDict()}
	positional, _ := n[0].([]any)
	var err error
	if c.args, err = e.all(positional); err != nil {
		return nil, err
	}
	if len(n) > 1 {
		named, _ := n[1].(*value.Dict)
		for key, node := range named.All() {
			v, err := e.node(node)
			if err != nil {
				return nil, err
			}
			c.kwargs.Set(value.Str(key), v)
		}
	}
	return c, e.spread(c, n)
}

func (e *evaluation) spread(c *call, n []any) error {
	if len(n) > 2 && n[2] != nil {
		v, err := e.node(n[2])
		if err != nil {
			return err
		}
		items, err := iterate(v)
		if err != nil {
			return err
		}
		c.args = append(c.args, items...)
	}
	if len(n) > 3 && n[3] != nil {
		v, err := e.node(n[3])
		if err != nil {
			return err
		}
		d, ok := v.(*value.Dict)
		if !ok {
			return typeError("argument after ** must be a mapping, not %s", value.TypeName(v))
		}
		c.kwargs.Update(d)
	}
	return nil
}
