// Package session performs one deployment on this host, from the lock to the report: at most once, undone when it fails
// or was cut off, and told the same way to everybody who asks again.
package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"runner/change"
	"runner/engine"
	"runner/host"
	"runner/jobs"
	"runner/module"
	"runner/program"
	"runner/value"
)

// Statuses of a summary.
const (
	Succeeded  = "succeeded"
	Failed     = "failed"
	Cancelled  = "cancelled"
	RolledBack = "rolled_back"
	UndoFailed = "undo_failed"
)

// patience is how long a run waits for another deployment's to end.
const patience = 10 * time.Second

// Session is one deployment, about to be run, verified or undone.
type Session struct {
	Folder     *host.Folder
	Deployment string
	Sequence   int64
	Attempt    int64
	Artifact   string // the digest the executable must have; empty when nobody said
	Executable string
	Program    *program.Program // nil when only the journal is there
	Files      module.Files
	Vars       *value.Dict
	Extra      *value.Dict
	Check      bool
	Diff       bool
	Tags, Skip []string
	Verify     bool
	Undo       bool // undo what fails
	Deadline   time.Duration
	Keep       int
	Emit       func(event any)
	Facts      func(subsets []string, env []string) *value.Dict
	Single     bool          // no other host of the deployment
	Joins      bool          // to come into a group may bring variables
	Known      *value.Dict   // what others have set for this host
	Found      *value.Dict   // what others have found out about this host
	Line       Line          // nil: nobody can be asked
	Alone      bool          // no other host of the batch
	Task       Errand        // of RunTask
	Foreign    bool          // facts of other hosts may be asked for
	Stage      *Stage        // the part of the program that is due; nil is all of it
	Others     *value.Dict   // what is known of other hosts
	Play       *value.Dict   // the hosts of the play
	Restarted  Restart       // of a host that the worker brings back
	Confirm    time.Duration // how long after its success the deployment waits to be confirmed, else it is taken back; 0: it stays

	left      left                    // what it goes on with
	away      bool                    // the host is about to restart
	stop      context.CancelCauseFunc // ends a run; nil when nothing has to be taken back then
	throwaway *change.Recorder
	temp      string
	tempErr   error
	once      sync.Once
	began     time.Time
}

func (s *Session) deployment() *host.Deployment { return s.Folder.Deployment(s.Deployment) }

// Run performs the deployment, unless it was performed before: then its report is returned again.
func (s *Session) Run(ctx context.Context) (engine.Summary, error) {
	s.began = time.Now()
	if err := s.Stage.valid(s.Program); err != nil {
		return engine.Summary{}, err
	}
	if s.Check {
		return s.check(ctx)
	}
	if old, err := s.reported(); old != nil || err != nil {
		return deref(old), err
	}
	lock, err := s.join(ctx)
	if err != nil {
		return engine.Summary{}, err
	}
	defer lock.Release()
	if old, err := s.reported(); old != nil || err != nil {
		return deref(old), err
	}
	if err := s.settle(ctx); err != nil {
		return engine.Summary{}, err
	}
	if err := s.Folder.Pass(s.fence()); err != nil {
		return engine.Summary{}, err
	}
	d := s.deployment()
	if err := errors.Join(d.Make(), s.keepOrigin()); err != nil {
		return engine.Summary{}, err
	}
	defer s.clean()
	if summary, done, err := s.recover(ctx); done || err != nil {
		return summary, err
	}
	return s.perform(ctx)
}

// keepOrigin notes which executable this is, where nobody has brought it: an undo may need it again.
func (s *Session) keepOrigin() error {
	if known, err := s.deployment().Origin(); err != nil || known != (host.Origin{}) || s.Artifact == "" {
		return err
	}
	return s.deployment().KeepOrigin(host.Origin{Artifact: s.Artifact})
}

func deref(s *engine.Summary) engine.Summary {
	if s == nil {
		return engine.Summary{}
	}
	return *s
}

func (s *Session) fence() host.Fence {
	return host.Fence{Sequence: s.Sequence, Stage: s.Stage.number(), Attempt: s.Attempt, Deployment: s.Deployment}
}

// reported is the kept report of a finished deployment, nil when there is none.
func (s *Session) reported() (*engine.Summary, error) {
	if s.Stage != nil {
		return s.stageReported()
	}
	return s.ended()
}

// ended is the report of a deployment that has come to its end.
func (s *Session) ended() (*engine.Summary, error) {
	report, found, err := s.deployment().Report()
	if !found || err != nil {
		return nil, err
	}
	old, err := engine.ReadSummary(report)
	if err != nil {
		return nil, err
	}
	old.Repeated = true
	return &old, nil
}

