// Package moduletest runs modules in tests: on a folder of their own, with a journal that records what they change.
package moduletest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"runner/change"
	"runner/facts"
	"runner/hashing"
	"runner/hex"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// Host is a folder to change, a journal that records the changes, and files as an artifact would hold them.
type Host struct {
	t        *testing.T
	Dir      string
	Recorder *change.Recorder
	Files    Embedded
	Texts    map[string]string // rendered templates
	journal  string
}

// New is a fresh host that is gone after the test.
func New(t *testing.T) *Host {
	t.Helper()
	journal := t.TempDir()
	recorder, err := change.NewRecorder(journal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := recorder.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Host{t: t, Dir: t.TempDir(), Recorder: recorder, Files: Embedded{}, Texts: map[string]string{}, journal: journal}
}

// Call prepares a call; @ in text arguments stands for the host's folder.
func (h *Host) Call(check bool, pairs ...any) *module.Call {
	args := value.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		args.Set(pairs[i].(string), h.placed(pairs[i+1]))
	}
	c := &module.Call{Ctx: context.Background(), Args: args, Check: check, Diff: true, Log: h.Recorder, Files: h.Files,
		Env: os.Environ(), Cwd: h.Dir, TempDir: h.t.TempDir,
		Render: func(src string) (string, error) { return h.Texts[src], nil },
		Facts:  func(subsets []string) *value.Dict { return facts.Gather(subsets, os.Environ()) }}
	h.Recorder.Equip(kit.Tools{Call: c})
	if check {
		c.Log = change.ReadOnly{}
	}
	return c
}

func (h *Host) placed(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "@", h.Dir)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = h.placed(v[i])
		}
		return out
	case int:
		return int64(v)
	}
	return v
}

// Run runs a module with arguments given as name, value, name, value…
func (h *Host) Run(name string, pairs ...any) module.Result {
	h.t.Helper()
	return h.Do(name, h.Call(false, pairs...))
}

// Check runs a module in check mode.
func (h *Host) Check(name string, pairs ...any) module.Result {
	h.t.Helper()
	return h.Do(name, h.Call(true, pairs...))
}

// Do runs a module with a call that Call prepared.
func (h *Host) Do(name string, c *module.Call) module.Result {
	h.t.Helper()
	f, ok := module.Get(name)
	if !ok {
		h.t.Fatalf("no module %s", name)
	}
	return f(c)
}

// Path is where a name of the host's folder is.
func (h *Host) Path(name string) string { return filepath.Join(h.Dir, name) }

// Write makes a file with its folders.
func (h *Host) Write(name, content string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.Path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.Path(name), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// Read is the content of a file.
func (h *Host) Read(name string) string {
	h.t.Helper()
	b, err := os.ReadFile(h.Path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// Mode is the mode of a file as results word it.
func (h *Host) Mode(name string) string {
	h.t.Helper()
	info, err := os.Lstat(h.Path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return kit.Octal(kit.BitsOf(info.Mode()))
}

// Steady runs a task as a check, for real, again, and as a check again: it must say changed, do it, and be content.
func (h *Host) Steady(name string, pairs ...any) module.Result {
	h.t.Helper()
	before := h.Tree()
	if r := h.Check(name, pairs...); r.Failed || !r.Changed {
		h.t.Fatalf("first check: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	if after := h.Tree(); after != before {
		h.t.Fatalf("the check changed something:\n%s\nbecame\n%s", before, after)
	}
	first := h.Run(name, pairs...)
	if first.Failed || !first.Changed {
		h.t.Fatalf("first run: changed %v failed %v: %s", first.Changed, first.Failed, first.Msg)
	}
	if r := h.Run(name, pairs...); r.Failed || r.Changed {
		h.t.Fatalf("second run: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	if r := h.Check(name, pairs...); r.Failed || r.Changed {
		h.t.Fatalf("second check: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	return first
}

// TakeBack undoes every change to files and checks that the host's folder is what it was.
func (h *Host) TakeBack(before string) {
	h.t.Helper()
	h.Undone()
	if after := h.Tree(); after != before {
		h.t.Fatalf("%s\nwas\n%s", after, before)
	}
}

// Undone undoes every change, also of what is no file; none may conflict.
func (h *Host) Undone() {
	h.t.Helper()
	if report := h.Undo(kit.Tools{Call: h.Call(false)}); len(report.Conflicted) > 0 {
		h.t.Fatal(report)
	}
}

// Undo takes everything back, also what is no file: with these tools of the host.
func (h *Host) Undo(tools change.Tools) change.UndoReport {
	h.t.Helper()
	report, err := change.Undo(h.journal, effects{tools})
	if err != nil {
		h.t.Fatal(err)
	}
	return report
}

// effects are what an undo may do here: no handler and no command of a plan.
type effects struct{ tools change.Tools }

func (effects) Run(what string, _ []string) error {
	return errors.New("no command is expected: " + what)
}
func (effects) Fire(change.Handler) error   { return errors.New("no handler is expected") }
func (effects) Perform(any) (string, error) { return "", errors.New("no undo of a plan is expected") }
func (e effects) Tools() change.Tools       { return e.tools }

// Tree words everything in the host's folder.
func (h *Host) Tree() string {
	var out strings.Builder
	err := filepath.Walk(h.Dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		out.WriteString(strings.TrimPrefix(path, h.Dir) + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			out.WriteString(" " + string(b))
			if err != nil {
				return err
			}
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.String()
}

// Fails checks that a result is a failure with these words in its message.
func Fails(t *testing.T, r module.Result, words string) {
	t.Helper()
	if !r.Failed || !strings.Contains(r.Msg, words) {
		t.Fatalf("failed %v with %q, wanted %q", r.Failed, r.Msg, words)
	}
}

// Holds checks return values.
func Holds(t *testing.T, r module.Result, pairs ...any) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		got, _ := r.Data.Get(pairs[i].(string))
		want := pairs[i+1]
		if n, ok := want.(int); ok {
			want = int64(n)
		}
		if !value.Equal(got, want) {
			t.Errorf("%s is %s, wanted %s", pairs[i], value.Repr(got), value.Repr(want))
		}
	}
}

// Embedded are files by name.
type Embedded map[string]string

// Lookup implements module.Files.
func (e Embedded) Lookup(name string) (module.Entry, bool) {
	text, ok := e[name]
	sum := hashing.Named("sha256")
	sum.Write([]byte(text))
	return module.Entry{Name: name, Digest: hex.EncodeToString(sum.Sum(nil)), Size: int64(len(text)), Mode: 0o640}, ok
}

// List implements module.Files.
func (e Embedded) List(prefix string) []module.Entry {
	var out []module.Entry
	for name := range e {
		if strings.HasPrefix(name, prefix) {
			entry, _ := e.Lookup(name)
			out = append(out, entry)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Open implements module.Files.
func (e Embedded) Open(entry module.Entry) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader([]byte(e[entry.Name]))), nil
}
