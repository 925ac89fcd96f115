package session

import (
	"context"
	"errors"
	"sync"

	"runner/change"
	"runner/engine"
	"runner/host"
	"runner/value"
)

// Line is the way to whoever answers the program's questions.
type Line interface {
	Ask(ctx context.Context, kind string, fields *value.Dict) (*value.Dict, error)
	// Keep names the deployment's folder, where another caller finds this run when its own has gone away.
	Keep(dir string)
	// Join passes the questions of a run that has lost its caller to ours, until ctx ends.
	Join(ctx context.Context, dir string)
}

// join waits for the lock. A run of this deployment that holds it may have lost its caller: then ours answers it.
func (s *Session) join(ctx context.Context) (*host.Lock, error) {
	if s.Line == nil {
		return s.Folder.Lock(ctx, s.Deployment, patience)
	}
	joined, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		s.Line.Join(joined, s.deployment().Dir)
	}()
	lock, err := s.Folder.Lock(ctx, s.Deployment, patience)
	stop()
	done.Wait()
	return lock, err
}

// startOver takes a run back whose caller went away before it answered. No report is kept: the next attempt, whose
// caller can answer, does everything anew.
func (s *Session) startOver(ctx context.Context, rec *change.Recorder) (engine.Summary, error) {
	if err := rec.Close(); err != nil {
		return engine.Summary{}, err
	}
	summary, done, err := s.recover(context.WithoutCancel(ctx))
	if err == nil && !done {
		err = engine.ErrUnanswered
	}
	return summary, err
}

// ask puts the program's questions. Without an answer the run cannot go on.
func (s *Session) ask() engine.Asker {
	if s.Line == nil {
		return nil
	}
	return func(ctx context.Context, kind string, fields *value.Dict) (*value.Dict, error) {
		answer, err := s.Line.Ask(ctx, kind, fields)
		if errors.Is(err, engine.ErrUnanswered) && s.stop != nil {
			s.stop(err)
		}
		return answer, err
	}
}
