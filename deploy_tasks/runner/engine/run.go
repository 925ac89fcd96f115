// Package engine performs a program on this host: plays, tasks, blocks, handlers, with Ansible's rules.
package engine

import (
	"context"
	"errors"
	"time"

	"runner/change"
	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/record"
	"runner/value"
)

// VerifyTag marks the tasks that check a deployment instead of making it.
const VerifyTag = "verify"

// Options are what a run needs.
type Options struct {
	Program     *program.Program
	Files       module.Files
	Vars, Extra *value.Dict // of the inventory, of the caller; both may hold expressions
	Check, Diff bool
	Tags, Skip  []string
	HoldVerify  bool                    // keep the tasks tagged verify for Verify
	Recorder    *change.Recorder        // nil in a check
	Unkept      func() *change.Recorder // for the tasks of a check that run all the same
	Emit        func(event any)
	Started     func(pid int) (ended func())
	TempDir     func() string
	Cwd         string
	Env         []string
	Facts       func(subsets []string, env []string) *value.Dict
	Ask         Asker       // nil: nobody can be asked
	Alone       bool        // no other host of the batch
	Single      bool        // no other host of the deployment
	Joins       bool        // to come into a group may bring variables
	Foreign     bool        // facts of other hosts may be asked for
	From, To    int         // the plays to run, To excluded; all when To is 0
	Others      *value.Dict // other hosts: what their inventory says, and what they have told
	Play        *value.Dict // the hosts of the play
	Jobs        Jobs        // nil: nothing runs in the background
	Restart     *Restart    // nil: the host cannot restart within the run
}

// Counts are the numbers of the recap. OK counts what is changed too.
type Counts struct{ OK, Changed, Failed, Skipped, Ignored, Rescued, Unreachable int }

// Engine performs one program, once; Verify follows Run.
type Engine struct {
	opts       Options
	host       *host
	Counts     Counts
	Failure    *Failure // the failure that ended the run
	MustUndo   bool     // a task with on_failure: rollback failed
	results    map[resultKey]*value.Dict
	changers   map[*program.Task][]int // the journal's task lines of tasks that reported a change
	theirs     map[string]outcome      // what another host has performed for all
	asked      *value.Dict             // answers to lookups of the worker, by question
	carried    carried
	foreign    *value.Dict // what is known of other hosts, once it was asked for
	gathered   *value.Dict // of that, their facts
	added      *value.Dict // what add_host has said of them here
	learnt     *value.Dict // facts of them that were learnt here
	introduced *value.Dict // what the worker has said of other hosts that tasks here put into groups
	names      []string    // of all files that travel with the program, once a lookup wanted them
	going      *value.Dict // where a run stood that goes on after a restart of the host
	Away       string      // what the host does that restarts: the run goes on when it is done
}

// resultKey names one execution of a task's item; its index is -1 without a loop.
type resultKey struct {
	task string
	item int
}

// New prepares a run.
func New(opts Options) *Engine {
	if opts.Emit == nil {
		opts.Emit = func(any) {}
	}
	return &Engine{opts: opts, host: newHost(opts.Vars, opts.Extra), results: map[resultKey]*value.Dict{},
		changers: map[*program.Task][]int{}, theirs: map[string]outcome{}, asked: value.NewDict()}
}

// halt says why the steps after one do not run.
type halt int

const (
	goOn halt = iota
	failed
	endRole // the rest of the role does not run; nor, from here on, does an always
	endPlay
	away // the host restarts: the run ends here for now, and nothing else runs
)

// run is one pass over the program: the real one, or one of the verify phase.
type run struct {
	*Engine
	ctx       context.Context
	selection selection
	check     bool
	verify    bool                     // a check after a real run: drift is what it reports as changed
	pick      func(tags []string) bool // beyond the selection: held back or not
	only      map[*program.Task]bool
	play      *program.Play
	roleNames []string
	handlers  []*handler // of the play, in the order of their definition
	resumed   bool       // the play goes on with one before
	index     int
	total     int
	ran       int                // tasks that were performed and not skipped
	spent     map[string]bool    // blocks that run once and have
	quiet     bool               // count nothing
	pending   map[*handler][]int // notified handlers, with the journal's task lines that notified them
	uncertain bool               // a result that a check cannot know was registered
	changed   []*program.Task
	failed    []string
	failure   *Failure
	ruin      *Failure // a failure that no rescue makes good
	notifiers []int    // of the handler that runs now
	flushed   string   // which flush of handlers it is
	hopeless  bool     // the failure is one that no block rescues
	gone      bool     // the host that a task was delegated to is out of reach: not even an always runs
	from, to  int      // plays
	carried   carried
	marks     []func() *value.Dict // where the run stands
	path      []any                // what is left of the way to where it stood
	coming    bool                 // it has not come there yet
	left      *value.Dict          // what the task there has left for itself
}

// Run performs the program. The engine's Counts and Failure tell how it went; true means that nothing failed.
func (e *Engine) Run(ctx context.Context) bool {
	r := e.pass(ctx)
	r.check = e.opts.Check
	if e.opts.HoldVerify {
		r.pick = func(tags []string) bool { return !hasTag(tags, VerifyTag) }
	}
	r.from, r.to = e.opts.plays()
	r.index, r.carried = e.carried.index, e.carried
	r.comeBack()
	ok := r.program()
	if ok && r.coming {
		r.fail(&Failure{Msg: errDamaged.Error(), Tail: []string{}}) // it never came to where it stood
		ok = false
	}
	e.Failure = r.failure
	e.carried = r.carried
	e.carried.index = r.index
	return ok
}

