package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/change"
	"runner/engine"
	_ "runner/modules/basics"
	"runner/program"
	"runner/record"
	"runner/testkit"
	"runner/value"
)

type object = map[string]any

// v makes an expression: a variable.
func v(name string) object { return object{"$": node(name)} }

func node(name string) []any { return []any{"var", name} }

// attr is a.b as a NODE.
func attr(name, key string) []any { return []any{"attr", node(name), key} }

func lit(v any) []any { return []any{"lit", v} }

func when(nodes ...any) object { return object{"when": nodes} }

// rig is one run of a program.
type rig struct {
	t      *testing.T
	opts   engine.Options
	ended  []engine.TaskEnd
	engine *engine.Engine
	dir    string
}

func newRig(t *testing.T, doc object) *rig {
	t.Helper()
	doc["format"] = 1
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: t.TempDir()}
	r.opts = engine.Options{Program: p, Cwd: r.dir, Env: os.Environ(), Emit: func(event any) {
		if e, ok := event.(engine.TaskEnd); ok {
			r.ended = append(r.ended, e)
		}
	}}
	return r
}

func (r *rig) run(ctx context.Context) bool {
	r.t.Helper()
	if r.opts.Recorder == nil && !r.opts.Check {
		rec, err := change.NewRecorder(r.t.TempDir())
		if err != nil {
			r.t.Fatal(err)
		}
		r.opts.Recorder = rec
	}
	r.engine = engine.New(r.opts)
	return r.engine.Run(ctx)
}

// story is what happened: "id status" of every task in order.
func (r *rig) story() string {
	var out []string
	for _, e := range r.ended {
		out = append(out, e.ID+" "+e.Status)
	}
	return strings.Join(out, ", ")
}

func say(id string, more ...object) object {
	return testkit.Task(id, "debug", object{"msg": id}, more...)
}

func boom(id string, more ...object) object {
	return testkit.Task(id, "fail", object{"msg": "boom " + id}, more...)
}

func sh(id, line string, more ...object) object {
	return testkit.Task(id, "shell", object{"_raw_params": line}, more...)
}

