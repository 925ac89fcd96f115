package program

import (
	"runner/module"
	"runner/value"
)

// Program is a plan lowered for the runner. Values and nodes stay as decoded: expr reads them.
type Program struct {
	Name        string
	PlaybookDir string // of the playbook, in the folder that names of files count from
	Plays       []Play
	Files       map[string]module.Entry
	Templates   *value.Dict       // template name → NODE
	SecretFiles map[string]string // files that travel as values: the variables that hold them
	Others      []string          // names of files that came along in other ways: variables, tasks
	Host        *value.Dict       // variables of the one host this is for, empty when it is for any
}

// Play is one play.
type Play struct {
	Name               string
	Only               any // NODE or nil
	Vars               *value.Dict
	Defaults, RoleVars *value.Dict // of the roles, for the whole play
	VarsFiles          []VarsFile
	Dependencies       []string // roles that those depend on
	Gather             bool     // tell that facts are gathered
	RoleNames          []string
	PlaybookDir        string // where it is not the program's
	ForceHandlers      bool
	Continued          bool // the next play goes on with this one: handlers wait for it
	Facts              []string
	Tasks, Handlers    []Step
}

// VarsFile is one entry of vars_files: the first of the names that is there counts.
type VarsFile struct {
	Names   []any
	Choices *value.Dict // plan-relative name → its variables
	Where   string
}

// Step is a task, a block or an include; exactly one is set.
type Step struct {
	Task    *Task
	Block   *Block
	Include *Include
}

// Block groups steps. Its when, tags and vars are inherited by every step in it. A role is a block too.
type Block struct {
	Name                  any
	Block, Rescue, Always []Step
	When                  []any
	Tags                  []string
	Vars                  *value.Dict
	Loop                  Loop
	Role, RolePath        string
	Once                  string      // where a block of this key has run a task, later ones of the play do nothing
	Defaults              *value.Dict // of the role: below everything else
	RoleVars              *value.Dict // of the role: above the play's
	Params                *value.Dict // given with the role: above set_fact
	Where                 string
	Undo                  []*Task // what takes the steps in it back
}

// Include is include_tasks or include_role: which steps run is known when it is reached.
type Include struct {
	Kind, ID, Where string
	Line            string // file and line
	Name, Target    any
	Choices         map[string][]Step
	Again           []string // files whose own include this one stands in
	Search          []string
	When            []any // decides about the include itself
	Loop            Loop
	Tags            []string // of the include itself
	Vars            *value.Dict
	IgnoreErrors    any
	RunOnce         any         // a VALUE: one host of the batch performs it, the others do nothing of it
	Register        string      // gets the result of the include itself
	Args            *value.Dict // as they were written, for that result
	Public          bool        // of a role: its defaults and vars are there for the rest of the play
	Listen          []string    // of a handler
}

// Loop is what a step is repeated for.
type Loop struct {
	Has          bool
	Items        any
	Var, Index   string
	Label, Pause any
	Extended     bool
	LeaveItems   bool // ansible_loop goes without allitems
	BreakWhen    []any
}

// Task is one task or handler. Fields named after Ansible's keywords mean the same.
type Task struct {
	Implicit                bool // the play's own: no tag keeps it from running
	ID, Module, Where       string
	Line                    string // file and line
	Name                    any
	Args                    *value.Dict
	Only                    any
	When                    []any
	CheckModeOnly           *bool
	Tags, SkipTags          []string
	Loop                    Loop
	Register                string
	Notify                  []any
	Listen                  []string
	Vars                    *value.Dict
	Environment             *value.Dict
	ChangedWhen, FailedWhen []any // nil when not given
	IgnoreErrors            any
	Until                   []any
	Retries, Delay          any    // nil when not given
	NoLog, CheckMode, Diff  any    // nil when not given
	Become, BecomeUser      any    // nil when not given
	Timeout                 any    // seconds, nil when not given
	OnFailure               string // abort, continue or rollback
	Async, Poll             any    // seconds, nil when not given
	DelegateTo              any    // nil when not given
	DelegateFacts           bool
	RunOnce                 any // a VALUE: one host of the batch performs it for all
	Throttle                any // a VALUE: how many hosts may perform it at a time, nil when not given
	Serial                  any // not nil: in the batch's order, so many at a time, and on none after it has failed
	IgnoreUnreachable       bool
	VarFiles                *value.Dict // of include_vars: plan-relative name → variables
	Search                  []string    // folders in which computed names are looked for
	Undo                    []*Task     // what takes the task back
}