func (e *Engine) pass(ctx context.Context) *run {
	return &run{Engine: e, ctx: ctx, to: len(e.opts.Program.Plays), selection: newSelection(e.opts.Tags, e.opts.Skip),
		pick: func([]string) bool { return true }, only: map[*program.Task]bool{}, pending: map[*handler][]int{}}
}

func (r *run) program() bool {
	for i := range r.opts.Program.Plays {
		p := &r.opts.Program.Plays[i]
		r.play = p
		if p.Gather {
			r.total++
		}
		r.total += r.count(p.Tasks, frame{play: &playVars{vars: p.Vars, roleVars: p.RoleVars, defaults: p.Defaults}})
	}
	i := r.from
	if back, going := r.rejoin(); going {
		i = min(back.Int("play"), r.to)
	}
	defer r.stand(func() *value.Dict { return value.DictOf("play", i) })()
	for ; i < r.to; i++ {
		r.resumed = i > 0 && r.opts.Program.Plays[i-1].Continued
		if h := r.runPlay(&r.opts.Program.Plays[i]); h == failed || h == away {
			return false
		}
	}
	return true
}

func (r *run) runPlay(p *program.Play) halt {
	r.play, r.spent = p, map[string]bool{}
	back, going := r.rejoin()
	if going {
		return r.resumePlay(p, back)
	}
	r.roleNames = p.RoleNames
	f := frame{play: &playVars{vars: p.Vars, roleVars: p.RoleVars, defaults: p.Defaults}}
	if p.Only != nil {
		mine, err := expr.Bool(p.Only, r.scope(f, nil))
		if err != nil {
			return r.fail(&Failure{Task: "hosts", Msg: err.Error(), Where: p.Name})
		}
		if !mine {
			return goOn
		}
	}
	r.gather(p)
	if failure := r.varsFiles(p, f); failure != nil {
		return r.fail(failure)
	}
	r.handlers = handlersOf(p.Handlers, f, nil)
	return r.playSteps(p, f, r.resume(), false)
}

// resumePlay goes on with a play whose facts and vars_files are known.
func (r *run) resumePlay(p *program.Play, back record.Reader) halt {
	f := frame{play: &playVars{vars: p.Vars, roleVars: p.RoleVars, defaults: p.Defaults, chosen: back.Texts("chosen")}}
	r.takeFiles(p, f)
	r.republish(p, f, back.List("published"))
	r.handlers = handlersOf(p.Handlers, f, nil)
	r.resume()
	return r.playSteps(p, f, halt(back.Int("halt")), back.Flag("ending"))
}

// playSteps performs the steps of the play, or with ending what comes after them.
func (r *run) playSteps(p *program.Play, f frame, h halt, ending bool) halt {
	defer r.stand(func() *value.Dict {
		return value.DictOf("halt", int(h), "ending", ending, "chosen", listOf(f.play.chosen), "published", f.play.published)
	})()
	if h == goOn && !ending {
		h = r.steps(p.Tasks, f)
	}
	if h == away {
		return h
	}
	ending = true
	if p.Continued && h != failed {
		r.leave(h)
		return goOn
	}
	return r.endOfPlay(p, h)
}

// endOfPlay runs what handlers are due.
func (r *run) endOfPlay(p *program.Play, h halt) halt {
	switch {
	case h == goOn && !endsFlushed(p):
		h = r.flushAll()
	case h == failed && p.ForceHandlers && r.ctx.Err() == nil:
		if r.flush("failed") == away {
			return away
		}
	case h == endPlay:
		h = goOn
	}
	if h == away {
		return h
	}
	r.pending = map[*handler][]int{}
	if r.ruin != nil && h != failed {
		return r.fail(r.ruin)
	}
	return h
}

// flushAll runs handlers until none is due.
func (r *run) flushAll() halt {
	for range maxFlushes {
		if h := r.flush("end"); h != goOn {
			return h
		}
		if len(r.pending) == 0 {
			return goOn
		}
	}
	return r.fail(&Failure{Msg: "handlers notify each other without end", Tail: []string{}})
}

// endsFlushed says whether the play's own last step is to run the handlers.
func endsFlushed(p *program.Play) bool {
	if len(p.Tasks) == 0 {
		return false
	}
	last := p.Tasks[len(p.Tasks)-1].Task
	if last == nil || last.Module != "meta" {
		return false
	}
	word, _ := last.Args.Get("_raw_params")
	return word == "flush_handlers"
}

// fail notes a failure that ends the run.
func (r *run) fail(f *Failure) halt {
	if r.failure == nil {
		r.failure = f
	}
	return failed
}

// stopped is the failure of a run that was cancelled or ran out of time.
func (r *run) stopped() *Failure {
	return &Failure{Msg: context.Cause(r.ctx).Error(), Tail: []string{}}
}

// Causes of a context that ended a run.
var (
	ErrCancelled = errors.New("cancelled")
	ErrCaller    = errors.New("cancelled: the caller went away")
)

// ErrDeadline is the cause of a run that took too long.
func ErrDeadline(limit time.Duration) error {
	return fmt.Errorf("the deadline of %s is over", limit.Round(time.Second))
}
