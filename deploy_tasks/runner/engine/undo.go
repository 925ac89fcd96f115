package engine

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/value"
)

// undoLimit is how long one command or handler of an undo may take.
const undoLimit = 2 * time.Minute

// noProgram is how the command module, as Ansible's, words a program that does not exist.
const noProgram = "[Errno 2] No such file or directory"

// Effects runs the commands and handlers of an undo on this host.
type Effects struct {
	Ctx     context.Context
	Env     []string
	Cwd     string
	Started func(pid int) (ended func())
	TempDir func() string
	// Recorder is a journal that nobody keeps, for what the plan's own tasks change to take others back.
	Recorder func() *change.Recorder
	Files    module.Files // of the deployment's own executable; nil: it is not there
	Facts    func(subsets []string, env []string) *value.Dict
}

func (e Effects) call(ctx context.Context, args *value.Dict) *module.Call {
	files := e.Files
	if files == nil {
		files = noFiles{}
	}
	return &module.Call{Ctx: ctx, Args: args, Undo: true, Env: e.Env, Cwd: e.Cwd, Started: e.Started, TempDir: e.TempDir,
		Log: change.ReadOnly{}, Files: files, Vars: &scope{},
		Render: func(src string) (string, error) { return "", fmt.Errorf("an undo has no template %s", src) },
		Facts:  func(subsets []string) *value.Dict { return e.Facts(subsets, e.Env) }}
}

// limited is a call that has its time.
func (e Effects) limited(args *value.Dict) (*module.Call, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(e.Ctx, undoLimit)
	return e.call(ctx, args), cancel
}

// Run implements change.Effects.
func (e Effects) Run(what string, argv []string) error {
	ctx, cancel := context.WithTimeout(e.Ctx, undoLimit)
	defer cancel()
	done, err := e.call(ctx, value.NewDict()).Run(module.Process{Argv: argv})
	switch {
	case err != nil:
		return err
	case done.TimedOut:
		return fmt.Errorf("did not end within %s", undoLimit)
	case done.Code != 0:
		return fmt.Errorf("exit status %d: %s", done.Code, lastLine(done.Stderr+done.Stdout))
	}
	return nil
}

// Fire implements change.Effects.
func (e Effects) Fire(h change.Handler) error {
	run, ok := module.Get(h.Module)
	if !ok {
		return errors.New("this runner has no module '" + h.Module + "'")
	}
	args, ok := h.Args.(*value.Dict)
	if !ok {
		return errors.New("its journalled arguments are damaged")
	}
	ctx, cancel := context.WithTimeout(e.Ctx, undoLimit)
	defer cancel()
	result := safely(run, e.call(ctx, args))
	switch {
	case result.Failed && strings.HasPrefix(result.Msg, noProgram):
		return change.ErrNothingToRun
	case result.Failed:
		return errors.New(result.Msg)
	}
	return nil
}

// Tools implements change.Effects.
func (e Effects) Tools() change.Tools { return tools{e.call(e.Ctx, nil)} }

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return cut(lines[len(lines)-1], 500)
}

// noFiles is an artifact without files.
type noFiles struct{}

func (noFiles) Lookup(string) (module.Entry, bool) { return module.Entry{}, false }
func (noFiles) List(string) []module.Entry         { return nil }
func (noFiles) Open(e module.Entry) (io.ReadCloser, error) {
	return nil, fmt.Errorf("an undo has no file %s", e.Name)
}
