package engine

import (
	"context"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// toolLimit is how long one command may take that looks at something or brings it back: packages are fetched anew.
const toolLimit = 15 * time.Minute

// tools are the commands of the host as the journal uses them: with the runner's own rights and environment.
type tools struct{ call *module.Call }

// Run implements change.Tools.
func (t tools) Run(argv []string, stdin string) (change.Output, error) {
	return t.RunIn(argv, stdin, nil)
}

// RunIn is Run with more in the environment, "KEY=value".
func (t tools) RunIn(argv []string, stdin string, env []string) (change.Output, error) {
	ctx, cancel := context.WithTimeout(t.call.Ctx, toolLimit)
	defer cancel()
	return t.run(ctx, argv, stdin, env)
}

// RunLong is Run without the limit of time: for what brings back so much that nobody knows how long it takes.
func (t tools) RunLong(argv []string, stdin string) (change.Output, error) {
	return t.run(t.call.Ctx, argv, stdin, nil)
}

func (t tools) run(ctx context.Context, argv []string, stdin string, env []string) (change.Output, error) {
	call := *t.call
	call.Ctx = ctx
	done, err := call.Run(module.Process{Argv: argv, Stdin: strings.NewReader(stdin), Env: append([]string{"LC_ALL=C", "LANGUAGE=C"}, env...)})
	if err == nil && done.TimedOut {
		err = fmt.Errorf("%s was stopped: %w", argv[0], context.Cause(ctx))
	}
	return change.Output{Code: done.Code, Stdout: done.Stdout, Stderr: done.Stderr}, err
}

// Find implements change.Tools.
func (t tools) Find(program string) string { return t.call.Program(program) }
