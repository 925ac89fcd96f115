package modules

import "runner/module"

var (
	pingSpec = spec{args: []arg{{name: "data", kind: text, def: "pong"}}}
	failSpec = spec{args: []arg{{name: "msg", kind: asIs, def: "Failed as requested from task"}}}
)

// ping answers, so that a program can be tried on a host without touching anything.
func ping(c *module.Call) module.Result {
	p, err := pingSpec.parse("ping", c)
	if err != nil {
		return failure(err)
	}
	if p.str("data") == "crash" {
		return module.Failure("boom")
	}
	return module.Result{Data: dict("ping", p.str("data"))}
}

// fail fails with the task's own words.
func fail(c *module.Call) module.Result {
	p, err := failSpec.parse("fail", c)
	if err != nil {
		return failure(err)
	}
	return worded(module.Result{Failed: true}, p.raw("msg"))
}

// worded gives a result its message. One that is not a text is a return value, as it is.
func worded(r module.Result, msg any) module.Result {
	if s, ok := msg.(string); ok {
		r.Msg = s
		return r
	}
	if r.Data == nil {
		r.Data = dict()
	}
	r.Data.Set("msg", msg)
	return r
}
