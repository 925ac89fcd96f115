package session

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"runner/change"
	"runner/engine"
	"runner/host"
	"runner/module"
	"runner/program"
	"runner/record"
	"runner/value"
)

// Covered refuses to undo a deployment under later ones: what they changed would be in the way.
type Covered struct {
	Deployment string
	Later      []string // the newest first
}

func (c *Covered) Error() string {
	return "after " + c.Deployment + " came " + strings.Join(c.Later, ", ") + ": what is newer is undone first"
}

// undo takes the run back. It has its own time: a cancelled run is undone all the same.
func (s *Session) undo(ctx context.Context, summary *engine.Summary) {
	s.deployment().Jobs().End()
	s.Emit(engine.NewPhase("undoing"))
	report, err := change.Undo(s.deployment().Dir, s.effects(ctx))
	summary.Undo = &report
	summary.Status = RolledBack
	if err != nil {
		report.Conflicted = append(report.Conflicted, change.Conflict{Path: s.deployment().Dir, Why: err.Error()})
	}
	if report.Incomplete() {
		summary.Status = UndoFailed
	}
}

// UndoNow takes an earlier run back, one that is at work included. The report says so from then on; a run that
// arrives late finds it and does nothing.
func (s *Session) UndoNow(ctx context.Context) (engine.Summary, error) {
	s.began = time.Now()
	if holder, held := s.Folder.Holder(s.Deployment); held && holder.Deployment == s.Deployment && holder.PID > 1 {
		_ = host.Terminate(holder.PID) // it undoes itself; the lock tells when it is done
	}
	lock, err := s.Folder.Lock(ctx, s.Deployment, patience)
	if err != nil {
		return engine.Summary{}, err
	}
	defer lock.Release()
	return s.undoLocked(ctx)
}

// undoLocked undoes; the lock is held.
func (s *Session) undoLocked(ctx context.Context) (engine.Summary, error) {
	defer s.clean()
	summary := s.summary(&engine.Engine{})
	if old, err := s.reported(); err != nil {
		return summary, err
	} else if old != nil {
		if old.Status == RolledBack {
			return *old, nil
		}
		summary = *old
		summary.Repeated = false
	}
	if later, err := s.Folder.Later(s.Deployment); err != nil || len(later) > 0 {
		return summary, errors.Join(err, covered(s.Deployment, later))
	}
	s.deployment().EndLeftovers()
	s.undo(ctx, &summary)
	if s.deployment().Expired() {
		summary.Unconfirmed = true
		summary.Error = &engine.Failure{Msg: unconfirmed, Tail: []string{}}
	}
	_ = os.Remove(s.resultPath()) // of a task for another host
	s.deployment().DropStates(-1)
	err := errors.Join(s.Folder.Pop(s.Deployment), s.keep(&summary))
	if err == nil {
		s.deployment().EndConfirmation()
	}
	return summary, err
}

func covered(deployment string, later []string) error {
	if len(later) == 0 {
		return nil
	}
	return &Covered{deployment, later}
}

func (s *Session) effects(ctx context.Context) engine.Effects {
	return engine.Effects{Ctx: context.WithoutCancel(ctx), Env: environment(), Cwd: "/", TempDir: s.tempDir, Recorder: s.unkept, Facts: s.Facts,
		Files: s.files(), Started: s.deployment().Running().Started}
}

// files are those that came with the deployment. An undo on its own finds them in the deployment's executable.
func (s *Session) files() module.Files {
	if s.Files != nil {
		return s.Files
	}
	return &late{of: s.deployment()}
}

// late are the files of an executable, opened when something first asks for them. Without it there are none.
type late struct {
	of    *host.Deployment
	once  sync.Once
	files module.Files
}

func (l *late) open() module.Files {
	l.once.Do(func() {
		l.files = (&program.Artifact{}).Files(&program.Program{})
		if artifact, err := program.Open(executableOf(l.of)); err == nil {
			if p, err := artifact.Program(); err == nil {
				l.files = artifact.Files(p)
			}
		}
	})
	return l.files
}

// executableOf is where the deployment's executable is: in its folder, or this one, when it was started by hand.
func executableOf(d *host.Deployment) string {
	path := d.Executable()
	if change.Exists(path) {
		return path
	}
	self, err := os.Executable()
	if err != nil {
		return path
	}
	origin, err := d.Origin()
	if digest, failed := change.DigestFile(self); err != nil || failed != nil || digest != origin.Artifact {
		return path
	}
	return self
}

// Lookup implements module.Files.
func (l *late) Lookup(name string) (module.Entry, bool) { return l.open().Lookup(name) }

// List implements module.Files.
func (l *late) List(prefix string) []module.Entry { return l.open().List(prefix) }

// Open implements module.Files.
func (l *late) Open(e module.Entry) (io.ReadCloser, error) { return l.open().Open(e) }

// Foreseen is what undoing a deployment would do.
type Foreseen struct {
	Deployment string
	Status     string // of its report; interrupted without one, absent when the host does not know it
	Undo       change.UndoReport
	Later      []Foreseen // what would be undone first, the newest first
}

// Fields implements record.Record.
func (f Foreseen) Fields() *value.Dict {
	return value.DictOf("deployment", f.Deployment, "status", f.Status, "undo", f.Undo.Fields(), "later", record.List(f.Later))
}

// Incomplete says whether something that can be undone would not be.
func (f Foreseen) Incomplete() bool {
	for _, l := range f.Later {
		if l.Incomplete() {
			return true
		}
	}
	return f.Undo.Incomplete()
}

// Foresee says what undoing the deployment would do, later ones first, and changes nothing.
func (s *Session) Foresee(ctx context.Context) (Foreseen, error) {
	defer s.clean()
	later, err := s.Folder.Later(s.Deployment)
	if err != nil {
		return Foreseen{}, err
	}
	var all []Foreseen
	var due []int // those with something to undo
	var dirs []string
	for i, id := range append(later, s.Deployment) {
		d := s.Folder.Deployment(id)
		f := Foreseen{Deployment: id, Status: d.Status(), Undo: change.NothingUndone()}
		all = append(all, f)
		if f.Status != RolledBack && f.Status != "absent" {
			due, dirs = append(due, i), append(dirs, d.Dir)
		}
	}
	reports, err := change.Preview(s.effects(ctx).Tools(), dirs...)
	if err != nil {
		return Foreseen{}, err
	}
	for i, place := range due {
		all[place].Undo = reports[i]
	}
	f := all[len(all)-1]
	f.Later = all[:len(all)-1]
	return f, nil
}
