package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"runner/engine"
	"runner/module"
	"runner/testkit"
	"runner/value"
)

// nap is a module that has its host restart, or with awake does not and comes to the same.
func nap(c *module.Call) module.Result {
	word, _ := c.Args.Get("word")
	if _, awake := c.Args.Get("awake"); !awake && c.Restart.Left == nil {
		if err := c.Restart.Leave(value.DictOf("word", word), value.NewDict()); err != nil {
			return module.Failure(err.Error())
		}
		return module.Result{Away: "to wake up"}
	} else if !awake {
		word, _ = c.Restart.Left.Get("word")
	}
	return module.Result{Changed: true, Data: value.DictOf("word", word)}
}

func init() { module.Register("nap", nap) }

func restarts(id string, more ...object) object {
	return testkit.Task(id, "nap", object{"word": "slept"}, append([]object{{"register": id}}, more...)...)
}

// naps runs a program over all its restarts, each time with what was written down before, and nothing else.
func naps(t *testing.T, doc object) (*rig, int) {
	t.Helper()
	asks := func(context.Context, string, *value.Dict) (*value.Dict, error) { return value.NewDict(), nil }
	return napping(t, doc, func(o *engine.Options) { o.Ask, o.Alone, o.Single = asks, true, true })
}

func napping(t *testing.T, doc object, with func(*engine.Options)) (*rig, int) {
	t.Helper()
	var kept []byte
	var ended []engine.TaskEnd
	for n := 0; n < 10; n++ {
		r := newRig(t, doc)
		r.ended = ended
		with(&r.opts)
		r.opts.Restart = &engine.Restart{
			Keep: func(state *value.Dict) error { kept = value.Encode(state); return nil },
			Back: func(bool) error { return nil }}
		r.engine = engine.New(r.opts)
		if len(kept) > 0 {
			state, err := value.Decode(kept)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.engine.Thaw(state.(*value.Dict)); err != nil {
				t.Fatal(err)
			}
		}
		r.engine.Run(context.Background())
		ended = r.ended
		if r.engine.Away == "" {
			return r, n
		}
	}
	t.Fatal("it restarts without end")
	return nil, 0
}

// awaken is the program with every nap awake.
func awaken(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for key, item := range v {
			out[key] = awaken(item)
		}
		if out["module"] == "nap" {
			out["args"] = object{"word": "slept", "awake": true}
		}
		return out
	case []object:
		var out []any
		for _, item := range v {
			out = append(out, awaken(item))
		}
		return out
	case []any:
		var out []any
		for _, item := range v {
			out = append(out, awaken(item))
		}
		return out
	}
	return v
}

func play(tasks []object, more ...object) object {
	return merge(object{"name": "p", "vars": object{"x": "play"}, "tasks": tasks}, more...)
}

func one(tasks []object, more ...object) []any { return []any{play(tasks, more...)} }

func notifying(id, handler string) object {
	return sh(id, "true", object{"notify": []any{handler}})
}

