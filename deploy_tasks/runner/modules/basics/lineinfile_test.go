package basics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/modules/kit"
	"runner/modules/moduletest"
)

const sample = "a=1\nb=2\n# b=3\nc=4"

func TestLineInFile(t *testing.T) {
	for name, c := range map[string]struct {
		args []any
		want string
		msg  string
	}{
		"at the end":           {[]any{"line", "z=9"}, "a=1\nb=2\n# b=3\nc=4\nz=9\n", "line added"},
		"replaced":             {[]any{"regexp", "^b=", "line", "b=5"}, "a=1\nb=5\n# b=3\nc=4", "line replaced"},
		"last match":           {[]any{"regexp", "b=", "line", "# b=3 b="}, "a=1\nb=2\n# b=3 b=\nc=4", "line replaced"},
		"first match":          {[]any{"regexp", "b=", "line", "b=", "firstmatch", true}, "a=1\nb=\n# b=3\nc=4", "line replaced"},
		"at the end of a line": {[]any{"regexp", `\d$`, "line", "d=5"}, "a=1\nb=2\n# b=3\nd=5\n", "line replaced"},
		"no match":             {[]any{"regexp", "^d=", "line", "d=1"}, "a=1\nb=2\n# b=3\nc=4\nd=1\n", "line added"},
		"search string":        {[]any{"search_string", "# b", "line", "b=6"}, "a=1\nb=2\nb=6\nc=4", "line replaced"},
		"after":                {[]any{"line", "n", "insertafter", "^a="}, "a=1\nn\nb=2\n# b=3\nc=4", "line added"},
		"after the last":       {[]any{"line", "n", "insertafter", "b="}, "a=1\nb=2\n# b=3\nn\nc=4", "line added"},
		"after the first": {[]any{"line", "n", "insertafter", "b=", "firstmatch", true}, "a=1\nb=2\nn\n# b=3\nc=4",
			"line added"},
		"after the end":   {[]any{"line", "n", "insertafter", "^c"}, "a=1\nb=2\n# b=3\nc=4\nn\n", "line added"},
		"after nothing":   {[]any{"line", "n", "insertafter", "^x"}, "a=1\nb=2\n# b=3\nc=4\nn\n", "line added"},
		"before":          {[]any{"line", "n", "insertbefore", "^b="}, "a=1\nn\nb=2\n# b=3\nc=4", "line added"},
		"before nothing":  {[]any{"line", "n", "insertbefore", "^x"}, "a=1\nb=2\n# b=3\nc=4\nn\n", "line added"},
		"at the top":      {[]any{"line", "n", "insertbefore", "BOF"}, "n\na=1\nb=2\n# b=3\nc=4", "line added"},
		"back references": {[]any{"regexp", `^(?P<n>a)=(\d)$`, "line", `\g<n>=\2\g<2>`, "backrefs", true}, "a=11\nb=2\n# b=3\nc=4", "line replaced"},
		"looking ahead":   {[]any{"regexp", `^(?!#).*b`, "line", "x"}, "a=1\nx\n# b=3\nc=4", "line replaced"},
		"one removed":     {[]any{"line", "b=2", "state", "absent"}, "a=1\n# b=3\nc=4", "1 line(s) removed"},
		"some removed":    {[]any{"regexp", "b=", "state", "absent"}, "a=1\nc=4", "2 line(s) removed"},
		"found removed":   {[]any{"search_string", "# ", "state", "absent"}, "a=1\nb=2\nc=4", "1 line(s) removed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("f", sample)
			r := h.Steady("lineinfile", append([]any{"path", "@/f"}, c.args...)...)
			if got := h.Read("f"); got != c.want || r.Msg != c.msg {
				t.Errorf("%q (%s), wanted %q", got, r.Msg, c.want)
			}
		})
	}
}

func TestLineInFileContent(t *testing.T) {
	for name, args := range map[string][]any{
		"there already":           {"line", "b=2"},
		"nothing to refer to":     {"regexp", "^x(.)", "line", `\1`, "backrefs", true},
		"nothing to remove":       {"line", "x", "state", "absent"},
		"there, with insertafter": {"line", "a=1", "insertafter", "^c"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("f", sample)
			if r := h.Run("lineinfile", append([]any{"path", "@/f"}, args...)...); r.Changed || r.Failed || h.Read("f") != sample {
				t.Errorf("%+v %q", r, h.Read("f"))
			}
		})
	}
}

func TestLineInFileCreates(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("lineinfile", "path", "@/d/f", "line", "x"), "does not exist !")
	r := h.Steady("lineinfile", "path", "@/d/f", "line", "x", "create", true, "mode", "0600")
	if h.Read("d/f") != "x\n" || h.Mode("d/f") != "0600" || r.Msg != "line added and ownership, perms or SE linux context changed" {
		t.Errorf("%s %s", h.Tree(), r.Msg)
	}
	if r := h.Run("lineinfile", "path", "@/none", "line", "x", "state", "absent"); r.Changed || r.Msg != "file not present" {
		t.Errorf("%+v", r)
	}
}

func TestLineInFileKeeps(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", sample)
	if err := os.Symlink("f", h.Path("l")); err != nil {
		t.Fatal(err)
	}
	r := h.Run("lineinfile", "path", "@/l", "line", "x", "backup", true)
	if !kit.IsLink(h.Path("l")) || !strings.HasSuffix(h.Read("f"), "x\n") {
		t.Error("what a link points to is edited, the link stays")
	}
	backup, _ := r.Data.Get("backup")
	if name, err := filepath.Rel(h.Dir, backup.(string)); err != nil || h.Read(name) != sample {
		t.Errorf("%v", backup)
	}
	moduletest.Fails(t, h.Run("lineinfile", "path", "@/f", "line", "y", "validate", "grep nothing %s"), "failed to validate: rc:1 error:")
	if strings.Contains(h.Read("f"), "y\n") {
		t.Error("what did not pass is in place")
	}
}

func TestLineInFileRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", sample)
	for words, args := range map[string][]any{
		"line is required with state=present":                 {},
		"one of line, search_string, or regexp is required":   {"state", "absent"},
		"regexp is required with backrefs=true":               {"line", "x", "backrefs", true},
		"mutually exclusive: insertbefore|insertafter":        {"line", "x", "insertbefore", "a", "insertafter", "b"},
		"mutually exclusive: regexp|search_string":            {"line", "x", "regexp", "a", "search_string", "b"},
		"Invalid regular expression: missing ), unterminated": {"line", "x", "regexp", "("},
	} {
		moduletest.Fails(t, h.Run("lineinfile", append([]any{"path", "@/f"}, args...)...), words)
	}
	moduletest.Fails(t, h.Run("lineinfile", "path", "@", "line", "x"), "is a directory !")
}
