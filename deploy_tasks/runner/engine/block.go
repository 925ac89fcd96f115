package engine

import (
	"runner/program"
	"runner/record"
	"runner/value"
)

// block runs a block, once or for every item of its loop. A role ends where its block ends. One of
// several uses of a role is passed over when an earlier one has run a task in the same play.
func (r *run) block(b *program.Block, f frame) halt {
	if b.Once != "" && r.spent[b.Once] {
		return goOn
	}
	h, before := goOn, r.ran
	if back, going := r.rejoin(); going {
		before = back.Int("before")
	}
	defer r.stand(func() *value.Dict { return value.DictOf("before", before) })()
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
	i := 0
	var items []any
	if back, going := r.rejoin(); going {
		i, items = max(back.Int("item"), 0), unpacked(back.List("items"))
	} else {
		var o *outcome
		if items, o = r.loopItems(&b.Loop, f.block(b)); o != nil {
			return r.unlooped(b, f, o)
		}
	}
	defer r.stand(func() *value.Dict { return value.DictOf("item", i, "items", packAll(items)) })()
	for ; i < len(items); i++ {
		if h := r.passage(b, f.looped(variablesOf(&b.Loop, items, i, items[i]), below(f.at, i))); h != goOn {
			return h
		}
	}
	return goOn
}

// unlooped is the end of a block whose items cannot be had.
func (r *run) unlooped(b *program.Block, f frame, o *outcome) halt {
	if !o.failed {
		return goOn // the block's condition does not hold
	}
	r.countFailure(f)
	return r.fail(&Failure{Task: value.Str(b.Name), Module: "block", Msg: o.msg, Tail: []string{}, Where: b.Where + ".loop"})
}

// unpacked are items as they were before packAll.
func unpacked(items []any) []any {
	out, err := unpackAll(items)
	if err != nil {
		return nil
	}
	return out
}

// The parts of a block, in their order.
const (
	inBlock = iota
	inRescue
	inAlways
)

// passing is where the run is in a block: the part, how the parts before it ended, and the failure that is kept meanwhile.
type passing struct {
	part     int
	h        halt
	mustUndo bool
	kept     *Failure
}

func (p *passing) say() *value.Dict {
	d := value.DictOf("part", p.part, "halt", int(p.h), "must_undo", p.mustUndo)
	if p.kept != nil {
		d.Set("kept", frozenFailure(p.kept))
	}
	return d
}

// passed is where the run was in a block.
func passed(back record.Reader) passing {
	p := passing{part: back.Int("part"), h: halt(back.Int("halt")), mustUndo: back.Flag("must_undo")}
	if back.Has("kept") {
		p.kept = thawedFailure(back.Record("kept"))
	}
	return p
}

// passage runs a block once; a failure in it goes to rescue, always runs whether it failed or not.
func (r *run) passage(b *program.Block, f frame) halt {
	inner := f.block(b)
	if len(b.Undo) > 0 {
		inner.undo = &covering{block: b, frame: inner, outer: f.undo}
	}
	body := inner
	body.caught = f.caught || len(b.Rescue) > 0
	p := passing{mustUndo: r.MustUndo}
	if back, going := r.rejoin(); going {
		p = passed(back)
	}
	defer r.stand(p.say)()
	if p.part == inBlock {
		p.h = r.steps(b.Block, body)
		if p.h == failed && len(b.Rescue) > 0 && !r.hopeless && r.ctx.Err() == nil {
			r.failure, r.MustUndo, p.part = nil, p.mustUndo, inRescue
		}
	}
	if p.part == inRescue {
		p.h = r.steps(b.Rescue, inner)
	}
	if p.h > failed || len(b.Always) == 0 || r.gone || r.ctx.Err() != nil {
		return p.h
	}
	if p.part != inAlways {
		p.part, p.kept = inAlways, r.failure
	}
	last := r.steps(b.Always, inner)
	if p.h == goOn || last == away {
		return last
	}
	r.failure = p.kept
	return p.h
}
