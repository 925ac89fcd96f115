package engine

import (
	"context"
	"errors"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/record"
	"runner/value"
)

// Jobs run modules in the background.
type Jobs interface {
	// Start starts one, which ends after limit at the latest, and returns its id.
	Start(name string, c *module.Call, limit time.Duration) (string, error)
	// New is an id for a job that was done at once, and Keep its result.
	New() (string, error)
	Keep(id string, result *value.Dict) error
	// Result is a job's result: nil while it runs, empty when it ended without one. known is false when there is none.
	Result(id string) (result *value.Dict, known bool)
	Path(id string) string
	Erase(id string)
}

// noAsync are the modules that do not take async, as with Ansible.
var noAsync = map[string]bool{"add_host": true, "assemble": true, "assert": true, "async_status": true, "copy": true, "debug": true,
	"fail": true, "fetch": true, "group_by": true, "include_vars": true, "pause": true, "raw": true, "reboot": true, "script": true,
	"set_fact": true, "set_stats": true, "template": true, "unarchive": true, "wait_for_connection": true}

// detachable are the modules that can outlive the run: all they do to the host is in the journal before they start.
var detachable = map[string]bool{"command": true, "shell": true}

const timeoutExceeded = "Timeout exceeded"

// prepareAsync reads async and poll.
func (j *job) prepareAsync(s *scope) error {
	if j.task.Async == nil {
		return nil
	}
	limit, err := number(j.task.Async, s)
	if err != nil {
		return fmt.Errorf("async: %w", err)
	}
	poll := 15.0
	if j.task.Poll != nil {
		if poll, err = number(j.task.Poll, s); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
	}
	j.async, j.poll = duration(limit), duration(poll)
	return nil
}

// aside performs a module as async wants it: beside the run when nobody polls, otherwise within its time.
func (j *job) aside(do func(context.Context) module.Result) module.Result {
	switch {
	case noAsync[j.task.Module]:
		return module.Failure("This action (" + j.task.Module + ") does not support async.")
	case j.opts.Jobs == nil:
		return module.Failure("async: there is no place for the results of jobs")
	case j.poll == 0 && detachable[j.task.Module]:
		return j.background()
	}
	ctx, cancel := context.WithTimeoutCause(j.ctx, j.async, errAsync)
	defer cancel()
	result := do(ctx)
	if context.Cause(ctx) == errAsync && result.Failed {
		result = module.Failure(fmt.Sprintf("async task did not complete within the requested time - %ss", value.Str(whole(j.async.Seconds()))))
	}
	id, err := j.opts.Jobs.New()
	if err != nil {
		return module.Failure("async: " + err.Error())
	}
	if j.poll > 0 {
		return j.jobResult(id, result)
	}
	// What writes to the journal cannot go on when the run has ended: it is done now, and its result waits.
	if err := j.opts.Jobs.Keep(id, told(result)); err != nil {
		return module.Failure("async: " + err.Error())
	}
	return j.started(id)
}

var errAsync = errors.New("the time of async is over")

// background starts the module as a job. The journal has it first.
func (j *job) background() module.Result {
	name := j.task.Module
	if words, ok := j.call.Args.Get("_raw_params"); ok {
		name = value.Str(words)
	}
	undo := []string{}
	if v, ok := j.call.Args.Get("undo"); ok {
		undo = []string{"/bin/sh", "-c", value.Str(v)}
		if items, many := value.Items(v); many {
			undo = texts(items)
		}
	}
	if err := j.call.Log.Command(cut(name, 200)+" (in the background)", false, undo); err != nil {
		return module.Failure(err.Error())
	}
	id, err := j.opts.Jobs.Start(j.task.Module, j.call, j.async)
	if err != nil {
		return module.Failure("async: " + err.Error())
	}
	return j.started(id)
}

func texts(items []any) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = value.Str(item)
	}
	return out
}

