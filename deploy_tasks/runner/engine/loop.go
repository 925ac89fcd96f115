package engine

import (
	"time"

	"runner/expr"
	"runner/fmt"
	"runner/program"
	"runner/value"
)

// loopItems evaluates the items of a loop; when it cannot, a condition that does not hold still skips the step.
func (r *run) loopItems(l *program.Loop, f frame) ([]any, *outcome) {
	s := r.scope(f, nil)
	v, err := expr.Resolve(l.Items, s)
	if err == nil {
		if items, ok := value.Items(v); ok {
			return items, nil
		}
		err = fmt.Errorf("Invalid data passed to 'loop', it requires a list, got this instead: %s. Hint: If you passed a list/dict of "+
			"just one element, try adding wantlist=True to your lookup invocation or use q/query instead of lookup.", value.Str(v))
		o := failure(err.Error())
		return nil, &o
	}
	o, met := r.conditions(f.when, s)
	if met || o.failed { // the loop's own error is told first
		o = r.unless(err, failure(err.Error()))
	}
	return nil, &o
}

// variables are what an item of the loop defines.
func variablesOf(l *program.Loop, items []any, i int, item any) *value.Dict {
	loop := value.DictOf(l.Var, item, "ansible_loop_var", l.Var)
	if l.Index != "" {
		loop.Set(l.Index, int64(i))
		loop.Set("ansible_index_var", l.Index)
	}
	if l.Extended {
		loop.Set("ansible_loop", extended(l, items, i))
	}
	return loop
}

// extended is ansible_loop.
func extended(l *program.Loop, items []any, i int) *value.Dict {
	n := int64(len(items))
	at := int64(i)
	d := value.DictOf("index", at+1, "index0", at, "first", i == 0, "last", at+1 == n, "length", n, "revindex", n-at, "revindex0", n-at-1)
	if !l.LeaveItems {
		d.Set("allitems", items)
	}
	if i+1 < len(items) {
		d.Set("nextitem", items[i+1])
	}
	if i > 0 {
		d.Set("previtem", items[i-1])
	}
	return d
}

// results gathers the outcomes of a loop's items.
type results struct {
	items    []any
	shown    []any // as they are told
	labelled bool
	all      outcome
}

// add takes one item's outcome; its result learns which item it was.
func (rs *results) add(o outcome, loop *value.Dict) {
	for _, name := range loop.Keys() {
		v, _ := loop.Get(name)
		o.result.Set(name, v)
	}
	rs.items = append(rs.items, o.result)
	rs.show(o)
	a := &rs.all
	if len(rs.items) == 1 {
		a.skipped, a.timesOnly = true, true
	}
	if o.failed && !a.failed {
		a.msg = o.msg
	}
	a.failed = a.failed || o.failed
	a.changed = a.changed || o.changed
	a.skipped = a.skipped && o.skipped
	a.uncertain = a.uncertain || o.uncertain
	a.timesOnly = a.timesOnly && (o.timesOnly || !o.changed)
	a.hidden = a.hidden || o.hidden
	a.diff = append(a.diff, o.diff...)
	a.notify = append(a.notify, o.notify...)
}

// show keeps how the item's result is told: with the label for the item, where there is one.
func (rs *results) show(o outcome) {
	shown := o.result
	if o.label != "" {
		v, _ := o.result.Get("ansible_loop_var")
		shown = o.result.Copy()
		shown.Set(value.Str(v), o.label)
		rs.labelled = true
	}
	rs.shown = append(rs.shown, shown)
}

// whole is the outcome of the task over all items, with the keys that Ansible registers.
func (rs *results) whole() outcome {
	o := rs.all
	o.result = value.DictOf("results", rs.items, "skipped", o.skipped, "changed", o.changed)
	msg := "All items completed"
	switch {
	case o.failed:
		msg = "One or more items failed"
		o.result.Set("failed", true)
	case o.skipped:
		msg = "All items skipped"
	}
	o.result.Set("msg", msg)
	if rs.labelled {
		o.shown = o.result.Copy()
		o.shown.Set("results", rs.shown)
	}
	return o
}

// noItems is the outcome of a loop over nothing.
func noItems() outcome {
	const why = "No items in the list"
	return outcome{skipped: true, msg: why,
		result: value.DictOf("changed", false, "skipped", true, "skipped_reason", why, "results", []any{})}
}

// each runs a task for every item of its loop.
func (r *run) each(t *program.Task, f frame, items []any, handler bool) outcome {
	if len(items) == 0 {
		return noItems()
	}
	pause, o := r.pause(&t.Loop, f)
	if o != nil {
		return *o
	}
	var all results
	for i, item := range items {
		if i > 0 {
			r.sleep(pause)
		}
		if r.ctx.Err() != nil {
			break
		}
		loop := variablesOf(&t.Loop, items, i, item)
		o := r.item(t, f, loop, i, handler)
		seen := loop
		if t.Register != "" {
			seen = loop.Copy()
			seen.Set(t.Register, o.result)
		}
		r.label(&t.Loop, &o, r.scope(f, seen))
		all.add(o, loop)
		if r.enough(&t.Loop, &all, r.scope(f, seen)) {
			break
		}
	}
	return all.whole()
}

// pause is how long to wait between items.
func (r *run) pause(l *program.Loop, f frame) (time.Duration, *outcome) {
	if l.Pause == nil {
		return 0, nil
	}
	seconds, err := number(l.Pause, r.scope(f, nil))
	if err != nil {
		o := failure("loop_control.pause: " + err.Error())
		return 0, &o
	}
	return duration(seconds), nil
}

// duration of seconds within bounds.
func duration(seconds float64) time.Duration {
	return time.Duration(max(0, min(seconds, 86400)) * float64(time.Second))
}

func (r *run) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-r.ctx.Done():
	case <-time.After(d):
	}
}

// label evaluates what stands for the item in what is shown; an item whose label cannot be had has failed.
func (r *run) label(l *program.Loop, o *outcome, s *scope) {
	if l.Label == nil {
		return
	}
	v, err := expr.Resolve(l.Label, s)
	if err == nil {
		o.label = value.Str(v)
		return
	}
	if expr.IsUndefined(err) {
		o.failed, o.msg = true, "Failed to template loop_control.label: "+err.Error()
		o.result.Set("failed", true)
		o.result.Set("msg", o.msg)
	}
}

// enough says whether break_when ends the loop.
func (r *run) enough(l *program.Loop, so *results, s *scope) bool {
	if len(l.BreakWhen) == 0 {
		return false
	}
	met, _, err := all(l.BreakWhen, s)
	if err != nil {
		so.all.failed, so.all.msg = true, err.Error()
	}
	return err != nil || met
}
