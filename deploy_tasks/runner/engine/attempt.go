package engine

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"runner/change"
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/value"
)

// stopGrace is how long a module has to return when its context has ended.
const stopGrace = 5 * time.Second

// job is one item of a task, about to run.
type job struct {
	*run
	task    *program.Task
	frame   frame
	loop    *value.Dict
	key     resultKey
	handler bool
	call    *module.Call
	do      module.Func
}

// item runs a task for one item; loop is nil without one.
func (r *run) item(t *program.Task, f frame, loop *value.Dict, i int, handler bool) outcome {
	s := r.scope(f, loop)
	if o, met := r.conditions(f.when, s); !met {
		return o
	}
	j := &job{run: r, task: t, frame: f, loop: loop, key: resultKey{t, i}, handler: handler}
	if o := j.prepare(s); o != nil {
		return *o
	}
	o := j.attempts()
	if o.uncertain {
		if known, ok := r.results[j.key]; ok && r.verify {
			o.result, o.uncertain = known, false
		}
	}
	if !r.check {
		r.results[j.key] = o.result
	}
	return o
}

// prepare resolves arguments and environment; an outcome means that the task cannot run.
func (j *job) prepare(s *scope) *outcome {
	var found bool
	if j.do, found = module.Get(j.task.Module); !found {
		o := failure("this runner has no module '" + j.task.Module + "'")
		return &o
	}
	args, err := resolved(j.task.Args, s)
	if err == nil {
		var env *value.Dict
		if env, err = resolved(j.task.Environment, s); err == nil {
			j.call = j.newCall(args, env, s)
			return nil
		}
	}
	o := j.unless(err, failure("the task has an argument that cannot be resolved: "+err.Error()))
	return &o
}

func resolved(d *value.Dict, s *scope) (*value.Dict, error) {
	v, err := expr.Resolve(d, s)
	if err != nil {
		return nil, err
	}
	out, ok := v.(*value.Dict)
	if !ok {
		return nil, errors.New("the arguments are a " + value.TypeName(v) + ", not a dictionary")
	}
	return out, nil
}

func (j *job) newCall(args, env *value.Dict, s *scope) *module.Call {
	o := &j.opts
	check := j.check
	if j.task.CheckMode != nil {
		check = *j.task.CheckMode
	}
	c := &module.Call{Args: args, Check: check, Diff: o.Diff, Verify: j.verify, Files: o.Files, Env: o.Env, Cwd: o.Cwd,
		TempDir: o.TempDir, Vars: s, Started: o.Started, Log: change.ReadOnly{}}
	if o.Recorder != nil && !check {
		c.Log = o.Recorder
		if neverChanges(j.task) {
			c.Log = readOnlyCommands{o.Recorder}
		}
	}
	for _, name := range env.Keys() {
		v, _ := env.Get(name)
		c.Env = append(c.Env[:len(c.Env):len(c.Env)], name+"="+value.Str(v))
	}
	c.Facts = func(subsets []string) *value.Dict {
		if o.Facts == nil {
			return value.NewDict()
		}
		return o.Facts(subsets, c.Env)
	}
	c.Render = func(src string) (string, error) { return j.render(src, s) }
	return c
}

func (j *job) render(src string, s *scope) (string, error) {
	node, ok := j.opts.Program.Templates.Get(src)
	if !ok {
		return "", fmt.Errorf("the artifact holds no template %s", src)
	}
	v, err := expr.Eval(node, s)
	if err != nil {
		return "", err
	}
	return value.Str(v), nil
}

// attempts runs the module until it is content, as often as the task allows.
func (j *job) attempts() outcome {
	tries, delay, err := j.patience()
	if err != nil {
		return failure(err.Error())
	}
	if j.handler {
		if err := j.journalHandler(); err != nil {
			return failure(err.Error())
		}
	}
	for n := 1; ; n++ {
		o := j.once()
		if tries == 1 {
			return o
		}
		o.result.Set("attempts", int64(n))
		content, err := j.content(o)
		switch {
		case err != nil:
			return failure("until: " + err.Error())
		case content || o.skipped || j.ctx.Err() != nil:
			return o
		case n == tries:
			o.failed = true
			o.result.Set("failed", true)
			if o.msg == "" {
				o.msg = fmt.Sprintf("not as wanted after %d tries", n)
			}
			return o
		}
		select {
		case <-j.ctx.Done():
		case <-time.After(delay):
		}
	}
}

// patience is how often to try, and how long to wait between tries.
func (j *job) patience() (tries int, delay time.Duration, err error) {
	tries = 1
	if len(j.task.Until) > 0 {
		tries = 4
	}
	s := j.scope(j.frame, j.loop)
	if j.task.Retries != nil {
		n, err := number(j.task.Retries, s)
		if err != nil {
			return 0, 0, fmt.Errorf("retries: %w", err)
		}
		tries = 1 + int(max(0, min(n, 1e6)))
	}
	seconds := 5.0
	if j.task.Delay != nil {
		if seconds, err = number(j.task.Delay, s); err != nil {
			return 0, 0, fmt.Errorf("delay: %w", err)
		}
	}
	return tries, time.Duration(max(0, min(seconds, 86400)) * float64(time.Second)), nil
}

