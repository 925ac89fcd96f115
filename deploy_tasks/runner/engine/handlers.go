package engine

import (
	"slices"

	"runner/expr"
	"runner/fmt"
	"runner/program"
	"runner/value"
)

// maxFlushes bounds handlers that notify each other for ever.
const maxFlushes = 100

// handler is a handler of the play, and the scope of the role it belongs to.
type handler struct {
	task    *program.Task    // of an include what it goes by
	include *program.Include // or nil
	frame   frame
	group   int // handlers that were written one after another
	name    string
	named   bool // the name is known
}

// handlersOf gathers the handlers of a play in order; a block carries a role's scope.
func handlersOf(steps []program.Step, f frame, to []*handler) []*handler {
	group := 0
	if n := len(to); n > 0 {
		group = to[n-1].group + 1
	}
	for _, s := range steps {
		switch {
		case s.Block != nil:
			to = handlersOf(s.Block.Block, f.block(s.Block), to)
			group = len(to) // a new one
		case s.Include != nil:
			known := &program.Task{ID: s.Include.ID, Name: s.Include.Name, Vars: s.Include.Vars, Listen: s.Include.Listen}
			to = append(to, &handler{task: known, include: s.Include, frame: f, group: group})
		case s.Task != nil:
			to = append(to, &handler{task: s.Task, frame: f, group: group})
		}
	}
	return to
}

// notify marks the handlers of a changed task.
func (r *run) notify(t *program.Task, task string, names []string) halt {
	for _, name := range names {
		if !r.mark(name) {
			return r.fail(&Failure{Task: task, Module: t.Module, Where: t.Where, Line: t.Line, Tail: []string{}, Msg: fmt.Sprintf(
				"The requested handler '%s' was not found in either the main handlers list nor in the listening handlers list", name)})
		}
	}
	return goOn
}

// mark makes the handlers pending that have this name or listen to it.
func (r *run) mark(name string) (found bool) {
	by := []int{}
	if r.opts.Recorder != nil {
		if seq := r.opts.Recorder.TaskSeq(); seq != 0 {
			by = append(by, seq)
		}
	}
	named := r.named(name)
	for _, h := range r.handlers {
		if h == named || slices.Contains(h.task.Listen, name) {
			found = true
			r.pending[h] = push(r.pending[h], by...)
			if r.pending[h] == nil {
				r.pending[h] = by
			}
		}
	}
	return found
}

// named finds the one handler that a name means: of several the first of those that were written together, and those
// that came last before the others.
func (r *run) named(name string) *handler {
	var found *handler
	for _, h := range r.handlers {
		if (found == nil || h.group > found.group) && r.answers(h, name) {
			found = h
		}
	}
	return found
}

// answers says whether the handler goes by the name: its own, also with its role's before it, or its id.
func (r *run) answers(h *handler, name string) bool {
	if h.task.ID == name {
		return true
	}
	if !h.named {
		v, err := expr.Resolve(h.task.Name, r.scope(h.frame.inside(h.task.Vars, nil, nil), nil))
		if err != nil {
			return false
		}
		if v != nil {
			h.name = value.Str(v)
		}
		h.named = true
	}
	return h.name != "" && (h.name == name || h.frame.role != nil && h.frame.role.name+" : "+h.name == name)
}

// flush runs the pending handlers in the order of their definition, and those after them that they notify. One before
// them waits for the next time. at names the flush.
func (r *run) flush(at string) halt {
	r.flushed = at
	n := 0
	defer r.stand(func() *value.Dict {
		return value.DictOf("flush", r.flushed, "handler", n, "by", numbers(r.notifiers))
	})()
	if back, going := r.rejoin(); going {
		n, r.flushed, r.notifiers = max(back.Int("handler"), 0), back.Text("flush"), back.Ints("by")
		if n < len(r.handlers) {
			if halted := r.handle(r.handlers[n]); halted != goOn {
				return halted
			}
		}
		n++
	}
	for ; n < len(r.handlers); n++ {
		h := r.handlers[n]
		by, due := r.pending[h]
		if !due {
			r.passed(h.task, h.frame)
			continue
		}
		delete(r.pending, h)
		if r.ctx.Err() != nil {
			return r.fail(r.stopped())
		}
		r.notifiers = by
		if halted := r.handle(h); halted != goOn {
			return halted
		}
	}
	return goOn
}

// handle performs a handler; what an include among them brings is performed right then.
func (r *run) handle(h *handler) halt {
	if h.include != nil {
		return r.include(h.include, h.frame)
	}
	return r.perform(h.task, h.frame, true)
}
