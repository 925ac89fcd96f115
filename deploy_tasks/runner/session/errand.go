package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"runner/change"
	"runner/engine"
	"runner/host"
	"runner/value"
)

// Errand is one task of the program to perform for another host: its id, and the values that the other host gives the
// variables in it. What is done is the program's alone.
type Errand struct {
	Task  string
	Given *value.Dict
	Tell  func(result *value.Dict) error // the worker is told the result before the summary
}

// resultName is the file that keeps what the other host was told, for when it asks again; undoing removes it.
const resultName = "result.json"

// RunTask performs the errand at most once, beside whatever this host does for itself. A task that failed was performed
// all the same: the summary has succeeded then, and the other host judges.
func (s *Session) RunTask(ctx context.Context) (engine.Summary, error) {
	s.began = time.Now()
	if s.Check {
		return s.errand(ctx, s.engine(nil))
	}
	lock, err := s.Folder.Lock(ctx, s.Deployment, patience)
	if err != nil {
		return engine.Summary{}, err
	}
	defer lock.Release()
	if old, err := s.reported(); old != nil || err != nil {
		if err == nil {
			err = s.tellAgain()
		}
		return deref(old), err
	}
	if err := s.Folder.Precedes(s.fence()); err != nil {
		return engine.Summary{}, err
	}
	if summary, done, err := s.recover(ctx); done || err != nil {
		return summary, err
	}
	return s.journalled(ctx)
}

// journalled performs the errand with a journal; one that has changed nothing leaves no trace.
func (s *Session) journalled(ctx context.Context) (engine.Summary, error) {
	d := s.deployment()
	rec, err := change.NewRecorder(d.Dir)
	if err != nil {
		return engine.Summary{}, err
	}
	summary, err := s.errand(ctx, s.engine(rec))
	if err = errors.Join(err, rec.Close()); err != nil {
		return summary, err
	}
	if summary.Status != Succeeded {
		s.undo(ctx, &summary)
	} else if rec.Lines() == 0 {
		return summary, os.RemoveAll(d.Dir)
	}
	return summary, s.keep(&summary)
}

// errand runs the task and tells its result.
func (s *Session) errand(ctx context.Context, e *engine.Engine) (engine.Summary, error) {
	defer s.clean()
	ctx, cancel := s.limited(ctx)
	defer cancel()
	result, hidden, err := e.One(ctx, s.Task.Task, s.Task.Given)
	if err != nil {
		return engine.Summary{}, err
	}
	summary := s.summary(e)
	if summary.Status = s.status(ctx, ctx.Err() == nil, &summary); summary.Status != Succeeded {
		return summary, nil
	}
	if !s.Check && !hidden {
		if err := host.WriteFile(s.resultPath(), value.Encode(result)); err != nil {
			return summary, err
		}
	}
	return summary, s.Task.Tell(result)
}

// tellAgain tells the kept result to a worker that lost the connection before it heard it.
func (s *Session) tellAgain() error {
	text, err := os.ReadFile(s.resultPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was undone, or its result is not kept: the summary alone says so
	}
	if err != nil {
		return err
	}
	v, err := value.Decode(text)
	result, ok := v.(*value.Dict)
	if err == nil && !ok {
		err = errors.New(s.resultPath() + " is not an object")
	}
	if err != nil {
		return err
	}
	return s.Task.Tell(result)
}

func (s *Session) resultPath() string { return filepath.Join(s.deployment().Dir, resultName) }