func TestFlow(t *testing.T) {
	cases := map[string]struct {
		tasks []object
		story string
		ok    bool
	}{
		"a failure ends the run":     {[]object{say("a"), boom("b"), say("c")}, "a ok, b failed", false},
		"ignored":                    {[]object{boom("a", object{"ignore_errors": true}), say("b")}, "a ignored, b ok", true},
		"ignored by expression":      {[]object{boom("a", object{"ignore_errors": object{"$": lit("yes")}}), say("b")}, "a ignored, b ok", true},
		"on_failure continue":        {[]object{boom("a", object{"on_failure": "continue"}), say("b")}, "a ignored, b ok", true},
		"when false":                 {[]object{say("a", when(lit(false))), say("b", when(lit(true), lit(true)))}, "a skipped, b ok", true},
		"when undefined":             {[]object{say("a", when(node("nothing")))}, "a failed", false},
		"a skipped task is not read": {[]object{testkit.Task("a", "debug", object{"msg": v("nothing")}, when(lit(false)))}, "a skipped", true},
		"unknown module":             {[]object{testkit.Task("a", "teleport", object{})}, "a failed", false},
		"register of a skipped task": {[]object{say("a", when(lit(false)), object{"register": "r"}), say("b", when(attr("r", "skipped")))}, "a skipped, b ok", true},
		"rescue": {[]object{{"block": []object{boom("a"), say("b")}, "rescue": []object{say("c")}, "always": []object{say("d")}}, say("e")},
			"a failed, c ok, d ok, e ok", true},
		"a rescue that fails": {[]object{{"block": []object{boom("a")}, "rescue": []object{boom("c")}, "always": []object{say("d")}}, say("e")},
			"a failed, c failed, d ok", false},
		"always after a failure": {[]object{{"block": []object{boom("a")}, "always": []object{say("d")}}, say("e")}, "a failed, d ok", false},
		"a rescue knows what failed": {[]object{{"block": []object{boom("a")}, "rescue": []object{testkit.Task("c", "assert", object{"that": "x", "_that": object{"$": lit([]any{
			[]any{"cmp", attr("ansible_failed_result", "msg"), []any{"eq", lit("boom a")}}})}})}}}, "a failed, c ok", true},
		"nested blocks": {[]object{{"block": []object{{"block": []object{boom("a")}, "always": []object{say("b")}}}, "rescue": []object{say("c")}}},
			"a failed, b ok, c ok", true},
		"a block's when is its tasks'": {[]object{{"block": []object{say("a"), {"block": []object{say("b")}}}, "when": []any{lit(false)}}}, "a skipped, b skipped", true},
		"end_play":                     {[]object{say("a"), testkit.Task("m", "meta", object{"_raw_params": "end_play"}), say("b")}, "a ok", true},
		"end_host":                     {[]object{say("a"), testkit.Task("m", "meta", object{"_raw_params": "end_host"}), say("b")}, "a ok", true},
		"only another host":            {[]object{say("a", object{"only": []any{"cmp", node("inventory_hostname"), []any{"eq", lit("web-9")}}}), say("b")}, "b ok", true},
		"check mode only":              {[]object{say("a", object{"check_mode_only": true}), say("b", object{"check_mode_only": false})}, "a skipped, b ok", true},
		"changed_when false":           {[]object{sh("a", "true", object{"changed_when": []any{lit(false)}})}, "a ok", true},
		"failed_when": {[]object{sh("a", "exit 3", object{"register": "r", "failed_when": []any{[]any{"cmp", attr("r", "rc"), []any{"eq", lit(4)}}}}),
			sh("b", "true", object{"failed_when": []any{lit(true)}})}, "a changed, b failed", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, testkit.Play(c.tasks...))
			ok := r.run(context.Background())
			if got := r.story(); got != c.story || ok != c.ok {
				t.Errorf("%s (ok %v)\nwant %s (ok %v)\n%v", got, ok, c.story, c.ok, r.engine.Failure)
			}
			if ok != (r.engine.Failure == nil) {
				t.Errorf("failure %v", r.engine.Failure)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	r := newRig(t, testkit.Play(say("a"), sh("b", "true"), say("c", when(lit(false))), boom("d", object{"ignore_errors": true}),
		object{"block": []object{boom("e")}, "rescue": []object{say("f")}}, boom("g")))
	r.run(context.Background())
	if want := (engine.Counts{OK: 4, Changed: 1, Failed: 1, Skipped: 1, Ignored: 1, Rescued: 1}); r.engine.Counts != want {
		t.Errorf("%+v, want %+v", r.engine.Counts, want)
	}
	for i, e := range r.ended {
		if e.Index != i || e.Total < 6 {
			t.Errorf("%s is %d of %d", e.ID, e.Index, e.Total)
		}
	}
}

// check makes a task that holds when the variable has the value.
func check(id, name string, want any) object {
	that := []any{[]any{"cmp", node(name), []any{"eq", lit(want)}}}
	return testkit.Task(id, "assert", object{"that": name, "_that": object{"$": lit(that)}})
}

// Each level of variables beats those before it.
func TestPrecedence(t *testing.T) {
	for level := range 6 {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			inventory, extra := value.NewDict(), value.NewDict()
			play, block := object{}, object{}
			task := check("test", "x", int64(level))
			steps := []object{}
			if level >= 0 {
				inventory.Set("x", int64(0))
			}
			if level >= 1 {
				play["x"] = 1
			}
			if level >= 2 {
				block["x"] = 2
			}
			if level >= 3 {
				task["vars"] = object{"x": 3}
			}
			if level >= 4 {
				steps = append(steps, testkit.Task("set", "set_fact", object{"x": 4}))
			}
			if level >= 5 {
				extra.Set("x", int64(5))
			}
			steps = append(steps, object{"block": []object{task}, "vars": block})
			r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": play, "tasks": steps}}})
			r.opts.Vars, r.opts.Extra = inventory, extra
			if !r.run(context.Background()) {
				t.Errorf("%s: %+v", r.story(), r.engine.Failure)
			}
		})
	}
}