func number(v any, s *scope) (float64, error) {
	v, err := expr.Resolve(v, s)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(value.Str(v)), 64)
	if err != nil || math.IsNaN(n) {
		return 0, fmt.Errorf("%s is not a number", value.Repr(v))
	}
	return n, nil
}

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
	s := j.scope(j.frame, loop)
	for _, node := range nodes {
		holds, err := expr.Bool(node, s)
		if err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

// once runs the module one time and judges its result.
func (j *job) once() outcome {
	o := j.outcome(j.guarded())
	if o.skipped {
		return o
	}
	if j.task.ChangedWhen != nil {
		changed, err := j.judge(j.task.ChangedWhen, o)
		if err != nil {
			return failure("changed_when: " + err.Error())
		}
		o.changed, o.timesOnly = changed, false
		o.result.Set("changed", changed)
	}
	if j.task.FailedWhen != nil {
		bad, err := j.judge(j.task.FailedWhen, o)
		if err != nil {
			return failure("failed_when: " + err.Error())
		}
		o.failed = bad
		o.result.Set("failed", bad)
		o.result.Set("failed_when_result", bad)
		if bad && o.msg == "" {
			o.msg = "failed_when holds"
		}
	}
	return o
}

// guarded calls the module within the task's timeout. A module that does not return after it loses the right to
// change anything; the run cannot go on then.
func (j *job) guarded() module.Result {
	ctx := j.ctx
	if j.task.Timeout > 0 {
		limit := time.Duration(j.task.Timeout * float64(time.Second))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("the task's timeout of %s is over", limit))
		defer cancel()
	}
	j.call.Ctx = ctx
	done := make(chan module.Result, 1)
	go func() { done <- safely(j.do, j.call) }()
	select {
	case result := <-done:
		return result
	case <-ctx.Done():
	}
	select {
	case result := <-done:
		return late(result, ctx)
	case <-time.After(stopGrace):
	}
	if j.opts.Recorder != nil {
		j.opts.Recorder.Revoke()
	}
	return module.Failure(context.Cause(ctx).Error() + ", and the module did not stop")
}

// late is the result of a module that returned after its time: a failure says why.
func late(result module.Result, ctx context.Context) module.Result {
	if result.Failed && !strings.Contains(result.Msg, context.Cause(ctx).Error()) {
		result.Msg = strings.TrimPrefix(result.Msg+": "+context.Cause(ctx).Error(), ": ")
	}
	return result
}

// safely turns a panic, a bug of ours, into a failure of the task.
func safely(f module.Func, c *module.Call) (result module.Result) {
	defer func() {
		if p := recover(); p != nil {
			result = module.Failure(fmt.Sprintf("internal error: %v", p))
			result.Data = value.DictOf("exception", string(debug.Stack()))
		}
	}()
	return f(c)
}

// outcome turns a module's result into what register gets, and learns its facts.
func (j *job) outcome(m module.Result) outcome {
	d := value.NewDict()
	if m.Data != nil {
		d = m.Data.Copy()
	}
	d.Set("changed", m.Changed)
	d.Set("failed", m.Failed)
	if m.Skipped {
		d.Set("skipped", true)
	}
	if _, own := d.Get("msg"); m.Msg != "" || !own && m.Failed {
		d.Set("msg", m.Msg)
	}
	for _, name := range []string{"stdout", "stderr"} {
		addLines(d, name)
	}
	if m.Facts != nil {
		d.Set("ansible_facts", m.Facts)
		j.host.learn(j.task.Module, m.Facts)
	}
	o := outcome{result: d, changed: m.Changed, failed: m.Failed, skipped: m.Skipped, timesOnly: m.TimesOnly, msg: m.Msg}
	o.uncertain = j.call.Check && m.Skipped
	for _, part := range m.Diff {
		o.diff = append(o.diff, Diff(part))
	}
	if m.Irreversible != "" && !j.call.Check {
		_ = j.call.Log.Warn(m.Irreversible) // the remark is for the report only
	}
	return o
}

// addLines adds stdout_lines beside stdout.
func addLines(d *value.Dict, name string) {
	v, _ := d.Get(name)
	text, ok := v.(string)
	if _, has := d.Get(name + "_lines"); !ok || has {
		return
	}
	lines := []any{}
	if text != "" {
		lines = listOf(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
	}
	d.Set(name+"_lines", lines)
}

// journalHandler notes the handler's call: when what notified it is undone, it is fired again.
func (j *job) journalHandler() error {
	if j.opts.Recorder == nil || j.call.Check {
		return nil
	}
	return j.opts.Recorder.Handler(value.Str(j.task.Name), j.task.Module, j.call.Args, j.notifiers)
}

// readOnlyCommands is the Log of a task with changed_when: false: its commands change nothing.
type readOnlyCommands struct{ change.Log }

// Command implements change.Log.
func (l readOnlyCommands) Command(what string, _ bool, undo []string) error {
	return l.Log.Command(what, true, undo)
}

// neverChanges says whether a task's changed_when is the literal false.
func neverChanges(t *program.Task) bool {
	for _, node := range t.ChangedWhen {
		if n, ok := node.([]any); ok && len(n) == 2 && n[0] == "lit" && n[1] == false {
			return true
		}
	}
	return false
}
