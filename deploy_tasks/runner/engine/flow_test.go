package engine_test

import (
	"context"
	"strings"
	"testing"

	"runner/engine"
	"runner/testkit"
	"runner/value"
)

// tell makes a task that prints the texts of variables, "-" for one that is not defined.
func tell(id string, names ...string) object {
	parts := []any{"~"}
	for _, name := range names {
		parts = append(parts, []any{"filter", "default", node(name), []any{lit("-")}, object{}}, lit(" "))
	}
	return testkit.Task(id, "debug", object{"msg": object{"$": parts}})
}

// told is what the tasks printed, "id: text" of each.
func (r *rig) told() string {
	var out []string
	for _, e := range r.ended {
		text := e.Status
		if e.Module == "debug" && e.Status == engine.OK {
			text = strings.TrimSpace(e.Msg)
		}
		out = append(out, e.ID+": "+text)
	}
	return strings.Join(out, ", ")
}

func include(id, kind string, target any, choices object, more ...object) object {
	return merge(object{"include": kind, "id": id, "target": target, "choices": choices}, more...)
}

func merge(into object, more ...object) object {
	for _, m := range more {
		for key, v := range m {
			into[key] = v
		}
	}
	return into
}

func cond(node any, text string) []any { return []any{"cond", node, text} }

func TestIncludes(t *testing.T) {
	choices := object{"a.yml": []object{tell("a", "x", "item")}, "sub/b.yml": []object{tell("b", "x"), say("b2")}}
	cases := map[string]struct {
		tasks []object
		told  string
		want  engine.Counts
	}{
		"a file": {[]object{include("i", "tasks", "a.yml", choices)}, "i: ok, a: play -", engine.Counts{OK: 2}},
		"what it is given": {[]object{include("i", "tasks", "a.yml", choices, object{"vars": object{"x": "given"}}), tell("z", "x")},
			"i: ok, a: given -, z: play", engine.Counts{OK: 3}},
		"each counts, and all are decided before any runs": {[]object{include("i", "tasks", v("item"), choices, object{"loop": []any{"a.yml", "sub/b.yml", "a.yml"}})},
			"i: ok, a: play a.yml, b: play, b2: b2, a: play a.yml", engine.Counts{OK: 7}},
		"found in folders":         {[]object{include("i", "tasks", "b.yml", choices, object{"search": []string{"other", "sub"}})}, "i: ok, b: play, b2: b2", engine.Counts{OK: 3}},
		"its condition is its own": {[]object{include("i", "tasks", "a.yml", choices, when(lit(false))), say("z")}, "i: skipped, z: z", engine.Counts{OK: 1, Skipped: 1}},
		"some items": {[]object{include("i", "tasks", "a.yml", choices, object{"loop": []any{1, 2}, "when": []any{[]any{"cmp", node("item"), []any{"eq", lit(2)}}}})},
			"i: ok, a: play 2", engine.Counts{OK: 2}},
		"over nothing":    {[]object{include("i", "tasks", "a.yml", choices, object{"loop": []any{}})}, "i: skipped", engine.Counts{Skipped: 1}},
		"what is missing": {[]object{include("i", "tasks", "c.yml", choices, object{"ignore_errors": true}), say("z")}, "i: failed", engine.Counts{Failed: 1}},
		"a missing file is rescued, and fails the host all the same": {[]object{{"block": []object{include("i", "tasks", "c.yml", choices)}, "rescue": []object{say("r")}}, say("z")},
			"i: failed, r: r, z: z", engine.Counts{OK: 2, Failed: 1}},
		"a target that cannot be known": {[]object{{"block": []object{include("i", "tasks", v("nothing"), choices)}, "rescue": []object{say("r")}}}, "i: failed, r: r", engine.Counts{OK: 1, Rescued: 1}},
		"tags are not handed on":        {[]object{include("i", "tasks", "a.yml", choices, object{"tags": []string{"never"}})}, "", engine.Counts{}},
		"a block's condition is": {[]object{{"block": []object{include("i", "tasks", "a.yml", choices)}, "when": []any{[]any{"cmp", node("x"), []any{"eq", lit("no")}}}}},
			"i: skipped", engine.Counts{Skipped: 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": object{"x": "play"}, "tasks": c.tasks}}})
			ok := r.run(context.Background())
			if got := r.told(); got != c.told {
				t.Errorf("%s\nwant %s\n%+v", got, c.told, r.engine.Failure)
			}
			if r.engine.Counts != c.want || ok != (c.want.Failed == 0) {
				t.Errorf("%+v, want %+v; %v", r.engine.Counts, c.want, ok)
			}
		})
	}
}

