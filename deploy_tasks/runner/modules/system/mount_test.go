//go:build linux

package system

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"runner/modules/moduletest"
)

// The kernel's table has the real path, however a task writes it.
func TestMountsAreFoundUnderOtherPaths(t *testing.T) {
	real, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(real+"/run/x/inside", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", real+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/run/x", "/run/x/", "/link/x", "/link//./x/", "/link/x/inside/.."} {
		m := &mounting{path: real + path, row: row{src: "brief"}, table: []mounted{{id: 1, device: "0:9", at: real + "/run/x", fstype: "tmpfs", source: "brief"}}}
		if !m.fromSource() {
			t.Error(path + ": its source is not seen")
		}
		if m.noteLost(); m.lost == "" {
			t.Error(path + ": what is lost is not told")
		}
		if got := m.place(); got != real+"/run/x" {
			t.Error(path + ": " + got)
		}
	}
}

func TestSourcesAreNoOptions(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Check("mount", "path", "@/x", "src", "-obind", "fstype", "tmpfs", "state", "ephemeral"), "src cannot begin with -")
	m := &mounting{state: "ephemeral", path: "/x", row: row{src: "brief", fstype: "tmpfs", opts: "ro"}}
	if got, want := m.mountArgs("mount"), []string{"mount", "-t", "tmpfs", "-o", "ro", "--", "brief", "/x"}; !slices.Equal(got, want) {
		t.Error(got)
	}
}