func TestVariablesAreLazy(t *testing.T) {
	vars := object{"greeting": object{"$": []any{"~", lit("hello "), node("who")}}, "broken": v("nothing"), "loop": v("loop")}
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": vars, "tasks": []object{
		testkit.Task("set", "set_fact", object{"who": "world"}), check("a", "greeting", "hello world"),
		testkit.Task("set2", "set_fact", object{"who": "you"}), check("b", "greeting", "hello you"), say("c", when(node("loop"))),
	}}}})
	r.run(context.Background())
	if got := r.story(); got != "set ok, a ok, set2 ok, b ok, c failed" {
		t.Errorf("%s %+v", got, r.engine.Failure)
	}
	if !strings.Contains(r.engine.Failure.Msg, "recursive loop") {
		t.Errorf("%s", r.engine.Failure.Msg)
	}
}

// What nobody defines has Ansible's default, and any definition beats it.
func TestFallbacks(t *testing.T) {
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": object{"ansible_managed": "mine"}, "tasks": []object{
		check("a", "ansible_managed", "mine"), check("b", "group_names", []any{"ungrouped"}), check("c", "inventory_hostname", "localhost"),
		check("d", "ansible_check_mode", false)}}}})
	if !r.run(context.Background()) {
		t.Errorf("%s %+v", r.story(), r.engine.Failure)
	}
}

func TestLoops(t *testing.T) {
	r := newRig(t, testkit.Play(
		testkit.Task("a", "shell", object{"_raw_params": object{"$": []any{"~", lit("echo "), node("thing")}}}, object{"loop": []any{"x", "y"}, "loop_var": "thing",
			"index_var": "n", "register": "r", "when": []any{[]any{"cmp", node("n"), []any{"eq", lit(1)}}}}),
		testkit.Task("b", "assert", object{"that": "x", "_that": object{"$": lit([]any{
			[]any{"cmp", []any{"attr", []any{"item", attr("r", "results"), lit(1)}, "stdout"}, []any{"eq", lit("y")}},
			[]any{"attr", []any{"item", attr("r", "results"), lit(0)}, "skipped"},
			[]any{"cmp", []any{"attr", []any{"item", attr("r", "results"), lit(1)}, "thing"}, []any{"eq", lit("y")}},
			attr("r", "changed")})}}),
		say("c", object{"loop": []any{}}),
		say("d", object{"loop": v("nothing"), "when": []any{lit(false)}}),
		sh("e", "exit 1", object{"loop": []any{1, 2}}),
	))
	r.run(context.Background())
	if got := r.story(); got != "a changed, b ok, c skipped, d skipped, e failed" {
		t.Errorf("%s %+v", got, r.engine.Failure)
	}
}

func TestRetries(t *testing.T) {
	marks := filepath.Join(t.TempDir(), "marks")
	r := newRig(t, testkit.Play(
		sh("a", "echo x >> "+marks+"; test $(wc -l < "+marks+") -ge 3", object{"register": "r", "retries": 5, "delay": 0.001,
			"until": []any{[]any{"cmp", attr("r", "rc"), []any{"eq", lit(0)}}}}),
		testkit.Task("b", "assert", object{"that": "x", "_that": object{"$": lit([]any{[]any{"cmp", attr("r", "attempts"), []any{"eq", lit(3)}}})}}),
		sh("c", "exit 1", object{"retries": 2, "delay": 0.001}),
	))
	r.run(context.Background())
	if got := r.story(); got != "a changed, b ok, c failed" {
		t.Errorf("%s %+v", got, r.engine.Failure)
	}
	if n := strings.Count(string(r.ended[2].Result), `"attempts":2`); n != 1 {
		t.Errorf("%s", r.ended[2].Result)
	}
}

func TestHandlers(t *testing.T) {
	handlers := []object{say("first", object{"listen": []string{"topic"}}), sh("second", "true", object{"notify": []string{"third"}}), say("third"), say("never")}
	touch := func(id string, notify ...string) object { return sh(id, "true", object{"notify": notify}) }
	flush := testkit.Task("m", "meta", object{"_raw_params": "flush_handlers"})
	cases := map[string]struct {
		tasks []object
		story string
	}{
		"at the end, in their own order, once": {[]object{touch("a", "third"), touch("b", "first", "third")}, "a changed, b changed, first ok, third ok"},
		"by topic":                             {[]object{touch("a", "topic")}, "a changed, first ok"},
		"flushed":                              {[]object{touch("a", "first"), flush, say("b")}, "a changed, first ok, b ok"},
		"notified by a handler":                {[]object{touch("a", "second")}, "a changed, second changed, third ok"},
		"not without a change":                 {[]object{say("a", object{"notify": []string{"first"}})}, "a ok"},
		"not after a failure":                  {[]object{touch("a", "first"), boom("b")}, "a changed, b failed"},
		"unknown":                              {[]object{touch("a", "nobody")}, "a changed"},
		"list from an expression": {[]object{sh("a", "true", object{"notify": []any{object{"$": lit([]any{"first", "third"})}}})},
			"a changed, first ok, third ok"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "tasks": c.tasks, "handlers": handlers}}})
			ok := r.run(context.Background())
			if got := r.story(); got != c.story {
				t.Errorf("%s\nwant %s\n%+v", got, c.story, r.engine.Failure)
			}
			if name == "unknown" && (ok || !strings.Contains(r.engine.Failure.Msg, "'nobody' was not found")) {
				t.Errorf("%v", r.engine.Failure)
			}
		})
	}
}

