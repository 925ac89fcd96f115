//go:build unix

package editing

import (
	"testing"

	"runner/modules/moduletest"
)

func TestBlockInFile(t *testing.T) {
	const marked = "a\n# BEGIN ANSIBLE MANAGED BLOCK\nold\n# END ANSIBLE MANAGED BLOCK\nb\n"
	const made = "# BEGIN ANSIBLE MANAGED BLOCK\nx\ny\n# END ANSIBLE MANAGED BLOCK\n"
	for name, c := range map[string]struct {
		before string
		args   []any
		want   string
		msg    string
	}{
		"at the end":             {"a\nb", nil, "a\nb\n" + made, "Block inserted"},
		"in its place":           {marked, nil, "a\n" + made + "b\n", "Block inserted"},
		"after":                  {"a\nb\na\nc\n", []any{"insertafter", "^a"}, "a\nb\na\n" + made + "c\n", "Block inserted"},
		"after the end":          {"a\nb", []any{"insertafter", "^b"}, "a\nb\n" + made, "Block inserted"},
		"after nothing":          {"a\nb\n", []any{"insertafter", "^c"}, "a\nb\n" + made, "Block inserted"},
		"after many lines":       {"a\nb\na\nb\n", []any{"insertafter", "(?m)^a\n^b"}, "a\nb\n" + made + "a\nb\n", "Block inserted"},
		"before":                 {"a\nb\n", []any{"insertbefore", "^b"}, "a\n" + made + "b\n", "Block inserted"},
		"before many lines":      {"x\na\nb\n", []any{"insertbefore", "(?m)^a\n^b"}, "x\n" + made + "a\nb\n", "Block inserted"},
		"at the top":             {"a\n", []any{"insertbefore", "BOF"}, made + "a\n", "Block inserted"},
		"marks":                  {"a\n", []any{"marker", "; {mark} {mark}", "marker_begin", "<", "marker_end", ">"}, "a\n; < <\nx\ny\n; > >\n", "Block inserted"},
		"only one mark":          {"# BEGIN ANSIBLE MANAGED BLOCK\na\n", nil, "# BEGIN ANSIBLE MANAGED BLOCK\na\n" + made, "Block inserted"},
		"marks the other way":    {"# END ANSIBLE MANAGED BLOCK\na\n# BEGIN ANSIBLE MANAGED BLOCK\nb", nil, made + "b", "Block inserted"},
		"removed":                {marked, []any{"state", "absent"}, "a\nb\n", "Block removed"},
		"removed for no content": {marked, []any{"block", ""}, "a\nb\n", "Block removed"},
		"blank lines":            {marked, []any{"append_newline", true, "prepend_newline", true}, "a\n\n" + made + "\nb\n", "Block inserted"},
		"blank lines at edges":   {"", []any{"append_newline", true, "prepend_newline", true}, made, "Block inserted"},
		"other line ends":        {"a\r\nb\rc", []any{"insertafter", "^b"}, "a\r\nb\r\n" + made + "c", "Block inserted"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("f", c.before)
			r := h.Steady("blockinfile", append([]any{"path", "@/f", "block", "x\ny"}, c.args...)...)
			if got := h.Read("f"); got != c.want || r.Msg != c.msg {
				t.Errorf("%q (%s), wanted %q", got, r.Msg, c.want)
			}
		})
	}
}

func TestBlockInFileCreates(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("blockinfile", "path", "@/d/f", "block", "x"), "does not exist !")
	r := h.Steady("blockinfile", "path", "@/d/f", "block", "x\n", "create", true, "mode", "0600", "marker", "# {mark}")
	if h.Read("d/f") != "# BEGIN\nx\n# END\n" || h.Mode("d/f") != "0600" ||
		r.Msg != "File created and ownership, perms or SE linux context changed" {
		t.Errorf("%s %s", h.Tree(), r.Msg)
	}
	if r := h.Run("blockinfile", "path", "@/none", "state", "absent", "create", true); r.Changed || r.Failed || r.Msg != "File "+h.Path("none")+" not present" {
		t.Errorf("%+v", r)
	}
	if r := h.Run("blockinfile", "path", "@/empty", "create", true); !r.Changed || h.Read("empty") != "" {
		t.Errorf("%+v", r)
	}
}

func TestBlockInFileRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "a\n")
	moduletest.Fails(t, h.Run("blockinfile", "path", "@", "block", "x"), "is a directory !")
	moduletest.Fails(t, h.Run("blockinfile", "path", "@/f", "block", "x", "insertafter", "("), "missing )")
	moduletest.Fails(t, h.Run("blockinfile", "path", "@/f", "block", "x", "insertafter", "a", "insertbefore", "b"), "mutually exclusive")
	moduletest.Fails(t, h.Run("blockinfile", "path", "@/f", "block", "x", "validate", "grep -q none %s"), "failed to validate: rc:1 error:")
	if h.Read("f") != "a\n" {
		t.Error(h.Read("f"))
	}
}
