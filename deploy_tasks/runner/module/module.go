// Package module defines what a module is: a function from resolved arguments to a result, whose every change to the
// host goes through change.Log. The engine itself knows only meta; all else is registered here.
package module

import (
	"context"
	"io"
	"io/fs"
	"time"

	"runner/change"
	"runner/expr"
	"runner/value"
)

// Call is one execution of a module: one loop item of one task.
type Call struct {
	Ctx    context.Context // done at the task's timeout, at cancellation and at the run's deadline
	Args   *value.Dict     // resolved; defaults are not filled in, omitted arguments are absent
	Check  bool            // report what would change and change nothing; Log refuses then
	Diff   bool            // fill Result.Diff
	Verify bool            // a verify run: Check is set too
	Undo   bool            // a handler that an undo fires once all is back: what runs notices, nothing else changes
	Log    change.Log
	Files  Files
	Render func(src string) (string, error) // the embedded template src, with the task's variables
	Env    []string                         // the whole environment for commands, "KEY=value"
	As     *Identity                        // whose rights commands have, nil: the runner's
	Cwd    string                           // where relative paths start
	Facts  func(subsets []string) *value.Dict
	// TempDir is a private folder (0700, not noexec where that can be helped), removed after the run.
	TempDir func() string
	Vars    expr.Scope
	// Started is told about every process group a module starts, so that a later run can end what a killed
	// runner left behind; the function it returns is called when the process has ended. Run does this.
	Started func(pid int) (ended func())
	// Ask puts a question about this task to the worker that had it started, and waits for the answer; nil: nobody had.
	Ask     func(kind string, fields *value.Dict) (*value.Dict, error)
	Restart *Restart // nil: nobody would bring the run back
}

// Restart is how a module has its host restart in the middle of a run: it says so by Leave, and after the restart is called
// again with what it left. A result with Away ends the run for the time being.
type Restart struct {
	Left   *value.Dict   // nil before
	Waited time.Duration // since Leave, by the clock of who brings the run back
	Over   string        // the Away for which there is no more time
	// Leave keeps where the run stands, before anything happens. limits are numbers that the caller goes by.
	Leave func(left, limits *value.Dict) error
	// Back is called when the host is back, or when it does not restart after all.
	Back func(restarted bool) error
}

// Entry is one file embedded in the artifact.
type Entry struct {
	Name   string // plan-relative, slashes
	Digest string // SHA-256, hex
	Size   int64
	Mode   fs.FileMode
}

// Files are the files embedded in the artifact.
type Files interface {
	Lookup(name string) (Entry, bool)
	List(prefix string) []Entry // all below the folder prefix, sorted by name
	Open(e Entry) (io.ReadCloser, error)
}

// Diff is one before-and-after pair of texts.
type Diff struct{ Before, After, BeforeHeader, AfterHeader string }

// Result is what a module did. Data holds the module's own return values (rc, stdout, dest…); changed, failed,
// skipped and msg are added by the engine.
type Result struct {
	Changed, Failed, Skipped bool
	TimesOnly                bool // the only change is to time stamps: not drift for verify
	Msg                      string
	Data                     *value.Dict
	Diff                     []Diff
	Facts                    *value.Dict // become ansible_facts of the host
	Irreversible             string      // what undo cannot take back, for the report
	Unreachable              bool        // the host that was to do it is out of reach; Failed is set too
	Away                     string      // what the host does that restarts; nothing else counts then
}

// Func is a module.
type Func func(*Call) Result

var registry = map[string]Func{}

// Register makes a module known by its short name; called from init functions.
func Register(name string, f Func) { registry[name] = f }

// Get finds a module by its short name.
func Get(name string) (Func, bool) {
	f, ok := registry[name]
	return f, ok
}

// Failure is the result of a module that could not do its work.
func Failure(msg string) Result { return Result{Failed: true, Msg: msg} }
