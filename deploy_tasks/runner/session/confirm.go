package session

import (
	"context"
	"errors"
	"time"

	"runner/engine"
	"runner/fmt"
	"runner/host"
	"runner/jobs"
	"runner/value"
)

// unconfirmed is why a deployment was taken back that nobody confirmed.
const unconfirmed = "it was not confirmed in time: the host has taken it back by itself"

// watchPoll is how often the watching process looks whether it was confirmed.
const watchPoll = 100 * time.Millisecond

// await starts the process that takes the deployment back unless somebody confirms it in time. It runs before the
// report says that all went well. False is a failure of the run.
func (s *Session) await(e *engine.Engine) bool {
	if s.Confirm <= 0 || !s.Stage.last() {
		return true
	}
	err := s.watched()
	if err != nil {
		e.Failure = &engine.Failure{Msg: "it cannot wait to be confirmed: " + err.Error(), Tail: []string{}}
	}
	return err == nil
}

func (s *Session) watched() error {
	d := s.deployment()
	d.EndConfirmation()
	lock, err := d.Watch()
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := d.AwaitConfirmation(time.Now().Add(s.Confirm)); err != nil {
		return err
	}
	err = jobs.Watch(s.Executable, lock, "watch", "--state-dir", s.Folder.Root, s.Deployment)
	if err != nil {
		d.EndConfirmation()
	}
	return err
}

// Watch waits until the deployment is confirmed or undone, or until its time is over: then it is taken back.
func (s *Session) Watch() error {
	jobs.KeepWatch()
	c, waits, err := s.deployment().Confirmation()
	until, end := c.Until, time.Now().Add(time.Until(c.Until)) // a clock that is set changes nothing
	for waits && err == nil && c.Until.Equal(until) {
		left := time.Until(end)
		if left <= 0 {
			return s.expire()
		}
		time.Sleep(min(left, watchPoll))
		c, waits, err = s.deployment().Confirmation()
	}
	return err
}

// expire takes the deployment back; somebody else at work on the host is waited for.
func (s *Session) expire() error {
	for {
		var busy *host.Busy
		_, err := s.Revert(context.Background())
		if !errors.As(err, &busy) {
			return err
		}
	}
}

// Revert takes a deployment back whose time is over, unless it was confirmed or is back already.
func (s *Session) Revert(ctx context.Context) (engine.Summary, error) {
	d := s.deployment()
	if _, err := d.Expire(); err != nil || !d.Expired() {
		return engine.Summary{}, err
	}
	return s.UndoNow(ctx)
}

// ConfirmNow has a deployment stay that waits for it. One whose time is over and that nobody watches is taken back here.
func (s *Session) ConfirmNow(ctx context.Context) (Confirmed, error) {
	d := s.deployment()
	c, waits, err := d.Confirmation()
	switch {
	case err != nil:
		return Confirmed{}, err
	case waits && !d.Expired() && time.Now().Before(c.Until):
		if _, err := d.Confirm(); err != nil {
			return Confirmed{}, err
		}
	case waits && !c.Watched:
		if _, err := s.Revert(ctx); err != nil {
			return Confirmed{}, err
		}
	}
	old, err := s.ended()
	_, waits, waiting := d.Confirmation()
	return Confirmed{d.Confirmed(), waits, old}, errors.Join(err, waiting)
}

// Confirmed says what became of a deployment that was to be confirmed. Report is nil when it has none.
type Confirmed struct {
	Confirmed bool
	Due       bool // it is about to be taken back
	Report    *engine.Summary
}

// Fields implements record.Record.
func (c Confirmed) Fields() *value.Dict {
	d := value.DictOf("confirmed", c.Confirmed, "due", c.Due, "report", nil)
	if c.Report != nil {
		d.Set("report", c.Report.Fields())
	}
	return d
}

// Unconfirmed refuses a deployment while another one waits to be confirmed.
type Unconfirmed struct{ host.Confirmation }

func (u *Unconfirmed) Error() string {
	return fmt.Sprintf("deployment %s waits to be confirmed until %s", u.Deployment, u.Until.UTC().Format(time.RFC3339))
}

// settle sees to deployments that wait to be confirmed before another one begins: one whose time is over and that
// nobody watches any more, as after a reboot, is taken back now. The lock is held.
func (s *Session) settle(ctx context.Context) error {
	waiting, err := s.Folder.Unconfirmed()
	if err != nil {
		return err
	}
	for _, c := range waiting {
		if c.Deployment == s.Deployment {
			continue
		}
		other := &Session{Folder: s.Folder, Deployment: c.Deployment, Facts: s.Facts, Emit: func(any) {}, began: time.Now()}
		if c.Watched || time.Now().Before(c.Until) {
			return &Unconfirmed{c}
		}
		if _, err := other.deployment().Expire(); err != nil {
			return err
		}
		if _, err := other.undoLocked(ctx); err != nil {
			return err
		}
	}
	return nil
}
