// Package packages is the part of the runner with the modules for the host's packages and where they come from.
//
// What dpkg knows of the packages that a step will change, apt's own simulation tells beforehand. Their state is
// journalled as a thing of the kind "packages"; packages that go or get another version are kept first, so that an undo
// does not depend on a repository that has moved on.
package packages

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// quiet is the environment of every command here: nothing asks, and everything speaks the language that is read here.
// C.UTF-8, not C: what scripts of packages set up (a cluster of a database) is of that encoding.
var quiet = []string{"DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical", "APT_LISTCHANGES_FRONTEND=none",
	"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LC_MESSAGES=C.UTF-8", "LC_CTYPE=C.UTF-8", "LANGUAGE=C.UTF-8"}

// callTools runs the host's commands for a module as kinds have them run for an undo.
type callTools struct {
	call *module.Call
	dir  string
}

// Run implements change.Tools.
func (t callTools) Run(argv []string, stdin string) (change.Output, error) {
	done, err := t.call.Run(module.Process{Argv: argv, Stdin: strings.NewReader(stdin), Env: quiet, Dir: t.dir})
	if err == nil && done.TimedOut {
		why := kit.ContextCause(t.call)
		if why == "" {
			why = "the task was cancelled"
		}
		err = fmt.Errorf("%s was stopped: %s", argv[0], why)
	}
	return change.Output{Code: done.Code, Stdout: done.Stdout, Stderr: done.Stderr}, err
}

// Find implements change.Tools.
func (t callTools) Find(program string) string { return t.call.Program(program) }

// undoTools gives the commands of an undo the same environment.
type undoTools struct{ change.Tools }

// Run implements change.Tools.
func (t undoTools) Run(argv []string, stdin string) (change.Output, error) {
	return t.Tools.Run(append(append([]string{"env"}, quiet...), argv...), stdin)
}