// Of two includes of the same file each knows its own results when a check takes them up.
func TestIncludedTasksAreToldApart(t *testing.T) {
	choices := object{"a.yml": []object{testkit.Task("a", "shell", object{"_raw_params": object{"$": []any{"~", lit("echo "), node("item")}}}, object{"register": "r"}),
		check("c", "item", 0)}}
	choices["a.yml"].([]object)[1] = testkit.Task("c", "assert", object{"that": "x", "_that": object{"$": lit([]any{
		[]any{"cmp", attr("r", "stdout"), []any{"eq", []any{"filter", "string", node("item"), []any{}, object{}}}}})}})
	r := newRig(t, testkit.Play(include("i", "tasks", "a.yml", choices, object{"loop": []any{1, 2}})))
	if !r.run(context.Background()) {
		t.Fatalf("%s %+v", r.story(), r.engine.Failure)
	}
	if v := r.engine.Verify(context.Background()); len(v.Failed) > 0 {
		t.Errorf("%+v", v)
	}
}

func role(name string, steps []object, more ...object) object {
	return merge(object{"block": steps, "role": name, "role_path": "roles/" + name}, more...)
}

// Each layer of variables beats those before it.
func TestLayers(t *testing.T) {
	layers := []string{"defaults of the play", "defaults of the role", "inventory", "play", "vars_files", "vars of the play's roles", "vars of the role", "block", "task",
		"include_vars", "set_fact", "params of the role", "vars of an include", "extra", "loop"}
	for n := range layers {
		t.Run(layers[n], func(t *testing.T) {
			inventory, extra := value.NewDict(), value.NewDict()
			has := func(level int) object {
				if level <= n {
					return object{"x": layers[level]}
				}
				return object{}
			}
			inner := merge(tell("t", "x"), object{"vars": has(8)})
			if n >= 14 {
				merge(inner, object{"loop": []any{layers[14]}, "loop_var": "x"})
			}
			choices := object{"a": []object{inner}}
			steps := []object{{"block": []object{include("i", "tasks", "a", choices, object{"vars": has(12)})}, "vars": has(7)}}
			tasks := []object{}
			if n >= 9 {
				tasks = append(tasks, testkit.Task("iv", "include_vars", object{"_raw_params": "v.yml"}, object{"var_files": object{"vars/v.yml": has(9)}, "search": []string{"."}}))
			}
			if n >= 10 {
				tasks = append(tasks, testkit.Task("sf", "set_fact", has(10)))
			}
			tasks = append(tasks, role("r", steps, object{"defaults": has(1), "role_vars": has(6), "params": has(11)}))
			play := object{"name": "p", "tasks": tasks, "defaults": has(0), "vars": has(3), "role_vars": has(5),
				"vars_files": []object{{"names": []any{"none.yml", "vf.yml"}, "choices": object{"vf.yml": has(4)}}}}
			if n >= 2 {
				inventory.Set("x", layers[2])
			}
			if n >= 13 {
				extra.Set("x", layers[13])
			}
			r := newRig(t, object{"name": "x", "plays": []object{play}})
			r.opts.Vars, r.opts.Extra = inventory, extra
			r.run(context.Background())
			text := string(r.ended[len(r.ended)-1].Result)
			if !strings.Contains(text, `"`+layers[n]+` "`) && !strings.Contains(text, `"`+layers[n]+`"`) {
				t.Errorf("%s %+v", text, r.engine.Failure)
			}
		})
	}
}

