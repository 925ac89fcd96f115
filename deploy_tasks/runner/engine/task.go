package engine

import (
	"errors"
	"time"

	"runner/expr"
	"runner/program"
	"runner/value"
)

// outcome is how a task, or one item of it, ended.
type outcome struct {
	result      *value.Dict // what register gets
	changed     bool
	failed      bool
	skipped     bool
	unreachable bool // failed, since the host it was delegated to is out of reach
	timesOnly   bool
	uncertain   bool   // a check could not know the result
	hidden      bool   // no_log
	away        string // what the host does that restarts: the run goes on with this task when it is done
	msg         string
	shown       *value.Dict // the result as it is told, where that differs
	label       string      // what stands for the item in what is shown
	diff        []Diff
	notify      []string
}

func failure(msg string) outcome {
	return outcome{failed: true, msg: msg, result: value.DictOf("failed", true, "msg", msg)}
}

func skip(msg string) outcome {
	return outcome{skipped: true, msg: msg, result: value.DictOf("changed", false, "skipped", true, "skip_reason", msg)}
}

// task runs a task and tells about it.
func (r *run) task(t *program.Task, f frame) halt {
	if !r.selected(t, f) {
		return goOn
	}
	return r.perform(t, f, false)
}

// perform runs a task or handler.
func (r *run) perform(t *program.Task, f frame, handler bool) halt {
	f = f.inside(t.Vars, t.When, t.Tags)
	f.search = t.Search
	if t.Module == "meta" {
		return r.meta(t, f)
	}
	start, err := r.begin(t, f)
	if err != nil {
		return r.fail(&Failure{Task: start.Name, Module: t.Module, Msg: err.Error(), Tail: []string{}, Where: t.Where, Line: t.Line})
	}
	began := time.Now()
	if r.opts.Recorder != nil {
		r.opts.Recorder.Task(start.Name, handler)
	}
	before := r.host.learned()
	o, mine, left := r.performed(t, f, handler, func() outcome { return r.items(t, f, handler) })
	if o.away != "" {
		r.Away = o.away
		return away
	}
	if o.failed {
		r.host.forget(before)
	}
	r.register(t, o)
	if !mine {
		return r.followed(t, f, start.Name, o)
	}
	if r.opts.Recorder != nil && o.changed {
		r.changers[t] = append(r.changers[t], r.opts.Recorder.TaskSeq())
	}
	status := r.status(t, f, &o)
	left(status == Failed)
	h := goOn
	if o.changed && !o.failed && !r.verify {
		h = r.notify(t, start.Name, o.notify)
	}
	r.tell(t, start, o, status, time.Since(began), handler)
	if status == Failed && o.unreachable {
		r.hopeless, r.gone = true, true
	}
	if status == Failed {
		return r.taskFailed(t, f, start.Name, o)
	}
	return h
}

// begin tells that a task begins; one that the host's restart has interrupted has been told.
func (r *run) begin(t *program.Task, f frame) (TaskStart, error) {
	if back, going := r.rejoin(); going {
		return r.again(t, back)
	}
	return r.announce(t.ID, r.taskName(t, f), t.Module), nil
}

// announce emits the event of a task's start.
func (r *run) announce(id, name, module string) TaskStart {
	r.total = max(r.total, r.index+1)
	s := TaskStart{"task_start", r.index, r.total, id, name, module}
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
	case o.unreachable:
		return r.lost(t)
	case o.failed && r.ctx.Err() == nil && r.ignores(t, f):
		r.add(func(c *Counts) { c.OK++; c.Ignored++ })
		if o.changed {
			r.add(func(c *Counts) { c.Changed++ })
		}
		return Ignored
	case o.failed:
		r.countFailure(f)
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

// lost judges a task whose host is out of reach.
func (r *run) lost(t *program.Task) string {
	if t.IgnoreUnreachable {
		r.add(func(c *Counts) { c.OK++; c.Ignored++ })
		return Ignored
	}
	r.add(func(c *Counts) { c.Unreachable++ })
	return Failed
}

func (r *run) add(count func(*Counts)) {
	if !r.quiet {
		count(&r.Counts)
	}
}

// countFailure counts a failure as the recap does: one that some block around will rescue is no failure.
func (r *run) countFailure(f frame) {
	r.add(func(c *Counts) {
		if r.rescues(f) {
			c.Rescued++
		} else {
			c.Failed++
		}
	})
}

func (r *run) rescues(f frame) bool { return f.caught && !r.hopeless && r.ctx.Err() == nil }

// ignores says whether a failure of the task lets the run go on.
func (r *run) ignores(t *program.Task, f frame) bool {
	return t.OnFailure == "continue" || r.truth(t.IgnoreErrors, f)
}

// truth evaluates a keyword that is true or false; what cannot be evaluated is false.
func (r *run) truth(keyword any, f frame) bool {
	v, err := expr.Resolve(keyword, r.scope(f, nil))
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

func (r *run) taskFailed(t *program.Task, f frame, name string, o outcome) halt {
	if t.OnFailure == "rollback" {
		r.MustUndo = true
	}
	failed := &Failure{Task: name, Module: t.Module, Msg: o.msg, Tail: tail(o.result), Where: t.Where, Line: t.Line}
	if o.hidden {
		failed.Msg, failed.Tail = hidden, []string{}
	}
	return r.failing(f, failed, value.DictOf("name", name, "action", t.Module, "resolved_action", "ansible.builtin."+t.Module,
		"register", textOr(t.Register), "tags", listOf(push(f.tags))), o.result)
}

func textOr(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// failing ends the steps with a failure. What a block rescues is known there; everything else ends the run.
func (r *run) failing(f frame, failure *Failure, task, result *value.Dict) halt {
	if r.rescues(f) {
		r.host.known.Set("ansible_failed_task", task)
		r.host.known.Set("ansible_failed_result", result)
	} else {
		r.failed = append(r.failed, failure.Task)
	}
	return r.fail(failure)
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
	if r.left != nil {
		return r.item(t, f, nil, -1, handler) // it has begun
	}
	if t.CheckModeOnly != nil && *t.CheckModeOnly != r.check {
		return skip("is for check mode " + map[bool]string{true: "only", false: "off"}[*t.CheckModeOnly])
	}
	if meet(t.SkipTags, r.selection.skip) {
		return skip("is skipped by tag")
	}
	if !t.Loop.Has {
		return r.item(t, f, nil, -1, handler)
	}
	items, o := r.loopItems(&t.Loop, f)
	if o != nil {
		return *o
	}
	return r.each(t, f, items, handler)
}

// unless is o, except in a check that misses the result of something it did not run: there it is a skip.
func (r *run) unless(err error, o outcome) outcome {
	if r.check && r.uncertain && expr.IsUndefined(err) {
		o = skip("needs the result of a task that a check does not run")
		o.uncertain = true
	}
	return o
}

// unresolved words why arguments have no value.
func unresolved(err error) string {
	var plain refused
	if errors.As(err, &plain) {
		return plain.Error()
	}
	if expr.IsUndefined(err) {
		return "The task includes an option with an undefined variable.. " + err.Error()
	}
	return "the task has an argument that cannot be resolved: " + err.Error()
}
