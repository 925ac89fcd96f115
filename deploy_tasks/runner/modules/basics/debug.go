package basics

import (
	"strings"

	"runner/expr"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// debugSpec: _var is the expression tree of var, which the compiler adds.
var debugSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "msg", Kind: kit.Raw, Default: "Hello world!"},
		{Name: "var", Kind: kit.Raw},
		{Name: "_var", Kind: kit.Raw},
		{Name: "verbosity", Kind: kit.Int, Default: int64(0)},
	},
	Exclusive: [][]string{{"msg", "var"}},
}

// debug shows a message or the value of an expression.
func debug(c *module.Call) module.Result {
	p, err := debugSpec.Parse("debug", c)
	if err != nil {
		return kit.Failure(err)
	}
	if p.Int("verbosity") > 0 {
		return module.Result{Skipped: true, Data: kit.Dict("skipped_reason", "Verbosity threshold not met.")}
	}
	if !p.Has("var") {
		return kit.Worded(module.Result{}, p.Raw("msg"))
	}
	name, ok := p.Raw("var").(string)
	if !ok {
		return module.Result{Data: kit.Dict(value.TypeName(p.Raw("var")), p.Raw("var"))}
	}
	return module.Result{Data: kit.Dict(name, inspect(c, name, p.Raw("_var")))}
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
