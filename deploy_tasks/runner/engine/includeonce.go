package engine

import (
	"runner/program"
	"runner/record"
)

// includeOnce includes on one host of the batch, as Ansible does: the tasks run there alone, each for itself, and the others
// wait for their end. What fails among them fails that host.
func (r *run) includeOnce(inc *program.Include, f frame) halt {
	key := inc.ID + f.at
	if _, known := r.theirs[key]; known {
		return goOn
	}
	f.sole = true // whoever else performs something once for all waits for this host
	if r.verify {
		h, _ := r.bring(inc, f)
		return h
	}
	answer, err := r.ask("once", "task", inc.ID, "key", key)
	if err != nil {
		return r.fail(r.includeFailure(inc, f, "run_once: "+err.Error()))
	}
	if told := answer.Dict("outcome"); told != nil {
		return r.includedElsewhere(inc, f, key, heard(record.Of(told)))
	}
	h, o := r.bring(inc, f)
	if r.ctx.Err() == nil {
		// Nobody waits for an answer: when none comes, this host's end lets the others go on.
		_, _ = r.ask("performed", "task", inc.ID, "key", key, "outcome", o.told(""))
	}
	return h
}

// includedElsewhere takes the outcome of the include itself: its result is everybody's, and so is its failure. How what it
// brought has ended is the other host's alone.
func (r *run) includedElsewhere(inc *program.Include, f frame, key string, o outcome) halt {
	r.theirs[key] = o
	if inc.Register != "" && o.result != nil {
		r.host.known.Set(inc.Register, o.result)
	}
	if !o.failed {
		return goOn
	}
	r.hopeless = true
	return r.fail(r.includeFailure(inc, f, "failed on the host that performed it for all: "+o.msg))
}
