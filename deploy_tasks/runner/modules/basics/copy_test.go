//go:build unix

package basics

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

func TestCopyContent(t *testing.T) {
	h := moduletest.New(t)
	r := h.Steady("copy", "content", "abc", "dest", "@/c", "mode", "0600")
	moduletest.Holds(t, r, "dest", h.Path("c"), "checksum", "a9993e364706816aba3e25717850c26c9cd0d89d",
		"md5sum", "900150983cd24fb0d6963f7d28e17f72", "mode", "0600", "size", 3, "state", "file")
	if h.Read("c") != "abc" {
		t.Error(h.Read("c"))
	}
	h.Steady("copy", "content", "abd", "dest", "@/c")
	if h.Mode("c") != "0600" {
		t.Error("a mode that is not asked for stays")
	}
	h.Steady("copy", "content", "abd", "dest", "@/c", "mode", "u+x,g=r")
	h.Steady("copy", "content", value.DictOf("b", []any{int64(1), nil}, "a", "é"), "dest", "@/j")
	if got := h.Read("j"); got != `{"b": [1, null], "a": "\u00e9"}` {
		t.Error(got)
	}
	h.Steady("copy", "content", 5, "dest", "@/n")
	h.Steady("copy", "content", "", "dest", "@/empty")
}

func TestCopyBackup(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "old")
	if err := os.Chmod(h.Path("f"), 0o604); err != nil {
		t.Fatal(err)
	}
	r := h.Run("copy", "content", "new", "dest", "@/f", "backup", true)
	name, _ := r.Data.Get("backup_file")
	backup, _ := filepath.Rel(h.Dir, name.(string))
	if h.Read(backup) != "old" || h.Mode(backup) != "0604" || !strings.HasPrefix(backup, "f.") || !strings.HasSuffix(backup, "~") {
		t.Errorf("%s %s", backup, h.Mode(backup))
	}
}

func TestCopyEmbedded(t *testing.T) {
	h := moduletest.New(t)
	h.Files["app/one.txt"] = "one\n"
	h.Steady("copy", "src", "app/one.txt", "dest", "@/one")
	if h.Mode("one") != "0644" {
		t.Error(h.Mode("one"))
	}
	h.Steady("copy", "src", "app/one.txt", "dest", "@/kept", "mode", "preserve")
	if h.Mode("kept") != "0640" {
		t.Error(h.Mode("kept"))
	}
	h.Steady("copy", "src", "app/one.txt", "dest", "@/new/dir/", "directory_mode", "0700")
	if h.Read("new/dir/one.txt") != "one\n" || h.Mode("new/dir") != "0700" {
		t.Error(h.Mode("new/dir"))
	}
	moduletest.Fails(t, h.Run("copy", "src", "app/one.txt", "dest", "@/none/x"), "Destination directory "+h.Path("none")+" does not exist")
	moduletest.Fails(t, h.Run("copy", "src", "two.txt", "dest", "@/x"), "Could not find or access 'two.txt'")
}

// closed are files whose content must not be asked for.
type closed struct {
	moduletest.Embedded
	t *testing.T
}

func (c closed) Open(e module.Entry) (io.ReadCloser, error) {
	c.t.Errorf("%s was opened", e.Name)
	return c.Embedded.Open(e)
}

func TestCopyDoesNotOpenWhatIsThere(t *testing.T) {
	h := moduletest.New(t)
	h.Files["big"] = "content"
	h.Write("there", "content")
	call := h.Call(false, "src", "big", "dest", "@/there", "mode", "0600")
	call.Files = closed{h.Files, t}
	if r := h.Do("copy", call); r.Failed || !r.Changed || h.Mode("there") != "0600" {
		t.Fatalf("%+v", r)
	}
}

func TestCopyTree(t *testing.T) {
	h := moduletest.New(t)
	h.Files["tree/a"], h.Files["tree/sub/b"] = "a", "b"
	h.Steady("copy", "src", "tree", "dest", "@/t1", "mode", "0600", "directory_mode", "0711")
	if h.Read("t1/tree/sub/b") != "b" || h.Mode("t1/tree/a") != "0600" || h.Mode("t1/tree/sub") != "0711" {
		t.Error(h.Tree())
	}
	r := h.Steady("copy", "src", "tree/", "dest", "@/t2/")
	if h.Read("t2/sub/b") != "b" {
		t.Error(h.Tree())
	}
	moduletest.Holds(t, r, "dest", h.Path("t2")+"/", "src", "tree/")
	if err := os.Remove(h.Path("t2/a")); err != nil {
		t.Fatal(err)
	}
	h.Steady("copy", "src", "tree/", "dest", "@/t2/")
}

func TestCopyForce(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "mine")
	if r := h.Run("copy", "content", "theirs", "dest", "@/f", "force", false); r.Changed || r.Failed || h.Read("f") != "mine" {
		t.Fatalf("%+v", r)
	}
	h.Steady("copy", "content", "x", "dest", "@/g", "force", false)
}

