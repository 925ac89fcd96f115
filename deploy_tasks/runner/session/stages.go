package session

import (
	"errors"
	"io/fs"

	"runner/change"
	"runner/engine"
	"runner/fmt"
	"runner/host"
	"runner/program"
	"runner/record"
	"runner/value"
)

// Stage is a part of the program: plays that this host performs in one trip. Other hosts come to the same point before
// the next one begins. A deployment has one journal over all stages; what one stage knows, the next one goes on with.
type Stage struct {
	Number   int
	After    int // this host's stage before it, -1 when it is the first
	Last     bool
	From, To int      // the plays, To excluded
	Share    []string // variables to tell for other hosts
	ShareAll bool

	shared *value.Dict // what was told for other hosts
}

func (st *Stage) valid(p *program.Program) error {
	if st == nil || st.Number >= 0 && st.After < st.Number && 0 <= st.From && st.From < st.To && st.To <= len(p.Plays) {
		return nil
	}
	return fmt.Errorf("stage %d wants plays %d to %d of %d", st.Number, st.From, st.To, len(p.Plays))
}

func (st *Stage) number() int64 {
	if st == nil {
		return 0
	}
	return int64(st.Number)
}

// last says whether the deployment ends here with this run.
func (st *Stage) last() bool { return st == nil || st.Last }

// resume reads what the run before a restart of the host, or the stage before, has left; it returns the journal's last
// line then, 0 for a first stage.
func (s *Session) resume() (mark int, err error) {
	if restarted, err := s.restarted(); restarted || err != nil {
		return s.left.mark, err
	}
	st := s.Stage
	if st == nil || st.After < 0 {
		return 0, nil
	}
	state, err := s.deployment().State(st.After)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("deployment %s cannot go on with stage %d here: what stage %d has left is gone", s.Deployment, st.Number, st.After)
	}
	if err != nil {
		return 0, err
	}
	if s.left, err = readLeft(state); err != nil {
		return 0, err
	}
	if s.Check {
		return 0, nil
	}
	if s.left.mark <= 0 {
		return 0, errors.New("the stage before has left no journal")
	}
	return s.left.mark, nil
}

// cutOff says whether an earlier attempt at this part of the program has left changes.
func (s *Session) cutOff(mark int) (bool, error) {
	d := s.deployment()
	if mark == 0 {
		return d.HasJournal(), nil
	}
	last, err := change.Last(d.Dir)
	return last > mark, err
}

// recorder begins the journal, or goes on with that of the stages before.
func (s *Session) recorder(d *host.Deployment) (*change.Recorder, error) {
	if s.left.mark == 0 {
		return change.NewRecorder(d.Dir)
	}
	return change.Resume(d.Dir, s.left.mark)
}

// thaw hands the engine what was left for it. What others have said of this host is known already after a restart.
func (s *Session) thaw(e *engine.Engine) error {
	if s.left.state != nil {
		if err := e.Thaw(s.left.state); err != nil {
			return err
		}
	}
	if s.left.restarted == nil {
		e.Learn(s.Known, s.Found)
	}
	return nil
}

// leave keeps what the next stage goes on with, and tells what other hosts want to know. False is a failure of the run.
func (s *Session) leave(e *engine.Engine, rec *change.Recorder) bool {
	st := s.Stage
	if st == nil {
		return true
	}
	err := s.tell(e.Shared(st.Share, st.ShareAll))
	if err == nil && !st.Last {
		err = s.keepState(e, rec)
	}
	if err != nil {
		e.Failure = &engine.Failure{Msg: err.Error(), Tail: []string{}}
	}
	return err == nil
}

func (s *Session) keepState(e *engine.Engine, rec *change.Recorder) error {
	state := s.leaving(e.Freeze(s.Verify))
	if rec != nil {
		state.Set("mark", rec.Mark())
	}
	return s.deployment().KeepState(s.Stage.Number, state)
}

// tell emits the variables for other hosts, each as an event of its own.
func (s *Session) tell(shared *value.Dict) error {
	s.Stage.shared = shared
	for name, v := range shared.All() {
		event := engine.Shared{Name: value.Str(name), Value: v}
		if size := len(record.Encode(event)); size > engine.MaxShared {
			return fmt.Errorf("other hosts read '%s', which takes %d bytes here; %d are possible", event.Name, size, engine.MaxShared)
		}
		s.Emit(event)
	}
	return nil
}

// keepStage writes that this stage is done.
func (s *Session) keepStage(summary *engine.Summary) error {
	if s.Stage == nil {
		return nil
	}
	s.measure(summary)
	d := s.deployment()
	report := value.DictOf("summary", summary.Fields(), "shared", s.Stage.shared)
	if err := d.KeepStageReport(s.Stage.Number, report); err != nil {
		return err
	}
	d.DropStates(s.Stage.Number)
	return nil
}

// stageReported is the report of this stage when it is done, or of the deployment when that has ended otherwise.
func (s *Session) stageReported() (*engine.Summary, error) {
	end, err := s.ended()
	if err != nil || end != nil && end.Status != Succeeded {
		return end, err
	}
	r, found, err := s.deployment().StageReport(s.Stage.Number)
	if err != nil || !found {
		return end, err
	}
	old, err := engine.ReadSummary(r.Record("summary"))
	if err != nil {
		return nil, err
	}
	old.Repeated = true
	if shared := r.Dict("shared"); shared != nil {
		err = s.tell(shared)
	}
	return &old, err
}
