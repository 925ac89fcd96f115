//go:build unix

package archives

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
)

func backups(t *testing.T, h *moduletest.Host, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(h.Path("kept/" + pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBackupOfAFolder(t *testing.T) {
	h := sample(t)
	before := h.Tree()
	r := h.Steady("backup", "path", "@/app", "dest", "@/kept")
	made := backups(t, h, "*")
	if len(made) != 1 || !isBackup(strings.TrimPrefix(filepath.Base(made[0]), "app-")) {
		t.Fatal(made)
	}
	moduletest.Holds(t, r, "backup_file", made[0], "path", h.Path("app"), "dest", h.Path("kept"), "removed", []any{})
	if mode := h.Mode("kept/" + filepath.Base(made[0])); mode != "0600" {
		t.Error(mode)
	}
	if out, err := exec.Command("tar", "-C", h.Path("kept"), "-xpzf", made[0]).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if out, err := exec.Command("diff", "-r", "--no-dereference", h.Path("app"), h.Path("kept/app")).CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
	if err := os.RemoveAll(h.Path("kept/app")); err != nil {
		t.Fatal(err)
	}
	h.TakeBack(before)
}

// A mode alone is a change too, as is a name; each backup that a change asks for pushes out the oldest.
func TestOnlyTheNewestBackupsStay(t *testing.T) {
	h := sample(t)
	args := []any{"path", "@/app", "dest", "@/kept", "name", "site", "keep", 2, "format", "tar"}
	h.Write("kept/site-notes", "not ours")
	h.Write("kept/site-20200101T000000.000000Z.zip", "not ours")
	h.Write("kept/site-20200101T000000.000000Z.tar.xz", "old")
	before := h.Tree()
	changes := []func() error{
		func() error { return nil },
		func() error { return os.Chmod(h.Path("app/b.log"), 0o604) },
		func() error { return os.Chmod(h.Path("app/b.log"), 0o640) },
		func() error { return os.Rename(h.Path("app/b.log"), h.Path("app/c.log")) },
	}
	for i, change := range changes {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if r := h.Run("backup", args...); r.Failed || !r.Changed {
			t.Fatalf("%d: %+v", i, r)
		}
		if r := h.Check("backup", args...); r.Failed || r.Changed {
			t.Fatalf("%d again: %+v", i, r)
		}
	}
	if made := backups(t, h, "*.tar*"); len(made) != 2 || strings.Contains(made[0], "2020") {
		t.Error(made)
	}
	if err := os.Rename(h.Path("app/c.log"), h.Path("app/b.log")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.Path("app/b.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.TakeBack(before)
}

func TestBackupOfAFileAsItIs(t *testing.T) {
	h := sample(t)
	if err := os.Chtimes(h.Path("one.conf"), time.Unix(1e9, 5), time.Unix(1e9, 5)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.Path("one.conf"), 0o640); err != nil {
		t.Fatal(err)
	}
	before := h.Tree()
	h.Steady("backup", "src", "@/one.conf", "dest", "@/kept", "format", "copy")
	made := backups(t, h, "one.conf-*Z")
	if len(made) != 1 {
		t.Fatal(made)
	}
	name := "kept/" + filepath.Base(made[0])
	info, err := os.Stat(made[0])
	if err != nil || h.Read(name) != "one\n" || h.Mode(name) != "0640" || !info.ModTime().Equal(time.Unix(1e9, 5)) {
		t.Error(err, h.Mode(name), info.ModTime())
	}
	if r := h.Run("backup", "path", "@/one.conf", "dest", "@/kept"); r.Failed || !r.Changed || len(backups(t, h, "*.tar.gz")) != 1 {
		t.Errorf("another format is another backup: %+v", r)
	}
	h.TakeBack(before)
}

func TestBackupRefusals(t *testing.T) {
	h := sample(t)
	for words, args := range map[string][]any{
		"there is nothing at " + h.Path("none"):          {"path", "@/none", "dest", "@/kept"},
		"a backup would hold the backups":                {"path", "@/app", "dest", "@/app/kept"},
		"is a folder, which is kept as an archive":       {"path", "@/app", "dest", "@/kept", "format", "copy"},
		"keep is how many backups stay: at least 1":      {"path", "@/app", "dest", "@/kept", "keep", 0},
		"name is the name of a file without its folder":  {"path", "@/app", "dest", "@/kept", "name", "../x"},
		"is neither a file nor a folder":                 {"path", "/dev/null", "dest", "@/kept"},
		"missing required arguments: dest":               {"path", "@/app"},
		"value of format must be one of: bz2, copy, gz,": {"path", "@/app", "dest", "@/kept", "format", "zip"},
	} {
		moduletest.Fails(t, h.Run("backup", args...), words)
	}
	if kept := backups(t, h, "*"); len(kept) > 0 {
		t.Error(kept)
	}
}

// A user may read what belongs to others, but cannot give a copy to them.
func TestACopyBelongsToWhoMakesIt(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can act for others")
	}
	h := sample(t)
	for _, changed := range []bool{true, false} {
		c := h.Call(false, "path", "@/one.conf", "dest", "@/kept", "format", "copy")
		c.As = &module.Identity{UID: 65534, GID: 65534}
		if r := h.Do("backup", c); r.Failed || r.Changed != changed {
			t.Fatal(r.Changed, r.Msg)
		}
	}
	info, err := os.Stat(backups(t, h, "*")[0])
	if err != nil || kit.StatusOf(info).UID != 65534 {
		t.Error(info, err)
	}
}
