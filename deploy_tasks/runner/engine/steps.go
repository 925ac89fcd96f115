package engine

import (
	"slices"
	"strconv"

	"runner/expr"
	"runner/program"
	"runner/value"
)

// steps performs steps in order until one ends the run, the play or the role.
func (r *run) steps(steps []program.Step, f frame) halt {
	i := 0
	if back, going := r.rejoin(); going {
		i = max(back.Int("step"), 0)
	}
	defer r.stand(func() *value.Dict { return value.DictOf("step", i) })()
	for ; i < len(steps); i++ {
		if r.ctx.Err() != nil {
			return r.fail(r.stopped())
		}
		if h := r.step(steps[i], f); h != goOn {
			return h
		}
	}
	return goOn
}

func (r *run) step(s program.Step, f frame) halt {
	switch {
	case s.Block != nil:
		return r.block(s.Block, f)
	case s.Include != nil:
		return r.include(s.Include, f)
	}
	return r.task(s.Task, f)
}

// key names one execution of one task: the same task may be reached several times, by includes and looped blocks.
func (r *run) key(t *program.Task, f frame) string { return t.ID + f.at }

// below is the position of the item i of an include or block.
func below(at string, i int) string { return at + "/" + strconv.Itoa(i) }

// tagged says whether a step with these tags of its own belongs to the run.
func (r *run) tagged(f frame, own []string) bool {
	tags := push(f.tags, own...)
	return r.selection.wants(tags) && r.pick(tags)
}

// selected says whether a task belongs to this run on this host at all; what does not is never reported.
func (r *run) selected(t *program.Task, f frame) bool {
	if !t.Implicit && !r.tagged(f, t.Tags) {
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

// count is how many tasks are expected to be told; what includes bring is not known before.
func (r *run) count(steps []program.Step, f frame) int {
	n := 0
	for _, s := range steps {
		switch {
		case s.Block != nil:
			inner := f.block(s.Block)
			n += r.count(s.Block.Block, inner) + r.count(s.Block.Always, inner)
		case s.Include != nil:
			if r.tagged(f, s.Include.Tags) {
				n++
			}
		case r.selected(s.Task, f):
			n++
		}
	}
	return n
}

func hasTag(tags []string, tag string) bool { return slices.Contains(tags, tag) }
