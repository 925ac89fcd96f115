package basics

import (
	"runner/module"
	"runner/modules/kit"
)

var (
	pingSpec = kit.Spec{Args: []kit.Arg{{Name: "data", Kind: kit.Text, Default: "pong"}}}
	failSpec = kit.Spec{Args: []kit.Arg{{Name: "msg", Kind: kit.Raw, Default: "Failed as requested from task"}}}
)

// ping answers, so that a program can be tried on a host without touching anything.
func ping(c *module.Call) module.Result {
	p, err := pingSpec.Parse("ping", c)
	if err != nil {
		return kit.Failure(err)
	}
	if p.Str("data") == "crash" {
		return module.Failure("boom")
	}
	return module.Result{Data: kit.Dict("ping", p.Str("data"))}
}

// fail fails with the task's own words.
func fail(c *module.Call) module.Result {
	p, err := failSpec.Parse("fail", c)
	if err != nil {
		return kit.Failure(err)
	}
	return kit.Worded(module.Result{Failed: true}, p.Raw("msg"))
}
