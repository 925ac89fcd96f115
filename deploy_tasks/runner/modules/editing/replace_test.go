//go:build unix

package editing

import (
	"os"
	"testing"

	"runner/modules/moduletest"
)

func TestReplace(t *testing.T) {
	const text = "one 1\n<a>\none 2\n</a>\nÄ one 3\n"
	for name, c := range map[string]struct {
		args []any
		want string
		msg  string
	}{
		"everywhere":        {[]any{"regexp", "one", "replace", "1"}, "1 1\n<a>\n1 2\n</a>\nÄ 1 3\n", "3 replacements made"},
		"lines begin":       {[]any{"regexp", `^one (\d)$`, "replace", `\g<1>\1`}, "11\n<a>\n22\n</a>\nÄ one 3\n", "2 replacements made"},
		"nothing instead":   {[]any{"regexp", `^one.*\n`}, "<a>\n</a>\nÄ one 3\n", "2 replacements made"},
		"between":           {[]any{"regexp", "one", "replace", "x", "after", "<a>", "before", "</a>"}, "one 1\n<a>\nx 2\n</a>\nÄ one 3\n", "1 replacements made"},
		"after":             {[]any{"regexp", "one", "replace", "x", "after", "</a>"}, "one 1\n<a>\none 2\n</a>\nÄ x 3\n", "1 replacements made"},
		"after the first":   {[]any{"regexp", "one", "replace", "x", "after", "[Ä<]"}, "one 1\n<a>\nx 2\n</a>\nÄ x 3\n", "2 replacements made"},
		"before the last":   {[]any{"regexp", "one", "replace", "x", "before", "<"}, "x 1\n<a>\nx 2\n</a>\nÄ one 3\n", "2 replacements made"},
		"words by Unicode":  {[]any{"regexp", `\w one`, "replace", "ß"}, "one 1\n<a>\none 2\n</a>\nß 3\n", "1 replacements made"},
		"a section's edges": {[]any{"regexp", `\A.*?2`, "replace", "x", "after", "(?:<a>\n)"}, "one 1\n<a>\nx\n</a>\nÄ one 3\n", "1 replacements made"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("f", text)
			r := h.Run("replace", append([]any{"path", "@/f"}, c.args...)...)
			if got := h.Read("f"); got != c.want || r.Msg != c.msg || !r.Changed || len(r.Diff) != 1 {
				t.Errorf("%q (%s), wanted %q", got, r.Msg, c.want)
			}
		})
	}
}

func TestReplaceWithoutChange(t *testing.T) {
	for name, args := range map[string][]any{
		"no match":         {"regexp", "none", "replace", "x"},
		"by itself":        {"regexp", "(one)", "replace", `\1`},
		"outside":          {"regexp", "one", "after", "one"},
		"no such section":  {"regexp", "one", "after", "<b>"},
		"section of none":  {"regexp", "x", "before", "nowhere"},
		"the mode already": {"regexp", "none", "mode", "0644"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("f", "one\n")
			if r := h.Run("replace", append([]any{"path", "@/f"}, args...)...); r.Changed || r.Failed || h.Read("f") != "one\n" {
				t.Errorf("%+v %q", r, h.Read("f"))
			}
		})
	}
}

func TestReplaceIsSteady(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "one\n")
	r := h.Steady("replace", "path", "@/f", "regexp", "one", "replace", "two", "backup", true, "mode", "0600")
	if r.Msg != "1 replacements made and ownership, perms or SE linux context changed" || h.Mode("f") != "0600" {
		t.Error(r.Msg)
	}
	copied, _ := r.Data.Get("backup_file")
	if b, err := os.ReadFile(copied.(string)); err != nil || string(b) != "one\n" {
		t.Errorf("%q %v", b, err)
	}
}

func TestReplaceLeavesStrayBytes(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "caf\xe9 \xc3\xa9 one\xff\n")
	h.Run("replace", "path", "@/f", "regexp", `one(.)`, "replace", `two\1é`)
	if got := h.Read("f"); got != "caf\xe9 \xc3\xa9 two\xff\xc3\xa9\n" {
		t.Errorf("%q", got)
	}
	h.Write("f", "\xff \U0010FF41")
	moduletest.Fails(t, h.Run("replace", "path", "@/f", "regexp", "x"), "bytes that are no UTF-8 and characters beyond U+10FF00")
}

func TestReplaceRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "one\n")
	moduletest.Fails(t, h.Run("replace", "path", "@/none", "regexp", "x"), "none does not exist !")
	moduletest.Fails(t, h.Run("replace", "path", "@", "regexp", "x"), "is a directory !")
	moduletest.Fails(t, h.Run("replace", "path", "@/f", "regexp", "("), "Invalid regular expression (: missing ), unterminated subpattern")
	moduletest.Fails(t, h.Run("replace", "path", "@/f", "regexp", "x", "after", "("), "missing )")
	moduletest.Fails(t, h.Run("replace", "path", "@/f", "regexp", "one", "replace", `\1`),
		"Unable to process replace due to error: invalid group reference 1 at position 1")
	moduletest.Fails(t, h.Run("replace", "path", "@/f", "regexp", "one", "replace", "x", "validate", "false %s"), "failed to validate: rc:1 error:")
	if h.Read("f") != "one\n" {
		t.Error(h.Read("f"))
	}
}
