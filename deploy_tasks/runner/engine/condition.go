package engine

import (
	"runner/expr"
	"runner/fmt"
)

// condition is one condition of a task: its tree, and how it is written where the program tells.
type condition struct {
	node any
	text any // text or a truth value; nil when unknown
}

// conditionOf reads ["cond", NODE, text], or a bare NODE.
func conditionOf(node any) condition {
	if n, ok := node.([]any); ok && len(n) == 3 && n[0] == "cond" {
		return condition{n[1], n[2]}
	}
	return condition{node: node}
}

// never says whether the condition is the literal false.
func (c condition) never() bool {
	n, ok := c.node.([]any)
	return ok && len(n) == 2 && n[0] == "lit" && n[1] == false
}

// holds evaluates the condition; an error is worded as Ansible words it.
func (c condition) holds(s *scope) (bool, error) {
	holds, err := expr.Bool(c.node, s)
	if err == nil || c.text == nil {
		return holds, err
	}
	return false, &conditionError{c.text, err}
}

type conditionError struct {
	text  any
	cause error
}

func (e *conditionError) Error() string {
	return fmt.Sprintf("The conditional check '%v' failed. The error was: error while evaluating conditional (%v): %s", e.text, e.text, e.cause)
}

func (e *conditionError) Unwrap() error { return e.cause }

// all evaluates conditions in order until one does not hold, which is returned.
func all(nodes []any, s *scope) (bool, condition, error) {
	for _, node := range nodes {
		c := conditionOf(node)
		if holds, err := c.holds(s); err != nil || !holds {
			return false, c, err
		}
	}
	return true, condition{}, nil
}

// conditions evaluates when. met is false when one does not hold, or cannot be evaluated; the outcome says which.
func (r *run) conditions(when []any, s *scope) (o outcome, met bool) {
	met, missed, err := all(when, s)
	if err != nil {
		msg := err.Error()
		if missed.text == nil {
			msg = "the condition of the task failed: " + msg
		}
		return r.unless(err, failure(msg)), false
	}
	if met {
		return outcome{}, true
	}
	o = skip("Conditional result was False")
	if missed.text != nil {
		o.result.Set("false_condition", missed.text)
	}
	return o, false
}
