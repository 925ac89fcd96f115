package engine

import "runner/program"

// includeOnce includes on one host of the batch, as Ansible does: the tasks run there alone, each for itself, and the others
// wait for their end. What fails among them fails that host.
func (r *run) includeOnce(inc *program.Include, f frame) halt {
	key := inc.ID + f.at
	if _, known := r.theirs[key]; known {
		return goOn
	}
	f.sole = true // whoever else performs something once for all waits for this host
	if r.verify {
		return r.bring(inc, f)
	}
	answer, err := r.ask("once", "task", inc.ID, "key", key)
	if err != nil {
		return r.fail(&Failure{Task: inc.ID, Module: "include_" + inc.Kind, Msg: "run_once: " + err.Error(), Tail: []string{}, Where: inc.Where})
	}
	if answer.Dict("outcome") != nil {
		r.theirs[key] = skip("is included by another host")
		return goOn
	}
	h := r.bring(inc, f)
	if r.ctx.Err() == nil {
		// Nobody waits for an answer: when none comes, this host's end lets the others go on.
		_, _ = r.ask("performed", "task", inc.ID, "key", key, "outcome", skip("").told(""))
	}
	return h
}
