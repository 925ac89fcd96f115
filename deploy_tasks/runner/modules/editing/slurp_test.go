//go:build unix

package editing

import (
	"os"
	"strings"
	"testing"

	"runner/modules/moduletest"
)

func TestSlurp(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "a\x00b\xff\n")
	for _, argument := range []string{"src", "path"} {
		r := h.Run("slurp", argument, "@/f")
		if r.Failed || r.Changed {
			t.Fatalf("%+v", r)
		}
		moduletest.Holds(t, r, "content", "YQBi/wo=", "source", h.Path("f"), "encoding", "base64")
	}
	h.Write("empty", "")
	moduletest.Holds(t, h.Check("slurp", "src", "empty"), "content", "", "source", h.Path("empty"))
}

func TestSlurpRefusals(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("slurp"), "missing required arguments: src")
	moduletest.Fails(t, h.Run("slurp", "src", "@/none"), "file not found: "+h.Path("none"))
	moduletest.Fails(t, h.Run("slurp", "src", "@"), "source is a directory and must be a file: ")
	h.Write("f", "x")
	moduletest.Fails(t, h.Run("slurp", "src", "@/f/below"), "unable to slurp file: [Errno 20] Not a directory: '"+h.Path("f/below")+"'")
	if os.Getuid() != 0 {
		if err := os.Chmod(h.Path("f"), 0); err != nil {
			t.Fatal(err)
		}
		moduletest.Fails(t, h.Check("slurp", "src", "@/f"), "file is not readable: "+h.Path("f"))
	}
}

func TestSlurpIsBounded(t *testing.T) {
	whole := largest
	largest = 10
	defer func() { largest = whole }()
	h := moduletest.New(t)
	h.Write("fits", strings.Repeat("x", 10))
	h.Write("over", strings.Repeat("x", 11))
	if r := h.Run("slurp", "src", "@/fits"); r.Failed {
		t.Error(r.Msg)
	}
	moduletest.Fails(t, h.Run("slurp", "src", "@/over"), "has more than 10 bytes")
	moduletest.Fails(t, h.Run("slurp", "src", "/dev/zero"), "has more than 10 bytes")
}
