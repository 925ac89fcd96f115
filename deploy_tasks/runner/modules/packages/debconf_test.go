package packages

import (
	"os"
	"strings"
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

// asking is a host with stand-ins for debconf's commands; its only answer is a password.
func asking(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	for name, text := range map[string]string{
		"debconf-show":           "echo '* app/password: (password omitted)'\necho '  app/kind: small'\n",
		"debconf-communicate":    "while read -r verb name; do case \"$verb\" in CAPB) echo 0 escape;; GET) echo '1 se\\\\cret';; *) echo 0 true;; esac; done\n",
		"debconf-set-selections": "echo \"$*\" >> " + h.Path("ran") + "\ncat >> " + h.Path("ran") + "\n",
	} {
		h.Write("bin/"+name, "#!/bin/sh\n"+text)
		if err := os.Chmod(h.Path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	return h
}

func TestPasswordsAreComparedAndNotShown(t *testing.T) {
	h := asking(t)
	if r := h.Run("debconf", "name", "app", "question", "app/password", "vtype", "password", "value", `se\cret`); r.Failed || r.Changed {
		t.Errorf("%+v", r)
	}
	r := h.Run("debconf", "name", "app", "question", "app/password", "vtype", "password", "value", "other")
	if r.Failed || !r.Changed || strings.Contains(value.Repr(r.Data), "other") || strings.Contains(r.Diff[0].After, "other") {
		t.Errorf("%s %+v", value.Repr(r.Data), r)
	}
	if h.Read("ran") != "\napp app/password password other" {
		t.Errorf("%q", h.Read("ran"))
	}
}

func TestDebconfRefuses(t *testing.T) {
	h := asking(t)
	for _, c := range []struct {
		args []any
		msg  string
	}{
		{[]any{"name", "app", "question", "app/kind"}, "parameters are required together: question, vtype, value"},
		{[]any{"name", "-app"}, "is not the name of a package or question"},
		{[]any{"name", "app", "question", "a b", "vtype", "string", "value", "x"}, "is not the name of a package or question"},
		{[]any{"name", "app", "question", "app/kind", "vtype", "string", "value", "x\napp app/other string y"}, "debconf takes one line"},
		{[]any{"name", "app", "question", "app/kind", "vtype", "string", "value", `x\`}, "debconf takes one line"},
	} {
		moduletest.Fails(t, h.Run("debconf", c.args...), c.msg)
	}
	if r := h.Check("debconf", "name", "app", "question", "app/kind", "vtype", "select", "value", "large"); !r.Changed {
		t.Error("a check says nothing would change")
	}
	if _, err := os.Stat(h.Path("ran")); err == nil {
		t.Error("something was set")
	}
}
