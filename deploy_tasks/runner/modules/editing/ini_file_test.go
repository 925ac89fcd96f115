//go:build unix

package editing

import (
	"os"
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

// What the module of community.general 12 makes of the same files with the same arguments.
func TestIniFileLikeTheCollection(t *testing.T) {
	h := moduletest.New(t)
	for i, each := range moduletest.Cases(t, "../../../../tests/cases/ini_file.json", 200) {
		get := func(name string) any { v, _ := each.(*value.Dict).Get(name); return v }
		args := get("args").(*value.Dict)
		h.Write("f", get("before").(string))
		pairs := []any{"path", "@/f"}
		for _, key := range args.Keys() {
			v, _ := args.Get(key)
			pairs = append(pairs, key, v)
		}
		r := h.Run("ini_file", pairs...)
		if after := h.Read("f"); r.Failed || r.Changed != get("changed") || r.Msg != get("msg") || after != get("after") {
			t.Errorf("%d: %s %q: changed %v, %q, %q; wanted %v, %q, %q", i, value.Repr(args), get("before"), r.Changed, r.Msg, after,
				get("changed"), get("msg"), get("after"))
		}
	}
}

func TestIniFileIsSteadyAndTakenBack(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "[s]\na=1\n")
	if err := os.Symlink("f", h.Path("l")); err != nil {
		t.Fatal(err)
	}
	before := h.Tree()
	r := h.Steady("ini_file", "path", "@/d/new.ini", "section", "s", "option", "a", "value", 1, "mode", "0600")
	if h.Read("d/new.ini") != "\n[s]\na = 1\n" || h.Mode("d/new.ini") != "0600" || r.Msg != "section and option added" {
		t.Errorf("%s %s", h.Tree(), r.Msg)
	}
	moduletest.Holds(t, r, "path", h.Path("d/new.ini"), "mode", "0600", "state", "file")
	h.Steady("ini_file", "path", "@/l", "section", "s", "option", "a", "value", "2", "follow", true, "backup", true)
	if h.Read("f") != "[s]\na = 2\n" {
		t.Error(h.Tree())
	}
	h.Steady("ini_file", "path", "@/l", "section", "s", "state", "absent")
	if info, err := os.Lstat(h.Path("l")); err != nil || !info.Mode().IsRegular() || h.Read("f") != "[s]\na = 2\n" || h.Mode("l") != "0644" {
		t.Error(h.Tree())
	}
	h.TakeBack(before)
}

func TestIniFileRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "[s]\na=1\n")
	for words, args := range map[string][]any{
		"Parameter 'value(s)' must be defined if state=present": {"section", "s", "option", "a"},
		"parameters are mutually exclusive: value|values":       {"section", "s", "option", "a", "value", "1", "values", "2"},
		"Destination " + h.Path("none") + " does not exist!":    {"path", "@/none", "section", "s", "option", "a", "value", "1", "create", false},
		"state=absent needs the section or the option":          {"state", "absent"},
		"a value needs the option":                              {"section", "s", "value", "1"},
		"section_has_values needs the section":                  {"option", "a", "value", "1", "section_has_values", []any{value.DictOf("option", "a")}},
		"missing required arguments: option found in":           {"section", "s", "option", "a", "value", "1", "section_has_values", []any{value.DictOf()}},
		"must be a list of dictionaries, not of str":            {"section", "s", "option", "a", "value", "1", "section_has_values", "a"},
	} {
		moduletest.Fails(t, h.Run("ini_file", append([]any{"path", "@/f"}, args...)...), words)
	}
	h.Write("f", "[s]\na=\xff\n")
	moduletest.Fails(t, h.Run("ini_file", "path", "@/f", "section", "s", "option", "a", "value", "1"), "is not in UTF-8")
}
