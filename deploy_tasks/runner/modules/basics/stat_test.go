//go:build unix

package basics

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// statOf is the stat of a result.
func statOf(t *testing.T, r module.Result) module.Result {
	t.Helper()
	if r.Failed || r.Changed {
		t.Fatalf("%+v", r)
	}
	v, _ := r.Data.Get("stat")
	return module.Result{Data: v.(*value.Dict)}
}

func TestStat(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "abc")
	if err := os.Chmod(h.Path("f"), 0o4751); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.Path("f"), 0o751|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	moduletest.Holds(t, statOf(t, h.Check("stat", "path", "@/f")), "exists", true, "isreg", true, "isdir", false, "islnk", false, "size", 3,
		"mode", "4751", "isuid", true, "isgid", false, "rusr", true, "wgrp", false, "xoth", true, "nlink", 1,
		"checksum", "a9993e364706816aba3e25717850c26c9cd0d89d", "readable", true, "path", h.Path("f"), "uid", os.Getuid())
	r := statOf(t, h.Run("stat", "path", "@/f", "checksum_algorithm", "md5", "get_mime", false, "get_attributes", false))
	moduletest.Holds(t, r, "checksum", "900150983cd24fb0d6963f7d28e17f72", "mimetype", nil, "attributes", nil)
	r = statOf(t, h.Run("stat", "path", "@/f", "get_checksum", false, "get_md5", true))
	moduletest.Holds(t, r, "checksum", nil, "md5", "900150983cd24fb0d6963f7d28e17f72")
}

func TestStatKinds(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "abc")
	if err := os.Symlink("f", h.Path("l")); err != nil {
		t.Fatal(err)
	}
	moduletest.Holds(t, statOf(t, h.Run("stat", "path", "@/none")), "exists", false, "path", nil)
	real, err := os.Readlink(h.Path("l"))
	if err != nil {
		t.Fatal(err)
	}
	moduletest.Holds(t, statOf(t, h.Run("stat", "path", "@/l")), "islnk", true, "lnk_target", real, "lnk_source", kit.RealPath(h.Path("f")),
		"checksum", nil)
	moduletest.Holds(t, statOf(t, h.Run("stat", "path", "@/l", "follow", true)), "islnk", false, "isreg", true, "size", 3)
	moduletest.Holds(t, statOf(t, h.Run("stat", "path", "@")), "isdir", true)
	moduletest.Holds(t, statOf(t, h.Run("stat", "path", "/dev/null")), "ischr", true, "mode", "0666")
	moduletest.Fails(t, h.Run("stat", "path", "@/f/x"), "Not a directory")
	moduletest.Fails(t, h.Run("stat", "path", "@/f", "checksum_algorithm", "crc"), "value of checksum_algorithm must be one of")
}

// What is said without the file program is what it says.
func TestInodeKinds(t *testing.T) {
	program, err := exec.LookPath("file")
	if err != nil {
		t.Skip("there is no file program here")
	}
	dir := t.TempDir()
	empty, link := filepath.Join(dir, "empty"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.Symlink("empty", link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, empty, link} {
		said, err := exec.Command(program, "-b", "--mime-type", "--mime-encoding", path).Output()
		if err != nil || strings.TrimSpace(string(said)) != inodeKind(path)+"; charset=binary" {
			t.Errorf("%s: %q (%v), want %q", path, said, err, inodeKind(path))
		}
	}
}
