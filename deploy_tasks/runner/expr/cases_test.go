package expr

import (
	"errors"
	"os"
	"testing"

	"runner/value"
)

// scope is a dict of variables.
type scope struct{ vars *value.Dict }

func (s scope) Lookup(name string) (any, bool, error) {
	v, ok := s.vars.Get(name)
	return v, ok, nil
}

func loadCases(t *testing.T) (scope, []any) {
	t.Helper()
	data, err := os.ReadFile("../../../tests/cases/expr.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := value.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	vars, _ := document.(*value.Dict).Get("vars")
	cases, _ := document.(*value.Dict).Get("cases")
	return scope{vars.(*value.Dict)}, cases.([]any)
}

func field(c *value.Dict, name string) any {
	v, _ := c.Get(name)
	return v
}

// The cases are recorded from Ansible and Jinja2; Python checks that their texts lower to their trees.
func TestSharedCases(t *testing.T) {
	s, cases := loadCases(t)
	before := value.Repr(s.vars)
	for _, item := range cases {
		c := item.(*value.Dict)
		v, err := Eval(field(c, "tree"), s)
		if want := field(c, "error"); want != nil {
			var failed *Error
			if !errors.As(err, &failed) || failed.Msg != want || string(failed.Kind) != field(c, "kind") {
				t.Errorf("%s\nwant error %v\ngot %v, %v", value.Repr(c), want, value.Repr(v), err)
			}
			continue
		}
		if err != nil || value.Repr(v) != field(c, "repr") {
			t.Errorf("%s\nwant %v\ngot  %v, %v", value.Repr(c), field(c, "repr"), value.Repr(v), err)
		}
	}
	if value.Repr(s.vars) != before {
		t.Error("an expression changed a variable of its scope")
	}
}

// A tree is untrusted like everything that comes from outside: broken ones are errors, never a crash.
func TestBrokenTrees(t *testing.T) {
	s, cases := loadCases(t)
	for _, item := range cases {
		tree := field(item.(*value.Dict), "tree")
		for i := range count1(tree) {
			cut := i
			_, _ = Eval(damaged(tree, &cut), s)
		}
	}
	for _, tree := range []string{`null`, `[]`, `["nope"]`, `["var"]`, `["var", 1]`, `["tmpl", [["for"]]]`, `["filter", "upper"]`, `["call", ["lit", 1], [], {}]`} {
		v, err := value.Decode([]byte(tree))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Eval(v, s); err == nil {
			t.Errorf("%s: no error", tree)
		}
	}
}

// count1 is the number of places where a tree can be damaged.
func count1(tree any) int {
	n := 1
	if items, ok := tree.([]any); ok {
		for _, item := range items {
			n += count1(item)
		}
	}
	return n
}

// damaged is the tree with its node number `at` replaced by something that does not belong there.
func damaged(tree any, at *int) any {
	if *at == 0 {
		*at = -1
		return int64(7)
	}
	*at--
	items, ok := tree.([]any)
	if !ok {
		return tree
	}
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = damaged(item, at)
	}
	return out
}

func TestLimits(t *testing.T) {
	deep := []any{"lit", int64(1)}
	for range 5000 {
		deep = []any{"neg", deep}
	}
	lit := func(v any) any { return []any{"lit", v} }
	huge := func(op string, a, b any) any { return []any{op, lit(a), lit(b)} }
	for name, tree := range map[string]any{
		"depth":  deep,
		"text":   huge("*", "abcdefghij", int64(1<<40)),
		"list":   huge("*", []any{int64(1)}, int64(1<<40)),
		"power":  huge("**", int64(10), int64(1<<40)),
		"range":  []any{"call", []any{"var", "range"}, []any{lit(int64(1 << 60))}, value.NewDict()},
		"regex":  []any{"test", "match", lit("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), []any{lit("(a*)*c")}, value.NewDict()},
		"format": huge("%", "%999999999d", int64(1)),
	} {
		if v, err := Eval(tree, scope{value.NewDict()}); err == nil {
			t.Errorf("%s: no error but a %s", name, value.TypeName(v))
		}
	}
}

func TestResolve(t *testing.T) {
	vars := scope{value.DictOf("x", int64(1))}
	expression := func(node ...any) any { return value.DictOf("$", node) }
	in := value.DictOf("a", []any{expression("var", "x"), expression("var", "omit")}, "b", expression("var", "omit"), "c", "plain")
	out, err := Resolve(in, vars)
	if err != nil || value.Repr(out) != "{'a': [1], 'c': 'plain'}" {
		t.Errorf("got %s, %v", value.Repr(out), err)
	}
	if _, err := Resolve(expression("var", "gone"), vars); !IsUndefined(err) || err.Error() != "'gone' is undefined" {
		t.Errorf("got %v", err)
	}
	if v, err := Resolve(expression("var", "omit"), vars); err != nil || v != (value.Omit{}) {
		t.Errorf("got %v, %v", v, err)
	}
}

// failing is a scope whose one variable depends on something undefined.
type failing struct{}

func (failing) Lookup(name string) (any, bool, error) {
	if name != "late" {
		return nil, false, nil
	}
	return nil, true, &Error{Undefined, "'base' is undefined"}
}

// A variable that cannot be had yet counts as undefined: it may have a default, and says why when it is used.
func TestVariableOfSomethingUndefined(t *testing.T) {
	late := []any{"var", "late"}
	v, err := Eval([]any{"filter", "default", late, []any{[]any{"lit", "d"}}, value.NewDict()}, failing{})
	if v != "d" || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := Eval(late, failing{}); !IsUndefined(err) || err.Error() != "'base' is undefined" {
		t.Errorf("got %v", err)
	}
	if holds, err := Bool([]any{"test", "defined", late, []any{}, value.NewDict()}, failing{}); holds || err != nil {
		t.Errorf("got %v, %v", holds, err)
	}
}