// What comes after a restart is what would have come without one, wherever the host restarts.
func TestARunGoesOnAfterItsHostHasRestarted(t *testing.T) {
	told := func(id string) object { return tell(id, "x", "item", "seen", "outer") }
	seen := testkit.Task("set", "set_fact", object{"seen": "set"})
	inner := object{"a.yml": []object{told("a"), restarts("n"), told("b")}, "b.yml": []object{told("c"),
		include("deep", "tasks", "a.yml", object{"a.yml": []object{told("d"), restarts("m"), told("e")}}, object{"vars": object{"x": "deeper"}})}}
	two := []any{"one", "two"}
	cases := map[string]struct {
		plays    []any
		restarts int
	}{
		"in a play, with what was registered and set": {one([]object{seen, restarts("n"), told("z"),
			testkit.Task("w", "debug", object{"msg": object{"$": attr("n", "word")}})}), 1},
		"in each of two plays": {[]any{play([]object{seen, restarts("n"), told("a")}),
			play([]object{told("b"), restarts("m"), told("c")}, object{"vars": object{"x": "second"}})}, 2},
		"as the last": {one([]object{told("a"), restarts("n")}), 1},
		"in a role":   {one([]object{{"block": []object{told("a"), restarts("n"), told("b")}, "role": "r", "role_vars": object{"x": "role"}}, told("z")}), 1},
		"in a looped block in a block": {one([]object{{"block": []object{{"block": []object{told("a"), restarts("n"), told("b")}, "loop": two},
			told("c")}, "vars": object{"outer": "here"}}, told("z")}), 2},
		"in a block with a rescue": {one([]object{{"block": []object{restarts("n"), boom("b")}, "rescue": []object{told("c")},
			"always": []object{told("d")}}, told("z")}), 1},
		"in a rescue": {one([]object{{"block": []object{boom("b")}, "rescue": []object{restarts("n"), tell("c", "ansible_failed_result")},
			"always": []object{told("d")}}, told("z")}), 1},
		"in an always after a failure": {one([]object{{"block": []object{boom("b")}, "always": []object{restarts("n"), told("d")}}, told("z")}), 1},
		"in an always after a rescue": {one([]object{{"block": []object{{"block": []object{boom("b")}, "rescue": []object{boom("c")},
			"always": []object{restarts("n"), told("d")}}}, "rescue": []object{told("e")}}, told("z")}), 1},
		"in files, for each item": {one([]object{include("i", "tasks", v("item"), inner, object{"loop": []any{"a.yml", "b.yml", "a.yml"},
			"vars": object{"x": "given"}}), told("z")}), 3},
		"in a role that publishes": {one([]object{include("i", "role", "r", object{"r": []object{{"block": []object{restarts("n"), told("a")}, "role": "r",
			"defaults": object{"outer": "published"}}}}, object{"public": true}), told("y"), restarts("m"), told("z")}), 2},
		"in a handler, with others before and after": {one([]object{notifying("a", "h2"), notifying("b", "h3"), notifying("c", "h1"), told("d")},
			object{"handlers": []object{say("h1"), restarts("h2", object{"notify": []any{"h4"}}), say("h3"), say("h4")}}), 1},
		"in handlers within the tasks": {one([]object{notifying("a", "h2"), testkit.Task("f", "meta", object{"_raw_params": "flush_handlers"}),
			notifying("b", "h1"), notifying("c", "h2"), told("d")}, object{"handlers": []object{say("h1"), restarts("h2")}}), 2},
		"in a handler that includes": {one([]object{notifying("a", "h"), told("b")},
			object{"handlers": []object{include("h", "tasks", "a.yml", inner), say("h9")}}), 1},
		"in a handler after a failure": {one([]object{notifying("a", "h1"), notifying("b", "h2"), boom("c"), told("d")},
			object{"handlers": []object{restarts("h1"), say("h2")}, "force_handlers": true}), 1},
		"not when it does not hold": {one([]object{restarts("n", when(lit(false))), told("z")}), 0},
		"judged by its own conditions": {one([]object{restarts("n", object{"changed_when": []any{lit(false)}, "notify": []any{"h"}}), restarts("m",
			object{"failed_when": []any{lit(true)}, "ignore_errors": true}), told("z")}, object{"handlers": []object{say("h")}}), 2},
		"with files of variables": {one([]object{testkit.Task("set", "set_fact", object{"which": "two"}), restarts("n"), tell("z", "filed")},
			object{"vars": object{"which": "one"}, "vars_files": []any{object{"names": []any{v("which")}, "where": "v",
				"choices": object{"one": object{"filed": "first"}, "two": object{"filed": "second"}}}}}), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want, _ := naps(t, object{"name": "test", "plays": awaken(c.plays)})
			got, times := naps(t, object{"name": "test", "plays": c.plays})
			if times != c.restarts {
				t.Errorf("%d restarts, want %d", times, c.restarts)
			}
			if got.told() != want.told() {
				t.Errorf("with restarts:    %s\nwithout restarts: %s", got.told(), want.told())
			}
			if got.engine.Counts != want.engine.Counts || (got.engine.Failure == nil) != (want.engine.Failure == nil) {
				t.Errorf("with restarts: %+v %v, without: %+v %v", got.engine.Counts, got.engine.Failure, want.engine.Counts, want.engine.Failure)
			}
			for n, end := range got.ended {
				if end.Index != want.ended[n].Index || end.Total != want.ended[n].Total {
					t.Errorf("%s is %d of %d, want %d of %d", end.ID, end.Index, end.Total, want.ended[n].Index, want.ended[n].Total)
				}
			}
		})
	}
}

