// Package expr evaluates the expression and statement trees of a program, as Jinja2 with Ansible's filters would.
//
// docs/program.md lists the nodes. Trees come from deploy_tasks/compiler/expressions.py; nothing is parsed here.
package expr

import "runner/value"

// Scope is where an expression finds its variables. Lookup returns a value without expressions in it, whether the name
// exists, and an error when the variable's own value cannot be had; an *Error of kind Undefined counts as "not defined
// yet" and is told only when the variable is used.
type Scope interface {
	Lookup(name string) (any, bool, error)
}

// Eval evaluates a NODE. The result holds no undefined value; it may be or hold value.Omit.
func Eval(node any, s Scope) (result any, err error) {
	defer contain(&result, &err)
	v, err := newEvaluation(node, s).node(node)
	if err != nil {
		return nil, err
	}
	return finished(v)
}

// contain turns a fault of the evaluator itself into an error: a task may fail of it, the run must not die.
func contain(result *any, err *error) {
	if fault := recover(); fault != nil {
		*result, *err = nil, brokenError("the expression cannot be evaluated: %v", fault)
	}
}

// finished is v as it leaves the evaluator: nothing undefined, no lists that can change.
func finished(v any) (any, error) {
	if err := checkDefined(v); err != nil {
		return nil, err
	}
	if u, ok := v.(value.Undefined); ok && u.Soft {
		return "", nil
	}
	return value.Plain(v), nil
}

// Bool evaluates a condition to its truth: empty text, lists and dicts, zero and none are false.
func Bool(node any, s Scope) (bool, error) {
	v, err := Eval(node, s)
	if err != nil {
		return false, err
	}
	return value.Truthy(v), nil
}

// Resolve returns a value with every {"$": NODE} in it evaluated. Keys and items that come out as `omit` are left out;
// a whole value that does is value.Omit. The result holds no undefined value.
func Resolve(v any, s Scope) (result any, err error) {
	defer contain(&result, &err)
	v, err = newEvaluation(v, s).resolve(v)
	if err != nil {
		return nil, err
	}
	return finished(v)
}
