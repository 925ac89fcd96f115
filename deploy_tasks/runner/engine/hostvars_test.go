package engine_test

import (
	"context"
	"strings"
	"testing"

	"runner/testkit"
	"runner/value"
)

// ofDB prints variables of the host db as hostvars has them, "-" for one that is not defined.
func ofDB(id string, names ...string) object {
	parts := []any{"~"}
	for _, name := range names {
		known := []any{"attr", []any{"item", node("hostvars"), lit("db")}, name}
		parts = append(parts, []any{"filter", "default", known, []any{lit("-")}, object{}}, lit(" "))
	}
	return testkit.Task(id, "debug", object{"msg": object{"$": parts}})
}

// What add_host says of another host is known at once: over its inventory, under its facts, what it told and what was learnt
// of it here. The facts of others are asked for when they are read, not before.
func TestHostvarsAfterAddHost(t *testing.T) {
	names := []string{"size", "full", "fact", "told", "learnt", "port", "group_names"}
	r := newRig(t, testkit.Play(
		testkit.Task("a", "add_host", object{"name": "db", "groups": "new,all", "size": "large", "fact": "f", "told": "t"}),
		ofDB("b", names...),
		testkit.Task("c", "set_fact", object{"learnt": "here"}, object{"delegate_to": "db", "delegate_facts": true}),
		testkit.Task("d", "add_host", object{"hostname": "db", "port": 80, "learnt": "l", "full": object{"$": []any{"~", lit("{{ si"), lit("ze }}")}}}),
		ofDB("e", names...),
	))
	r.opts.Vars = value.DictOf("inventory_hostname", "web", "groups", value.DictOf("all", []any{"web", "db"}))
	full := value.DictOf("$", []any{"~", []any{"var", "size"}, []any{"lit", " one"}})
	r.opts.Others = value.DictOf("db", value.DictOf("known", value.DictOf("told", "by itself"),
		"inventory", value.DictOf("size", "small", "full", full, "group_names", []any{"ungrouped"}),
		"added", value.DictOf("size", "huge", "port", int64(1), "fact", "a", "told", "b")))
	var asked []string
	r.opts.Foreign, r.opts.Ask = true, func(_ context.Context, kind string, _ *value.Dict) (*value.Dict, error) {
		asked = append(asked, kind)
		if kind == "hostvars" {
			return value.DictOf("facts", value.DictOf("db", value.DictOf("fact", "found"))), nil
		}
		return value.NewDict(), nil
	}
	want := "a: changed, b: large large one found by itself - 1 ['new'], c: ok, d: changed, e: large {{ size }} found by itself here 80 ['new']"
	if !r.run(context.Background()) || r.told() != want {
		t.Errorf("%s\nwant %s\n%+v", r.told(), want, r.engine.Failure)
	}
	if got := strings.Join(asked, " "); got != "others hostvars others others" {
		t.Errorf("asked %s", got)
	}
}
