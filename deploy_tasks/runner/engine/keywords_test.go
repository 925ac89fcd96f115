package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/change"
	"runner/engine"
	"runner/testkit"
	"runner/value"
)

// A label is what is told of an item; what is registered is the item.
func TestLabels(t *testing.T) {
	items := []any{object{"name": "one", "key": "s3cret"}}
	r := newRig(t, testkit.Play(
		say("a", object{"loop": items, "loop_label": object{"$": attr("item", "name")}, "register": "r"}),
		testkit.Task("b", "assert", object{"that": "x", "_that": object{"$": lit([]any{[]any{"cmp",
			[]any{"attr", []any{"attr", []any{"item", attr("r", "results"), lit(0)}, "item"}, "key"}, []any{"eq", lit("s3cret")}}})}}),
		say("c", object{"loop": []any{1}, "loop_label": v("nothing"), "ignore_errors": true}),
	))
	if !r.run(context.Background()) || r.story() != "a ok, b ok, c ignored" {
		t.Fatalf("%s %+v", r.story(), r.engine.Failure)
	}
	if text := string(r.ended[0].Result); strings.Contains(text, "s3cret") || !strings.Contains(text, `"item":"one"`) {
		t.Errorf("%s", text)
	}
	if !strings.Contains(string(r.ended[2].Result), "Failed to template loop_control.label: 'nothing' is undefined") {
		t.Errorf("%s", r.ended[2].Result)
	}
}

func TestGatheringIsTold(t *testing.T) {
	play := object{"name": "p", "gather": true, "facts": []string{"platform"}, "tasks": []object{tell("a", "ansible_system")}}
	r := newRig(t, object{"name": "x", "plays": []object{play}})
	r.opts.Facts = func([]string, []string) *value.Dict { return value.DictOf("ansible_system", "Linux") }
	if !r.run(context.Background()) || r.told() != "gather_facts: ok, a: Linux" || r.engine.Counts.OK != 2 {
		t.Errorf("%s %+v", r.told(), r.engine.Counts)
	}
	r = newRig(t, object{"name": "x", "plays": []object{play}})
	r.opts.Skip = []string{"always"}
	if !r.run(context.Background()) || r.told() != "a: -" {
		t.Errorf("%s", r.told())
	}
}

// No tag keeps what a play does by itself from running.
func TestImplicitFlushes(t *testing.T) {
	flush := testkit.Task("p.flush0", "meta", object{"_raw_params": "flush_handlers"}, object{"tags": []string{"always"}, "implicit": true})
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "handlers": []object{say("h")},
		"tasks": []object{sh("a", "true", object{"notify": []string{"h"}}), flush, say("b")}}}})
	r.opts.Skip = []string{"always"}
	if !r.run(context.Background()) || r.story() != "a changed, h ok, b ok" {
		t.Errorf("%s", r.story())
	}
}

// In a check a task with check_mode: false runs, and its changes are made; no other's are.
func TestACheckRunsWhatInsists(t *testing.T) {
	dir := t.TempDir()
	write := func(id string, more ...object) object {
		return testkit.Task(id, "copy", object{"content": "x", "dest": filepath.Join(dir, id)}, more...)
	}
	r := newRig(t, testkit.Play(write("a", object{"check_mode": false}), write("b")))
	r.opts.Check = true
	rec, err := change.NewRecorder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.opts.Unkept = func() *change.Recorder { return rec }
	if !r.run(context.Background()) || r.story() != "a changed, b changed" {
		t.Errorf("%s %+v", r.story(), r.engine.Failure)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 || filepath.Base(names[0]) != "a" {
		t.Errorf("%v", names)
	}
}

func TestPauses(t *testing.T) {
	r := newRig(t, testkit.Play(testkit.Task("a", "pause", object{"prompt": "Go on?"}, object{"register": "a"}), tell("b", "a"),
		testkit.Task("c", "pause", object{"seconds": "soon"}, object{"ignore_errors": true})))
	if !r.run(context.Background()) || !strings.Contains(r.told(), "'stdout': 'Paused for 0.0 minutes'") || !strings.HasSuffix(r.story(), "c ignored") {
		t.Errorf("%s %+v", r.told(), r.engine.Failure)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r = newRig(t, testkit.Play(testkit.Task("a", "pause", object{"minutes": 60})))
	r.opts.Emit = func(any) { cancel(engine.ErrCancelled) }
	r.run(ctx) // it would last an hour
}

func TestStatsAndIncludedVariables(t *testing.T) {
	files := object{"vars/a.yml": object{"x": "a", "late": v("y")}, "vars/b.yml": object{"x": object{"k": 2}}}
	load := func(id string, args object, more ...object) object {
		return testkit.Task(id, "include_vars", args, append(more, object{"var_files": files, "search": []string{"."}})...)
	}
	r := newRig(t, testkit.Play(
		load("a", object{"file": "a.yml"}, object{"register": "r"}), testkit.Task("y", "set_fact", object{"y": "now"}), tell("b", "x", "late"),
		load("c", object{"_raw_params": "vars/b.yml", "name": "own"}), tell("d", "own"),
		load("e", object{"file": "none.yml"}, object{"ignore_errors": true}),
		load("f", object{"dir": "vars"}), tell("g", "x"),
		testkit.Task("h", "set_stats", object{"data": object{"n": 1}}), testkit.Task("i", "set_stats", object{"data": object{"no-name": 1}}, object{"ignore_errors": true}),
	))
	want := "a: ok, y: ok, b: a now, c: ok, d: {'x': {'k': 2}}, e: ignored, f: ok, g: {'k': 2}, h: ok, i: ignored"
	if !r.run(context.Background()) || r.told() != want {
		t.Errorf("%s\nwant %s\n%+v", r.told(), want, r.engine.Failure)
	}
	if msg := r.ended[5].Msg; !strings.HasPrefix(msg, "Could not find or access 'none.yml'\nSearched in:\n\tvars/none.yml\n\tnone.yml on the Ansible Controller") {
		t.Errorf("%q", msg)
	}
}

// What a task hides is in no report, the list of what cannot be taken back included.
func TestHiddenCommandsAreInNoReport(t *testing.T) {
	journal := t.TempDir()
	rec, err := change.NewRecorder(journal)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, testkit.Play(sh("a", "echo s3cret > /dev/null", object{"no_log": true})))
	r.opts.Recorder = rec
	if !r.run(context.Background()) {
		t.Fatalf("%+v", r.engine.Failure)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(journal, change.JournalName))
	if err != nil || strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), "no_log") {
		t.Errorf("%s %v", text, err)
	}
}
