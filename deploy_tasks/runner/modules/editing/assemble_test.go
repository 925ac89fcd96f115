//go:build unix

package editing

import (
	"os"
	"testing"

	"runner/modules/moduletest"
)

func TestAssemble(t *testing.T) {
	h := moduletest.New(t)
	h.Write("parts/b", "two")
	h.Write("parts/a", "one\n")
	h.Write("parts/.h", "hidden\n")
	h.Write("parts/sub/c", "below")
	h.Files["parts/x"], h.Files["parts/y"], h.Files["parts/z/w"] = "x", "y", "below"
	before := h.Tree()
	for name, c := range map[string]struct {
		args []any
		want string
	}{
		"all":          {nil, "hidden\none\ntwo"},
		"some":         {[]any{"regexp", "^[ab]"}, "one\ntwo"},
		"delimited":    {[]any{"ignore_hidden", true, "delimiter", `-\x41\t`}, "one\n-A\t\ntwo"},
		"line ends":    {[]any{"ignore_hidden", true, "delimiter", `-\n`}, "one\n-\ntwo"},
		"of the plan":  {[]any{"src", "parts", "remote_src", false}, "x\ny"},
		"and delimits": {[]any{"src", "./parts/", "remote_src", false, "delimiter", `-\n`}, "x\n-\n\ny"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]any{"src", "@/parts", "dest", "@/out", "mode", "0600"}, c.args...)
			r := h.Run("assemble", args...)
			if again := h.Run("assemble", args...); h.Read("out") != c.want || r.Failed || again.Failed || again.Changed || h.Mode("out") != "0600" {
				t.Errorf("%q, wanted %q; %+v", h.Read("out"), c.want, r)
			}
		})
	}
	if r := h.Check("assemble", "src", "@/parts", "dest", "@/new"); !r.Skipped {
		t.Errorf("%+v", r)
	}
	h.TakeBack(before)
}

func TestAssembleRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("parts/a", "one\n")
	h.Write("parts/b", "two\n")
	for words, args := range map[string][]any{
		"Source (" + h.Path("none") + ") does not exist":        {"src", "@/none"},
		"Source (" + h.Path("parts/a") + ") is not a directory": {"src", "@/parts/a"},
		"Source (none) is not a directory":                      {"src", "none", "remote_src", false},
		"is a directory: name the file":                         {"dest", "@/parts"},
		"Destination directory " + h.Path("none"):               {"dest", "@/none/x"},
		"Invalid Regexp (missing )":                             {"regexp", "("},
		"invalid \\x escape at position 1":                      {"delimiter", `-\x4`},
		"ends with a backslash":                                 {"delimiter", `-\`},
		"failed to validate: rc:1 error:":                       {"validate", "false %s"},
	} {
		moduletest.Fails(t, h.Run("assemble", append([]any{"src", "@/parts", "dest", "@/out"}, args...)...), words)
	}
	whole := largest
	largest = 7
	defer func() { largest = whole }()
	moduletest.Fails(t, h.Run("assemble", "src", "@/parts", "dest", "@/out"), "the fragments have more than 7 bytes together")
	if _, err := os.Lstat(h.Path("out")); err == nil {
		t.Error("something was written")
	}
}

func TestTempFile(t *testing.T) {
	h := moduletest.New(t)
	before := h.Tree()
	r := h.Run("tempfile", "path", "@", "prefix", "p.", "suffix", ".s")
	moduletest.Holds(t, r, "mode", "0600", "state", "file", "size", 0)
	moduletest.Holds(t, h.Run("tempfile", "path", "@", "state", "directory"), "mode", "0700", "state", "directory")
	if again := h.Run("tempfile", "path", "@", "prefix", "p.", "suffix", ".s"); !again.Changed {
		t.Errorf("%+v", again)
	}
	if found, err := os.ReadDir(h.Dir); err != nil || len(found) != 3 {
		t.Errorf("%v %v", found, err)
	}
	if r := h.Check("tempfile", "path", "@"); !r.Skipped {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("tempfile", "path", "@/none"), "[Errno 2] No such file or directory: '"+h.Path("none")+"'")
	moduletest.Fails(t, h.Run("tempfile", "path", "@", "prefix", "../x"), "they hold no slash")
	h.TakeBack(before)
}
