package engine

import (
	"runner/expr"
	"runner/module"
	"runner/program"
	"runner/value"
)

// once performs a task that one host of the batch performs for all; do performs it here. Of several hosts each would
// do it, so a program asks for it only where one host is alone. mine is false when another host has performed it: then
// the result is registered, and nothing is counted or told.
func (r *run) once(_ *program.Task, _ string, do func() outcome) (o outcome, mine bool) {
	return do(), true
}

// elsewhere has another host perform the module, where the task is delegated to one. here is true when it is this host
// that does; then there is no result yet.
func (j *job) elsewhere() (result module.Result, here bool) {
	if j.task.DelegateTo == nil {
		return result, true
	}
	v, err := expr.Resolve(j.task.DelegateTo, j.scope())
	switch {
	case err != nil:
		return module.Failure("delegate_to: " + err.Error()), false
	case value.Str(v) == j.host.name():
		return result, true
	}
	return module.Failure("delegate_to: this run cannot reach " + value.Str(v)), false
}

// others is what is known of the hosts besides this one: what the inventory says.
func (r *run) others() *value.Dict {
	if v, ok := r.host.inventory.Get("hostvars"); ok {
		if d, ok := v.(*value.Dict); ok {
			return d
		}
	}
	return nil
}
