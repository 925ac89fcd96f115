package engine

import (
	"strconv"
	"strings"

	"runner/expr"
	"runner/fmt"
	"runner/program"
	"runner/value"
)

// maxHosts bounds how many hosts a throttle may speak of.
const maxHosts = 100_000

// limited performs a task that only so many hosts may perform at a time: it asks for a slot before, and left gives it
// back. The loop of a task counts as one.
func (r *run) limited(t *program.Task, f frame, handler bool, do func() outcome) (o outcome, left func(failed bool)) {
	left = func(bool) {}
	if t.Throttle == nil && t.Serial == nil || r.verify {
		return do(), left
	}
	most, err := r.throttle(t, f)
	if err != nil {
		return failure(err.Error()), left
	}
	if most == 0 && t.Serial == nil {
		return do(), left
	}
	asked := []any{"task", t.ID, "key", r.turn(t, f, handler)}
	pairs := asked
	if most > 0 {
		pairs = push(asked, "most", any(most))
	}
	answer, err := r.ask("slot", pairs...)
	if err != nil {
		return failure("throttle: " + err.Error()), left
	}
	if why := answer.Text("stop"); why != "" {
		return failure("serial: not begun on this host: " + why), left
	}
	left = func(failed bool) {
		// An answer that does not come changes nothing: the slot is free when this host ends, too.
		_, _ = r.ask("done", push(asked, "failed", any(failed))...)
	}
	return do(), left
}

// throttle is how many hosts may perform the task at a time; 0 is any number.
func (r *run) throttle(t *program.Task, f frame) (int64, error) {
	v, err := expr.Resolve(t.Throttle, r.scope(f, nil))
	if err != nil {
		return 0, fmt.Errorf("throttle: %s", err)
	}
	if _, omitted := v.(value.Omit); omitted || v == nil {
		return 0, nil
	}
	n, ok := integer(v)
	if !ok {
		return 0, fmt.Errorf("Failed to convert the throttle value to an integer.: %s", value.Repr(v))
	}
	return max(0, min(n, maxHosts)), nil
}

// integer reads a number as Python's int does.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		return map[bool]int64{true: 1}[v], true
	case int64:
		return v, true
	case float64:
		return int64(v), v == v && v > -1e15 && v < 1e15
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// turn names one performance of a task among the hosts of a batch. A handler may run in every flush.
func (r *run) turn(t *program.Task, f frame, handler bool) string {
	if handler {
		return r.key(t, f) + "@" + r.flushed
	}
	return r.key(t, f)
}

// passed tells that this host does not perform a handler in this flush, where others wait for their turn after it.
func (r *run) passed(t *program.Task, f frame) {
	if t.Serial == nil || r.opts.Ask == nil || r.opts.Alone || r.verify || r.ctx.Err() != nil {
		return
	}
	_, _ = r.ask("passed", "task", t.ID, "key", r.turn(t, f, true))
}