func TestTimeoutKillsTheWholeGroup(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	r := newRig(t, testkit.Play(sh("a", "(trap '' TERM; touch "+mark+"; while :; do sleep 0.1; touch "+mark+"; done) & sleep 60", object{"timeout_s": 0.2})))
	began := time.Now()
	if r.run(context.Background()) {
		t.Error("succeeded")
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
	if !strings.Contains(r.engine.Failure.Msg, "failed to execute in the expected time frame (0.2) and was terminated") {
		t.Errorf("%q", r.engine.Failure.Msg)
	}
	info, err := os.Stat(mark)
	if err != nil {
		t.Fatal(err)
	}
	if time.Sleep(300 * time.Millisecond); touchedSince(t, mark, info.ModTime()) {
		t.Error("a child that ignores SIGTERM outlived its group")
	}
}

func touchedSince(t *testing.T, path string, then time.Time) bool {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().After(then)
}

func TestCancelStopsARun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := newRig(t, testkit.Play(sh("a", "sleep 60"), say("b")))
	r.opts.Started = func(int) func() {
		cancel(engine.ErrCancelled)
		return func() {}
	}
	if r.run(ctx) || r.story() != "a failed" {
		t.Errorf("%s", r.story())
	}
	if !strings.Contains(r.engine.Failure.Msg, "cancelled") {
		t.Errorf("%q", r.engine.Failure.Msg)
	}
}

func TestNoLogHides(t *testing.T) {
	r := newRig(t, testkit.Play(sh("a", "echo s3cret; echo s3cret >&2; exit 1", object{"no_log": true})))
	r.run(context.Background())
	text := record.Encode([]any{record.List(r.ended), r.engine.Failure})
	if strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), "hidden: no_log") {
		t.Errorf("%s", text)
	}
}

func TestEnvironment(t *testing.T) {
	r := newRig(t, testkit.Play(sh("a", `test "$WHO" = world -a "$N" = 7`, object{"environment": object{"WHO": "world", "N": object{"$": lit(7)}}})))
	if !r.run(context.Background()) {
		t.Errorf("%+v", r.engine.Failure)
	}
}

func TestEventsAreBounded(t *testing.T) {
	r := newRig(t, testkit.Play(sh("a", "yes 'ä long line' | head -c 3000000")))
	r.run(context.Background())
	text := record.Encode(r.ended[0])
	if len(text) > 64<<10 || !strings.Contains(string(text), "[cut]") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestFailureHasTheLastTenLines(t *testing.T) {
	r := newRig(t, testkit.Play(sh("a", "seq 1 50 >&2; exit 9")))
	r.run(context.Background())
	if tail := r.engine.Failure.Tail; len(tail) != 10 || tail[9] != "50" || tail[0] != "41" {
		t.Errorf("%q", tail)
	}
}

func TestCheckChangesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	copyTask := testkit.Task("a", "copy", object{"content": "x", "dest": file})
	r := newRig(t, testkit.Play(copyTask, sh("b", "touch "+file, object{"register": "r"}), say("c", when([]any{"cmp", attr("r", "rc"), []any{"eq", lit(0)}})),
		say("d", when(attr("r", "nothing")))))
	r.opts.Check = true
	if !r.run(context.Background()) || r.story() != "a changed, b skipped, c ok, d skipped" {
		t.Errorf("%s %+v", r.story(), r.engine.Failure)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("made the file")
	}
}
