//go:build unix

package basics

import (
	"os"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/modules/moduletest"
)

func TestDirectory(t *testing.T) {
	h := moduletest.New(t)
	r := h.Steady("file", "path", "@/a/b/c", "state", "directory", "mode", "0750")
	moduletest.Holds(t, r, "path", h.Path("a/b/c"), "mode", "0750", "state", "directory", "owner", kit.UserName(os.Getuid()))
	if h.Mode("a") != "0750" || h.Mode("a/b") != "0750" {
		t.Error("parents that are made get the mode too")
	}
	h.Steady("file", "path", "@/a/b", "state", "directory", "mode", "u=rwx,go=rX")
	if h.Mode("a/b/c") != "0750" {
		t.Error("without recurse what is inside stays")
	}
}

func TestDirectoryRecurse(t *testing.T) {
	h := moduletest.New(t)
	h.Write("d/sub/run", "x")
	h.Write("d/plain", "x")
	if err := os.Chmod(h.Path("d/sub/run"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.Steady("file", "path", "@/d", "state", "directory", "recurse", true, "mode", "u=rwX,g=rX,o=")
	for name, want := range map[string]string{"d": "0750", "d/sub": "0750", "d/sub/run": "0750", "d/plain": "0640"} {
		if got := h.Mode(name); got != want {
			t.Errorf("%s is %s, wanted %s", name, got, want)
		}
	}
}

func TestRecurseEndsInCircles(t *testing.T) {
	h := moduletest.New(t)
	h.Write("d/f", "x")
	if err := os.Symlink("..", h.Path("d/up")); err != nil {
		t.Fatal(err)
	}
	if r := h.Run("file", "path", "@/d", "state", "directory", "recurse", true, "mode", "a+rX"); r.Failed {
		t.Fatal(r.Msg)
	}
}

func TestTouch(t *testing.T) {
	h := moduletest.New(t)
	r := h.Run("file", "path", "@/f", "state", "touch", "mode", "u=rw,g=r,o=")
	if !r.Changed || r.TimesOnly || h.Mode("f") != "0640" {
		t.Fatalf("%+v %s", r, h.Mode("f"))
	}
	moduletest.Holds(t, r, "dest", h.Path("f"), "state", "file", "size", 0)
	if r := h.Run("file", "path", "@/f", "state", "touch"); !r.Changed || !r.TimesOnly {
		t.Fatalf("touching again changes the times and nothing else: %+v", r)
	}
	keep := []any{"path", "@/f", "state", "touch", "modification_time", "preserve", "access_time", "preserve"}
	if r := h.Run("file", keep...); r.Changed {
		t.Fatal("preserve changes nothing")
	}
	h.Steady("file", "path", "@/f", "state", "touch", "modification_time", "202001021504.05", "access_time", "202001021504.05")
	info, err := os.Stat(h.Path("f"))
	if want := time.Date(2020, 1, 2, 15, 4, 5, 0, time.Local); err != nil || !info.ModTime().Equal(want) {
		t.Errorf("%v %v", info.ModTime(), err)
	}
	h.Steady("file", "path", "@/f", "modification_time", "2021", "modification_time_format", "%Y")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "state", "touch", "access_time", "soon"), "does not match format")
	moduletest.Fails(t, h.Run("file", "path", "@/none/f", "state", "touch"), "Error, could not touch target: [Errno 2]")
}

func TestLink(t *testing.T) {
	h := moduletest.New(t)
	h.Write("target", "x")
	h.Write("other", "x")
	r := h.Steady("file", "path", "@/l", "state", "link", "src", "target")
	moduletest.Holds(t, r, "dest", h.Path("l"), "src", "target", "state", "link")
	h.Steady("file", "path", "@/l", "state", "link", "src", "other")
	moduletest.Fails(t, h.Run("file", "path", "@/l2", "state", "link", "src", "@/none"), "src file does not exist")
	h.Steady("file", "path", "@/l2", "state", "link", "src", "@/none", "force", true)
	moduletest.Fails(t, h.Run("file", "path", "@/target", "state", "link", "src", "other"), "refusing to convert from file to symlink")
	h.Steady("file", "path", "@/target", "state", "link", "src", "other", "force", true)
	h.Write("full/x", "x")
	moduletest.Fails(t, h.Run("file", "path", "@/full", "state", "link", "src", "@/other", "force", true), "is not empty, refusing to convert it")
	moduletest.Fails(t, h.Run("file", "path", "@/new", "state", "link"), "src is required for creating new symlinks")
}

