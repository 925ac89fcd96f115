package basics

import (
	"testing"

	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// scope is the variables of a test.
type scope map[string]any

func (s scope) Lookup(name string) (any, bool, error) {
	v, ok := s[name]
	return v, ok, nil
}

func TestEveryNameIsRegistered(t *testing.T) {
	for name := range table {
		if _, ok := module.Get(name); !ok {
			t.Errorf("%s is not registered", name)
		}
	}
}

func TestPingAndFail(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Holds(t, h.Run("ping"), "ping", "pong")
	moduletest.Holds(t, h.Check("ping", "data", "x"), "ping", "x")
	moduletest.Fails(t, h.Run("ping", "bogus", 1), "Unsupported parameters for (ping) module: bogus. Supported parameters include: data.")
	moduletest.Fails(t, h.Run("fail"), "Failed as requested from task")
	moduletest.Fails(t, h.Check("fail", "msg", "own words"), "own words")
}

func TestDebug(t *testing.T) {
	h := moduletest.New(t)
	if r := h.Run("debug"); r.Msg != "Hello world!" || r.Changed || r.Failed {
		t.Errorf("%+v", r)
	}
	moduletest.Holds(t, h.Run("debug", "msg", []any{int64(1)}), "msg", []any{int64(1)})
	if r := h.Run("debug", "verbosity", 2); !r.Skipped {
		t.Error("shown without being asked for")
	}
	moduletest.Fails(t, h.Run("debug", "msg", "x", "var", "y"), "mutually exclusive: msg|var")
	for _, c := range []struct {
		name string
		tree any
		want any
	}{
		{"x", nil, int64(3)},
		{"none", nil, "VARIABLE IS NOT DEFINED!"},
		{"x", []any{"var", "x"}, int64(3)},
		{"x + 1", []any{"+", []any{"var", "x"}, []any{"lit", int64(1)}}, int64(4)},
		{"none", []any{"var", "none"}, "VARIABLE IS NOT DEFINED!"},
	} {
		call := h.Call(false, "var", c.name)
		if c.tree != nil {
			call.Args.Set("_var", c.tree)
		}
		call.Vars = scope{"x": int64(3)}
		moduletest.Holds(t, h.Do("debug", call), c.name, c.want)
	}
}

func TestAssert(t *testing.T) {
	h := moduletest.New(t)
	compare := func(n int64) any { return []any{"cmp", []any{"var", "x"}, []any{"eq", []any{"lit", n}}} }
	call := func(trees ...any) module.Result {
		c := h.Call(false, "that", []any{"x == 3", "x == 4"}, "fail_msg", "no", "success_msg", "yes")
		c.Args.Set("_that", trees)
		c.Vars = scope{"x": int64(3)}
		return h.Do("assert", c)
	}
	if r := call(compare(3), compare(3)); r.Failed || r.Msg != "yes" {
		t.Errorf("%+v", r)
	}
	r := call(compare(3), compare(4))
	moduletest.Fails(t, r, "no")
	moduletest.Holds(t, r, "assertion", "x == 4", "evaluated_to", false)
	moduletest.Fails(t, call([]any{"cmp", []any{"var", "none"}, []any{"eq", []any{"lit", int64(1)}}}), "undefined")
	moduletest.Fails(t, h.Run("assert"), "missing required arguments: that")
	moduletest.Fails(t, h.Run("assert", "that", []any{"x == 3"}), "without its expression tree")
	if r := h.Run("assert", "that", true); r.Failed || r.Msg != "All assertions passed" {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("assert", "that", []any{false}), "Assertion failed")
}

func TestSetFact(t *testing.T) {
	h := moduletest.New(t)
	r := h.Check("set_fact", "a", 1, "b", "x", "cacheable", true)
	if r.Changed || r.Failed || string(value.Encode(r.Facts)) != `{"a":1,"b":"x"}` {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("set_fact"), "No key/value pairs provided")
	moduletest.Fails(t, h.Run("set_fact", "no-name", 1), "The variable name 'no-name' is not valid")
}

func TestSetup(t *testing.T) {
	h := moduletest.New(t)
	r := h.Run("setup", "gather_subset", []any{"!all", "!min", "date_time"})
	if r.Failed || r.Changed {
		t.Fatalf("%+v", r)
	}
	if got := string(value.Encode(kit.Items(r.Facts.Keys()))); got != `["ansible_date_time","gather_subset","module_setup"]` {
		t.Error(got)
	}
	r = h.Run("setup", "filter", []any{"ansible_user_*", "date_*"})
	for _, name := range r.Facts.Keys() {
		switch {
		case name == "gather_subset", name == "module_setup", name == "ansible_date_time":
		case len(name) < 13 || name[:13] != "ansible_user_":
			t.Errorf("%s was not asked for", name)
		}
	}
	moduletest.Fails(t, h.Run("setup", "gather_subset", "bogus"), "Bad subset 'bogus' given to Ansible. gather_subset options allowed: all, ")
}

func TestArguments(t *testing.T) {
	h := moduletest.New(t)
	s := kit.Spec{Args: []kit.Arg{
		{Name: "flag", Kind: kit.Bool}, {Name: "count", Kind: kit.Int, Default: int64(7)}, {Name: "words", Kind: kit.List}, {Name: "place", Kind: kit.Path},
		{Name: "rate", Kind: kit.Float}, {Name: "name", Kind: kit.Text, Aliases: []string{"alias"}},
	}}
	c := h.Call(false, "flag", "Yes", "words", "a, b", "place", "$HOME/$NONE/x", "rate", "1.5", "alias", 12)
	c.Env = []string{"HOME=/home/me"}
	p, err := s.Parse("test", c)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Flag("flag") || p.Int("count") != 7 || len(p.List("words")) != 2 || p.List("words")[1] != "b" ||
		p.Str("place") != "/home/me/$NONE/x" || p.Raw("rate") != 1.5 || p.Str("name") != "12" {
		t.Errorf("%v", p)
	}
	for _, bad := range [][]any{{"flag", "2"}, {"count", "x"}, {"count", 1.5}, {"rate", "x"}, {"words", value.NewDict()}} {
		if _, err := s.Parse("test", h.Call(false, bad...)); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	c = h.Call(false, "place", "~/x")
	c.Env = []string{"HOME=/home/me"}
	if p, err := s.Parse("test", c); err != nil || p.Str("place") != "/home/me/x" {
		t.Errorf("%v %v", p, err)
	}
	if p, err := s.Parse("test", h.Call(false, "place", "rel/")); err != nil || p.Str("place") != h.Dir+"/rel/" {
		t.Errorf("%v %v", p, err)
	}
}
