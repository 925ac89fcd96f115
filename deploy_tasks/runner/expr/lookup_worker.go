package expr

import (
	"strings"

	"runner/value"
)

// AskedName is the variable that brings the answers which the host that delegates a task has got: a dict of answers by
// questions, as Question writes them.
const AskedName = "__lookup_asked"

// inquirer is a scope that can put a lookup to the worker of the deployment. The answer is as that of `fetched`.
type inquirer interface {
	Inquire(kind string, terms []any, options *value.Dict) (*value.Dict, error)
}

// Question is a lookup as one text: the same for the same lookup.
func Question(kind string, terms []any, options *value.Dict) string {
	return string(value.Encode([]any{kind, terms, options}))
}

// lookupAsked is a lookup whose arguments are known only now: the worker performs it, if the plan and the inventory alone
// make the same arguments.
func lookupAsked(c *call) ([]any, error) {
	s, ok := c.eval.scope.(inquirer)
	if !ok {
		return nil, nobodyAnswers(c.name)
	}
	options, fallback := c.kwargs.Copy(), any("")
	if c.name == "env" {
		fallback = option(options, "default", "")
		options.Delete("default")
	}
	terms := make([]any, len(c.args))
	for i, term := range c.args {
		terms[i] = value.Str(term)
	}
	answer, err := s.Inquire(c.name, terms, options)
	if err != nil {
		return nil, valueError("lookup('%s'): %s", c.name, err)
	}
	return answered(c.name, answer, fallback)
}

// allElsewhere says whether all names are of files outside the plan's folder.
func allElsewhere(terms []any) bool {
	for _, term := range terms {
		if s := value.Str(term); !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "~") {
			return false
		}
	}
	return true
}

func nobodyAnswers(kind string) error {
	return valueError("the lookup '%s' is performed by the worker of a deployment, and none did", kind)
}

// answered is what an answer says was found; fallback stands for what was not set.
func answered(kind string, answer *value.Dict, fallback any) ([]any, error) {
	if answer == nil {
		return nil, nobodyAnswers(kind)
	}
	if why, failed := answer.Get("failed"); failed {
		return nil, valueError("%s", value.Str(why))
	}
	found, _ := answer.Get("found")
	items, _ := value.Items(found)
	out := append([]any{}, items...)
	for i, item := range out {
		if item == nil {
			out[i] = fallback
		}
	}
	return out, checkDefined(out)
}

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
		return answered(kind, answer, option(options.kwargs, "default", ""))
	})
}
