package engine

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"runner/change"
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/rights"
	"runner/value"
)

// job is one item of a task, about to run.
type job struct {
	*run
	task    *program.Task
	frame   frame
	loop    *value.Dict // the item's variables, nil without a loop
	index   int         // of the item, -1 without a loop
	key     resultKey
	handler bool
	call    *module.Call
	do      module.Func
	hidden  bool
	rights  *rights.Rights // whose rights the module has, nil: the runner's
	temp    string         // a folder that the user can reach
	errand  bool           // for another host, which judges everything but the module itself
	async   time.Duration  // how long it may run beside the others, 0 is not at all
	poll    time.Duration
	timeout float64     // seconds, 0 is none
	left    *value.Dict // what the task has left for itself before the host restarted
}

// scope are the variables as they are now.
func (j *job) scope() *scope { return j.run.scope(j.frame, j.loop) }

// item runs a task for one item.
func (r *run) item(t *program.Task, f frame, loop *value.Dict, i int, handler bool) outcome {
	s := r.scope(f, loop)
	j := &job{run: r, task: t, frame: f, loop: loop, index: i, key: resultKey{r.key(t, f), i}, handler: handler, left: r.left}
	r.left = nil
	o := j.attempt(s)
	o.hidden = o.hidden || j.hidden
	return o
}

func (j *job) attempt(s *scope) outcome {
	if j.left == nil {
		if o, met := j.conditions(j.frame.when, s); !met {
			j.hidden = j.task.NoLog != nil
			return o
		}
	}
	if o := j.prepare(s); o != nil {
		return *o
	}
	o := j.attempts()
	if o.away != "" {
		return o
	}
	if o.uncertain {
		if known, ok := j.results[j.key]; ok && j.verify {
			o.result, o.uncertain = known, false
		}
	}
	if !j.check {
		j.results[j.key] = o.result
	}
	if !o.failed && !o.skipped {
		o = j.notifications(o)
	}
	return o
}

// prepare resolves arguments and keywords; an outcome means that the task cannot run.
func (j *job) prepare(s *scope) *outcome {
	var found bool
	if j.do, found = j.module(); !found {
		o := failure("this runner has no module '" + j.task.Module + "'")
		return &o
	}
	err := j.prepareCall(s)
	if err == nil {
		return nil
	}
	o := j.unless(err, failure(unresolved(err)))
	return &o
}

func (j *job) prepareCall(s *scope) error {
	j.hidden = j.task.NoLog != nil // until it is known
	hides, err := flag(j.task.NoLog, false, s)
	if err != nil {
		return err
	}
	j.hidden = hides
	args, err := j.arguments(s)
	if err != nil {
		return err
	}
	environment := j.task.Environment
	if j.task.Module == "raw" {
		environment = nil // as with Ansible, whose raw knows none
	}
	env, err := resolved(environment, s)
	if err != nil {
		return err
	}
	check, err := flag(j.task.CheckMode, j.check, s)
	if err != nil {
		return err
	}
	diff, err := flag(j.task.Diff, j.opts.Diff, s)
	if err != nil {
		return err
	}
	if err := j.prepareRights(s); err != nil {
		return err
	}
	if j.timeout, err = limit(j.task.Timeout, s); err != nil {
		return err
	}
	j.call = j.newCall(args, env, s)
	j.call.Check, j.call.Diff = check, diff
	j.call.Log = j.log()
	j.lend()
	return j.prepareAsync(s)
}

// limit evaluates a task's timeout, seconds; 0 is none.
func limit(keyword any, s *scope) (float64, error) {
	v, err := expr.Resolve(keyword, s)
	if _, omitted := v.(value.Omit); err != nil || omitted || v == nil {
		return 0, err
	}
	seconds, err := number(v, s)
	if err != nil {
		return 0, refused("the field 'timeout' has an invalid value (" + value.Repr(v) + "), and could not be converted to int.")
	}
	return max(0, min(seconds, 1e9)), nil
}

// flag evaluates a keyword that is true or false; otherwise is its value where the task does not say.
func flag(keyword any, otherwise bool, s *scope) (bool, error) {
	v, err := expr.Resolve(keyword, s)
	if err != nil {
		return otherwise, err
	}
	if _, omitted := v.(value.Omit); omitted || v == nil {
		return otherwise, nil
	}
	return truth(v), nil
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

// wholeArgs is the argument that gives others as one mapping.
const wholeArgs = "_variable_params"

// arguments are the task's own, over those that it has as one mapping.
func (j *job) arguments(s *scope) (*value.Dict, error) {
	args, err := resolved(j.task.Args, s)
	if err != nil {
		return nil, err
	}
	given, ok := args.Get(wholeArgs)
	if !ok {
		return args, nil
	}
	whole, ok := given.(*value.Dict)
	if !ok {
		return nil, refused("invalid or malformed argument: '" + value.Str(given) + "'")
	}
	args.Delete(wholeArgs)
	out := value.NewDict()
	for _, from := range []*value.Dict{whole, args} {
		for name, v := range from.All() {
			if _, omitted := v.(value.Omit); !omitted {
				out.Set(value.Str(name), v)
			}
		}
	}
	return out, nil
}

// recorder is the journal of the run. In a check it is one that nobody keeps, for the tasks that run all the same.
func (j *job) recorder() *change.Recorder {
	if j.opts.Recorder != nil || j.call.Check || j.verify || j.opts.Unkept == nil {
		return j.opts.Recorder
	}
	return j.opts.Unkept()
}

// log is where the module's changes go.
func (j *job) log() change.Log {
	recorder := j.recorder()
	if recorder == nil || j.call.Check {
		return change.ReadOnly{}
	}
	var log change.Log = recorder
	if neverChanges(j.task) {
		log = readOnlyCommands{log}
	}
	if j.hidden {
		log = hiddenCommands{log}
	}
	return log
}

// attempts runs the module until it is content, as often as the task allows.
func (j *job) attempts() outcome {
	tries, delay, err := j.patience()
	if err != nil {
		return failure(err.Error())
	}
	if err := j.cover(); err != nil {
		return failure(err.Error())
	}
	if j.handler && j.left == nil {
		if err := j.journalHandler(); err != nil {
			return failure(err.Error())
		}
	}
	for n := 1; ; n++ {
		o := j.run1(n, tries)
		if tries == 1 || o.skipped || o.away != "" || j.ctx.Err() != nil {
			return o
		}
		content, err := j.content(o)
		switch {
		case err != nil:
			return failure(err.Error())
		case content:
			return o
		case n == tries:
			o.failed = true
			o.result.Set("attempts", int64(tries-1))
			o.result.Set("failed", true)
			if o.msg == "" {
				o.msg = fmt.Sprintf("not as wanted after %d tries", n)
			}
			return o
		}
		j.sleep(delay)
	}
}

// patience is how often to try, and how long to wait between tries.
func (j *job) patience() (tries int, delay time.Duration, err error) {
	tries = 1
	if len(j.task.Until) > 0 {
		tries = 4
	}
	s := j.scope()
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
	if seconds < 0 {
		seconds = 1
	}
	return tries, duration(seconds), nil
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

// run1 runs the module one time and judges its result; n is which try it is.
func (j *job) run1(n, tries int) outcome {
	m := j.guarded()
	if m.Away != "" {
		return outcome{away: m.Away, result: value.NewDict()}
	}
	o := j.outcome(m)
	if tries > 1 {
		o.result.Set("attempts", int64(n))
	}
	if o.skipped {
		return o
	}
	j.judgeChange(&o)
	return o
}
