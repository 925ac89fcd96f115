package expr

import (
	"strings"

	"runner/value"
)

// macro is a macro, or the body of a call block.
type macro struct {
	name       string
	parameters []string
	defaults   []any // nodes, of the last parameters
	body       []any
	extras     string // which of caller, kwargs and varargs the body uses
	outer      *frame
	eval       *evaluation
}

func (m *macro) FuncName() string { return m.name }

func (e *evaluation) newMacro(name string, signature []any) *macro {
	m := &macro{name: name, outer: e.frame, eval: e}
	parameters, _ := signature[0].([]any)
	for _, p := range parameters {
		m.parameters = append(m.parameters, value.Str(p))
	}
	m.defaults, _ = signature[1].([]any)
	m.body, _ = signature[2].([]any)
	if len(signature) > 3 {
		extras, _ := signature[3].([]any)
		for _, extra := range extras {
			m.extras += value.Str(extra) + " "
		}
	}
	return m
}

func (e *evaluation) defineMacro(n []any) error {
	name, _ := n[1].(string)
	e.define(name, e.newMacro(name, n[2:]))
	return nil
}

// callBlock calls a macro with the block as its `caller`.
func (e *evaluation) callBlock(n []any) error {
	call, _ := n[1].([]any)
	if len(call) < 4 {
		return brokenError("a call block needs a call")
	}
	v, err := e.callWith(call, e.newMacro("caller", n[2:]))
	if err != nil {
		return err
	}
	if err := checkDefined(v); err != nil {
		return err
	}
	return e.out.write(frozen(v))
}

func (m *macro) call(c *call) (any, error) {
	e := m.eval
	outer := e.frame
	if e.depth += 10; e.depth > maxDepth {
		return nil, limitError("macros call each other too deep")
	}
	e.frame = m.outer
	defer func() { e.frame, e.depth = outer, e.depth-10 }()
	written, err := e.capture(func() error {
		if err := m.bind(c); err != nil {
			return err
		}
		_, err := e.run(m.body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return written.text()
}

// bind sets the parameters in the frame of the call.
func (m *macro) bind(c *call) error {
	e := m.eval
	named := value.NewDict()
	if c.kwargs != nil {
		named.Update(c.kwargs)
	}
	for i, name := range m.parameters {
		if i < len(c.args) {
			e.frame.set(name, changeable(c.args[i]))
			continue
		}
		v, given := named.Get(name)
		named.Delete(name)
		if !given {
			var err error
			if v, err = m.defaultOf(i); err != nil {
				return err
			}
		}
		e.frame.set(name, changeable(v))
	}
	return m.bindExtras(c, named)
}

func (m *macro) defaultOf(i int) (any, error) {
	at := i - (len(m.parameters) - len(m.defaults))
	if at < 0 {
		return value.Undefined{Name: m.parameters[i], Hint: "parameter " + value.Repr(m.parameters[i]) + " was not provided"}, nil
	}
	return m.eval.node(m.defaults[at])
}

func (m *macro) bindExtras(c *call, named *value.Dict) error {
	e := m.eval
	explicit := false
	for _, name := range m.parameters {
		explicit = explicit || name == "caller"
	}
	if strings.Contains(m.extras, "caller") && !explicit {
		caller, ok := named.Get("caller")
		if !ok || caller == nil {
			caller = value.Undefined{Name: "caller", Hint: "No caller defined"}
		}
		named.Delete("caller")
		e.frame.set("caller", caller)
	}
	if strings.Contains(m.extras, "kwargs") {
		e.frame.set("kwargs", named)
	} else if named.Len() > 0 {
		return typeError("macro %s takes no keyword argument %s", value.Repr(m.name), value.Repr(named.Keys()[0]))
	}
	rest := c.args[min(len(c.args), len(m.parameters)):]
	if strings.Contains(m.extras, "varargs") {
		e.frame.set("varargs", value.Tuple(rest))
	} else if len(rest) > 0 {
		return typeError("macro %s takes not more than %d argument(s)", value.Repr(m.name), len(m.parameters))
	}
	return nil
}

// attr gives a macro its documented attributes.
func (m *macro) attr(name string) (any, bool) {
	switch name {
	case "name":
		return m.name, true
	case "arguments":
		out := []any{}
		for _, p := range m.parameters {
			out = append(out, p)
		}
		return out, true
	case "catch_kwargs":
		return strings.Contains(m.extras, "kwargs"), true
	case "catch_varargs":
		return strings.Contains(m.extras, "varargs"), true
	case "caller":
		return strings.Contains(m.extras, "caller"), true
	}
	return nil, false
}
