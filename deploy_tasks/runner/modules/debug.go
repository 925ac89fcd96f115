package modules

import (
	"strings"

	"runner/expr"
	"runner/module"
	"runner/value"
)

// debugSpec: _var is the expression tree of var, which the compiler adds.
var debugSpec = spec{
	args: []arg{
		{name: "msg", kind: asIs, def: "Hello world!"},
		{name: "var", kind: asIs},
		{name: "_var", kind: asIs},
		{name: "verbosity", kind: integer, def: int64(0)},
	},
	exclusive: [][]string{{"msg", "var"}},
}

// debug shows a message or the value of an expression.
func debug(c *module.Call) module.Result {
	p, err := debugSpec.parse("debug", c)
	if err != nil {
		return failure(err)
	}
	if p.int("verbosity") > 0 {
		return module.Result{Skipped: true, Data: dict("skipped_reason", "Verbosity threshold not met.")}
	}
	if !p.has("var") {
		return worded(module.Result{}, p.raw("msg"))
	}
	name, ok := p.raw("var").(string)
	if !ok {
		return module.Result{Data: dict(value.TypeName(p.raw("var")), p.raw("var"))}
	}
	return module.Result{Data: dict(name, inspect(c, name, p.raw("_var")))}
}

// inspect is the value to show for an expression, or Ansible's words for a variable that is not there.
func inspect(c *module.Call, name string, tree any) any {
	const undefined = "VARIABLE IS NOT DEFINED!"
	v, found, err := any(nil), true, error(nil)
	switch {
	case tree != nil:
		v, err = expr.Eval(tree, c.Vars)
	case c.Vars != nil && !strings.ContainsAny(name, " .[(|"):
		v, found, err = c.Vars.Lookup(name)
	default:
		return name
	}
	if err != nil || !found {
		return undefined
	}
	switch v.(type) {
	case value.Undefined, *value.Undefined:
		return undefined
	}
	return v
}
