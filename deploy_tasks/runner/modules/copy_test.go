//go:build unix

package modules

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/module"
	"runner/value"
)

func TestCopyContent(t *testing.T) {
	h := newHost(t)
	r := h.steady("copy", "content", "abc", "dest", "@/c", "mode", "0600")
	holds(t, r, "dest", h.path("c"), "checksum", "a9993e364706816aba3e25717850c26c9cd0d89d",
		"md5sum", "900150983cd24fb0d6963f7d28e17f72", "mode", "0600", "size", 3, "state", "file")
	if h.read("c") != "abc" {
		t.Error(h.read("c"))
	}
	h.steady("copy", "content", "abd", "dest", "@/c")
	if h.mode("c") != "0600" {
		t.Error("a mode that is not asked for stays")
	}
	h.steady("copy", "content", "abd", "dest", "@/c", "mode", "u+x,g=r")
	h.steady("copy", "content", value.DictOf("b", []any{int64(1), nil}, "a", "é"), "dest", "@/j")
	if got := h.read("j"); got != `{"b": [1, null], "a": "\u00e9"}` {
		t.Error(got)
	}
	h.steady("copy", "content", 5, "dest", "@/n")
	h.steady("copy", "content", "", "dest", "@/empty")
}

func TestCopyBackup(t *testing.T) {
	h := newHost(t)
	h.write("f", "old")
	if err := os.Chmod(h.path("f"), 0o604); err != nil {
		t.Fatal(err)
	}
	r := h.run("copy", "content", "new", "dest", "@/f", "backup", true)
	name, _ := r.Data.Get("backup_file")
	backup, _ := filepath.Rel(h.dir, name.(string))
	if h.read(backup) != "old" || h.mode(backup) != "0604" || !strings.HasPrefix(backup, "f.") || !strings.HasSuffix(backup, "~") {
		t.Errorf("%s %s", backup, h.mode(backup))
	}
}

func TestCopyEmbedded(t *testing.T) {
	h := newHost(t)
	h.files["app/one.txt"] = "one\n"
	h.steady("copy", "src", "app/one.txt", "dest", "@/one")
	if h.mode("one") != "0644" {
		t.Error(h.mode("one"))
	}
	h.steady("copy", "src", "app/one.txt", "dest", "@/kept", "mode", "preserve")
	if h.mode("kept") != "0640" {
		t.Error(h.mode("kept"))
	}
	h.steady("copy", "src", "app/one.txt", "dest", "@/new/dir/", "directory_mode", "0700")
	if h.read("new/dir/one.txt") != "one\n" || h.mode("new/dir") != "0700" {
		t.Error(h.mode("new/dir"))
	}
	fails(t, h.run("copy", "src", "app/one.txt", "dest", "@/none/x"), "Destination directory "+h.path("none")+" does not exist")
	fails(t, h.run("copy", "src", "two.txt", "dest", "@/x"), "Could not find or access 'two.txt'")
}

// closed are files whose content must not be asked for.
type closed struct {
	embedded
	t *testing.T
}

func (c closed) Open(e module.Entry) (io.ReadCloser, error) {
	c.t.Errorf("%s was opened", e.Name)
	return c.embedded.Open(e)
}

func TestCopyDoesNotOpenWhatIsThere(t *testing.T) {
	h := newHost(t)
	h.files["big"] = "content"
	h.write("there", "content")
	call := h.call(false, "src", "big", "dest", "@/there", "mode", "0600")
	call.Files = closed{h.files, t}
	if r := h.do("copy", call); r.Failed || !r.Changed || h.mode("there") != "0600" {
		t.Fatalf("%+v", r)
	}
}

func TestCopyTree(t *testing.T) {
	h := newHost(t)
	h.files["tree/a"], h.files["tree/sub/b"] = "a", "b"
	h.steady("copy", "src", "tree", "dest", "@/t1", "mode", "0600", "directory_mode", "0711")
	if h.read("t1/tree/sub/b") != "b" || h.mode("t1/tree/a") != "0600" || h.mode("t1/tree/sub") != "0711" {
		t.Error(h.tree())
	}
	r := h.steady("copy", "src", "tree/", "dest", "@/t2/")
	if h.read("t2/sub/b") != "b" {
		t.Error(h.tree())
	}
	holds(t, r, "dest", h.path("t2")+"/", "src", "tree/")
	if err := os.Remove(h.path("t2/a")); err != nil {
		t.Fatal(err)
	}
	h.steady("copy", "src", "tree/", "dest", "@/t2/")
}

func TestCopyForce(t *testing.T) {
	h := newHost(t)
	h.write("f", "mine")
	if r := h.run("copy", "content", "theirs", "dest", "@/f", "force", false); r.Changed || r.Failed || h.read("f") != "mine" {
		t.Fatalf("%+v", r)
	}
	h.steady("copy", "content", "x", "dest", "@/g", "force", false)
}

