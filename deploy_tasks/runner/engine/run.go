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
	HoldVerify  bool             // keep the tasks tagged verify for Verify
	Recorder    *change.Recorder // nil in a check
	Emit        func(event any)
	Started     func(pid int) (ended func())
	TempDir     func() string
	Cwd         string
	Env         []string
	Facts       func(subsets []string, env []string) *value.Dict
}

// Counts are the numbers of the recap. OK counts what is changed too.
type Counts struct{ OK, Changed, Failed, Skipped, Ignored, Rescued int }

// Engine performs one program, once; Verify follows Run.
type Engine struct {
	opts     Options
	host     *host
	Counts   Counts
	Failure  *Failure // the failure that ended the run
	MustUndo bool     // a task with on_failure: rollback failed
	results  map[resultKey]*value.Dict
	changers map[*program.Task][]int // the journal's task lines of tasks that reported a change
}

// resultKey names one execution of a task: its item's index, 0 without a loop.
type resultKey struct {
	task *program.Task
	item int
}

// New prepares a run.
func New(opts Options) *Engine {
	if opts.Emit == nil {
		opts.Emit = func(any) {}
	}
	return &Engine{opts: opts, host: newHost(opts.Vars, opts.Extra), results: map[resultKey]*value.Dict{},
		changers: map[*program.Task][]int{}}
}

// halt says why the steps after one do not run.
type halt int

const (
	goOn halt = iota
	failed
	endPlay
	endHost
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
	index     int
	total     int
	quiet     bool                    // count nothing
	pending   map[*program.Task][]int // notified handlers, with the journal's task lines that notified them
	uncertain bool                    // a result that a check cannot know was registered
	changed   []*program.Task
	failed    []string
	failure   *Failure
	notifiers []int // of the handler that runs now
}

// Run performs the program. The engine's Counts and Failure tell how it went; true means that nothing failed.
func (e *Engine) Run(ctx context.Context) bool {
	r := e.pass(ctx)
	r.check = e.opts.Check
	if e.opts.HoldVerify {
		r.pick = func(tags []string) bool { return !hasTag(tags, VerifyTag) }
	}
	ok := r.program()
	e.Failure = r.failure
	return ok
}

func (e *Engine) pass(ctx context.Context) *run {
	return &run{Engine: e, ctx: ctx, selection: newSelection(e.opts.Tags, e.opts.Skip),
		pick: func([]string) bool { return true }, only: map[*program.Task]bool{}, pending: map[*program.Task][]int{}}
}

func (r *run) program() bool {
	for i := range r.opts.Program.Plays {
		p := &r.opts.Program.Plays[i]
		r.play = p
		r.total += r.count(p.Tasks, frame{play: p.Vars})
	}
	for i := range r.opts.Program.Plays {
		switch r.runPlay(&r.opts.Program.Plays[i]) {
		case failed:
			return false
		case endHost:
			return true
		}
	}
	return true
}

func (r *run) runPlay(p *program.Play) halt {
	r.play = p
	f := frame{play: p.Vars}
	if p.Only != nil {
		mine, err := expr.Bool(p.Only, r.scope(f, nil))
		if err != nil {
			return r.fail(&Failure{Task: "hosts", Msg: err.Error(), Where: p.Name})
		}
		if !mine {
			return goOn
		}
	}
	if len(p.Facts) > 0 && r.opts.Facts != nil {
		r.host.facts.Update(r.opts.Facts(p.Facts, r.opts.Env))
	}
	h := r.steps(p.Tasks, f)
	if h == goOn || h == endPlay {
		if flushed := r.flush(); flushed != goOn {
			h = flushed
		}
	}
	if h == endPlay {
		return goOn
	}
	return h
}

// fail notes a failure that ends the run.
func (r *run) fail(f *Failure) halt {
	if r.failure == nil {
		r.failure = f
	}
	return failed
}

func (r *run) steps(steps []program.Step, f frame) halt {
	for _, s := range steps {
		if r.ctx.Err() != nil {
			return r.fail(r.stopped())
		}
		h := goOn
		if s.Block != nil {
			h = r.block(s.Block, f)
		} else {
			h = r.task(s.Task, f)
		}
		if h != goOn {
			return h
		}
	}
	return goOn
}

// stopped is the failure of a run that was cancelled or ran out of time.
func (r *run) stopped() *Failure {
	return &Failure{Msg: context.Cause(r.ctx).Error(), Tail: []string{}}
}

// block runs a block; a failure in it goes to rescue, always runs whatever happened.
func (r *run) block(b *program.Block, f frame) halt {
	inner := f.inside(b.Vars, b.When, b.Tags)
	h := r.steps(b.Block, inner)
	if h == failed && len(b.Rescue) > 0 && r.ctx.Err() == nil {
		caught, mustUndo := r.failure, r.MustUndo
		r.failure, r.MustUndo = nil, false
		if h = r.steps(b.Rescue, inner); h != failed {
			r.rescued()
		} else if r.failure == nil {
			r.failure, r.MustUndo = caught, mustUndo
		}
	}
	if len(b.Always) == 0 || r.ctx.Err() != nil {
		return h
	}
	kept := r.failure
	if last := r.steps(b.Always, inner); last != goOn && h == goOn {
		return last
	}
	if kept != nil {
		r.failure = kept
	}
	return h
}

// rescued turns the failure that a block caught into a rescue, as the recap counts it.
func (r *run) rescued() {
	if !r.quiet {
		r.Counts.Failed--
		r.Counts.Rescued++
	}
	if n := len(r.failed); n > 0 {
		r.failed = r.failed[:n-1]
	}
}

// selected says whether a task belongs to this run on this host at all; what does not is never reported.
func (r *run) selected(t *program.Task, f frame) bool {
	tags := append(f.tags[:len(f.tags):len(f.tags)], t.Tags...)
	if !r.selection.wants(tags) || !r.pick(tags) {
		return false
	}
	if t.Only == nil {
		return true
	}
	mine, known := r.only[t]
	if !known {
		var err error
		mine, err = expr.Bool(t.Only, r.scope(f, nil))
		mine = mine || err != nil // the task itself tells the error
		r.only[t] = mine
	}
	return mine
}

func (r *run) count(steps []program.Step, f frame) int {
	n := 0
	for _, s := range steps {
		switch {
		case s.Block != nil:
			inner := f.inside(s.Block.Vars, nil, s.Block.Tags)
			n += r.count(s.Block.Block, inner) + r.count(s.Block.Always, inner)
		case r.selected(s.Task, f):
			n++
		}
	}
	return n
}

func hasTag(tags []string, tag string) bool {
	for _, t := range tags {
		if t == tag {
			return true
		}
	}
	return false
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
