package basics

import (
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// assertSpec: _that are the expression trees of that, in the same order, which the compiler adds.
var assertSpec = kit.Spec{Args: []kit.Arg{
	{Name: "that", Kind: kit.Raw, Required: true},
	{Name: "_that", Kind: kit.Raw},
	{Name: "fail_msg", Kind: kit.Raw, Aliases: []string{"msg"}, Default: "Assertion failed"},
	{Name: "success_msg", Kind: kit.Raw, Default: "All assertions passed"},
	{Name: "quiet", Kind: kit.Bool, Default: false},
}}

// assert fails at the first expression that does not hold.
func assert(c *module.Call) module.Result {
	p, err := assertSpec.Parse("assert", c)
	if err != nil {
		return kit.Failure(err)
	}
	claims, trees := kit.ListOf(p.Raw("that")), kit.ListOf(p.Raw("_that"))
	for i, claim := range claims {
		holds, err := assertion(c, claim, trees, i)
		if err != nil {
			return kit.Failure(err)
		}
		if !holds {
			data := kit.Dict("evaluated_to", false, "assertion", claim)
			return kit.Worded(module.Result{Failed: true, Data: data}, p.Raw("fail_msg"))
		}
	}
	return kit.Worded(module.Result{}, p.Raw("success_msg"))
}

func assertion(c *module.Call, claim any, trees []any, i int) (bool, error) {
	if i < len(trees) {
		return expr.Bool(trees[i], c.Vars)
	}
	if s, ok := claim.(string); ok {
		b, err := kit.ToBool(s)
		if err != nil {
			return false, fmt.Errorf("the assertion %q came without its expression tree", s)
		}
		return b, nil
	}
	return value.Truthy(claim), nil
}
