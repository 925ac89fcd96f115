package engine

import (
	"errors"
	"time"

	"runner/module"
	"runner/value"
)

// Restart is how a run goes on after its host has restarted.
type Restart struct {
	Keep   func(state *value.Dict) error // keeps where the run stands, on the disk
	Back   func(restarted bool) error    // the run goes on, whatever happened meanwhile
	Waited time.Duration                 // since the run ended for it
	Over   string                        // the Away for which there is no more time
}

// restarter is the module that restarts the host. As a handler it is not fired again by an undo, which ends before a host
// could restart: its report says that the host was restarted.
const restarter = "reboot"

// restart is what a module may do to have the host restart. Nobody brings a run back that was started by hand.
func (j *job) restart() *module.Restart {
	how := j.opts.Restart
	if how == nil || j.opts.Ask == nil || j.errand || j.index >= 0 {
		return nil
	}
	return &module.Restart{Left: j.left, Waited: how.Waited, Over: how.Over, Leave: j.leave, Back: j.back}
}

// leave tells the worker, who will bring the run back, and keeps where it stands.
func (j *job) leave(left, limits *value.Dict) error {
	if err := j.staysWhole(); err != nil {
		return err
	}
	about := value.DictOf("task", j.task.ID, "name", j.taskName(j.task, j.frame))
	about.Update(limits)
	if _, err := j.opts.Ask(j.ctx, "restart", about); err != nil {
		return err
	}
	err := j.asRunner(func() error { return j.opts.Restart.Keep(j.freeze(left)) })
	if err != nil {
		_, told := j.ask("back", "task", j.task.ID) // it stays: a connection that is lost from now on is lost
		err = errors.Join(err, told)
	}
	return err
}

// asRunner works with the runner's own rights, whosever the module has.
func (j *job) asRunner(work func() error) (err error) {
	if j.rights == nil {
		return work()
	}
	j.rights.AsRoot(func() { err = work() })
	return err
}

func (j *job) back(restarted bool) error {
	if _, err := j.ask("back", "task", j.task.ID); err != nil {
		return err
	}
	return j.asRunner(func() error { return j.opts.Restart.Back(restarted) })
}

// staysWhole refuses a restart in the middle of what cannot go on after it.
func (j *job) staysWhole() error {
	once, err := flag(j.task.RunOnce, false, j.scope())
	switch {
	case err != nil:
		return err
	case once && !j.opts.Alone, j.frame.sole:
		return errors.New("a host does not restart in what it performs for all (run_once): the others would wait for it")
	case j.frame.undo != nil || len(j.task.Undo) > 0:
		return errors.New("a host does not restart in a block with undo: what it takes back would be taken back twice")
	case j.check || j.verify:
		return errors.New("a check restarts no host")
	}
	return nil
}
