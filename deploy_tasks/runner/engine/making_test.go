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