func TestHardlink(t *testing.T) {
	h := moduletest.New(t)
	h.Write("a", "x")
	h.Write("b", "y")
	r := h.Steady("file", "path", "@/h", "state", "hard", "src", "@/a")
	moduletest.Holds(t, r, "state", "hard")
	moduletest.Fails(t, h.Run("file", "path", "@/b", "state", "hard", "src", "@/a"), "Cannot link, file exists at destination")
	moduletest.Fails(t, h.Run("file", "path", "@/h", "state", "hard", "src", "@/b"), "different hard link exists")
	h.Steady("file", "path", "@/b", "state", "hard", "src", "@/a", "force", true)
	moduletest.Fails(t, h.Run("file", "path", "@/n", "state", "hard", "src", "@/none"), "src does not exist")
}

func TestAbsent(t *testing.T) {
	h := moduletest.New(t)
	h.Write("d/e/f", "x")
	h.Write("t", "x")
	if err := os.Symlink("d", h.Path("l")); err != nil {
		t.Fatal(err)
	}
	h.Steady("file", "path", "@/l", "state", "absent")
	if !kit.Exists(h.Path("d/e/f")) {
		t.Fatal("removing a link removed what it points to")
	}
	h.Steady("file", "path", "@/d/", "state", "absent")
	h.Steady("file", "path", "@/t", "state", "absent")
}

func TestAttributes(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	h.Steady("file", "path", "@/f", "mode", 0o600)
	h.Steady("file", "path", "@/f", "mode", "u+s,g+w")
	if os.Getuid() == 0 {
		r := h.Steady("file", "path", "@/f", "owner", "65534", "group", 65534, "mode", "4755")
		moduletest.Holds(t, r, "uid", 65534, "gid", 65534, "mode", "04755")
		r = h.Steady("file", "path", "@/f", "owner", "65533", "mode", "4755") // the kernel takes the bit away
		moduletest.Holds(t, r, "uid", 65533, "mode", "04755")
	}
	moduletest.Fails(t, h.Run("file", "path", "@/f", "mode", "rw"), "mode must be in octal or symbolic form")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "mode", "77777"), "Invalid mode supplied")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "owner", "no-such-user"), "chown failed: failed to look up user no-such-user")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "group", "no-such-group"), "chgrp failed: failed to look up group no-such-group")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "attributes", "+i"), "not supported")
}

func TestFileRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	moduletest.Fails(t, h.Run("file", "state", "touch"), "missing required arguments: path")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "state", "gone"), "value of state must be one of: absent, directory, file, hard, link, touch, got: gone")
	moduletest.Fails(t, h.Run("file", "path", "@/none"), "is absent, cannot continue")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "state", "directory"), "already exists as a file")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "recurse", true), "recurse option requires state to be 'directory'")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "src", "x"), "src option requires state to be 'link' or 'hard'")
	moduletest.Fails(t, h.Run("file", "path", "@/f", "force", "perhaps"), "is not a valid boolean")
}

func TestSymbolicModes(t *testing.T) {
	for _, c := range []struct {
		mode string
		now  uint32
		dir  bool
		want uint32
	}{
		{"u=rw,g=r,o=", 0o777, false, 0o640},
		{"a+x", 0o644, false, 0o755},
		{"+x", 0o600, false, 0o711},
		{"+w", 0o444, false, 0o644}, // the umask keeps others from writing
		{"g=u", 0o640, false, 0o660},
		{"o=g,g=", 0o750, false, 0o705},
		{"a+X", 0o644, false, 0o644},
		{"a+X", 0o744, false, 0o755},
		{"a+X", 0o600, true, 0o711},
		{"u+s,g+s,o+t", 0o755, false, 0o7755},
		{"u=rwx", 0o4755, false, 0o755},
		{"u+rw-x", 0o100, false, 0o600},
		{"0755", 0, false, 0o755},
		{"755", 0, false, 0o755},
		{"0o644", 0, false, 0o644},
	} {
		got, err := kit.ParseMode(c.mode, c.now, c.dir)
		if err != nil || got != c.want {
			t.Errorf("%q on %o: %o, wanted %o (%v)", c.mode, c.now, got, c.want, err)
		}
	}
	for _, bad := range []any{"u", "x=r", "u=q", "", "99", "u+r,", true} {
		if got, err := kit.ParseMode(bad, 0o644, false); err == nil {
			t.Errorf("%v became %o", bad, got)
		}
	}
}
