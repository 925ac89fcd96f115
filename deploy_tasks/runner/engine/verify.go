package engine

import (
	"context"

	"runner/program"
)

// Verify checks what Run has done, or what an earlier run did: a pass in check mode must find nothing to change, then the
// tasks tagged verify are performed for real. The caller fills in Digest.
func (e *Engine) Verify(ctx context.Context) *Verdict {
	v := &Verdict{Drift: []string{}, Failed: []string{}}
	e.drift(ctx, v)
	if ctx.Err() == nil && len(v.Failed) == 0 {
		e.probe(ctx, v)
	}
	if err := ctx.Err(); err != nil && e.Failure == nil {
		e.Failure = &Failure{Msg: context.Cause(ctx).Error(), Tail: []string{}}
		v.Failed = append(v.Failed, e.Failure.Msg)
	}
	return v
}

// drift performs the program in check mode.
func (e *Engine) drift(ctx context.Context, v *Verdict) {
	r := e.pass(ctx)
	r.check, r.verify, r.quiet = true, true, true
	r.pick = func(tags []string) bool { return !hasTag(tags, VerifyTag) }
	silent := *e
	silent.opts.Emit, silent.opts.Recorder = func(any) {}, nil
	silent.host = e.host.copy() // what the check registers is not what the run did
	r.Engine = &silent
	r.program()
	for _, t := range r.changed {
		if !e.overwritten(t) {
			v.Drift = append(v.Drift, r.taskName(t, frame{}))
		}
	}
	v.Failed = append(v.Failed, r.failed...)
	if e.Failure == nil {
		e.Failure = r.failure
	}
	if e.Failure == nil && len(v.Drift) > 0 {
		e.Failure = &Failure{Task: v.Drift[0], Msg: "would change something again", Tail: []string{}}
	}
}

// overwritten says whether all that the task changed in this run was changed again by later tasks: then it is no
// drift that the task would do its part anew.
func (e *Engine) overwritten(t *program.Task) bool {
	if e.opts.Recorder == nil {
		return false
	}
	own, last := map[string]bool{}, map[string]int{}
	for _, touch := range e.opts.Recorder.Touched() {
		last[touch.Path] = touch.Task
		for _, seq := range e.changers[t] {
			own[touch.Path] = own[touch.Path] || seq == touch.Task
		}
	}
	found := false
	for path, mine := range own {
		if !mine {
			continue
		}
		found = true
		for _, seq := range e.changers[t] {
			if last[path] == seq {
				return false
			}
		}
	}
	return found
}

// probe performs the tasks tagged verify. What they change is journalled like the rest.
func (e *Engine) probe(ctx context.Context, v *Verdict) {
	r := e.pass(ctx)
	r.check = e.opts.Check
	r.pick = func(tags []string) bool { return hasTag(tags, VerifyTag) }
	r.program()
	v.Failed = append(v.Failed, r.failed...)
	if e.Failure == nil {
		e.Failure = r.failure
	}
	e.MustUndo = e.MustUndo || r.MustUndo
}