func TestTheVariablesOfAPublicRole(t *testing.T) {
	dep := role("dep", []object{}, object{"defaults": object{"x": "of the dependency"}})
	own := role("r", []object{say("in")}, object{"defaults": object{"x": "default"}, "role_vars": object{"y": "vars"}})
	choices := object{"r": []object{{"block": []object{dep, own}}}}
	tasks := []object{tell("before", "x", "y"), include("i", "role", "r", choices, object{"public": true}), tell("after", "x", "y")}
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "tasks": tasks}, {"name": "q", "tasks": []object{tell("next", "x")}}}})
	r.run(context.Background())
	if got, want := r.told(), "before: - -, i: ok, in: in, after: default vars, next: -"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestAHandlerThatIncludes(t *testing.T) {
	more := include("h", "tasks", "more.yml", object{"more.yml": []object{say("one"), say("two")}}, object{"name": "more", "listen": []string{"topic"}})
	task := func(id, notify string) object { return sh(id, "true", object{"notify": []string{notify}}) }
	flush := testkit.Task("m", "meta", object{"_raw_params": "flush_handlers"})
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "tasks": []object{task("a", "more"), flush, task("b", "topic"), flush, flush},
		"handlers": []object{more, say("never")}}}})
	r.run(context.Background())
	if got, want := r.told(), "a: changed, h: ok, one: one, two: two, b: changed, h: ok, one: one, two: two"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestARoleThatHasRunIsPassedOver(t *testing.T) {
	use := func(id string, more ...object) object {
		return merge(object{"block": []object{say(id)}, "role": "r", "once": "roles/r"}, more...)
	}
	other := merge(use("other"), object{"once": "roles/r#2"})
	plays := []object{
		{"name": "p", "playbook_dir": "sub", "tasks": []object{use("a", when(lit(false))), use("b"), use("c"), other, tell("d", "playbook_dir")}},
		{"name": "q", "tasks": []object{use("e")}},
	}
	r := newRig(t, object{"name": "x", "plays": plays})
	r.run(context.Background())
	if got, want := r.told(), "a: skipped, b: b, other: other, d: sub, e: e"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestRolesKnowTheirNames(t *testing.T) {
	names := tell("t", "role_name", "role_path", "ansible_parent_role_names", "ansible_role_names")
	r := newRig(t, object{"name": "x", "playbook_dir": "site", "plays": []object{{"name": "p", "role_names": []string{"outer"}, "tasks": []object{
		role("outer", []object{names, include("i", "role", "inner", object{"inner": []object{role("inner", []object{names})}})}), names, tell("d", "playbook_dir")}}}})
	r.run(context.Background())
	want := "t: outer roles/outer - ['outer'], i: ok, t: inner roles/inner ['outer'] ['outer', 'inner'], t: - - - ['outer', 'inner'], d: site"
	if got := r.told(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestBlocksInLoops(t *testing.T) {
	block := object{"block": []object{tell("a", "item", "n"), boom("b", when([]any{"cmp", node("item"), []any{"eq", lit(2)}}))},
		"rescue": []object{tell("r", "item")}, "always": []object{tell("z", "item")}, "loop": []any{1, 2}, "index_var": "n", "where": "here"}
	r := newRig(t, testkit.Play(block))
	r.run(context.Background())
	if got, want := r.told(), "a: 1 0, b: skipped, z: 1, a: 2 1, b: failed, r: 2, z: 2"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if want := (engine.Counts{OK: 5, Skipped: 1, Rescued: 1}); r.engine.Counts != want {
		t.Errorf("%+v", r.engine.Counts)
	}
	for _, loop := range []any{v("nothing"), "text"} {
		r = newRig(t, testkit.Play(object{"block": []object{say("a")}, "loop": loop, "where": "here"}))
		if r.run(context.Background()) || r.engine.Failure.Where != "here.loop" {
			t.Errorf("%+v", r.engine.Failure)
		}
		r = newRig(t, testkit.Play(object{"block": []object{say("a")}, "loop": v("nothing"), "when": []any{lit(false)}, "where": "here"}))
		if !r.run(context.Background()) || r.story() != "" {
			t.Errorf("%s", r.story())
		}
	}
}

// The recap counts a failure that some block around will rescue as rescued, whatever comes of the rescue.
func TestRescueCounts(t *testing.T) {
	r := newRig(t, testkit.Play(object{"block": []object{{"block": []object{boom("a")}, "always": []object{say("b")}}}, "rescue": []object{boom("c")}, "always": []object{say("d")}}))
	r.run(context.Background())
	if want := (engine.Counts{OK: 2, Failed: 1, Rescued: 1}); r.engine.Counts != want || r.engine.Failure.Task != "c" {
		t.Errorf("%+v %+v", r.engine.Counts, r.engine.Failure)
	}
}

func TestEndings(t *testing.T) {
	end := func(word string) object { return testkit.Task("m", "meta", object{"_raw_params": word}) }
	cases := map[string]struct {
		tasks []object
		story string
	}{
		"end_role":                        {[]object{role("r", []object{say("a"), {"block": []object{end("end_role")}, "always": []object{say("no")}}, say("no")}), say("b")}, "a ok, b ok, next ok"},
		"end_play, without an always":     {[]object{{"block": []object{end("end_play")}, "always": []object{say("no")}}, say("no")}, "next ok"},
		"end_host ends this play alone":   {[]object{end("end_host"), say("no")}, "next ok"},
		"handlers of an ended play":       {[]object{sh("a", "true", object{"notify": []string{"h"}}), end("end_play")}, "a changed, next ok"},
		"a condition":                     {[]object{merge(end("end_play"), when(lit(false))), say("a")}, "a ok, next ok"},
		"noop and others have none":       {[]object{merge(end("noop"), when(node("nothing"))), say("a")}, "a ok, next ok"},
		"end_role where there is no role": {[]object{end("end_role"), say("a")}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "tasks": c.tasks, "handlers": []object{say("h")}}, {"name": "q", "tasks": []object{say("next")}}}})
			if ok := r.run(context.Background()); r.story() != c.story || ok != strings.HasSuffix(c.story, "next ok") {
				t.Errorf("%s\nwant %s %+v", r.story(), c.story, r.engine.Failure)
			}
		})
	}
}

