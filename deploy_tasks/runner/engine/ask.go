package engine

import (
	"runner/fmt"
	"runner/program"
	"runner/record"
	"runner/value"
)

// ask puts a question to the caller.
func (r *run) ask(kind string, pairs ...any) (record.Reader, error) {
	answer, err := r.opts.Ask(r.ctx, kind, value.DictOf(pairs...))
	if err != nil {
		return record.Reader{}, err
	}
	return record.Of(answer), nil
}

// performed performs a task here, in this host's turn if hosts have turns at it; do performs it. mine is false when another
// host has performed it for all: then the result is registered, and nothing is counted or told. left is to be called when
// it is known whether the task has failed. A host that is alone, or that nobody has sent, asks nobody.
func (r *run) performed(t *program.Task, f frame, handler bool, do func() outcome) (o outcome, mine bool, left func(failed bool)) {
	left = func(bool) {}
	if r.opts.Ask == nil || r.opts.Alone || f.sole {
		return do(), true, left
	}
	once, err := flag(t.RunOnce, false, r.scope(f, nil))
	switch {
	case err != nil:
		return failure("run_once: " + err.Error()), true, left
	case once:
		o, mine = r.once(t, f, do)
		return o, mine, left
	}
	o, left = r.limited(t, f, handler, do)
	return o, true, left
}

// once performs a task that one host of the batch performs for all.
func (r *run) once(t *program.Task, f frame, do func() outcome) (o outcome, mine bool) {
	key := r.key(t, f)
	if theirs, known := r.theirs[key]; known {
		return theirs, false
	}
	if r.verify {
		return do(), true // it was this host's turn
	}
	answer, err := r.ask("once", "task", t.ID, "key", key)
	if err != nil {
		return failure("run_once: " + err.Error()), true
	}
	if told := answer.Dict("outcome"); told != nil && answer.Err() == nil {
		o = r.follow(t, record.Of(told))
		r.theirs[key] = o
		return o, false
	}
	o = do()
	if r.ctx.Err() != nil {
		return o, true // it was cut off: another host's turn
	}
	if _, err := r.ask("performed", "task", t.ID, "key", key, "outcome", o.told(r.factsOfTask(t))); err != nil {
		return failure(fmt.Sprintf("run_once: its result cannot be given to the other hosts: %s", err)), true
	}
	return o, true
}

// told is an outcome as other hosts get it.
func (o outcome) told(factsOf string) *value.Dict {
	return value.DictOf("facts_of", factsOf, "result", o.result, "changed", o.changed, "failed", o.failed, "skipped", o.skipped,
		"unreachable", o.unreachable, "msg", o.msg, "hidden", o.hidden)
}

// follow takes the outcome of the host that performed a task for all, and the facts that came of it.
func (r *run) follow(t *program.Task, told record.Reader) outcome {
	o := heard(told)
	if err := told.Err(); err != nil || o.result == nil {
		return failure("run_once: the outcome that another host has told cannot be read")
	}
	if err := r.learnFrom(t, told.Text("facts_of"), o.result); err != nil {
		return failure("run_once: " + err.Error())
	}
	return o
}

// learnFrom learns the facts in a result, or in those of its items: of this host, or of another, and who joined groups.
func (r *run) learnFrom(t *program.Task, of string, result *value.Dict) error {
	all := []any{result}
	if v, ok := result.Get("results"); ok {
		items, _ := value.Items(v)
		all = append(all, items...)
	}
	for _, v := range all {
		d, ok := v.(*value.Dict)
		if !ok {
			continue
		}
		if added := dictIn(d, "add_host"); added.Len() > 0 {
			name, _ := added.Get("host_name")
			groups, _ := added.Get("groups")
			if err := r.followInto(t, value.Str(name), textsOf(groups), dictIn(added, "host_vars")); err != nil {
				return err
			}
		}
		switch facts := dictIn(d, "ansible_facts"); {
		case facts.Len() == 0:
		case of == "" || of == r.host.name():
			r.host.learn(t.Module, facts, false)
		default:
			r.learnOf(of, facts)
		}
	}
	return nil
}

// followInto puts a host into groups that another host has told of.
func (r *run) followInto(t *program.Task, name string, groups []string, variables *value.Dict) error {
	if r.opts.Joins {
		_, err := r.joins(t, name, groups, variables, nil)
		return err
	}
	r.host.join(name, groups)
	if name == r.host.name() {
		r.host.inventory.Update(variables)
	}
	r.assume(name, groups, variables)
	return nil
}

// followed judges the outcome of another host's performance: its failure is the end for all hosts, and nothing rescues
// it here, as with Ansible.
func (r *run) followed(t *program.Task, f frame, name string, o outcome) halt {
	if !o.failed || r.ignores(t, f) || o.unreachable {
		return goOn
	}
	msg := o.msg
	if o.hidden {
		msg = hidden
	}
	r.hopeless = true
	return r.fail(&Failure{Task: name, Module: t.Module, Msg: "failed on the host that performed it for all: " + msg,
		Tail: []string{}, Where: t.Where, Line: t.Line})
}

// others is what is known of the hosts besides this one: what the inventory says.
func (r *run) others() *value.Dict {
	if v, ok := r.host.inventory.Get("hostvars"); ok {
		if d, ok := v.(*value.Dict); ok {
			return d
		}
	}
	return nil
}
