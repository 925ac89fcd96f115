//go:build unix

package archives

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
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

var when = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

// packed is an archive of these members, with this user's own numbers; names ending with a slash are folders.
func packedTar(t *testing.T, format tar.Format, members ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range members {
		content := h.Uname
		h.Uname, h.Format, h.ModTime, h.Uid, h.Gid = "", format, when, os.Getuid(), os.Getgid()
		switch {
		case h.Typeflag != 0:
		case strings.HasSuffix(h.Name, "/"):
			h.Typeflag = tar.TypeDir
		default:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(content))
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); h.Size > 0 && err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zipped(t *testing.T, text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func file(name, content string) tar.Header {
	return tar.Header{Name: name, Uname: content, Mode: 0o644}
}

// settled runs a task twice: it must change something, and then nothing.
func settled(t *testing.T, h *moduletest.Host, args ...any) module.Result {
	t.Helper()
	r := h.Run("unarchive", args...)
	if r.Failed || !r.Changed {
		t.Fatalf("first run: %v %s", r.Changed, r.Msg)
	}
	if again := h.Run("unarchive", args...); again.Failed || again.Changed {
		t.Fatalf("second run: %v %s", again.Changed, again.Msg)
	}
	return r
}

func TestUnpacks(t *testing.T) {
	long := strings.Repeat("long/", 40) + "name"
	for name, format := range map[string]tar.Format{"gnu": tar.FormatGNU, "pax": tar.FormatPAX} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			h.Write("d/own", "mine")
			h.Files["files/a.tgz"] = zipped(t, packedTar(t, format, tar.Header{Name: "./"}, tar.Header{Name: "./bin/", Mode: 0o750},
				tar.Header{Name: "./bin/run", Uname: "#!/bin/sh\n", Mode: 0o4711}, file(long, "far"), file("empty", ""),
				tar.Header{Name: "link", Linkname: "bin/run", Typeflag: tar.TypeSymlink},
				tar.Header{Name: "again", Linkname: "./bin/run", Typeflag: tar.TypeLink}))
			r := settled(t, h, "src", "files/a.tgz", "dest", "@/d", "list_files", true)
			moduletest.Holds(t, r, "handler", "TgzArchive", "dest", h.Path("d"), "state", "directory",
				"files", kit.Items([]string{"./", "./bin/", "./bin/run", long, "empty", "link", "again"}))
			if h.Read("d/"+long) != "far" || h.Read("d/again") != "#!/bin/sh\n" || h.Read("d/own") != "mine" || h.Mode("d/bin") != "0750" {
				t.Error(h.Tree())
			}
			if to, err := os.Readlink(h.Path("d/link")); to != "bin/run" || err != nil {
				t.Error(to, err)
			}
			if info, err := os.Stat(h.Path("d/bin/run")); err != nil || !info.ModTime().Equal(when) {
				t.Error(err)
			}
			h.Write("d/bin/run", "#!/bin/xx\n")
			settled(t, h, "src", "files/a.tgz", "dest", "@/d")
			if h.Read("d/bin/run") != "#!/bin/sh\n" || h.Read("d/again") != "#!/bin/sh\n" {
				t.Error(h.Tree())
			}
		})
	}
}