func TestHandlersAsAnsibleRunsThem(t *testing.T) {
	flush := testkit.Task("m", "meta", object{"_raw_params": "flush_handlers"})
	named := func(id, name string, more ...object) object {
		return merge(testkit.Task(id, "debug", object{"msg": id}), append([]object{{"name": name}}, more...)...)
	}
	handlers := []object{
		role("r", []object{named("rh", "restart"), named("only", "only in r"), merge(tell("scope", "x"), object{"name": "scoped"})}, object{"defaults": object{"x": "role's"}}),
		named("first", "restart"), named("second", "restart"),
		named("early", "early"), merge(sh("late", "true", object{"notify": []string{"early"}}), object{"name": "late"}),
		merge(named("t", ""), object{"name": v("title"), "listen": []string{"topic"}}), named("unknown", "", object{"name": v("nothing")}),
	}
	touch := func(notify ...any) object { return sh("a", "true", object{"notify": notify}) }
	cases := map[string]struct {
		tasks []object
		told  string
	}{
		"of one name the first of the last that were loaded": {[]object{touch("restart")}, "a: changed, first: first"},
		"a role's by the role's name":                        {[]object{touch("r : restart", "only in r")}, "a: changed, rh: rh, only: only"},
		"in the scope of its role":                           {[]object{touch("scoped")}, "a: changed, scope: role's"},
		"one before the others waits for the next time":      {[]object{touch("late"), flush, say("b"), flush}, "a: changed, late: changed, b: b, early: early"},
		"and for none when there is none":                    {[]object{touch("late"), say("b"), flush}, "a: changed, b: b, late: changed"},
		"a name with an expression":                          {[]object{touch("The title")}, "a: changed, t: t"},
		"of each item, when one has changed": {[]object{sh("a", "true", object{"loop": []any{"only in r", "early", "late"}, "notify": []any{v("item")},
			"when": []any{[]any{"cmp", node("item"), []any{"ne", lit("late")}}}, "changed_when": []any{[]any{"cmp", node("item"), []any{"eq", lit("early")}}}})},
			"a: changed, only: only, early: early"},
		"none of a failure that is ignored": {[]object{sh("a", "false", object{"notify": []string{"early"}, "ignore_errors": true})}, "a: ignored"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": object{"title": "The title"}, "tasks": c.tasks, "handlers": handlers}}})
			if !r.run(context.Background()) || r.told() != c.told {
				t.Errorf("%s\nwant %s\n%+v", r.told(), c.told, r.engine.Failure)
			}
		})
	}
}

