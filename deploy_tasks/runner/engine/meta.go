package engine

import (
	"runner/program"
	"runner/value"
)

// meta performs the engine's own instructions. They are neither told nor counted.
func (r *run) meta(t *program.Task, f frame) halt {
	word, err := r.metaWord(t, f)
	if err != nil {
		return r.metaFailed(t, f, err.Error())
	}
	if len(r.path) > 0 {
		return r.flush(r.key(t, f)) // of all instructions this alone has tasks in it
	}
	if word != "noop" && word != "refresh_inventory" && word != "reset_connection" { // these have no condition
		if o, met := r.conditions(f.when, r.scope(f, nil)); !met {
			if o.failed {
				return r.metaFailed(t, f, o.msg)
			}
			return goOn
		}
	}
	switch word {
	case "flush_handlers":
		return r.flush(r.key(t, f))
	case "end_play", "end_batch", "end_host":
		return endPlay
	case "end_role":
		if f.role == nil {
			return r.metaFailed(t, f, "Cannot execute 'end_role' from outside of a role")
		}
		return endRole
	case "clear_facts":
		r.host.facts = value.NewDict()
	case "clear_host_errors": // it stands in a rescue, which has made good what failed
	case "noop", "reset_connection", "refresh_inventory":
	default:
		return r.metaFailed(t, f, "meta has no '"+word+"'")
	}
	return goOn
}

func (r *run) metaFailed(t *program.Task, f frame, msg string) halt {
	return r.fail(&Failure{Task: r.taskName(t, f), Module: t.Module, Msg: msg, Tail: []string{}, Where: t.Where, Line: t.Line})
}

func (r *run) metaWord(t *program.Task, f frame) (string, error) {
	args, err := resolved(t.Args, r.scope(f, nil))
	if err != nil {
		return "", err
	}
	v, _ := args.Get("_raw_params")
	return value.Str(v), nil
}
