package program

import (
	"runner/module"
	"runner/value"
)

// Program is a plan lowered for the runner. Values and nodes stay as decoded: expr reads them.
type Program struct {
	Name      string
	Plays     []Play
	Files     map[string]module.Entry
	Templates *value.Dict // template name → NODE
	Host      *value.Dict // variables of the one host this is for, empty when it is for any
}

// Play is one play.
type Play struct {
	Name     string
	Only     any // NODE or nil
	Vars     *value.Dict
	Facts    []string
	Tasks    []Step
	Handlers []*Task
}

// Step is a task or a block; exactly one is set.
type Step struct {
	Task  *Task
	Block *Block
}

// Block groups steps. Its when, tags and vars are inherited by every step in it.
type Block struct {
	Name                  any
	Block, Rescue, Always []Step
	When                  []any
	Tags                  []string
	Vars                  *value.Dict
}

// Task is one task or handler. Fields named after Ansible's keywords mean the same.
type Task struct {
	ID, Module, Where       string
	Name                    any
	Args                    *value.Dict
	Only                    any
	When                    []any
	CheckModeOnly           *bool
	Tags, SkipTags          []string
	HasLoop                 bool
	Loop                    any
	LoopVar, IndexVar       string
	Register                string
	Notify                  []any
	Listen                  []string
	Vars                    *value.Dict
	Environment             *value.Dict
	ChangedWhen, FailedWhen []any // nil when not given
	IgnoreErrors            any
	Until                   []any
	Retries, Delay          any // nil when not given
	NoLog                   bool
	CheckMode               *bool
	Timeout                 float64 // seconds, 0 is none
	OnFailure               string  // abort, continue or rollback
}
