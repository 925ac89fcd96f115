//go:build unix

package modules

import (
	"os"
	"testing"
	"time"
)

func TestDirectory(t *testing.T) {
	h := newHost(t)
	r := h.steady("file", "path", "@/a/b/c", "state", "directory", "mode", "0750")
	holds(t, r, "path", h.path("a/b/c"), "mode", "0750", "state", "directory", "owner", userName(os.Getuid()))
	if h.mode("a") != "0750" || h.mode("a/b") != "0750" {
		t.Error("parents that are made get the mode too")
	}
	h.steady("file", "path", "@/a/b", "state", "directory", "mode", "u=rwx,go=rX")
	if h.mode("a/b/c") != "0750" {
		t.Error("without recurse what is inside stays")
	}
}

func TestDirectoryRecurse(t *testing.T) {
	h := newHost(t)
	h.write("d/sub/run", "x")
	h.write("d/plain", "x")
	if err := os.Chmod(h.path("d/sub/run"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.steady("file", "path", "@/d", "state", "directory", "recurse", true, "mode", "u=rwX,g=rX,o=")
	for name, want := range map[string]string{"d": "0750", "d/sub": "0750", "d/sub/run": "0750", "d/plain": "0640"} {
		if got := h.mode(name); got != want {
			t.Errorf("%s is %s, wanted %s", name, got, want)
		}
	}
}

func TestRecurseEndsInCircles(t *testing.T) {
	h := newHost(t)
	h.write("d/f", "x")
	if err := os.Symlink("..", h.path("d/up")); err != nil {
		t.Fatal(err)
	}
	if r := h.run("file", "path", "@/d", "state", "directory", "recurse", true, "mode", "a+rX"); r.Failed {
		t.Fatal(r.Msg)
	}
}

func TestTouch(t *testing.T) {
	h := newHost(t)
	r := h.run("file", "path", "@/f", "state", "touch", "mode", "u=rw,g=r,o=")
	if !r.Changed || r.TimesOnly || h.mode("f") != "0640" {
		t.Fatalf("%+v %s", r, h.mode("f"))
	}
	holds(t, r, "dest", h.path("f"), "state", "file", "size", 0)
	if r := h.run("file", "path", "@/f", "state", "touch"); !r.Changed || !r.TimesOnly {
		t.Fatalf("touching again changes the times and nothing else: %+v", r)
	}
	keep := []any{"path", "@/f", "state", "touch", "modification_time", "preserve", "access_time", "preserve"}
	if r := h.run("file", keep...); r.Changed {
		t.Fatal("preserve changes nothing")
	}
	h.steady("file", "path", "@/f", "state", "touch", "modification_time", "202001021504.05", "access_time", "202001021504.05")
	info, err := os.Stat(h.path("f"))
	if want := time.Date(2020, 1, 2, 15, 4, 5, 0, time.Local); err != nil || !info.ModTime().Equal(want) {
		t.Errorf("%v %v", info.ModTime(), err)
	}
	h.steady("file", "path", "@/f", "modification_time", "2021", "modification_time_format", "%Y")
	fails(t, h.run("file", "path", "@/f", "state", "touch", "access_time", "soon"), "does not match format")
	fails(t, h.run("file", "path", "@/none/f", "state", "touch"), "Error, could not touch target: [Errno 2]")
}

func TestLink(t *testing.T) {
	h := newHost(t)
	h.write("target", "x")
	h.write("other", "x")
	r := h.steady("file", "path", "@/l", "state", "link", "src", "target")
	holds(t, r, "dest", h.path("l"), "src", "target", "state", "link")
	h.steady("file", "path", "@/l", "state", "link", "src", "other")
	fails(t, h.run("file", "path", "@/l2", "state", "link", "src", "@/none"), "src file does not exist")
	h.steady("file", "path", "@/l2", "state", "link", "src", "@/none", "force", true)
	fails(t, h.run("file", "path", "@/target", "state", "link", "src", "other"), "refusing to convert from file to symlink")
	h.steady("file", "path", "@/target", "state", "link", "src", "other", "force", true)
	h.write("full/x", "x")
	fails(t, h.run("file", "path", "@/full", "state", "link", "src", "@/other", "force", true), "is not empty, refusing to convert it")
	fails(t, h.run("file", "path", "@/new", "state", "link"), "src is required for creating new symlinks")
}

func TestHardlink(t *testing.T) {
	h := newHost(t)
	h.write("a", "x")
	h.write("b", "y")
	r := h.steady("file", "path", "@/h", "state", "hard", "src", "@/a")
	holds(t, r, "state", "hard")
	fails(t, h.run("file", "path", "@/b", "state", "hard", "src", "@/a"), "Cannot link, file exists at destination")
	fails(t, h.run("file", "path", "@/h", "state", "hard", "src", "@/b"), "different hard link exists")
	h.steady("file", "path", "@/b", "state", "hard", "src", "@/a", "force", true)
	fails(t, h.run("file", "path", "@/n", "state", "hard", "src", "@/none"), "src does not exist")
}

func TestAbsent(t *testing.T) {
	h := newHost(t)
	h.write("d/e/f", "x")
	h.write("t", "x")
	if err := os.Symlink("d", h.path("l")); err != nil {
		t.Fatal(err)
	}
	h.steady("file", "path", "@/l", "state", "absent")
	if !exists(h.path("d/e/f")) {
		t.Fatal("removing a link removed what it points to")
	}
	h.steady("file", "path", "@/d/", "state", "absent")
	h.steady("file", "path", "@/t", "state", "absent")
}

func TestAttributes(t *testing.T) {
	h := newHost(t)
	h.write("f", "x")
	h.steady("file", "path", "@/f", "mode", 0o600)
	h.steady("file", "path", "@/f", "mode", "u+s,g+w")
	if os.Getuid() == 0 {
		r := h.steady("file", "path", "@/f", "owner", "65534", "group", 65534, "mode", "4755")
		holds(t, r, "uid", 65534, "gid", 65534, "mode", "04755")
	}
	fails(t, h.run("file", "path", "@/f", "mode", "rw"), "mode must be in octal or symbolic form")
	fails(t, h.run("file", "path", "@/f", "mode", "77777"), "Invalid mode supplied")
	fails(t, h.run("file", "path", "@/f", "owner", "no-such-user"), "chown failed: failed to look up user no-such-user")
	fails(t, h.run("file", "path", "@/f", "group", "no-such-group"), "chgrp failed: failed to look up group no-such-group")
	fails(t, h.run("file", "path", "@/f", "attributes", "+i"), "not supported")
}

func TestFileRefusals(t *testing.T) {
	h := newHost(t)
	h.write("f", "x")
	fails(t, h.run("file", "state", "touch"), "missing required arguments: path")
	fails(t, h.run("file", "path", "@/f", "state", "gone"), "value of state must be one of: absent, directory, file, hard, link, touch, got: gone")
	fails(t, h.run("file", "path", "@/none"), "is absent, cannot continue")
	fails(t, h.run("file", "path", "@/f", "state", "directory"), "already exists as a file")
	fails(t, h.run("file", "path", "@/f", "recurse", true), "recurse option requires state to be 'directory'")
	fails(t, h.run("file", "path", "@/f", "src", "x"), "src option requires state to be 'link' or 'hard'")
	fails(t, h.run("file", "path", "@/f", "force", "perhaps"), "is not a valid boolean")
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
		got, err := parseMode(c.mode, c.now, c.dir)
		if err != nil || got != c.want {
			t.Errorf("%q on %o: %o, wanted %o (%v)", c.mode, c.now, got, c.want, err)
		}
	}
	for _, bad := range []any{"u", "x=r", "u=q", "", "99", "u+r,", true} {
		if got, err := parseMode(bad, 0o644, false); err == nil {
			t.Errorf("%v became %o", bad, got)
		}
	}
}