// recover takes back what a run of this deployment that was cut off has left. done means that this did not work.
func (s *Session) recover(ctx context.Context) (summary engine.Summary, done bool, err error) {
	d := s.deployment()
	d.EndLeftovers()
	d.EndConfirmation()
	mark, err := s.resume()
	if err != nil {
		return summary, false, err
	}
	if cut, err := s.cutOff(mark); !cut || err != nil {
		return summary, false, err
	}
	s.Emit(engine.NewPhase("undoing"))
	report, err := change.UndoAfter(d.Dir, mark, s.effects(ctx))
	if err != nil {
		return summary, false, err
	}
	if !report.Incomplete() {
		if mark > 0 {
			return summary, false, change.Rewind(d.Dir, mark)
		}
		return summary, false, d.SetAsideJournal()
	}
	summary = s.summary(&engine.Engine{})
	summary.Status, summary.Undo = UndoFailed, &report
	summary.Error = &engine.Failure{Msg: "an earlier attempt was cut off and could not be undone completely", Tail: []string{}}
	return summary, true, s.keep(&summary)
}

// perform runs, verifies, and undoes when that is due.
func (s *Session) perform(ctx context.Context) (engine.Summary, error) {
	d := s.deployment()
	rec, err := s.recorder(d)
	if err != nil {
		return engine.Summary{}, err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	s.Emit(engine.NewPhase("running"))
	if s.Line != nil {
		s.Line.Keep(d.Dir)
	}
	e := s.engine(rec)
	if err := s.thaw(e); err != nil {
		return engine.Summary{}, errors.Join(err, rec.Close())
	}
	ok := e.Run(ctx)
	if errors.Is(context.Cause(ctx), engine.ErrUnanswered) {
		return s.startOver(ctx, rec)
	}
	if s.away || e.Away != "" {
		return s.goAway(e, rec)
	}
	phase := "running"
	var verdict *engine.Verdict
	if ok && s.Verify && s.Stage.last() {
		phase = "verifying"
		s.Emit(engine.NewPhase(phase))
		verdict = s.verdict(ctx, e)
		ok = verdict.Good()
	}
	closing := rec.Close()
	if ok && closing == nil {
		ok = s.leave(e, rec) && s.await(e)
	}
	summary := s.summary(e)
	summary.Irreversible = rec.Irreversible()
	summary.Phase, summary.Verify = phase, verdict
	summary.Status = s.status(ctx, ok, &summary)
	if closing != nil && ok {
		summary.Status = Failed
		summary.Error = &engine.Failure{Msg: "the journal could not be ended: " + closing.Error(), Tail: []string{}}
	}
	if summary.Status != Succeeded && (s.Undo || e.MustUndo) {
		s.undo(ctx, &summary)
	}
	return summary, s.finish(&summary)
}

func (s *Session) engine(rec *change.Recorder) *engine.Engine {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "/"
	}
	o := engine.Options{Program: s.Program, Files: s.Files, Vars: s.Vars, Extra: s.Extra, Check: s.Check,
		Jobs: jobs.Starter{Jobs: s.deployment().Jobs(), Executable: s.Executable},
		Diff: s.Diff, Tags: s.Tags, Skip: s.Skip, HoldVerify: s.Verify, Recorder: rec, Emit: s.Emit,
		Started: s.deployment().Running().Started, TempDir: s.tempDir, Cwd: cwd, Env: environment(), Facts: s.Facts,
		Ask: s.ask(), Alone: s.Alone, Single: s.Single, Joins: s.Joins, Foreign: s.Foreign, Others: s.Others, Play: s.Play,
		Restart: s.restart(rec)}
	if rec == nil && s.Check {
		o.Unkept = s.unkept
	}
	if s.Stage != nil {
		o.From, o.To = s.Stage.From, s.Stage.To
	}
	return engine.New(o)
}

// limited is ctx with the deadline.
func (s *Session) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Deadline <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.Deadline, engine.ErrDeadline(s.Deadline))
}

func (s *Session) status(ctx context.Context, ok bool, summary *engine.Summary) string {
	if ok {
		return Succeeded
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, engine.ErrCancelled) || errors.Is(cause, engine.ErrCaller) {
		summary.Cancelled = true
		return Cancelled
	}
	return Failed
}

// finish keeps the report, and on success puts the deployment on the stack and prunes.
func (s *Session) finish(summary *engine.Summary) error {
	if summary.Status == Succeeded && !s.Stage.last() {
		return s.keepStage(summary)
	}
	if summary.Status == Succeeded {
		if err := s.keepStage(summary); err != nil {
			return err
		}
		if err := s.Folder.Push(s.Deployment, s.Artifact); err != nil {
			return err
		}
	}
	if err := s.keep(summary); err != nil {
		return err
	}
	s.deployment().DropStates(-1)
	if summary.Status == Succeeded && s.Keep > 0 {
		_, _ = s.Folder.Prune(s.Keep, s.Deployment, host.StaleAfter) // what could not be removed now is removed next time
	}
	return nil
}