func TestForcedHandlers(t *testing.T) {
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "force_handlers": true, "handlers": []object{say("h")},
		"tasks": []object{sh("a", "true", object{"notify": []string{"h"}}), boom("b"), say("c")}}}})
	if r.run(context.Background()) || r.story() != "a changed, b failed, h ok" {
		t.Errorf("%s", r.story())
	}
}

// A handler that fails in the middle of a block is no rescued failure in the recap, but the block goes to its rescue.
func TestAHandlerThatFailsInABlock(t *testing.T) {
	flush := testkit.Task("m", "meta", object{"_raw_params": "flush_handlers"})
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "handlers": []object{boom("h")},
		"tasks": []object{sh("a", "true", object{"notify": []string{"h"}}), {"block": []object{flush}, "rescue": []object{say("r")}}, say("b")}}}})
	if !r.run(context.Background()) || r.story() != "a changed, h failed, r ok, b ok" || r.engine.Counts.Failed != 1 {
		t.Errorf("%s %+v", r.story(), r.engine.Counts)
	}
}

func TestResultsAsRegistered(t *testing.T) {
	two := []any{"cmp", node("item"), []any{"eq", lit(2)}}
	r := newRig(t, testkit.Play(
		say("a", object{"when": []any{cond(lit(false), "not now")}, "register": "skipped"}),
		say("b", object{"loop": []any{1, 2}, "when": []any{cond(two, "item == 2")}, "register": "some"}),
		say("c", object{"loop": []any{1}, "when": []any{lit(false)}, "register": "none"}),
		say("d", object{"loop": []any{}, "register": "nothing"}),
		sh("e", "exit 1", object{"loop": []any{1, 2}, "failed_when": []any{two}, "ignore_errors": true, "register": "bad"}),
		say("f", object{"when": []any{cond(node("missing"), "missing")}, "ignore_errors": true, "register": "wrong"}),
		say("g", object{"loop": []any{"x", "y"}, "index_var": "n", "loop_extended": true, "register": "long"}),
		say("h", object{"loop": []any{1, 2, 3}, "break_when": []any{two}, "register": "broken"}),
		testkit.Task("i", "debug", object{"msg": v("missing")}, object{"ignore_errors": true, "register": "args"}),
		tell("skipped", "skipped"), tell("some", "some"), tell("none", "none"), tell("nothing", "nothing"), tell("wrong", "wrong"), tell("args", "args"), tell("broken", "broken"), tell("long", "long"),
	))
	if !r.run(context.Background()) {
		t.Fatalf("%+v", r.engine.Failure)
	}
	for _, want := range []string{
		"skipped: {'changed': False, 'skipped': True, 'skip_reason': 'Conditional result was False', 'false_condition': 'not now'}",
		"some: {'results': [{'changed': False, 'skipped': True, 'skip_reason': 'Conditional result was False', 'false_condition': 'item == 2', 'item': 1, 'ansible_loop_var': 'item'}, ",
		"'skipped': False, 'changed': False, 'msg': 'All items completed'}",
		"none: {'results': [{'changed': False, 'skipped': True, 'skip_reason': 'Conditional result was False', 'item': 1, 'ansible_loop_var': 'item'}], 'skipped': True, 'changed': False, 'msg': 'All items skipped'}",
		"nothing: {'changed': False, 'skipped': True, 'skipped_reason': 'No items in the list', 'results': []}",
		`wrong: {'failed': True, 'msg': "The conditional check 'missing' failed. The error was: error while evaluating conditional (missing): 'missing' is undefined"}`,
		`args: {'failed': True, 'msg': "The task includes an option with an undefined variable.. 'missing' is undefined"}`,
		"'ansible_loop': {'index': 2, 'index0': 1, 'first': False, 'last': True, 'length': 2, 'revindex': 1, 'revindex0': 0, 'allitems': ['x', 'y'], 'previtem': 'x'}",
		"'n': 1, 'ansible_index_var': 'n'",
	} {
		if !strings.Contains(r.told(), want) {
			t.Errorf("%s\nis not in\n%s", want, r.told())
		}
	}
	if n := strings.Count(r.told(), "broken: {'results': [{"); n != 1 || strings.Contains(r.told(), "'item': 3") {
		t.Error("the loop was not broken off")
	}
	if want := (engine.Counts{OK: 14, Ignored: 3, Skipped: 3, Changed: 1}); r.engine.Counts != want {
		t.Errorf("%+v", r.engine.Counts)
	}
}