func TestChoices(t *testing.T) {
	h := moduletest.New(t)
	h.Write("a.tar", packedTar(t, tar.FormatGNU, tar.Header{Name: "app-1/"}, tar.Header{Name: "app-1/doc/"}, file("app-1/doc/x.txt", "x"),
		file("app-1/y.txt", "y"), file("app-1/z.md", "z"), tar.Header{Name: "app-1/w", Linkname: "app-1/z.md", Typeflag: tar.TypeLink}))
	for name, c := range map[string]struct {
		args []any
		want string
	}{
		"excluded": {[]any{"exclude", []any{"doc", "*.md", "w"}}, "app-1/ app-1/y.txt"},
		"included": {[]any{"include", "app-1/doc"}, "app-1/doc/ app-1/doc/x.txt"},
		"stripped": {[]any{"extra_opts", []any{"--strip-components=1"}}, "doc/ doc/x.txt y.txt z.md w"},
	} {
		if err := os.Mkdir(h.Path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		r := settled(t, h, append(c.args, "src", "@/a.tar", "dest", "@/"+name, "remote_src", true, "list_files", true)...)
		moduletest.Holds(t, r, "handler", "TarArchive", "files", kit.Items(strings.Split(c.want, " ")))
		for _, each := range strings.Fields(c.want) {
			if !kit.Exists(h.Path(name + "/" + each)) {
				t.Errorf("%s: no %s", name, each)
			}
		}
	}
	h.Write("k/app-1/y.txt", "newer")
	h.Run("unarchive", "src", "@/a.tar", "dest", "@/k", "copy", false, "keep_newer", true)
	if h.Read("k/app-1/y.txt") != "newer" || h.Read("k/app-1/z.md") != "z" {
		t.Error(h.Tree())
	}
	if r := h.Run("unarchive", "src", "@/a.tar", "dest", "@/k", "copy", false, "creates", "@/a.tar"); !r.Skipped {
		t.Error(r.Msg)
	}
	r := settled(t, h, "src", "@/a.tar", "dest", "@/k", "remote_src", true, "mode", "u=rwX,go=")
	if r.Failed || h.Mode("k/app-1/z.md") != "0600" || h.Mode("k/app-1/doc") != "0700" {
		t.Error(h.Tree())
	}
}

func TestOtherPackings(t *testing.T) {
	for program, handler := range map[string]string{"xz": "TarXzArchive", "bzip2": "TarBzipArchive", "zstd": "TarZstdArchive"} {
		if _, err := exec.LookPath(program); err != nil {
			continue // it is the host's own
		}
		h := moduletest.New(t)
		cmd := exec.Command(program, "-c")
		cmd.Stdin = strings.NewReader(packedTar(t, tar.FormatPAX, file("f", "content")))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		h.Write("a", string(out))
		moduletest.Holds(t, settled(t, h, "src", "@/a", "dest", "@", "remote_src", true), "handler", handler)
		if h.Read("f") != "content" {
			t.Error(program)
		}
		h.Write("half", string(out[:len(out)/2]))
		moduletest.Fails(t, h.Run("unarchive", "src", "@/half", "dest", "@", "remote_src", true), "Failed to find handler")
	}
}

func TestNothingLeavesTheFolder(t *testing.T) {
	out := t.TempDir()
	for name, members := range map[string][]tar.Header{
		"dots":          {file("a", "a"), file("b/../../x", "bad")},
		"link":          {tar.Header{Name: "l", Linkname: out, Typeflag: tar.TypeSymlink}, file("l/x", "bad")},
		"far link":      {tar.Header{Name: "l", Linkname: out, Typeflag: tar.TypeSymlink}, file("l/new/x", "bad")},
		"hard link":     {tar.Header{Name: "h", Linkname: "../../etc/passwd", Typeflag: tar.TypeLink}},
		"device":        {tar.Header{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}},
		"itself a link": {tar.Header{Name: ".", Linkname: out, Typeflag: tar.TypeSymlink}, file("x", "bad")},
		"itself a file": {file("./.", "bad")},
		"their folder":  {file("theirs/new/x", "bad")},
	} {
		h := moduletest.New(t)
		if err := os.MkdirAll(h.Path("d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(out, h.Path("d/theirs")); err != nil {
			t.Fatal(err)
		}
		h.Files["a.tar"] = packedTar(t, tar.FormatGNU, members...)
		r := h.Run("unarchive", "src", "a.tar", "dest", "@/d")
		if !r.Failed || !strings.Contains(r.Msg, "the archive is refused") {
			t.Errorf("%s: %s", name, r.Msg)
		}
		if found, err := os.ReadDir(out); len(found) > 0 || err != nil {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
	h := moduletest.New(t)
	h.Files["a.tar"] = packedTar(t, tar.FormatGNU, file("/abs", "absolute"))
	if r := h.Run("unarchive", "src", "a.tar", "dest", "@"); r.Failed || h.Read("abs") != "absolute" {
		t.Error(r.Msg)
	}
}

func TestAFullFolderIsNotReplacedByAFile(t *testing.T) {
	h := moduletest.New(t)
	h.Write("d/full/own", "mine")
	h.Files["a.tar"] = packedTar(t, tar.FormatGNU, file("full", "a file"))
	moduletest.Fails(t, h.Run("unarchive", "src", "a.tar", "dest", "@/d"), "is a folder that is not empty")
	if h.Read("d/full/own") != "mine" {
		t.Error(h.Tree())
	}
	h.Files["b.tar"] = packedTar(t, tar.FormatGNU, file("empty", "a file"))
	if err := os.Mkdir(h.Path("d/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	settled(t, h, "src", "b.tar", "dest", "@/d")
}

func TestAddressesAreFetched(t *testing.T) {
	h := moduletest.New(t)
	path := filepath.Join(t.TempDir(), "a.tgz")
	if err := os.WriteFile(path, []byte(zipped(t, packedTar(t, tar.FormatGNU, file("f", "content")))), 0o600); err != nil {
		t.Fatal(err)
	}
	kit.Fetcher = func(_ *module.Call, url string, validate bool) (string, error) {
		if url != "https://h/a.tgz" || validate {
			return "", errors.New("HTTP Error 404: Not Found")
		}
		return path, nil
	}
	t.Cleanup(func() { kit.Fetcher = nil })
	settled(t, h, "src", "https://h/a.tgz", "dest", "@", "remote_src", true, "validate_certs", false)
	if h.Read("f") != "content" {
		t.Error(h.Tree())
	}
	moduletest.Fails(t, h.Run("unarchive", "src", "https://h/b.tgz", "dest", "@", "remote_src", true),
		"Failure downloading https://h/b.tgz, HTTP Error 404: Not Found")
}

func TestRefusals(t *testing.T) {
	h := moduletest.New(t)
	whole := zipped(t, packedTar(t, tar.FormatGNU, file("f", strings.Repeat("content", 9000))))
	h.Files["a.tgz"], h.Files["half"], h.Files["zip"], h.Files["text"] = whole, whole[:len(whole)-12], "PK\x03\x04", strings.Repeat("text", 500)
	h.Files["sum"] = whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:]
	h.Files["none"] = string(make([]byte, 1024))
	h.Write("empty", "")
	for src, words := range map[string]string{"half": "Failed to find handler", "text": "no tar archive", "zip": "this is no zip archive, or it is damaged",
		"sum": "damaged", "none": "the archive is empty", "nothing": "Could not find or access"} {
		moduletest.Fails(t, h.Run("unarchive", "src", src, "dest", "@"), words)
	}
	moduletest.Fails(t, h.Run("unarchive", "src", "a.tgz", "dest", "@/none"), "must be an existing dir")
	moduletest.Fails(t, h.Run("unarchive", "src", "@/empty", "dest", "@", "remote_src", true), "the file is 0 bytes")
	moduletest.Fails(t, h.Run("unarchive", "src", "@/none", "dest", "@", "remote_src", true), "does not exist")
	moduletest.Fails(t, h.Run("unarchive", "src", "https://h/a.tgz", "dest", "@", "remote_src", true), "cannot fetch: bring it with get_url")
	moduletest.Fails(t, h.Run("unarchive", "src", "a.tgz", "dest", "@", "extra_opts", "--touch"), "not --touch")
	moduletest.Fails(t, h.Run("unarchive", "src", "a.tgz", "dest", "@", "include", "g"), "g: Not found in archive")
	if kit.Exists(h.Path("f")) {
		t.Error("something was unpacked all the same")
	}
	if r := h.Check("unarchive", "src", "a.tgz", "dest", "@"); !r.Skipped {
		t.Error(r.Msg)
	}
}