// started is the result of a task that nobody waits for.
func (j *job) started(id string) module.Result {
	return module.Result{Changed: true, Data: value.DictOf("started", int64(1), "finished", int64(0), "ansible_job_id", id,
		"results_file", j.opts.Jobs.Path(id))}
}

// jobResult is the result of a job that has ended.
func (j *job) jobResult(id string, m module.Result) module.Result {
	data := value.NewDict()
	data.Update(m.Data)
	for _, name := range []string{"stdout", "stderr"} {
		if _, has := data.Get(name); !has {
			data.Set(name, "")
		}
	}
	data.Update(value.DictOf("started", int64(1), "finished", int64(1), "ansible_job_id", id, "results_file", j.opts.Jobs.Path(id)))
	m.Data = data
	return m
}

// asyncStatus tells what has become of a job.
func asyncStatus(j *job) module.Result {
	id := j.arg("jid")
	if j.opts.Jobs == nil || id == "" {
		return module.Failure("async_status: there is no job to ask for")
	}
	result, known := j.look(id)
	switch {
	case !known:
		return j.jobResult(id, module.Failure("could not find job"))
	case j.arg("mode") == "cleanup":
		j.opts.Jobs.Erase(id)
		return module.Result{Data: value.DictOf("ansible_job_id", id, "erased", j.opts.Jobs.Path(id), "started", int64(0), "finished", int64(0),
			"stdout", "", "stderr", "")}
	case result == nil:
		r := j.jobResult(id, module.Result{})
		r.Data.Set("finished", int64(0))
		return r
	case result.Len() == 0:
		return j.jobResult(id, module.Failure("the job ended without a result"))
	}
	return j.jobResult(id, readResult(record.Of(result)))
}

// look looks for a job's result. Asking takes as long as it does from afar: who asks again and again without a pause
// does not give up within a moment.
func (j *job) look(id string) (result *value.Dict, known bool) {
	for range 10 {
		if result, known = j.opts.Jobs.Result(id); result != nil || !known || j.verify {
			break
		}
		j.sleep(25 * time.Millisecond)
	}
	return result, known
}

// JobSpec is what a job must know to perform a module.
func JobSpec(name string, c *module.Call, limit time.Duration) *value.Dict {
	spec := value.DictOf("module", name, "args", c.Args, "env", listOf(c.Env), "cwd", c.Cwd, "limit_s", limit.Seconds())
	if c.As != nil {
		groups := make([]any, len(c.As.Groups))
		for i, g := range c.As.Groups {
			groups[i] = int64(g)
		}
		spec.Set("as", value.DictOf("uid", int64(c.As.UID), "gid", int64(c.As.GID), "groups", groups))
	}
	return spec
}

// PerformJob performs a module as a job, and returns its result for async_status.
func PerformJob(spec record.Reader, started func(pid int) func()) *value.Dict {
	limit := time.Duration(spec.Float("limit_s") * float64(time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	do, ok := module.Get(spec.Text("module"))
	if err := spec.Err(); err != nil || !ok {
		return told(module.Failure("the job is not one of ours"))
	}
	c := &module.Call{Ctx: ctx, Args: spec.Dict("args"), Env: spec.Texts("env"), Cwd: spec.Text("cwd"), Log: journalled{}, Files: noFiles{},
		Vars: &scope{}, Started: started, Facts: func([]string) *value.Dict { return value.NewDict() }}
	c.As = identity(spec)
	result := safely(do, c)
	if ctx.Err() != nil && result.Failed {
		result = module.Failure(timeoutExceeded)
	}
	return told(result)
}

// identity is whose rights a call has, as JobSpec says it.
func identity(spec record.Reader) *module.Identity {
	if !spec.Has("as") {
		return nil
	}
	as := spec.Record("as")
	return &module.Identity{UID: as.Int("uid"), GID: as.Int("gid"), Groups: as.Ints("groups")}
}

// journalled is the Log of a job: the run has journalled its command already, and all else is refused.
type journalled struct{ change.ReadOnly }

// Command implements change.Log.
func (journalled) Command(string, bool, []string) error { return nil }
