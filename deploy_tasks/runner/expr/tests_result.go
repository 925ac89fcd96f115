package expr

import (
	"strings"

	"runner/value"
)

// Tests of a task's registered result, and of truth.
var resultTests = table{
	{"failed", resultTest(func(d *value.Dict) any { return option(d, "failed", false) })},
	{"failure", resultTest(func(d *value.Dict) any { return option(d, "failed", false) })},
	{"succeeded", resultTest(succeeded)},
	{"success", resultTest(succeeded)},
	{"successful", resultTest(succeeded)},
	{"skipped", resultTest(func(d *value.Dict) any { return option(d, "skipped", false) })},
	{"skip", resultTest(func(d *value.Dict) any { return option(d, "skipped", false) })},
	{"unreachable", resultTest(func(d *value.Dict) any { return option(d, "unreachable", false) })},
	{"reachable", resultTest(func(d *value.Dict) any { return !value.Truthy(option(d, "unreachable", false)) })},
	{"changed", resultTest(changed)},
	{"change", resultTest(changed)},
	{"timedout", resultTest(timedOut)},
	{"started", resultTest(func(d *value.Dict) any { return value.Equal(option(d, "started", int64(1)), int64(1)) })},
	{"finished", resultTest(func(d *value.Dict) any { return value.Equal(option(d, "finished", int64(1)), int64(1)) })},
	{"truthy", func(c *call, v any) (any, error) { return truthiness(c, v) }},
	{"falsy", func(c *call, v any) (any, error) {
		t, err := truthiness(c, v)
		return !t, err
	}},
}

func onResult(check func(*value.Dict) any) test {
	return func(c *call, v any) (any, error) {
		if u, undefined := v.(value.Undefined); undefined {
			return nil, undefinedError(u)
		}
		d, ok := v.(*value.Dict)
		if !ok {
			return nil, typeError("The '%s' test expects a dictionary", resultName(c.name))
		}
		return check(d), c.params().err
	}
}

// resultName is the name that Ansible's words use for a test with several names.
func resultName(test string) string {
	switch test {
	case "failure", "succeeded", "success", "successful":
		return "failed"
	case "skip":
		return "skipped"
	case "reachable":
		return "unreachable"
	case "change":
		return "changed"
	}
	return test
}

func succeeded(d *value.Dict) any { return !value.Truthy(option(d, "failed", false)) }

// changed of a loop's result is whether any round changed something.
func changed(d *value.Dict) any {
	if v, ok := d.Get("changed"); ok {
		return v
	}
	results, _ := value.Items(option(d, "results", nil))
	for _, result := range results {
		if d, ok := result.(*value.Dict); ok && value.Truthy(option(d, "changed", false)) {
			return true
		}
	}
	return false
}

func timedOut(d *value.Dict) any {
	v := option(d, "timedout", false)
	if inner, ok := v.(*value.Dict); ok && inner.Len() > 0 {
		return option(inner, "period", false)
	}
	return v
}

func truthiness(c *call, v any) (bool, error) {
	p := c.params("convert_bool")
	convert := p.truth(0, false)
	p.defined(v)
	if s, ok := v.(string); ok && convert {
		switch strings.TrimFunc(lower(s), isSpace) {
		case "y", "yes", "on", "1", "true", "t":
			return true, p.err
		case "n", "no", "off", "0", "false", "f":
			return false, p.err
		}
	}
	return value.Truthy(v), p.err
}
