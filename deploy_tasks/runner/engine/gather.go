package engine

import (
	"slices"
	"time"

	"runner/program"
	"runner/value"
)

// asPlayed tells whether the subsets are those that the play asks for, and not only those that it uses.
func asPlayed(subsets []string) bool {
	return slices.ContainsFunc(subsets, func(subset string) bool {
		return subset == "all" || subset == "min" || subset[:1] == "!"
	})
}

// exactly asks for these subsets and no others; without it the minimal ones are always among them.
func exactly(subsets []string) []string {
	if asPlayed(subsets) {
		return subsets
	}
	return append([]string{"!all", "!min"}, subsets...)
}

// gather gathers the facts that the play uses, and tells of it where the play gathers as Ansible's do.
func (r *run) gather(p *program.Play) {
	tells := p.Gather && !r.resumed && r.tagged(frame{}, []string{"always"})
	var start TaskStart
	if tells {
		start = r.announce("gather_facts", "Gathering Facts", "gather_facts")
	}
	began := time.Now()
	found := value.NewDict()
	if len(p.Facts) > 0 && r.opts.Facts != nil {
		found = r.opts.Facts(exactly(p.Facts), r.opts.Env)
	}
	if p.Gather { // what Ansible's own module adds
		found.Set("module_setup", true)
		if asPlayed(p.Facts) {
			found.Set("gather_subset", listOf(p.Facts))
		}
	}
	r.host.facts = merged(r.host.facts, found)
	if !tells {
		return
	}
	r.add(func(c *Counts) { c.OK++ })
	start.Event = "task"
	r.opts.Emit(TaskEnd{TaskStart: start, Status: OK, Duration: seconds(time.Since(began)),
		Result: boundedResult(value.DictOf("ansible_facts", found, "changed", false))})
}
