package change

import (
	"runner/value"
)

// Cover is what the plan itself says that takes a task or a block back: calls of modules, everything in them resolved.
// Undo performs them when it comes to the first change that they cover, as often as it takes.
type Cover struct {
	What  string // the task or block, for reports
	Calls []any
	noted bool
}

// Cover says what takes the changes that follow back, the outermost first. It is journalled with the first of them; steps
// that nothing else could take back are covered then.
func (r *Recorder) Cover(by []*Cover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.covers = by
}

// due are the entries of what covers the next one and is not journalled yet.
func (r *Recorder) due() (out []entry) {
	for _, c := range r.covers {
		if !c.noted {
			out = append(out, entry{Op: opTasks, What: c.What, Args: c.Calls})
		}
	}
	return out
}

// covered says whether the plan takes back what the journal cannot.
func (r *Recorder) covered(e entry) bool {
	return len(r.covers) > 0 && (e.Op == opWarn || e.Op == opCommand && len(e.Argv) == 0)
}

// perform makes the calls that take a task or block back. One that fails is told and tried again by the next undo.
func (u *undoing) perform(e entry) error {
	calls, _ := value.Items(e.Args)
	for _, call := range calls {
		step("call")
		if name, err := u.fx.Perform(call); err != nil {
			u.report.Conflicted = append(u.report.Conflicted, Conflict{"undo of " + e.What + ": " + name, err.Error()})
			return u.mark(e, err.Error(), true)
		}
	}
	step("called")
	u.tell("undo of " + e.What)
	u.undone[e.Task] = true
	return u.mark(e, "", true)
}
