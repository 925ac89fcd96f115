package modules

import (
	"testing"

	"runner/module"
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
	h := newHost(t)
	holds(t, h.run("ping"), "ping", "pong")
	holds(t, h.check("ping", "data", "x"), "ping", "x")
	fails(t, h.run("ping", "bogus", 1), "Unsupported parameters for (ping) module: bogus. Supported parameters include: data.")
	fails(t, h.run("fail"), "Failed as requested from task")
	fails(t, h.check("fail", "msg", "own words"), "own words")
}

func TestDebug(t *testing.T) {
	h := newHost(t)
	if r := h.run("debug"); r.Msg != "Hello world!" || r.Changed || r.Failed {
		t.Errorf("%+v", r)
	}
	holds(t, h.run("debug", "msg", []any{int64(1)}), "msg", []any{int64(1)})
	if r := h.run("debug", "verbosity", 2); !r.Skipped {
		t.Error("shown without being asked for")
	}
	fails(t, h.run("debug", "msg", "x", "var", "y"), "mutually exclusive: msg|var")
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
		call := h.call(false, "var", c.name)
		if c.tree != nil {
			call.Args.Set("_var", c.tree)
		}
		call.Vars = scope{"x": int64(3)}
		holds(t, h.do("debug", call), c.name, c.want)
	}
}

func TestAssert(t *testing.T) {
	h := newHost(t)
	compare := func(n int64) any { return []any{"cmp", []any{"var", "x"}, []any{"eq", []any{"lit", n}}} }
	call := func(trees ...any) module.Result {
		c := h.call(false, "that", []any{"x == 3", "x == 4"}, "fail_msg", "no", "success_msg", "yes")
		c.Args.Set("_that", trees)
		c.Vars = scope{"x": int64(3)}
		return h.do("assert", c)
	}
	if r := call(compare(3), compare(3)); r.Failed || r.Msg != "yes" {
		t.Errorf("%+v", r)
	}
	r := call(compare(3), compare(4))
	fails(t, r, "no")
	holds(t, r, "assertion", "x == 4", "evaluated_to", false)
	fails(t, call([]any{"cmp", []any{"var", "none"}, []any{"eq", []any{"lit", int64(1)}}}), "undefined")
	fails(t, h.run("assert"), "missing required arguments: that")
	fails(t, h.run("assert", "that", []any{"x == 3"}), "without its expression tree")
	if r := h.run("assert", "that", true); r.Failed || r.Msg != "All assertions passed" {
		t.Errorf("%+v", r)
	}
	fails(t, h.run("assert", "that", []any{false}), "Assertion failed")
}

func TestSetFact(t *testing.T) {
	h := newHost(t)
	r := h.check("set_fact", "a", 1, "b", "x", "cacheable", true)
	if r.Changed || r.Failed || string(value.Encode(r.Facts)) != `{"a":1,"b":"x"}` {
		t.Errorf("%+v", r)
	}
	fails(t, h.run("set_fact"), "No key/value pairs provided")
	fails(t, h.run("set_fact", "no-name", 1), "The variable name 'no-name' is not valid")
}

func TestSetup(t *testing.T) {
	h := newHost(t)
	r := h.run("setup", "gather_subset", []any{"!all", "!min", "date_time"})
	if r.Failed || r.Changed {
		t.Fatalf("%+v", r)
	}
	if got := string(value.Encode(items(r.Facts.Keys()))); got != `["ansible_date_time","gather_subset","module_setup"]` {
		t.Error(got)
	}
	r = h.run("setup", "filter", []any{"ansible_user_*", "date_*"})
	for _, name := range r.Facts.Keys() {
		switch {
		case name == "gather_subset", name == "module_setup", name == "ansible_date_time":
		case len(name) < 13 || name[:13] != "ansible_user_":
			t.Errorf("%s was not asked for", name)
		}
	}
	fails(t, h.run("setup", "gather_subset", "bogus"), "Bad subset 'bogus' given to Ansible. gather_subset options allowed: all, ")
}

func TestArguments(t *testing.T) {
	h := newHost(t)
	s := spec{args: []arg{
		{name: "flag", kind: boolean}, {name: "count", kind: integer, def: int64(7)}, {name: "words", kind: list}, {name: "place", kind: path_},
		{name: "rate", kind: number}, {name: "name", kind: text, aliases: []string{"alias"}},
	}}
	c := h.call(false, "flag", "Yes", "words", "a, b", "place", "$HOME/$NONE/x", "rate", "1.5", "alias", 12)
	c.Env = []string{"HOME=/home/me"}
	p, err := s.parse("test", c)
	if err != nil {
		t.Fatal(err)
	}
	if !p.flag("flag") || p.int("count") != 7 || len(p.list("words")) != 2 || p.list("words")[1] != "b" ||
		p.str("place") != "/home/me/$NONE/x" || p.raw("rate") != 1.5 || p.str("name") != "12" {
		t.Errorf("%v", p.values)
	}
	for _, bad := range [][]any{{"flag", "2"}, {"count", "x"}, {"count", 1.5}, {"rate", "x"}, {"words", value.NewDict()}} {
		if _, err := s.parse("test", h.call(false, bad...)); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	c = h.call(false, "place", "~/x")
	c.Env = []string{"HOME=/home/me"}
	if p, err := s.parse("test", c); err != nil || p.str("place") != "/home/me/x" {
		t.Errorf("%v %v", p, err)
	}
	if p, err := s.parse("test", h.call(false, "place", "rel/")); err != nil || p.str("place") != h.dir+"/rel/" {
		t.Errorf("%v %v", p, err)
	}
}
