package engine

import (
	"context"
	"runtime/debug"
	"strings"
	"time"

	"runner/change"
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/value"
)

// stopGrace is how long a module has to return when its context has ended.
const stopGrace = 5 * time.Second

// module finds the task's module; those of the engine itself see more than a call.
func (j *job) module() (module.Func, bool) {
	if own, ok := control[j.task.Module]; ok {
		return func(*module.Call) module.Result { return own(j) }, true
	}
	return module.Get(j.task.Module)
}

func (j *job) newCall(args, env *value.Dict, s *scope) *module.Call {
	o := &j.opts
	c := &module.Call{Args: args, Verify: j.verify, Files: o.Files, Env: j.env(), Cwd: o.Cwd,
		TempDir: o.TempDir, Vars: s, Started: o.Started, Log: change.ReadOnly{}}
	for _, name := range env.Keys() {
		v, _ := env.Get(name)
		c.Env = push(c.Env, name+"="+value.Str(v))
	}
	c.Facts = func(subsets []string) *value.Dict {
		if o.Facts == nil {
			return value.NewDict()
		}
		return o.Facts(subsets, c.Env)
	}
	c.Restart = j.restart()
	c.Render = func(src string) (string, error) { return j.render(src, s) }
	if o.Ask != nil {
		c.Ask = func(kind string, fields *value.Dict) (*value.Dict, error) {
			fields.Set("task", j.task.ID)
			return o.Ask(c.Ctx, kind, fields)
		}
	}
	return c
}

func (j *job) render(src string, s *scope) (string, error) {
	node, ok := j.opts.Program.Templates.Get(src)
	if !ok {
		return "", fmt.Errorf("the artifact holds no template %s", src)
	}
	known, err := j.aboutTemplate(src, s)
	if err != nil {
		return "", err
	}
	own := *s
	own.layers = append([]layer{{known, true}}, s.layers...)
	v, err := expr.Eval(node, &own)
	if err != nil {
		return "", err
	}
	return value.Str(v), nil
}

// aboutTemplate is what a template knows of itself. Owner, time and machine of the file it was made of did not travel.
func (j *job) aboutTemplate(src string, s *scope) (*value.Dict, error) {
	name, _, _ := strings.Cut(src, "\n")
	today, err := expr.Eval([]any{"call", []any{"var", "now"}, []any{}, value.NewDict()}, s)
	dest, _ := j.call.Args.Get("dest")
	return value.DictOf("template_path", name, "template_fullpath", name, "template_destpath", dest, "template_run_date", today), err
}

// guarded calls the module within the task's timeout. A module that does not return after it loses the right to
// change anything; the run cannot go on then.
func (j *job) guarded() module.Result {
	if result, here := j.elsewhere(); !here {
		return result
	}
	if j.async > 0 && !j.call.Check {
		return j.aside(j.within)
	}
	return j.within(j.ctx)
}

// within calls the module until the context or the task's timeout ends.
func (j *job) within(ctx context.Context) module.Result {
	if j.timeout > 0 {
		limit := time.Duration(j.timeout * float64(time.Second))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimeout)
		defer cancel()
	}
	j.call.Ctx = ctx
	if recorder := j.recorder(); recorder != nil {
		recorder.Equip(tools{&module.Call{Ctx: ctx, Env: j.opts.Env, Cwd: "/", Started: j.opts.Started}})
	}
	done := make(chan module.Result, 1)
	go func() { done <- j.perform() }()
	select {
	case result := <-done:
		return result
	case <-ctx.Done():
	}
	select {
	case result := <-done:
		return j.late(result, ctx)
	case <-time.After(stopGrace):
	}
	if j.opts.Recorder != nil {
		j.opts.Recorder.Revoke()
	}
	return module.Failure(j.cause(ctx) + ", and the module did not stop")
}

var errTimeout = fmt.Errorf("the task's timeout is over")

// cause words why a module was stopped.
func (j *job) cause(ctx context.Context) string {
	if context.Cause(ctx) == errTimeout {
		return fmt.Sprintf("The %s action failed to execute in the expected time frame (%s) and was terminated",
			j.task.Module, value.Str(whole(j.timeout)))
	}
	return context.Cause(ctx).Error()
}

// whole is a number of seconds without a fraction, where it has none.
func whole(seconds float64) any {
	if n := int64(seconds); float64(n) == seconds {
		return n
	}
	return seconds
}

// late is the result of a module that returned after its time: a failure says why. At the task's timeout that is all,
// as nobody knows what the module has done by then.
func (j *job) late(result module.Result, ctx context.Context) module.Result {
	switch {
	case !result.Failed:
		return result
	case context.Cause(ctx) == errTimeout:
		result = module.Failure("")
		result.Data = value.DictOf("timedout", value.DictOf("period", whole(j.timeout)))
	}
	result.Msg = j.cause(ctx)
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

// journalHandler notes the handler's call: when what notified it is undone, it is fired again.
func (j *job) journalHandler() error {
	if j.opts.Recorder == nil || j.call.Check || j.task.Module == restarter {
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

// SavedDir is where what an undo needs is put aside.
func (l readOnlyCommands) SavedDir() string { return savedDir(l.Log) }

func savedDir(l change.Log) string {
	if kept, ok := l.(interface{ SavedDir() string }); ok {
		return kept.SavedDir()
	}
	return ""
}

// hiddenCommands is the Log of a task with no_log: reports do not tell its commands.
type hiddenCommands struct{ change.Log }

// Command implements change.Log.
func (l hiddenCommands) Command(_ string, readOnly bool, undo []string) error {
	return l.Log.Command("a command ("+hidden+")", readOnly, undo)
}

// SavedDir is where what an undo needs is put aside.
func (l hiddenCommands) SavedDir() string { return savedDir(l.Log) }

// Around implements change.Log.
func (l hiddenCommands) Around(paths []string, _ string, act func() error) error {
	return l.Log.Around(paths, "something ("+hidden+")", act)
}

// Warn implements change.Log.
func (l hiddenCommands) Warn(string) error { return l.Log.Warn("something (" + hidden + ")") }
