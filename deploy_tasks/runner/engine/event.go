package engine

import (
	"runner/change"
	"runner/value"
)

// The states of a task, as events tell them.
const (
	OK      = "ok"
	Changed = "changed"
	Failed  = "failed"
	Skipped = "skipped"
	Ignored = "ignored"
)

// Phase says what begins: running, verifying or undoing.
type Phase struct {
	Event string
	Phase string
}

// NewPhase makes the event of a phase.
func NewPhase(name string) Phase { return Phase{"phase", name} }

// TaskStart tells that a task begins. Index counts from 0.
type TaskStart struct {
	Event  string
	Index  int
	Total  int
	ID     string
	Name   string
	Module string
}

// Diff is one before-and-after pair.
type Diff struct {
	Before       string
	After        string
	BeforeHeader string
	AfterHeader  string
}

// TaskEnd tells how a task ended. Result is bounded: long texts are cut.
type TaskEnd struct {
	TaskStart
	Status   string
	Duration float64
	Msg      string
	Result   value.Raw
	Diff     []Diff
	Handler  bool
	Where    string
	Line     string // file and line
}

// Failure is the first failure of a run. Tail has at most ten lines of output.
type Failure struct {
	Task   string
	Module string
	Msg    string
	Tail   []string
	Where  string
	Line   string // file and line of the task
}

// Verdict is the outcome of the verify phase.
type Verdict struct {
	Digest bool     // the executable is the artifact it should be
	Drift  []string // tasks that would change something again
	Failed []string // tasks that failed
}

// Good says whether the deployment is verified.
func (v *Verdict) Good() bool { return v.Digest && len(v.Drift) == 0 && len(v.Failed) == 0 }

// Summary is the last event, and the report that is kept. OK counts what is changed too, as Ansible's recap does.
type Summary struct {
	Event        string
	Deployment   string
	Status       string
	Phase        string // where it ended: running or verifying
	OK           int
	Changed      int
	Failed       int
	Skipped      int
	Ignored      int
	Rescued      int
	Unreachable  int // tasks whose delegated host was out of reach
	Duration     float64
	CPU          float64
	MaxRSS       int64
	Error        *Failure
	Verify       *Verdict
	Undo         *change.UndoReport
	Irreversible int  // steps of the run that cannot be taken back
	Unconfirmed  bool // the host has taken it back by itself, as nobody confirmed it
	Cancelled    bool
	Repeated     bool
	Check        bool
	Away         string // what the host does that restarts, or what is waited for since
}
