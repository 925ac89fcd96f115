package engine

import (
	"runner/program"
	"runner/value"
)

// block runs a block, once or for every item of its loop. A role ends where its block ends. One of
// several uses of a role is passed over when an earlier one has run a task in the same play.
func (r *run) block(b *program.Block, f frame) halt {
	if b.Once != "" && r.spent[b.Once] {
		return goOn
	}
	h, before := goOn, r.ran
	if b.Loop.Has {
		h = r.blockLoop(b, f)
	} else {
		h = r.passage(b, f)
	}
	if b.Once != "" && r.ran > before {
		r.spent[b.Once] = true
	}
	if h == endRole && b.Role != "" {
		return goOn
	}
	return h
}

func (r *run) blockLoop(b *program.Block, f frame) halt {
	inner := f.block(b)
	items, o := r.loopItems(&b.Loop, inner)
	if o != nil {
		if !o.failed {
			return goOn // the block's condition does not hold
		}
		r.countFailure(f)
		return r.fail(&Failure{Task: value.Str(b.Name), Module: "block", Msg: o.msg, Tail: []string{}, Where: b.Where + ".loop"})
	}
	for i, item := range items {
		if h := r.passage(b, f.looped(variablesOf(&b.Loop, items, i, item), below(f.at, i))); h != goOn {
			return h
		}
	}
	return goOn
}

// passage runs a block once; a failure in it goes to rescue, always runs whether it failed or not.
func (r *run) passage(b *program.Block, f frame) halt {
	inner := f.block(b)
	if len(b.Undo) > 0 {
		inner.undo = &covering{block: b, frame: inner, outer: f.undo}
	}
	body := inner
	body.caught = f.caught || len(b.Rescue) > 0
	mustUndo := r.MustUndo
	h := r.steps(b.Block, body)
	if h == failed && len(b.Rescue) > 0 && !r.hopeless && r.ctx.Err() == nil {
		r.failure, r.MustUndo = nil, mustUndo
		h = r.steps(b.Rescue, inner)
	}
	if h > failed || len(b.Always) == 0 || r.gone || r.ctx.Err() != nil {
		return h
	}
	kept := r.failure
	last := r.steps(b.Always, inner)
	if h == goOn {
		return last
	}
	r.failure = kept
	return h
}