func (s *Session) keep(summary *engine.Summary) error {
	s.measure(summary)
	return s.deployment().KeepReport(summary)
}

// measure fills in what the run cost, together with the stages before it.
func (s *Session) measure(summary *engine.Summary) {
	summary.Duration = time.Since(s.began).Seconds()
	summary.CPU, summary.MaxRSS = usage()
	summary.Duration += s.left.cost.Duration
	summary.CPU += s.left.cost.CPU
	summary.MaxRSS = max(summary.MaxRSS, s.left.cost.MaxRSS)
}

// summary starts a summary from the engine's counts.
func (s *Session) summary(e *engine.Engine) engine.Summary {
	c := e.Counts
	return engine.Summary{Event: "summary", Deployment: s.Deployment, Phase: "running", OK: c.OK, Changed: c.Changed, Failed: c.Failed,
		Skipped: c.Skipped, Ignored: c.Ignored, Rescued: c.Rescued, Unreachable: c.Unreachable, Error: e.Failure, Check: s.Check}
}

// check performs the program without changing anything; it needs neither lock nor journal.
func (s *Session) check(ctx context.Context) (engine.Summary, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	defer s.clean()
	if _, err := s.resume(); err != nil {
		return engine.Summary{}, err
	}
	s.Emit(engine.NewPhase("running"))
	e := s.engine(nil)
	if err := s.thaw(e); err != nil {
		return engine.Summary{}, err
	}
	ok := e.Run(ctx)
	if ok {
		ok = s.leave(e, nil)
	}
	summary := s.summary(e)
	summary.Status = s.status(ctx, ok, &summary)
	s.measure(&summary)
	if s.Stage.last() || !ok {
		s.deployment().DropStates(-1)
	}
	return summary, nil
}

// verdict verifies what was run.
func (s *Session) verdict(ctx context.Context, e *engine.Engine) *engine.Verdict {
	v := e.Verify(ctx)
	v.Digest = s.intact()
	if !v.Digest && e.Failure == nil {
		e.Failure = &engine.Failure{Msg: "the executable is not the artifact it should be", Tail: []string{}}
	}
	return v
}

// intact re-reads the executable and compares it with the digest it must have.
func (s *Session) intact() bool {
	if s.Artifact == "" {
		return true // run by hand: its parts were checked when they were read
	}
	digest, err := change.DigestFile(s.Executable)
	return err == nil && digest == s.Artifact
}

// VerifyNow verifies an earlier run; with Undo a failure takes it back.
func (s *Session) VerifyNow(ctx context.Context) (engine.Summary, error) {
	s.began = time.Now()
	lock, err := s.Folder.Lock(ctx, s.Deployment, patience)
	if err != nil {
		return engine.Summary{}, err
	}
	defer lock.Release()
	defer s.clean()
	ctx, cancel := s.limited(ctx)
	defer cancel()
	s.Emit(engine.NewPhase("verifying"))
	e := s.engine(nil)
	verdict := s.verdict(ctx, e)
	summary := s.summary(e)
	summary.Phase, summary.Verify = "verifying", verdict
	summary.Status = s.status(ctx, verdict.Good(), &summary)
	if summary.Status == Succeeded || !s.Undo {
		summary.Duration = time.Since(s.began).Seconds()
		summary.CPU, summary.MaxRSS = usage()
		return summary, nil
	}
	s.undo(ctx, &summary)
	return summary, errors.Join(s.Folder.Pop(s.Deployment), s.keep(&summary))
}

// unkept is a journal that ends with the run: what a check runs all the same is not taken back.
func (s *Session) unkept() *change.Recorder {
	if s.throwaway == nil {
		s.throwaway, _ = change.NewRecorder(s.tempDir()) // nil: the task's changes are refused
	}
	return s.throwaway
}

// tempDir is the run's private folder, made when a module first wants it.
func (s *Session) tempDir() string {
	s.once.Do(func() { s.temp, s.tempErr = os.MkdirTemp(s.Folder.Root, ".tmp-") })
	if s.tempErr != nil {
		return filepath.Join(s.Folder.Root, ".tmp-missing")
	}
	return s.temp
}

func (s *Session) clean() {
	if s.throwaway != nil {
		_ = s.throwaway.Close()
	}
	if s.temp != "" {
		_ = os.RemoveAll(s.temp)
	}
}
