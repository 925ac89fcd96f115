package engine

import (
	"runner/expr"
	"runner/program"
	"runner/value"
)

// content evaluates until; without one a success is what is wanted.
func (j *job) content(o outcome) (bool, error) {
	if len(j.task.Until) == 0 {
		return !o.failed, nil
	}
	return j.judge(j.task.Until, o)
}

// judge evaluates conditions that see the task's own result.
func (j *job) judge(nodes []any, o outcome) (bool, error) {
	loop := value.NewDict()
	if j.loop != nil {
		loop.Update(j.loop)
	}
	if j.task.Register != "" {
		loop.Set(j.task.Register, o.result)
	}
	holds, _, err := all(nodes, j.run.scope(j.frame, loop))
	return holds, err
}

// judgeChange decides by changed_when and failed_when. One that cannot be evaluated is a failure.
func (j *job) judgeChange(o *outcome) {
	if j.task.ChangedWhen != nil {
		changed, err := j.judge(j.task.ChangedWhen, *o)
		if err != nil {
			o.wrong("changed_when_result", err)
			return
		}
		o.changed, o.timesOnly = changed, false
		o.result.Set("changed", changed)
	}
	if j.task.FailedWhen == nil {
		return
	}
	bad, err := j.judge(j.task.FailedWhen, *o)
	if err != nil {
		o.wrong("failed_when_result", err)
		return
	}
	o.failed = bad
	o.result.Set("failed", bad)
	o.result.Set("failed_when_result", bad)
	if bad && o.msg == "" {
		o.msg = "failed_when holds"
	}
}

// wrong makes a failure of a condition that cannot be evaluated.
func (o *outcome) wrong(key string, err error) {
	o.failed = true
	o.result.Set("failed", true)
	o.result.Set(key, err.Error())
	if o.msg == "" {
		o.msg = err.Error()
	}
}

// notifications adds what the task notifies for this item.
func (j *job) notifications(o outcome) outcome {
	if len(j.task.Notify) == 0 {
		return o
	}
	s := j.scope()
	for _, item := range j.task.Notify {
		v, err := expr.Resolve(item, s)
		if err != nil {
			return failure("notify: " + unresolved(err))
		}
		names, many := value.Items(v)
		if !many {
			names = []any{v}
		}
		for _, name := range names {
			o.notify = append(o.notify, value.Str(name))
		}
	}
	return o
}

// neverChanges says whether a task's changed_when is the literal false.
func neverChanges(t *program.Task) bool {
	for _, node := range t.ChangedWhen {
		if conditionOf(node).never() {
			return true
		}
	}
	return false
}
