package engine

import (
	"time"

	"runner/expr"
	"runner/fmt"
	"runner/program"
	"runner/value"
)

// outcome is how a task, or one item of it, ended.
type outcome struct {
	result    *value.Dict // what register gets
	changed   bool
	failed    bool
	skipped   bool
	timesOnly bool
	uncertain bool // a check could not know the result
	msg       string
	diff      []Diff
}

func failure(msg string) outcome {
	return outcome{failed: true, msg: msg, result: value.DictOf("changed", false, "failed", true, "msg", msg)}
}

func skip(msg string) outcome {
	return outcome{skipped: true, msg: msg,
		result: value.DictOf("changed", false, "failed", false, "skipped", true, "skip_reason", msg)}
}

// task runs a task or handler and tells about it.
func (r *run) task(t *program.Task, f frame) halt { return r.perform(t, f, false) }

func (r *run) perform(t *program.Task, f frame, handler bool) halt {
	if !handler && !r.selected(t, f) {
		return goOn
	}
	f = f.inside(t.Vars, t.When, t.Tags)
	if t.Module == "meta" {
		return r.meta(t, f)
	}
	start := r.start(t, f)
	began := time.Now()
	if r.opts.Recorder != nil {
		r.opts.Recorder.Task(start.Name, handler)
	}
	o := r.items(t, f, handler)
	r.register(t, o)
	if r.opts.Recorder != nil && o.changed {
		r.changers[t] = append(r.changers[t], r.opts.Recorder.TaskSeq())
	}
	status := r.status(t, f, &o)
	h := goOn
	if o.changed && !o.failed && !r.verify {
		h = r.notify(t, f)
	}
	r.tell(t, start, o, status, time.Since(began), handler)
	if status == Failed {
		return r.taskFailed(t, start.Name, o)
	}
	return h
}

// start emits the event of a task's start.
func (r *run) start(t *program.Task, f frame) TaskStart {
	r.total = max(r.total, r.index+1)
	s := TaskStart{"task_start", r.index, r.total, t.ID, r.taskName(t, f), t.Module}
	r.index++
	r.opts.Emit(s)
	return s
}

// taskName is the task's name; one that cannot be resolved yet (it names the loop's item) falls back to the module.
func (r *run) taskName(t *program.Task, f frame) string {
	name, err := expr.Resolve(t.Name, r.scope(f, nil))
	if err != nil || name == nil || name == "" {
		if t.ID != "" && t.Name == nil {
			return t.ID
		}
		return t.Module
	}
	return value.Str(name)
}

// status judges a task's outcome and counts it.
func (r *run) status(t *program.Task, f frame, o *outcome) string {
	switch {
	case o.failed && r.ctx.Err() == nil && r.ignores(t, f):
		r.add(func(c *Counts) { c.OK++; c.Ignored++ })
		return Ignored
	case o.failed:
		r.add(func(c *Counts) { c.Failed++ })
		return Failed
	case o.skipped:
		r.add(func(c *Counts) { c.Skipped++ })
		return Skipped
	case o.changed:
		r.add(func(c *Counts) { c.OK++; c.Changed++ })
		if !o.timesOnly {
			r.changed = append(r.changed, t)
		}
		return Changed
	}
	r.add(func(c *Counts) { c.OK++ })
	return OK
}

func (r *run) add(count func(*Counts)) {
	if !r.quiet {
		count(&r.Counts)
	}
}

// ignores says whether a failure of the task lets the run go on.
func (r *run) ignores(t *program.Task, f frame) bool {
	if t.OnFailure == "continue" {
		return true
	}
	v, err := expr.Resolve(t.IgnoreErrors, r.scope(f, nil))
	return err == nil && truth(v)
}

// truth reads a value as a condition: Ansible takes "no", "false" and "0" for false.
func truth(v any) bool {
	if s, ok := v.(string); ok {
		switch s {
		case "", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", "n", "N", "0":
			return false
		}
	}
	return value.Truthy(v)
}

