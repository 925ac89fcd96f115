//go:build unix

package editing

import (
	"os"
	"strings"
	"testing"
	"time"

	"runner/module"
	"runner/modules/moduletest"
	"runner/value"
)

// names are the found paths below the host's folder.
func names(t *testing.T, h *moduletest.Host, r module.Result) string {
	t.Helper()
	if r.Failed || r.Changed {
		t.Fatalf("%+v", r)
	}
	files, _ := r.Data.Get("files")
	items, _ := value.Items(files)
	var out []string
	for _, file := range items {
		path, _ := file.(*value.Dict).Get("path")
		out = append(out, strings.TrimPrefix(path.(string), h.Dir+"/"))
	}
	return strings.Join(out, " ")
}

func searched(t *testing.T) *moduletest.Host {
	h := moduletest.New(t)
	h.Write("a.log", "one\ntwo Ärger\r\nthree")
	h.Write("b.txt", strings.Repeat("x", 2048))
	h.Write(".h.log", "")
	h.Write("d/c.log", "two\n")
	h.Write("d/e/f.log", "")
	h.Write("d/.g/i.log", "")
	old := time.Now().Add(-49 * time.Hour)
	for _, err := range []error{os.Symlink("d", h.Path("l")), os.Symlink("..", h.Path("d/up")),
		os.Chtimes(h.Path("b.txt"), time.Now(), old), os.Chmod(h.Path("d/c.log"), 0o750|os.ModeSetuid)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestFind(t *testing.T) {
	h := searched(t)
	for name, c := range map[string]struct {
		args []any
		want string
	}{
		"files":               {nil, "a.log b.txt"},
		"hidden too":          {[]any{"hidden", true}, ".h.log a.log b.txt"},
		"by pattern":          {[]any{"patterns", "*.log,z*"}, "a.log"},
		"sets":                {[]any{"patterns", []any{"[!a].t?t", "[x"}}, "b.txt"},
		"not by pattern":      {[]any{"excludes", "b.*"}, "a.log"},
		"by regex":            {[]any{"patterns", []any{`a\.(log|x)`}, "use_regex", true}, "a.log"},
		"regex at the start":  {[]any{"patterns", "b", "use_regex", true}, "b.txt"},
		"not by regex":        {[]any{"excludes", "^a", "use_regex", true}, "b.txt"},
		"below":               {[]any{"recurse", true, "patterns", "*.log"}, "a.log d/c.log d/.g/i.log d/e/f.log"},
		"to a depth":          {[]any{"recurse", true, "depth", 2, "patterns", "*.log"}, "a.log d/c.log"},
		"following":           {[]any{"recurse", true, "follow", true, "patterns", "c*"}, "d/c.log l/c.log"},
		"folders":             {[]any{"file_type", "directory", "recurse", true}, "d d/e"},
		"links":               {[]any{"file_type", "link", "recurse", true}, "l d/up"},
		"anything":            {[]any{"file_type", "any"}, "a.log b.txt d l"},
		"old":                 {[]any{"age", "2d"}, "b.txt"},
		"young":               {[]any{"age", "-2D"}, "a.log"},
		"older than that":     {[]any{"age", "1w"}, ""},
		"used":                {[]any{"age", "1h", "age_stamp", "atime"}, ""},
		"large":               {[]any{"size", "2k"}, "b.txt"},
		"small":               {[]any{"size", "-2047"}, "a.log"},
		"with a line":         {[]any{"contains", `two \w+$`}, "a.log"},
		"at a line's start":   {[]any{"contains", "wo"}, ""},
		"anywhere in it":      {[]any{"contains", `wo Ärger\nt`, "read_whole_file", true}, "a.log"},
		"last line":           {[]any{"contains", "three$"}, "a.log"},
		"of a mode":           {[]any{"recurse", true, "mode", "4750"}, "d/c.log"},
		"of a symbolic mode":  {[]any{"mode", "u=rw,g=r,o=r"}, "a.log b.txt"},
		"with a bit":          {[]any{"recurse", true, "mode", "u+x", "exact_mode", false}, "d/c.log"},
		"so many":             {[]any{"limit", 1}, "a.log"},
		"so many, and deeper": {[]any{"limit", 3, "recurse", true}, "a.log b.txt d/c.log"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := names(t, h, h.Check("find", append([]any{"paths", "@"}, c.args...)...)); got != c.want {
				t.Errorf("%s, wanted %s", got, c.want)
			}
		})
	}
}

func TestFindDescribes(t *testing.T) {
	h := searched(t)
	r := h.Run("find", "path", []any{"@/d/", "@/none"}, "get_checksum", true)
	moduletest.Holds(t, r, "matched", 1, "examined", 4)
	if r.Msg != "Not all paths examined, check warnings for details" {
		t.Error(r.Msg)
	}
	skipped, _ := r.Data.Get("skipped_paths")
	if why, _ := skipped.(*value.Dict).Get(h.Path("none")); why != "'"+h.Path("none")+"' is not a directory" {
		t.Errorf("%v", why)
	}
	files, _ := r.Data.Get("files")
	items, _ := value.Items(files)
	for key, want := range map[string]any{"path": h.Path("d/c.log"), "mode": "4750", "size": int64(4), "isreg": true, "isuid": true,
		"checksum": "7bbef45b3bc70855010e02460717643125c3beca", "xoth": false, "nlink": int64(1)} {
		if got, _ := items[0].(*value.Dict).Get(key); got != want {
			t.Errorf("%s is %v", key, got)
		}
	}
	if r := h.Run("find", "paths", "@", "limit", 2); r.Msg != "Limit of matches reached" {
		t.Error(r.Msg)
	}
}

func TestFindReadsTextAsPythonDoes(t *testing.T) {
	h := moduletest.New(t)
	line := strings.Repeat("é", 100) + "\n"
	h.Write("f", "first\n"+strings.Repeat(line, 90)+"\xff\nlast\n")
	if got := names(t, h, h.Run("find", "paths", "@", "contains", "first")); got != "f" {
		t.Errorf("a line before the piece with the stray byte is %q", got)
	}
	r := h.Run("find", "paths", "@", "contains", "last")
	skipped, _ := r.Data.Get("skipped_paths")
	if why, _ := skipped.(*value.Dict).Get(h.Dir); why != "Failed to read the file "+h.Path("f")+" due to an encoding error. current encoding: utf-8" {
		t.Errorf("%v", why)
	}
	h.Write("f", strings.Repeat(line, 1000)+"last")
	if got := names(t, h, h.Run("find", "paths", "@", "contains", "las")); got != "f" {
		t.Error("the last line is not found")
	}
}

func TestFindRefusals(t *testing.T) {
	h := searched(t)
	moduletest.Fails(t, h.Run("find"), "missing required arguments: paths")
	moduletest.Fails(t, h.Run("find", "paths", "@", "age", "2y"), "failed to process age")
	moduletest.Fails(t, h.Run("find", "paths", "@", "size", "k"), "failed to process size")
	moduletest.Fails(t, h.Run("find", "paths", "@", "size", "99999999999t"), "failed to process size")
	moduletest.Fails(t, h.Run("find", "paths", "@", "limit", 0), "limit cannot be 0 (use None for unlimited)")
	moduletest.Fails(t, h.Run("find", "paths", "@", "mode", 420), "argument 'mode' is not a string and conversion is not allowed, value is of type int")
	moduletest.Fails(t, h.Run("find", "paths", "@", "patterns", "(", "use_regex", true), "Invalid regular expression (: missing )")
	most := mostFound
	mostFound = 1
	defer func() { mostFound = most }()
	moduletest.Fails(t, h.Run("find", "paths", "@"), "more than 1 files match")
}
