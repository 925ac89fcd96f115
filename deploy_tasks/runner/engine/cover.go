package engine

import (
	"errors"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/record"
	"runner/value"
)

// covering is the undo of a block, for the tasks in it.
type covering struct {
	block *program.Block
	frame frame
	outer *covering
	cover *change.Cover // once a task in it was about to run
}

// cover tells the journal what takes the task back by the plan's own word: its undo, and those of the blocks around. Their
// values are those of now.
func (j *job) cover() error {
	recorder := j.recorder()
	if recorder == nil || j.call.Check {
		return nil
	}
	by, err := j.coverings(j.frame.undo)
	if err == nil && len(j.task.Undo) > 0 {
		var own *change.Cover
		if own, err = j.coverOf(j.taskName(j.task, j.frame), j.task.Undo, j.frame, j.loop); len(own.Calls) > 0 {
			by = append(by, own)
		}
	}
	recorder.Cover(by)
	return err
}

// coverings are those of the blocks around, the outermost first.
func (j *job) coverings(c *covering) (by []*change.Cover, err error) {
	if c == nil {
		return nil, nil
	}
	if by, err = j.coverings(c.outer); err == nil && c.cover == nil {
		c.cover, err = j.coverOf(value.Str(c.block.Name), c.block.Undo, c.frame, nil)
	}
	if err == nil && len(c.cover.Calls) > 0 {
		by = append(by, c.cover)
	}
	return by, err
}

func (j *job) coverOf(what string, tasks []*program.Task, f frame, loop *value.Dict) (*change.Cover, error) {
	cover := &change.Cover{What: what}
	for _, t := range tasks {
		inner := f.inside(t.Vars, nil, nil)
		s := j.run.scope(inner, loop)
		if o, met := j.conditions(t.When, s); !met {
			if o.failed {
				return cover, errors.New("undo: " + o.msg)
			}
			continue
		}
		k := &job{run: j.run, task: t, frame: inner, loop: loop, index: j.index}
		if _, known := module.Get(t.Module); !known {
			return cover, errors.New("undo: this runner has no module '" + t.Module + "'")
		}
		if err := k.prepareCall(s); err != nil {
			return cover, errors.New("undo: " + unresolved(err))
		}
		if k.rights != nil && !commandsOnly[t.Module] {
			return cover, fmt.Errorf("undo: %s cannot run as another user there, only command, shell, raw and script can", t.Module)
		}
		cover.Calls = append(cover.Calls, k.spec(s))
	}
	return cover, nil
}

// spec is the call as the journal keeps it. The environment is that of the undo, with what the task adds.
func (j *job) spec(s *scope) *value.Dict {
	spec := JobSpec(j.task.Module, j.call, undoLimit)
	if j.rights == nil {
		spec.Set("env", listOf(j.call.Env[len(j.opts.Env):]))
	}
	name := j.taskName(j.task, j.frame)
	if j.hidden {
		name = j.task.Module // reports tell it, and it may hold a value
	}
	spec.Update(value.DictOf("name", name, "hidden", j.hidden, "ignore", j.ignores(j.task, j.frame)))
	return spec
}

// Perform implements change.Effects.
func (e Effects) Perform(call any) (name string, err error) {
	spec := record.Of(call)
	name = spec.Text("name")
	do, known := module.Get(spec.Text("module"))
	if err := spec.Err(); err != nil || !known {
		return name, errors.New("this runner has no module '" + spec.Text("module") + "'")
	}
	c, done := e.limited(spec.Dict("args"))
	defer done()
	c.Env, c.As, c.Cwd = push(e.Env, spec.Texts("env")...), identity(spec), spec.Text("cwd")
	if e.Recorder != nil {
		if recorder := e.Recorder(); recorder != nil {
			recorder.Equip(e.Tools())
			c.Log = recorder
		}
	}
	result := safely(do, c)
	switch {
	case !result.Failed || spec.Flag("ignore"):
		return name, nil
	case spec.Flag("hidden"):
		return name, errors.New(hidden)
	}
	if said, ok := result.Data.Get("stderr"); ok && said != "" {
		result.Msg += ": " + lastLine(value.Str(said))
	}
	return name, errors.New(result.Msg)
}