// What a task that failed has found out is not known afterwards; between the items of a loop it is.
func TestFactsOfTasksThatFail(t *testing.T) {
	acc := object{"$": []any{"+", []any{"filter", "default", node("acc"), []any{[]any{"list"}}, object{}}, []any{"list", node("item")}}}
	r := newRig(t, testkit.Play(
		testkit.Task("a", "set_fact", object{"acc": acc}, object{"loop": []any{1, 2, 3}}), tell("b", "acc"),
		testkit.Task("c", "set_fact", object{"acc": "lost"}, object{"failed_when": []any{lit(true)}, "ignore_errors": true}), tell("d", "acc"),
		testkit.Task("e", "set_fact", object{"kept": "here", "cacheable": true}), testkit.Task("f", "debug", object{"msg": object{"$": attr("ansible_facts", "kept")}}),
	))
	if !r.run(context.Background()) || r.told() != "a: ok, b: [1, 2, 3], c: ignored, d: [1, 2, 3], e: ok, f: here" {
		t.Errorf("%s %+v", r.told(), r.engine.Failure)
	}
}

func TestTemplatedKeywords(t *testing.T) {
	r := newRig(t, object{"name": "x", "plays": []object{{"name": "p", "vars": object{"yes": "yes", "no": false}, "tasks": []object{
		sh("a", "echo s3cret", object{"no_log": v("yes")}), sh("b", "echo public", object{"no_log": v("no")}), sh("c", "echo real", object{"check_mode": v("yes")}),
		sh("d", "echo loud", object{"loop": []any{"s3cret", "open"}, "no_log": object{"$": []any{"cmp", node("item"), []any{"eq", lit("s3cret")}}}}),
		sh("e", "echo s3cret", object{"no_log": v("missing"), "ignore_errors": true}),
	}}}})
	r.run(context.Background())
	for i, hides := range []bool{true, false, false, true, true} {
		if got := strings.Contains(string(r.ended[i].Result), "censored"); got != hides {
			t.Errorf("%s hides: %v", r.ended[i].ID, got)
		}
		if strings.Contains(string(r.ended[i].Result), "s3cret") {
			t.Errorf("%s", r.ended[i].Result)
		}
	}
	if got := r.story(); got != "a changed, b changed, c skipped, d changed, e ignored" {
		t.Errorf("%s", got)
	}
}
