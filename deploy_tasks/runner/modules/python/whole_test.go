//go:build unix

package python

import (
	"os"
	"strings"
	"testing"

	"runner/modules/moduletest"
)

// script puts a program into the host.
func script(t *testing.T, h *moduletest.Host, name, text string) {
	t.Helper()
	h.Write(name, "#!/bin/sh\n"+text)
	if err := os.Chmod(h.Path(name), 0o755); err != nil {
		t.Fatal(err)
	}
}

// What pip cannot tell before, as with requirements that name other files, comes back with all that packages have had.
func TestAllOfAnEnvironmentComesBack(t *testing.T) {
	h := moduletest.New(t)
	site := h.Path("v/lib/site-packages")
	script(t, h, "v/bin/python", "printf '%s\\n' "+site+" "+site+" "+h.Path("v/bin")+" "+h.Path("v")+"\n")
	script(t, h, "v/bin/pip3", "cd "+h.Path("v")+"\ncase $1 in\nlist) ls lib/site-packages;;\n"+
		"uninstall) rm -r lib/site-packages/own-1.dist-info share/own odd/own bin/own; echo new > etc/own; mkdir new; echo > new/file\n"+
		"  mkdir lib/site-packages/other-1.dist-info; echo ../../new/file,, > lib/site-packages/other-1.dist-info/RECORD; echo Successfully uninstalled;;\nesac\n")
	for name, text := range map[string]string{
		"v/bin/activate": "", "v/bin/own": "1", "v/share/own": "1", "v/etc/own": "1", "v/odd/own": "1", "requirements": "-r other\n",
		"v/lib/site-packages/own-1.dist-info/RECORD": "../../share/own,,\n../../odd/own,,\n../../etc/own,,\n../../bin/own,,\n",
	} {
		h.Write(name, text)
	}
	before := h.Tree()
	done := h.Run("pip", "virtualenv", "@/v", "state", "absent", "requirements", "@/requirements")
	if done.Failed || !done.Changed || h.Read("v/etc/own") != "new\n" {
		t.Fatal(done.Msg)
	}
	report := h.Undo(nil)
	if len(report.Conflicted) > 0 || len(report.Irreversible) != 1 ||
		!strings.Contains(report.Irreversible[0].What, "what it has put elsewhere stays: "+h.Path("v/new/file")) {
		t.Fatal(report)
	}
	if err := os.RemoveAll(h.Path("v/new")); err != nil {
		t.Fatal(err)
	}
	if after := h.Tree(); after != before {
		t.Errorf("%s\nwas\n%s", after, before)
	}
}
