package session

import (
	"errors"
	"io/fs"
	"time"

	"runner/change"
	"runner/engine"
	"runner/record"
	"runner/value"
)

// Restarting is the status of a run whose host restarts: it goes on when it is asked for again.
const Restarting = "restarting"

// Restart is what the worker says of a host that it brings back after a restart.
type Restart struct {
	Waited time.Duration
	Over   string // what it has waited for long enough
}

// left is what a run goes on with: what the stage before has left, or the part of this stage before a restart of the host.
type left struct {
	state     *value.Dict
	mark      int            // the journal's last line then
	cost      engine.Summary // of what came before
	restarted *value.Dict    // what was kept before the restart, whole
}

// readLeft reads what was kept by keepLeft.
func readLeft(state *value.Dict) (left, error) {
	r := record.Of(state)
	l := left{state: r.Dict("engine"), mark: r.Int("mark"),
		cost: engine.Summary{Duration: r.Float("duration_s"), CPU: r.Float("cpu_s"), MaxRSS: r.Int64("max_rss_kb")}}
	return l, r.Err()
}

// leaving is what a run leaves: the engine's state and what it has cost.
func (s *Session) leaving(state *value.Dict) *value.Dict {
	var cost engine.Summary
	s.measure(&cost)
	return value.DictOf("engine", state, "duration_s", cost.Duration, "cpu_s", cost.CPU, "max_rss_kb", cost.MaxRSS)
}

// restarted reads what this part of the program has left before the host restarted; false when it did not.
func (s *Session) restarted() (bool, error) {
	if s.Check {
		return false, nil
	}
	state, err := s.deployment().Restart()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r := record.Of(state)
	if number := r.Int64("stage"); r.Err() != nil || number != s.Stage.number() {
		return false, r.Err()
	}
	if s.left, err = readLeft(state); err == nil && s.left.mark <= 0 {
		err = errors.New("the run before the restart has left no journal")
	}
	s.left.restarted = state
	return err == nil, err
}

// restart is how the engine has the host restart; nil where nobody would bring the run back.
func (s *Session) restart(rec *change.Recorder) *engine.Restart {
	if rec == nil || s.Line == nil {
		return nil
	}
	keep := func(state *value.Dict) error {
		mark, err := rec.Pause()
		if err != nil {
			return err
		}
		all := s.leaving(state)
		all.Set("stage", s.Stage.number())
		all.Set("mark", mark)
		if err := s.deployment().KeepRestart(all); err != nil {
			return err
		}
		s.away = true
		return nil
	}
	back := func(restarted bool) error {
		s.away = false
		if restarted {
			return nil // what it has left stays: an attempt after this one goes on from there
		}
		if s.left.restarted != nil {
			return s.deployment().KeepRestart(s.left.restarted)
		}
		return s.deployment().DropRestart()
	}
	return &engine.Restart{Keep: keep, Back: back, Waited: s.Restarted.Waited, Over: s.Restarted.Over}
}

// goAway ends the run for the time that the host restarts. Nothing is taken back, and no report is kept.
func (s *Session) goAway(e *engine.Engine, rec *change.Recorder) (engine.Summary, error) {
	summary := s.summary(e)
	summary.Status, summary.Error, summary.Away = Restarting, nil, e.Away
	return summary, rec.Leave()
}