func TestWhatCannotGoOnDoesNotRestart(t *testing.T) {
	for words, tasks := range map[string][]object{
		"what it takes back would be taken back twice": {{"block": []object{restarts("n")}, "undo": []object{sh("u", "true")}}},
	} {
		r, times := naps(t, object{"name": "test", "plays": one(tasks)})
		if times != 0 || r.engine.Failure == nil || !strings.Contains(r.engine.Failure.Msg, words) {
			t.Errorf("%d restarts, %v", times, r.engine.Failure)
		}
	}
}

// The worker waits for no host that could not write down where its run stands.
func TestAHostThatCannotKeepItsPlaceStays(t *testing.T) {
	var asked []string
	r := newRig(t, object{"name": "test", "plays": one([]object{restarts("n")})})
	r.opts.Alone = true
	r.opts.Ask = func(_ context.Context, kind string, _ *value.Dict) (*value.Dict, error) {
		asked = append(asked, kind)
		return value.NewDict(), nil
	}
	r.opts.Restart = &engine.Restart{Keep: func(*value.Dict) error { return errors.New("the disk is full") }}
	r.run(context.Background())
	if got := strings.Join(asked, ", "); got != "restart, back" || r.engine.Failure == nil || r.engine.Failure.Msg != "the disk is full" {
		t.Errorf("%s: %+v", got, r.engine.Failure)
	}
}

// The slot of a task with serial is the host's until it is back: it asks for it again, and gives it back once.
func TestASlotIsKeptOverARestart(t *testing.T) {
	var asked []string
	doc := object{"name": "test", "plays": one([]object{restarts("n", object{"serial": 1}), say("z")})}
	_, times := napping(t, doc, func(o *engine.Options) {
		o.Ask = func(_ context.Context, kind string, fields *value.Dict) (*value.Dict, error) {
			key, _ := fields.Get("key")
			asked = append(asked, kind+" "+value.Str(key))
			return value.NewDict(), nil
		}
	})
	if got := strings.Join(asked, ", "); times != 1 || got != "slot n, restart None, slot n, done n" {
		t.Errorf("%d restarts, %s", times, got)
	}
}

func TestADamagedPlaceIsSaid(t *testing.T) {
	doc := object{"name": "test", "plays": one([]object{say("a"), restarts("n")})}
	r := newRig(t, doc)
	var state *value.Dict
	r.opts.Ask = func(context.Context, string, *value.Dict) (*value.Dict, error) { return value.NewDict(), nil }
	r.opts.Restart = &engine.Restart{Keep: func(kept *value.Dict) error { state = kept; return nil }}
	r.run(context.Background())
	going, _ := state.Get("going")
	place, _ := going.(*value.Dict).Get("place")
	marks := place.([]any)
	for what, damage := range map[string]func(){
		"another task":   func() { marks[len(marks)-1].(*value.Dict).Set("task", "another") },
		"no task at all": func() { marks[len(marks)-2].(*value.Dict).Set("step", int64(9)) },
	} {
		damage()
		e := engine.New(newRig(t, doc).opts)
		if decoded, err := value.Decode(value.Encode(state)); err != nil || e.Thaw(decoded.(*value.Dict)) != nil {
			t.Fatal(err)
		}
		if e.Run(context.Background()) || e.Failure == nil || !strings.Contains(e.Failure.Msg, "is damaged") {
			t.Errorf("%s: %+v", what, e.Failure)
		}
	}
}
