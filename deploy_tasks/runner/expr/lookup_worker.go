package expr

import (
	"runner/value"
)

// fetched is the answer to a lookup that the worker has performed: ["fetched", name, list wanted, what was asked,
// {options}]. The variable `name` holds {"found": [value…]} or {"failed": why}.
func (e *evaluation) fetched(n []any) (any, error) {
	name, _ := n[1].(string)
	asked, _ := n[3].([]any)
	named, _ := n[4].(*value.Dict)
	if len(asked) == 0 {
		return nil, brokenError("a lookup asks nothing")
	}
	kind := value.Str(asked[0])
	options, err := e.arguments(kind, []any{[]any{}, named})
	if err != nil {
		return nil, err
	}
	v, _, err := e.scope.Lookup(name)
	if err != nil {
		return nil, err
	}
	return lookedUp(kind, options.kwargs, n[2] == true, func() ([]any, error) {
		answer, _ := v.(*value.Dict)
		if answer == nil {
			return nil, valueError("the lookup '%s' is performed by the worker of a deployment, and none did", kind)
		}
		if why, failed := answer.Get("failed"); failed {
			return nil, valueError("%s", value.Str(why))
		}
		found, _ := answer.Get("found")
		items, _ := value.Items(found)
		out := append([]any{}, items...)
		for i, item := range out {
			if item == nil {
				out[i] = option(options.kwargs, "default", "")
			}
		}
		return out, checkDefined(out)
	})
}