func TestCopyValidate(t *testing.T) {
	h := newHost(t)
	h.steady("copy", "content", "ok", "dest", "@/v", "validate", "grep -q ok %s")
	r := h.run("copy", "content", "bad", "dest", "@/v", "validate", "grep ok %s")
	fails(t, r, "failed to validate")
	holds(t, r, "exit_status", 1)
	if h.read("v") != "ok" {
		t.Error("what did not pass is in place")
	}
	fails(t, h.run("copy", "content", "x", "dest", "@/v", "validate", "true"), "validate must contain %s")
	fails(t, h.run("copy", "content", "y", "dest", "@/v", "checksum", "00"), "does not match the expected checksum")
	if h.read("v") != "ok" {
		t.Error("what has another checksum is in place")
	}
}

func TestCopyLinks(t *testing.T) {
	h := newHost(t)
	h.write("target", "old")
	for _, name := range []string{"l1", "l2"} {
		if err := os.Symlink("target", h.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.steady("copy", "content", "new", "dest", "@/l1", "follow", true)
	if !isLink(h.path("l1")) || h.read("target") != "new" {
		t.Error("follow writes to the target")
	}
	h.steady("copy", "content", "third", "dest", "@/l2")
	if isLink(h.path("l2")) || h.read("target") != "new" {
		t.Error("without follow the link becomes a file")
	}
}

func TestCopyRemote(t *testing.T) {
	h := newHost(t)
	h.write("src/a", "a")
	h.write("src/sub/b", "b")
	if err := os.Chmod(h.path("src/sub/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.steady("copy", "src", "@/src/a", "dest", "@/copy", "remote_src", true)
	h.steady("copy", "src", "@/src", "dest", "@/r1", "remote_src", true)
	if h.read("r1/src/sub/b") != "b" || h.mode("r1/src/sub/b") != "0755" {
		t.Error(h.tree())
	}
	h.steady("copy", "src", "@/src/", "dest", "@/r2", "remote_src", true)
	if h.read("r2/sub/b") != "b" {
		t.Error(h.tree())
	}
	h.write("src/a", "changed")
	h.steady("copy", "src", "@/src/", "dest", "@/r2", "remote_src", true)
	fails(t, h.run("copy", "src", "@/none", "dest", "@/x", "remote_src", true), "not found")
}

func TestCopyRefusals(t *testing.T) {
	h := newHost(t)
	fails(t, h.run("copy", "dest", "@/x"), "src (or content) is required")
	fails(t, h.run("copy", "content", "x"), "missing required arguments: dest")
	fails(t, h.run("copy", "content", "x", "src", "y", "dest", "@/x"), "src and content are mutually exclusive")
	fails(t, h.run("copy", "content", "x", "dest", "@/"), "can not use content with a dir as dest")
	fails(t, h.run("copy", "content", "x", "dest", "@/x", "mode", "bad"), "mode must be in octal or symbolic form")
	if exists(h.path("x")) {
		t.Error("a refused task left a file")
	}
}

func TestCopyDiff(t *testing.T) {
	h := newHost(t)
	h.write("f", "old\n")
	for _, r := range []module.Result{
		h.check("copy", "content", "new\n", "dest", "@/f"), h.run("copy", "content", "new\n", "dest", "@/f"),
	} {
		if len(r.Diff) != 1 || r.Diff[0].Before != "old\n" || r.Diff[0].After != "new\n" || r.Diff[0].BeforeHeader != h.path("f") {
			t.Errorf("%+v", r.Diff)
		}
	}
}

func TestTemplate(t *testing.T) {
	h := newHost(t)
	h.texts["app.j2"] = "one\ntwo\n"
	r := h.steady("template", "src", "app.j2", "dest", "@/app", "mode", "0644", "variables", value.DictOf("x", int64(1)))
	holds(t, r, "dest", h.path("app"), "size", 8)
	h.steady("template", "src", "app.j2", "dest", "@/app", "newline_sequence", `\r\n`)
	if h.read("app") != "one\r\ntwo\r\n" {
		t.Errorf("%q", h.read("app"))
	}
	h.write("dir/x", "")
	h.steady("template", "src", "app.j2", "dest", "@/dir")
	if h.read("dir/app.j2") != "one\ntwo\n" {
		t.Error(h.tree())
	}
	fails(t, h.run("template", "src", "app.j2"), "missing required arguments: dest")
	fails(t, h.run("template", "src", "app.j2", "dest", "@/x", "newline_sequence", "x"), "newline_sequence needs to be one of")
	fails(t, h.run("template", "src", "app.j2", "dest", "@/x", "output_encoding", "latin1"), "only utf-8")
}
