package modules

import (
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/value"
)

// assertSpec: _that are the expression trees of that, in the same order, which the compiler adds.
var assertSpec = spec{args: []arg{
	{name: "that", kind: asIs, required: true},
	{name: "_that", kind: asIs},
	{name: "fail_msg", kind: asIs, aliases: []string{"msg"}, def: "Assertion failed"},
	{name: "success_msg", kind: asIs, def: "All assertions passed"},
	{name: "quiet", kind: boolean, def: false},
}}

// assert fails at the first expression that does not hold.
func assert(c *module.Call) module.Result {
	p, err := assertSpec.parse("assert", c)
	if err != nil {
		return failure(err)
	}
	claims, trees := listOf(p.raw("that")), listOf(p.raw("_that"))
	for i, claim := range claims {
		holds, err := assertion(c, claim, trees, i)
		if err != nil {
			return failure(err)
		}
		if !holds {
			data := dict("evaluated_to", false, "assertion", claim)
			return worded(module.Result{Failed: true, Data: data}, p.raw("fail_msg"))
		}
	}
	return worded(module.Result{}, p.raw("success_msg"))
}

func assertion(c *module.Call, claim any, trees []any, i int) (bool, error) {
	if i < len(trees) {
		return expr.Bool(trees[i], c.Vars)
	}
	if s, ok := claim.(string); ok {
		b, err := toBool(s)
		if err != nil {
			return false, fmt.Errorf("the assertion %q came without its expression tree", s)
		}
		return b, nil
	}
	return value.Truthy(claim), nil
}

// listOf is a list as it is, nothing as no items, and anything else as its only item.
func listOf(v any) []any {
	if v == nil {
		return nil
	}
	if l, ok := value.Items(v); ok {
		return l
	}
	return []any{v}
}
