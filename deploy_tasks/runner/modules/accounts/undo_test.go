package accounts

import (
	"testing"

	"runner/change"
	"runner/module"
	"runner/modules/moduletest"
)

// effects are those of an undo that only has commands of the host.
type effects struct {
	change.Effects
	tools hostTools
}

func (e effects) Tools() change.Tools { return e.tools }

// hostTools are the host's commands, with the environment of a call.
type hostTools struct{ call *module.Call }

func (h hostTools) Run(argv []string, stdin string) (change.Output, error) {
	out, err := run(h.call, stdin, argv...)
	return change.Output{Code: out.code, Stdout: out.stdout, Stderr: out.stderr}, err
}

func (h hostTools) Find(program string) string { return h.call.Program(program) }

// recorded runs calls of a module with a journal of their own, which an undo then takes back.
func recorded(t *testing.T, h *moduletest.Host, name string, calls ...[]any) (undo func()) {
	t.Helper()
	dir := t.TempDir()
	log, err := change.NewRecorder(dir)
	if err != nil {
		t.Fatal(err)
	}
	tools := hostTools{h.Call(false)}
	log.Equip(tools)
	for _, args := range calls {
		c := h.Call(false, args...)
		c.Log = log
		if r := h.Do(name, c); r.Failed || !r.Changed {
			t.Fatalf("%v: changed %v: %s", args, r.Changed, r.Msg)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		report, err := change.Undo(dir, effects{tools: tools})
		if err != nil || len(report.Conflicted)+len(report.Irreversible) > 0 {
			t.Fatal(err, report)
		}
	}
}