func (r *run) taskFailed(t *program.Task, name string, o outcome) halt {
	r.failed = append(r.failed, name)
	if t.OnFailure == "rollback" {
		r.MustUndo = true
	}
	f := &Failure{Task: name, Module: t.Module, Msg: o.msg, Tail: tail(o.result), Where: t.Where}
	if t.NoLog {
		f.Msg, f.Tail = hidden, []string{}
	}
	r.host.known.Set("ansible_failed_task", value.DictOf("name", name, "action", t.Module))
	r.host.known.Set("ansible_failed_result", o.result)
	return r.fail(f)
}

// register keeps the result under the task's name for it. A check that could not know it takes the real run's.
func (r *run) register(t *program.Task, o outcome) {
	if t.Register == "" {
		return
	}
	r.uncertain = r.uncertain || o.uncertain
	r.host.known.Set(t.Register, o.result)
}

// items runs a task once, or for every item of its loop.
func (r *run) items(t *program.Task, f frame, handler bool) outcome {
	if t.CheckModeOnly != nil && *t.CheckModeOnly != r.check {
		return skip("is for check mode " + map[bool]string{true: "only", false: "off"}[*t.CheckModeOnly])
	}
	if meet(t.SkipTags, r.selection.skip) {
		return skip("is skipped by tag")
	}
	if !t.HasLoop {
		return r.item(t, f, nil, 0, handler)
	}
	items, o := r.loop(t, f)
	if o != nil {
		return *o
	}
	return r.each(t, f, items, handler)
}

// loop evaluates the items; when it cannot, a false condition still skips the task.
func (r *run) loop(t *program.Task, f frame) ([]any, *outcome) {
	s := r.scope(f, nil)
	v, err := expr.Resolve(t.Loop, s)
	if err == nil {
		if items, ok := value.Items(v); ok {
			return items, nil
		}
		err = fmt.Errorf("invalid data passed to 'loop', it requires a list, got this instead: %s", value.Repr(v))
	}
	o, met := r.conditions(f.when, s)
	if met {
		o = r.unless(err, failure(err.Error()))
	}
	return nil, &o
}

func (r *run) each(t *program.Task, f frame, items []any, handler bool) outcome {
	if len(items) == 0 {
		o := skip("No items in the list")
		o.result.Set("results", []any{})
		return o
	}
	all := outcome{skipped: true, timesOnly: true}
	var results []any
	for i, item := range items {
		loop := value.DictOf(t.LoopVar, item, "ansible_loop_var", t.LoopVar)
		if t.IndexVar != "" {
			loop.Set(t.IndexVar, int64(i))
			loop.Set("ansible_index_var", t.IndexVar)
		}
		o := r.item(t, f, loop, i, handler)
		o.result.Set(t.LoopVar, item)
		o.result.Set("ansible_loop_var", t.LoopVar)
		results = append(results, o.result)
		all.join(o)
		if r.ctx.Err() != nil {
			break
		}
	}
	all.result = value.DictOf("results", results, "changed", all.changed, "failed", all.failed, "skipped", all.skipped, "msg", all.loopMsg())
	return all
}

// join adds an item's outcome to the whole task's.
func (o *outcome) join(item outcome) {
	if item.failed && !o.failed {
		o.msg = item.msg
	}
	o.changed = o.changed || item.changed
	o.failed = o.failed || item.failed
	o.skipped = o.skipped && item.skipped
	o.uncertain = o.uncertain || item.uncertain
	o.timesOnly = o.timesOnly && (item.timesOnly || !item.changed)
	o.diff = append(o.diff, item.diff...)
}

func (o *outcome) loopMsg() string {
	switch {
	case o.failed:
		return "One or more items failed"
	case o.skipped:
		return "All items skipped"
	}
	return "All items completed"
}

// conditions evaluates when. met is false when one does not hold, or cannot be evaluated; the outcome says which.
func (r *run) conditions(when []any, s *scope) (o outcome, met bool) {
	for _, node := range when {
		holds, err := expr.Bool(node, s)
		if err != nil {
			return r.unless(err, failure("the condition of the task failed: "+err.Error())), false
		}
		if !holds {
			return skip("Conditional result was False"), false
		}
	}
	return outcome{}, true
}

// unless is o, except in a check that misses the result of something it did not run: there it is a skip.
func (r *run) unless(err error, o outcome) outcome {
	if r.check && r.uncertain && expr.IsUndefined(err) {
		o = skip("needs the result of a task that a check does not run")
		o.uncertain = true
	}
	return o
}
