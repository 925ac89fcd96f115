//go:build unix

package synchronize

import (
	"context"
	"io/fs"
	"math/rand"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// What rsync 3.5 was recorded to send.
func TestFiltersLikeRsync(t *testing.T) {
	text, err := os.ReadFile("../../../../tests/cases/rsync_filters.json")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := value.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	get := func(d any, name string) []any {
		v, _ := d.(*value.Dict).Get(name)
		items, _ := value.Items(v)
		return items
	}
	names, cases := kit.Texts(get(decoded, "files")), get(decoded, "cases")
	if len(cases) < 300 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, each := range cases {
		var options []string
		for _, pair := range get(each, "rules") {
			words, _ := value.Items(pair)
			options = append(options, value.Str(words[0])+"="+kit.Quoted(value.Str(words[1])))
		}
		rules, err := readRules(options)
		if err != nil {
			t.Fatal(err)
		}
		source, _ := each.(*value.Dict).Get("source")
		top := strings.TrimPrefix("src/", strings.TrimPrefix(value.Str(source), "src"))
		if source == "src/" {
			top = ""
		}
		var sent []string
		for _, name := range names {
			if !hidden(rules, top+name, false) {
				sent = append(sent, top+name)
			}
		}
		slices.Sort(sent)
		if wanted := kit.Texts(get(each, "sent")); !slices.Equal(sent, wanted) {
			t.Errorf("%v: %v, wanted %v", options, sent, wanted)
		}
	}
}

var pool = []string{"a.txt", "b.log", "s/a.txt", "s/b", "s/deep/c.log", "s/deep/d", "t", "t/x", "u/v/w", "z.sh", "keep.log", "empty"}

// grown fills a folder with some of the names, a few of them links or folders of the other kind.
func grown(t *testing.T, r *rand.Rand, dir string, odd bool) {
	t.Helper()
	for _, name := range pool {
		place := filepath.Join(dir, name)
		if r.Intn(3) == 0 || os.MkdirAll(filepath.Dir(place), 0o755) != nil {
			continue
		}
		switch kind := r.Intn(9); {
		case odd && kind == 0:
			_ = os.Symlink("a.txt", place) // what is there stays
		case odd && kind == 1:
			_ = os.MkdirAll(place, 0o755)
		default:
			_ = os.WriteFile(place, []byte(strings.Repeat("x", r.Intn(3))+string(rune('a'+r.Intn(2)))), 0o600) // or is a folder
			_ = os.Chmod(place, []fs.FileMode{0o644, 0o755, 0o600}[r.Intn(3)])
		}
	}
}

// For many trees, options and filters: the same lines and the same tree as the real rsync makes, and all of it taken back.
func TestTheSameAsRsync(t *testing.T) {
	rsync, err := exec.LookPath("rsync")
	if err != nil {
		t.Skip("there is no rsync here to compare with")
	}
	for seed := range int64(24) {
		r := rand.New(rand.NewSource(seed))
		h := moduletest.New(t)
		theirs, src := t.TempDir(), t.TempDir()
		grown(t, r, src, false)
		embed(t, h, src)
		if len(h.Files) == 0 {
			continue
		}
		grown(t, r, filepath.Join(h.Dir, "d"), true)
		if out, err := exec.Command("cp", "-a", h.Dir+"/.", theirs).CombinedOutput(); err != nil {
			t.Fatal(string(out))
		}
		var filters []any
		for range r.Intn(3) {
			filters = append(filters, []string{"--exclude", "--include"}[r.Intn(2)]+"="+[]string{"*.log", "s/deep/", "/t", "u/***", "a.*", "empty"}[r.Intn(6)])
		}
		slash := []string{"", "/"}[r.Intn(2)]
		args := []any{"src", "src" + slash, "dest", "@/d", "rsync_opts", filters}
		options := []string{"--delay-updates", "-F", "-a", "-c", "--no-times", "--no-owner", "--no-group", "--out-format=%i %n%L"}
		for name, option := range map[string]string{"delete": "--delete-after", "existing_only": "--existing"} {
			if r.Intn(2) == 0 {
				args, options = append(args, name, true), append(options, option)
			}
		}
		if r.Intn(3) == 0 {
			args, options = append(args, "perms", false), append(options, "--no-perms")
		}
		for _, f := range filters {
			options = append(options, f.(string))
		}
		// In the test rsync runs beside its files: it does not send them (<), it gets them (>).
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		cmd := exec.CommandContext(ctx, rsync, append(options, src+"/src"+slash, filepath.Join(theirs, "d"))...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, failed := cmd.Output()
		cancel()
		before := h.Tree()
		checked := h.Check("synchronize", args...)
		if h.Tree() != before {
			t.Fatalf("seed %d: a check changed something", seed)
		}
		got := h.Run("synchronize", args...)
		if got.Failed != (failed != nil) {
			t.Errorf("seed %d %v: failed %v %q, rsync %v %s", seed, args, got.Failed, got.Msg, failed, out)
			continue
		}
		if failed == nil {
			wanted := strings.ReplaceAll("\n"+string(out), "\n>f", "\n<f")[1:]
			if sorted(got.Msg) != sorted(wanted) || checked.Msg != got.Msg || got.Changed != checked.Changed {
				t.Errorf("seed %d %v:\n%s\nchecked:\n%s\nrsync:\n%s", seed, args, got.Msg, checked.Msg, wanted)
			}
			ours := h.Tree()
			if there := treeOf(t, h, theirs); ours != there {
				t.Errorf("seed %d %v: the tree\n%s\nrsync's\n%s", seed, args, ours, there)
			}
			if again := h.Run("synchronize", args...); again.Changed || again.Failed {
				t.Errorf("seed %d: again %s", seed, again.Msg)
			}
		}
		h.TakeBack(before)
	}
}

// sorted are lines in the order of their texts: what makes way for a file, rsync tells before or after other files.
func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// embed puts a folder into the artifact, as src.
func embed(t *testing.T, h *moduletest.Host, dir string) {
	t.Helper()
	moved := filepath.Join(dir, "src")
	names, err := os.ReadDir(dir)
	if err == nil {
		err = os.Mkdir(moved, 0o755)
	}
	for _, name := range names {
		if err == nil {
			err = os.Rename(filepath.Join(dir, name.Name()), filepath.Join(moved, name.Name()))
		}
	}
	if err == nil {
		err = filepath.WalkDir(moved, func(place string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(place)
			if err == nil {
				err = os.Chmod(place, 0o640) // the mode that moduletest gives files of an artifact
			}
			h.Files[path.Join("src", place[len(moved)+1:])] = string(b)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func treeOf(t *testing.T, h *moduletest.Host, dir string) string {
	other := *h
	other.Dir = dir
	return other.Tree()
}

func TestRefusals(t *testing.T) {
	h := moduletest.New(t)
	h.Files["src/f"] = "f"
	for _, c := range []struct {
		name  string
		value any
		words string
	}{
		{"mode", "pull", "value of mode must be one of: push"}, {"times", true, "times can only be false"},
		{"recursive", false, "recursive can only be true"}, {"rsync_opts", "--chmod=F600", "not --chmod=F600: no rsync runs"},
		{"rsync_opts", "--exclude", "needs a pattern"}, {"link_dest", "/x", "Unsupported parameters"}, {"src", "none/", "Could not find or access 'none/'"},
		{"dest", "@/no/where", "No such file or directory (2)"},
	} {
		args := []any{"src", "src/", "dest", "@/d"}
		switch c.name {
		case "src":
			args[1] = c.value
		case "dest":
			args[3] = c.value
		default:
			args = append(args, c.name, c.value)
		}
		moduletest.Fails(t, h.Run("synchronize", args...), c.words)
	}
	if h.Tree() != moduletest.New(t).Tree() {
		t.Error(h.Tree())
	}
}

func TestOneFile(t *testing.T) {
	h := moduletest.New(t)
	h.Files["conf/f"] = "f"
	before := h.Tree()
	h.Write("in/x", "")
	r := h.Steady("synchronize", "src", "conf/f", "dest", "@/in/as", "perms", true)
	moduletest.Holds(t, r, "rc", 0, "stdout_lines", kit.Items([]string{"<f+++++++++ as"}))
	h.Steady("synchronize", "src", "conf/f", "dest", "@/in")
	h.Steady("synchronize", "src", "conf/f", "dest", "@/new/")
	if h.Read("in/as") != "f" || h.Read("in/f") != "f" || h.Read("new/f") != "f" {
		t.Error(h.Tree(), before)
	}
}
