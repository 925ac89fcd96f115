//go:build unix

package editing

import (
	"testing"

	"runner/modules/moduletest"
)

func TestScript(t *testing.T) {
	h := moduletest.New(t)
	h.Files["files/a b.sh"] = "#!/bin/sh\necho \"$#: $1\"; pwd; echo no >&2; exit ${2:-0}\n"
	r := h.Run("script", "src", "files/a b.sh", "_raw_params", "'one two'", "chdir", "/")
	if r.Failed || !r.Changed {
		t.Fatalf("%+v", r)
	}
	moduletest.Holds(t, r, "rc", 0, "stdout", "1: one two\n/\n", "stderr", "no\n")
	r = h.Run("script", "src", "./files/a b.sh", "_raw_params", "x 3", "executable", "sh -e")
	moduletest.Fails(t, r, "non-zero return code")
	moduletest.Holds(t, r, "rc", 3)
	if h.Recorder.Lines() == 0 {
		t.Error("the journal does not tell of the script")
	}
}

func TestScriptThatIsNotNeeded(t *testing.T) {
	h := moduletest.New(t)
	h.Files["s"] = "exit 1\n"
	h.Write("f", "")
	for words, args := range map[string][]any{
		h.Path("f") + " exists, matching creates option":            {"creates", "@/f"},
		h.Path("none") + " does not exist, matching removes option": {"removes", "@/none"},
	} {
		if r := h.Run("script", append([]any{"src", "s"}, args...)...); !r.Skipped || r.Msg != words {
			t.Errorf("%+v", r)
		}
	}
	if r := h.Check("script", "src", "s"); !r.Skipped || r.Changed {
		t.Errorf("%+v", r)
	}
	if r := h.Check("script", "src", "s", "removes", "@/f"); r.Skipped || !r.Changed {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("script", "src", "none"), "Could not find or access 'none' in the artifact")
	moduletest.Fails(t, h.Run("script", "src", "s", "chdir", "here"), "chdir here must be an absolute path")
	moduletest.Fails(t, h.Run("script", "src", "s", "chdir", "@/none"), "Unable to change directory before execution: ")
}
