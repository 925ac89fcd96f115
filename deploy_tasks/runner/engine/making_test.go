package engine_test

import (
	"context"
	"testing"

	"runner/testkit"
	"runner/value"
)

// ofItself prints variables of the host itself, "-" for one that is not defined.
func ofItself(id string, names ...string) object {
	parts := []any{"~"}
	for _, name := range names {
		parts = append(parts, []any{"filter", "default", node(name), []any{lit("-")}, object{}}, lit(" "))
	}
	return testkit.Task(id, "debug", object{"msg": object{"$": parts}})
}

// A host that no inventory has comes first among all, and hostvars knows it at once; a port behind its name is a variable.
func TestAHostOfNoInventoryIsAdded(t *testing.T) {
	for name, want := range map[string][]any{
		"new": {"new", nil}, "new:2222": {"new", int64(2222)}, "[::1]:22": {"::1", int64(22)}, "::1": {"::1", nil},
		"new:": {"new:", nil}, "new:x": {"new:x", nil}, "-new:1": {"-new:1", nil}, "[x]:1": {"[x]:1", nil},
	} {
		of := []any{"item", node("hostvars"), lit(want[0])}
		seen := object{"$": []any{"~", []any{"filter", "join", []any{"item", node("groups"), lit("all")}, []any{lit(",")}, object{}},
			lit(" "), []any{"item", of, lit("size")}, lit(" "), []any{"item", of, lit("own")}}}
		r := newRig(t, testkit.Play(testkit.Task("a", "add_host", object{"name": name, "size": "large"}), testkit.Task("b", "debug", object{"msg": seen})))
		r.opts.Vars = value.DictOf("inventory_hostname", "web", "groups", value.DictOf("all", []any{"old", "web"}, "ungrouped", []any{"web"}))
		var told *value.Dict
		r.opts.Single, r.opts.Joins, r.opts.Others = true, true, value.NewDict()
		r.opts.Ask = func(_ context.Context, _ string, fields *value.Dict) (*value.Dict, error) {
			told = fields
			return value.DictOf("groups", []any{"all", "ungrouped"}, "place", int64(1), "inventory", value.DictOf("own", "x"), "added", value.DictOf("size", "large")), nil
		}
		if !r.run(context.Background()) {
			t.Fatalf("%s: %+v", name, r.engine.Failure)
		}
		vars, _ := told.Get("vars")
		host, _ := told.Get("host")
		port, _ := vars.(*value.Dict).Get("ansible_ssh_port")
		if host != want[0] || port != want[1] || r.told() != "a: changed, b: old,"+want[0].(string)+",web large x" {
			t.Errorf("%s: host %v, port %v, %s", name, host, port, r.told())
		}
	}
}

// What the worker answers of groups holds from the next task on: the groups above, and variables, which may be templates. A
// host that is alone asks where joining a group may bring something, and only there.
func TestGroupsBringTheirVariables(t *testing.T) {
	names := []string{"tier", "own", "group_names"}
	for joins, want := range map[bool]string{
		true:  "a: changed, b: of x x ['db', 'prod']",
		false: "a: changed, b: - x ['db']",
	} {
		r := newRig(t, testkit.Play(testkit.Task("a", "group_by", object{"key": "db"}), ofItself("b", names...)))
		r.opts.Vars = value.DictOf("inventory_hostname", "web", "own", "x", "group_names", []any{"ungrouped"})
		asked := 0
		r.opts.Single, r.opts.Joins, r.opts.Ask = true, joins, func(context.Context, string, *value.Dict) (*value.Dict, error) {
			asked++
			tier := value.DictOf("$", []any{"~", []any{"lit", "of "}, []any{"var", "own"}})
			return value.DictOf("groups", []any{"db", "prod", "all"}, "vars", value.DictOf("tier", tier)), nil
		}
		if !r.run(context.Background()) || r.told() != want || (asked == 1) != joins {
			t.Errorf("joins %v: asked %d times, %s\nwant %s\n%+v", joins, asked, r.told(), want, r.engine.Failure)
		}
	}
}
