// Package rpm is the part of the runner with the modules for hosts whose packages are RPM's: packages by dnf or yum, the
// repositories they come from, and the keys they are signed with.
//
// What a command of dnf's will change, it is asked beforehand. The packages that go or get another version are fetched
// first, so that an undo, which uses rpm alone, does not depend on a repository that has moved on.
package rpm

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// quiet is the environment of every command here: everything speaks the language that is read here.
var quiet = []string{"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LC_MESSAGES=C.UTF-8", "LANGUAGE=C"}

// callTools runs the host's commands for a module as kinds have them run for an undo.
type callTools struct{ call *module.Call }

// Run implements change.Tools.
func (t callTools) Run(argv []string, stdin string) (change.Output, error) {
	done, err := t.call.Run(module.Process{Argv: argv, Stdin: strings.NewReader(stdin), Env: quiet, Dir: "/"})
	if err == nil && done.TimedOut {
		err = fmt.Errorf("%s was stopped: %s", argv[0], kit.ContextCause(t.call))
	}
	return change.Output{Code: done.Code, Stdout: done.Stdout, Stderr: done.Stderr}, err
}

// Find implements change.Tools.
func (t callTools) Find(program string) string { return t.call.Program(program) }
