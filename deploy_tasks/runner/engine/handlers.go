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

// notify marks the handlers of a changed task.
func (r *run) notify(t *program.Task, f frame) halt {
	if len(t.Notify) == 0 {
		return goOn
	}
	s := r.scope(f, nil)
	for _, item := range t.Notify {
		v, err := expr.Resolve(item, s)
		if err != nil {
			return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Msg: "notify: " + err.Error(), Where: t.Where})
		}
		names, many := value.Items(v)
		if !many {
			names = []any{v}
		}
		for _, name := range names {
			if !r.mark(value.Str(name), f) {
				return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Where: t.Where, Msg: fmt.Sprintf(
					"The requested handler '%s' was not found in either the main handlers list nor in the listening handlers list",
					value.Str(name))})
			}
		}
	}
	return goOn
}

// mark makes the handlers pending that have this name or listen to it.
func (r *run) mark(name string, f frame) (found bool) {
	for _, h := range r.play.Handlers {
		if r.handlerName(h, f) != name && h.ID != name && !slices.Contains(h.Listen, name) {
			continue
		}
		found = true
		by := r.pending[h]
		if r.opts.Recorder != nil {
			if seq := r.opts.Recorder.TaskSeq(); seq != 0 {
				by = append(by, seq)
			}
		}
		if by == nil {
			by = []int{}
		}
		r.pending[h] = by
	}
	return found
}

func (r *run) handlerName(h *program.Task, f frame) string {
	v, err := expr.Resolve(h.Name, r.scope(frame{play: f.play}, nil))
	if err != nil || v == nil {
		return ""
	}
	return value.Str(v)
}

// flush runs the pending handlers in the order of their definition, and those that they notify in turn.
func (r *run) flush() halt {
	for range maxFlushes {
		ran := false
		for _, h := range r.play.Handlers {
			by, due := r.pending[h]
			if !due {
				continue
			}
			delete(r.pending, h)
			ran = true
			if r.ctx.Err() != nil {
				return r.fail(r.stopped())
			}
			r.notifiers = by
			if halted := r.perform(h, frame{play: r.play.Vars}, true); halted != goOn {
				return halted
			}
		}
		if !ran {
			return goOn
		}
	}
	return r.fail(&Failure{Msg: "handlers notify each other without end", Tail: []string{}})
}

// meta performs the engine's own instructions.
func (r *run) meta(t *program.Task, f frame) halt {
	word, err := r.metaWord(t, f)
	if err != nil {
		return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Msg: err.Error(), Where: t.Where})
	}
	if o, met := r.conditions(f.when, r.scope(f, nil)); !met {
		if o.failed {
			return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Msg: o.msg, Where: t.Where})
		}
		return goOn
	}
	switch word {
	case "flush_handlers":
		return r.flush()
	case "end_play", "end_batch":
		return endPlay
	case "end_host":
		return endHost
	case "clear_facts":
		r.host.facts = value.NewDict()
	case "noop", "reset_connection", "refresh_inventory", "clear_host_errors":
	default:
		return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Msg: "meta has no '" + word + "'", Where: t.Where})
	}
	return goOn
}

func (r *run) metaWord(t *program.Task, f frame) (string, error) {
	args, err := resolved(t.Args, r.scope(f, nil))
	if err != nil {
		return "", err
	}
	v, _ := args.Get("_raw_params")
	return value.Str(v), nil
}
