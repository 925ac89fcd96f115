package engine

import (
	"context"

	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/value"
)

// One performs the module of one task for another host, which has judged its conditions and judges its result. given
// are that host's values of the variables in the task; they go before everything but extra variables. hidden says that
// the result is to be seen by nobody else. An error means that there is no such task.
func (e *Engine) One(ctx context.Context, id string, given *value.Dict) (result *value.Dict, hidden bool, err error) {
	r := e.pass(ctx)
	r.check = e.opts.Check
	t := r.find(id)
	if t == nil {
		return nil, false, fmt.Errorf("the program has no task %s", id)
	}
	if r.opts.Recorder != nil {
		r.opts.Recorder.Task(id, false)
	}
	j := &job{run: r, task: t, index: -1, key: resultKey{id, -1}, errand: true}
	s := r.scope(frame{}, nil)
	magic := s.magic
	s.magic = func(name string, s *scope) (any, bool) {
		if _, extra := r.host.extra.Get(name); !extra {
			if v, ok := given.Get(name); ok {
				return v, true
			}
		}
		return magic(name, s)
	}
	if o := j.prepare(s); o != nil {
		return told(module.Failure(o.msg)), j.hidden, nil
	}
	m := j.guarded()
	if m.Irreversible != "" && !j.call.Check {
		_ = j.call.Log.Warn(m.Irreversible) // the remark is for the report only
	}
	return told(m), j.hidden, nil
}

// find is the task or handler of that id.
func (r *run) find(id string) *program.Task {
	for i := range r.opts.Program.Plays {
		p := &r.opts.Program.Plays[i]
		r.play = p
		for _, steps := range [][]program.Step{p.Tasks, p.Handlers} {
			if t := findIn(steps, id); t != nil {
				return t
			}
		}
	}
	return nil
}

func findIn(steps []program.Step, id string) *program.Task {
	for _, s := range steps {
		var inner [][]program.Step
		switch {
		case s.Task != nil && s.Task.ID == id:
			return s.Task
		case s.Block != nil:
			inner = [][]program.Step{s.Block.Block, s.Block.Rescue, s.Block.Always}
		case s.Include != nil:
			for _, choice := range s.Include.Choices {
				inner = append(inner, choice)
			}
		}
		for _, steps := range inner {
			if t := findIn(steps, id); t != nil {
				return t
			}
		}
	}
	return nil
}