func TestCopyValidate(t *testing.T) {
	h := moduletest.New(t)
	h.Steady("copy", "content", "ok", "dest", "@/v", "validate", "grep -q ok %s")
	r := h.Run("copy", "content", "bad", "dest", "@/v", "validate", "grep ok %s")
	moduletest.Fails(t, r, "failed to validate")
	moduletest.Holds(t, r, "exit_status", 1)
	if h.Read("v") != "ok" {
		t.Error("what did not pass is in place")
	}
	moduletest.Fails(t, h.Run("copy", "content", "x", "dest", "@/v", "validate", "true"), "validate must contain %s")
	moduletest.Fails(t, h.Run("copy", "content", "y", "dest", "@/v", "checksum", "00"), "does not match the expected checksum")
	if h.Read("v") != "ok" {
		t.Error("what has another checksum is in place")
	}
}

func TestCopyLinks(t *testing.T) {
	h := moduletest.New(t)
	h.Write("target", "old")
	for _, name := range []string{"l1", "l2"} {
		if err := os.Symlink("target", h.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.Steady("copy", "content", "new", "dest", "@/l1", "follow", true)
	if !kit.IsLink(h.Path("l1")) || h.Read("target") != "new" {
		t.Error("follow writes to the target")
	}
	h.Steady("copy", "content", "third", "dest", "@/l2")
	if kit.IsLink(h.Path("l2")) || h.Read("target") != "new" {
		t.Error("without follow the link becomes a file")
	}
}

func TestCopyRemote(t *testing.T) {
	h := moduletest.New(t)
	h.Write("src/a", "a")
	h.Write("src/sub/b", "b")
	if err := os.Chmod(h.Path("src/sub/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.Steady("copy", "src", "@/src/a", "dest", "@/copy", "remote_src", true)
	h.Steady("copy", "src", "@/src", "dest", "@/r1", "remote_src", true)
	if h.Read("r1/src/sub/b") != "b" || h.Mode("r1/src/sub/b") != "0755" {
		t.Error(h.Tree())
	}
	h.Steady("copy", "src", "@/src/", "dest", "@/r2", "remote_src", true)
	if h.Read("r2/sub/b") != "b" {
		t.Error(h.Tree())
	}
	h.Write("src/a", "changed")
	h.Steady("copy", "src", "@/src/", "dest", "@/r2", "remote_src", true)
	moduletest.Fails(t, h.Run("copy", "src", "@/none", "dest", "@/x", "remote_src", true), "not found")
}

func TestCopyRefusals(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("copy", "dest", "@/x"), "src (or content) is required")
	moduletest.Fails(t, h.Run("copy", "content", "x"), "missing required arguments: dest")
	moduletest.Fails(t, h.Run("copy", "content", "x", "src", "y", "dest", "@/x"), "src and content are mutually exclusive")
	moduletest.Fails(t, h.Run("copy", "content", "x", "dest", "@/"), "can not use content with a dir as dest")
	moduletest.Fails(t, h.Run("copy", "content", "x", "dest", "@/x", "mode", "bad"), "mode must be in octal or symbolic form")
	if kit.Exists(h.Path("x")) {
		t.Error("a refused task left a file")
	}
}

func TestCopyDiff(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "old\n")
	for _, r := range []module.Result{
		h.Check("copy", "content", "new\n", "dest", "@/f"), h.Run("copy", "content", "new\n", "dest", "@/f"),
	} {
		if len(r.Diff) != 1 || r.Diff[0].Before != "old\n" || r.Diff[0].After != "new\n" || r.Diff[0].BeforeHeader != h.Path("f") {
			t.Errorf("%+v", r.Diff)
		}
	}
}

func TestTemplate(t *testing.T) {
	h := moduletest.New(t)
	h.Texts["app.j2"] = "one\ntwo\n"
	r := h.Steady("template", "src", "app.j2", "dest", "@/app", "mode", "0644", "variables", value.DictOf("x", int64(1)))
	moduletest.Holds(t, r, "dest", h.Path("app"), "size", 8)
	h.Steady("template", "src", "app.j2", "dest", "@/app", "newline_sequence", `\r\n`)
	if h.Read("app") != "one\r\ntwo\r\n" {
		t.Errorf("%q", h.Read("app"))
	}
	h.Write("dir/x", "")
	h.Steady("template", "src", "app.j2", "dest", "@/dir")
	if h.Read("dir/app.j2") != "one\ntwo\n" {
		t.Error(h.Tree())
	}
	moduletest.Fails(t, h.Run("template", "src", "app.j2"), "missing required arguments: dest")
	moduletest.Fails(t, h.Run("template", "src", "app.j2", "dest", "@/x", "newline_sequence", "x"), "newline_sequence needs to be one of")
	moduletest.Fails(t, h.Run("template", "src", "app.j2", "dest", "@/x", "output_encoding", "latin1"), "only utf-8")
}
