//go:build unix

package archives

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/module"
	"runner/modules/moduletest"
	"runner/value"
)

// sample is the tree that the cases were recorded with.
func sample(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	for name, content := range map[string]string{"app/a.txt": strings.Repeat("alpha\n", 50), "app/b.log": "beta\n", "app/.hidden": "h",
		"app/sub/c.txt": "", "app/sub/deep/d.log": "deep\n", "one.conf": "one\n", "two.conf": "two\n", ".dot.conf": "dot\n"} {
		h.Write(name, content)
	}
	err := errors.Join(os.Mkdir(h.Path("app/empty"), 0o755), os.Symlink("a.txt", h.Path("app/link")), os.Link(h.Path("app/a.txt"), h.Path("app/hard")))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// What the module of community.general 10 makes of the same files with the same arguments.
func TestArchiveLikeTheCollection(t *testing.T) {
	for _, each := range moduletest.Cases(t, "../../../../tests/cases/archive.json", 49) {
		likeRecorded(t, each.(*value.Dict))
	}
}

func likeRecorded(t *testing.T, recorded *value.Dict) {
	t.Helper()
	get := func(d *value.Dict, name string) any { v, _ := d.Get(name); return v }
	args, wanted := get(recorded, "args").(*value.Dict), get(recorded, "result").(*value.Dict)
	h, pairs := sample(t), []any{}
	for _, key := range args.Keys() {
		pairs = append(pairs, key, get(args, key))
	}
	before := h.Tree()
	r := h.Run("archive", pairs...)
	shown := value.Repr(args)
	if r.Failed || get(wanted, "failed") == true {
		if !r.Failed || r.Msg != get(wanted, "msg") || h.Tree() != before {
			t.Errorf("%s: failed %v with %q, wanted %v", shown, r.Failed, r.Msg, get(wanted, "msg"))
		}
		return
	}
	if r.Changed != get(wanted, "changed") {
		t.Errorf("%s: changed %v", shown, r.Changed)
	}
	for _, key := range wanted.Keys() {
		if key == "changed" {
			continue
		}
		if got, want := texts(h, get(r.Data, key)), texts(h, get(wanted, key)); got != want {
			t.Errorf("%s: %s is %s, wanted %s", shown, key, got, want)
		}
	}
	if got, want := strings.Join(tree(t, h), " "), texts(h, get(recorded, "left")); got != want {
		t.Errorf("%s left %s, wanted %s", shown, got, want)
	}
	if members, ok := value.Items(get(recorded, "members")); ok {
		if got, want := held(t, h, get(r.Data, "dest").(string)), heldThere(members); got != want {
			t.Errorf("%s holds %s, wanted %s", shown, got, want)
		}
	}
	if again := h.Run("archive", pairs...); again.Changed != get(recorded, "again") {
		t.Errorf("%s: again changed %v %s", shown, again.Changed, again.Msg)
	}
	h.TakeBack(before)
}

// texts words a value, lists in the order of names: folders are listed in no order.
func texts(h *moduletest.Host, v any) string {
	items, ok := value.Items(v)
	if !ok {
		return strings.ReplaceAll(value.Str(v), "@", h.Dir)
	}
	var out []string
	for _, each := range items {
		out = append(out, strings.ReplaceAll(value.Str(each), "@", h.Dir))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func tree(t *testing.T, h *moduletest.Host) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(h.Dir, func(path string, _ fs.DirEntry, err error) error {
		if path != h.Dir {
			out = append(out, path[len(h.Dir)+1:])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// heldThere words the members that were recorded. Which of a file's names is the link is by chance.
func heldThere(members []any) string {
	var out []string
	for _, each := range members {
		m, _ := value.Items(each)
		name, kind, size := value.Str(m[0]), value.Str(m[1]), value.Str(m[3])
		if kind == "content" {
			return value.Str(m[2])
		}
		if len(kind) == 1 && slices.Contains([]string{"app/hard", "app/a.txt", "hard", "a.txt"}, name) {
			kind, size = "0", "300"
		}
		out = append(out, name+" "+kind+" "+size)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// held reads an archive with Go's own packages and the host's programs.
func held(t *testing.T, h *moduletest.Host, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if z, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
		for _, f := range z.File {
			in, err := f.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, in)
			}
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			out = append(out, f.Name+" 0o"+value.Str(octal(int64(f.ExternalAttrs>>16), 6))+" "+value.Str(int64(f.UncompressedSize64)))
		}
		return strings.ReplaceAll(lines(out), "0o0", "0o")
	}
	for _, program := range []string{"gzip", "bzip2", "xz"} {
		cmd := exec.Command(program, "-dc")
		cmd.Stdin = bytes.NewReader(b)
		if plain, err := cmd.Output(); err == nil {
			b = plain
			break
		}
	}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		m, err := r.Next()
		if err == io.EOF {
			return lines(out)
		}
		if err != nil {
			return string(b)
		}
		name, kind, size := strings.TrimSuffix(m.Name, "/"), string(m.Typeflag), m.Size
		if kind == "1" {
			kind, size = "0", 300
		}
		out = append(out, name+" "+kind+" "+value.Str(size))
	}
}

func lines(out []string) string {
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestArchiveIsSteadyAndUnpacksAgain(t *testing.T) {
	for format, handler := range map[string]string{"gz": "TgzArchive", "bz2": "TarBzipArchive", "xz": "TarXzArchive", "tar": "TarArchive", "zip": "ZipArchive"} {
		h := sample(t)
		long := "app/" + strings.Repeat("long/", 40) + "näme"
		h.Write(long, "far")
		if err := os.Chmod(h.Path("app/b.log"), 0o640); err != nil {
			t.Fatal(err)
		}
		h.Steady("archive", "path", "@/app", "dest", "@/out", "format", format, "mode", "0600")
		if err := os.Mkdir(h.Path("d"), 0o755); err != nil {
			t.Fatal(err)
		}
		r := settled(t, h, "src", "@/out", "dest", "@/d", "remote_src", true)
		moduletest.Holds(t, r, "handler", handler)
		if h.Read("d/"+long) != "far" || h.Read("d/app/hard") != h.Read("app/a.txt") || h.Mode("d/app/b.log") != "0640" || h.Mode("out") != "0600" {
			t.Errorf("%s: %s", format, h.Tree())
		}
		h.Write("app/b.log", "BETA\n") // of the same length
		if r := h.Run("archive", "path", "@/app", "dest", "@/out", "format", format, "mode", "0600"); !r.Changed {
			t.Errorf("%s: the change is not in the archive", format)
		}
	}
}

func TestArchiveRefuses(t *testing.T) {
	h := sample(t)
	moduletest.Fails(t, h.Run("archive", "path", "@/app", "dest", "@/nowhere/x.tgz"), "Error when writing tar.gz archive at "+h.Path("nowhere/x.tgz")+": [Errno 2]")
	moduletest.Fails(t, h.Run("archive", "path", "@/app", "dest", "@/x.7z", "format", "7z"), "value of format must be one of")
	c := h.Call(false, "path", "@/app", "dest", "@/x.zip", "format", "zip")
	c.Env = []string{"PATH=/nowhere"}
	moduletest.Fails(t, h.Do("archive", c), "gzip is not on the host")
	if err := os.Symlink("nothing", h.Path("app/broken")); err != nil {
		t.Fatal(err)
	}
	moduletest.Fails(t, h.Run("archive", "path", "@/app", "dest", "@/x.zip", "format", "zip"), "Errors when writing archive at")
	if r := h.Run("archive", "path", "@/app", "dest", "@/x.tgz"); r.Failed {
		t.Error(r.Msg)
	}
	if got := tree(t, h); slices.Contains(got, "x.zip") || slices.Contains(got, "nowhere") {
		t.Error(got)
	}
}

func TestZipOfOthers(t *testing.T) {
	for name, make := range map[string]func(w *zip.Writer) error{
		"of windows": func(w *zip.Writer) error {
			_, err := w.CreateHeader(&zip.FileHeader{Name: `dir\file`})
			return err
		},
		"a folder without entry": func(w *zip.Writer) error {
			_, err := w.CreateHeader(&zip.FileHeader{Name: "dir/file", Modified: when})
			return err
		},
	} {
		h := moduletest.New(t)
		h.Files["z.zip"] = string(zipBytes(t, make))
		r := h.Steady("unarchive", "src", "z.zip", "dest", "@", "list_files", true)
		moduletest.Holds(t, r, "handler", "ZipArchive")
		if h.Read("dir/file") != "" || h.Mode("dir/file") != "0644" {
			t.Errorf("%s: %s", name, h.Tree())
		}
	}
}

func TestHostileZipsStayInTheFolder(t *testing.T) {
	out := t.TempDir()
	link := func(w *zip.Writer, name, target string) error {
		head := &zip.FileHeader{Name: name}
		head.SetMode(fs.ModeSymlink | 0o777)
		f, err := w.CreateHeader(head)
		if err == nil {
			_, err = io.WriteString(f, target)
		}
		return err
	}
	for name, make := range map[string]func(w *zip.Writer) error{
		"dots": func(w *zip.Writer) error { _, err := w.Create("a/../../x"); return err },
		"link": func(w *zip.Writer) error {
			_, err := w.Create("l/x")
			return errors.Join(err, link(w, "z", "x"))
		},
		"device": func(w *zip.Writer) error {
			head := &zip.FileHeader{Name: "d"}
			head.SetMode(fs.ModeDevice | 0o666)
			_, err := w.CreateHeader(head)
			return err
		},
		"password": func(w *zip.Writer) error {
			_, err := w.CreateRaw(&zip.FileHeader{Name: "p", Flags: 1})
			return err
		},
		"method": func(w *zip.Writer) error {
			_, err := w.CreateRaw(&zip.FileHeader{Name: "p", Method: 12})
			return err
		},
	} {
		h := moduletest.New(t)
		if err := os.Symlink(out, h.Path("l")); err != nil {
			t.Fatal(err)
		}
		h.Files["z.zip"] = string(zipBytes(t, make))
		if r := h.Run("unarchive", "src", "z.zip", "dest", "@"); !r.Failed || !strings.Contains(r.Msg, "the archive is refused") {
			t.Errorf("%s: %s", name, r.Msg)
		}
		if found, err := os.ReadDir(out); len(found) > 0 || err != nil {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

func zipBytes(t *testing.T, fill func(w *zip.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := errors.Join(fill(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Whatever a byte of an archive becomes, it is unpacked or refused.
func TestDamagedZipsAreRefused(t *testing.T) {
	whole := zipBytes(t, func(w *zip.Writer) error {
		f, err := w.CreateHeader(&zip.FileHeader{Name: "dir/f", Method: zip.Deflate, Modified: when})
		if err == nil {
			_, err = io.WriteString(f, "content of the file, content of the file")
		}
		return err
	})
	h := moduletest.New(t)
	refused := 0
	for i := range whole {
		for _, b := range [][]byte{whole[:i], append(append(slices.Clone(whole[:i]), whole[i]^0xff), whole[i+1:]...)} {
			if i < 2 || len(b) < 3 {
				continue
			}
			h.Files["z"] = string(b)
			var r module.Result
			if r = h.Run("unarchive", "src", "z", "dest", "@"); r.Failed {
				refused++
			}
		}
	}
	if refused < len(whole) {
		t.Errorf("only %d of %d damaged archives were refused", refused, 2*len(whole))
	}
}

// Whoever may write to the folder must not have another file packed than the one that the task could read.
func TestWhatWasReplacedIsNotPacked(t *testing.T) {
	for _, format := range []string{"tar", "zip", "gz"} {
		h := sample(t)
		h.Write("secret", "of root")
		c := h.Call(false, "path", "@/one.conf", "dest", "@/out")
		p, err := archiveSpec.Parse("archive", c)
		if err != nil {
			t.Fatal(err)
		}
		a := &packing{c: c, p: p, format: format, dest: h.Path("out")}
		if failure := a.find(); failure.Failed || len(a.collect()) > 0 || len(a.entries) != 1 {
			t.Fatal(failure.Msg, a.entries)
		}
		if err := errors.Join(os.Remove(h.Path("one.conf")), os.Symlink("secret", h.Path("one.conf"))); err != nil {
			t.Fatal(err)
		}
		if _, err := a.write(); err == nil || !strings.Contains(err.Error(), h.Path("one.conf")+" was replaced while it was packed") || infoOf(h.Path("out")) != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}
