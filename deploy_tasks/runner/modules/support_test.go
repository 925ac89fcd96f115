package modules

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"runner/change"
	"runner/facts"
	"runner/hex"
	"runner/module"
	"runner/value"
)

// host is a folder to change, a journal that records the changes, and files as an artifact would hold them.
type host struct {
	t        *testing.T
	dir      string
	recorder *change.Recorder
	files    embedded
	texts    map[string]string // rendered templates
}

func newHost(t *testing.T) *host {
	t.Helper()
	recorder, err := change.NewRecorder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := recorder.Close(); err != nil {
			t.Error(err)
		}
	})
	return &host{t: t, dir: t.TempDir(), recorder: recorder, files: embedded{}, texts: map[string]string{}}
}

// call prepares a call; @ in text arguments stands for the host's folder.
func (h *host) call(check bool, pairs ...any) *module.Call {
	args := value.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		args.Set(pairs[i].(string), h.placed(pairs[i+1]))
	}
	c := &module.Call{Ctx: context.Background(), Args: args, Check: check, Diff: true, Log: h.recorder, Files: h.files,
		Env: os.Environ(), Cwd: h.dir, TempDir: h.t.TempDir,
		Render: func(src string) (string, error) { return h.texts[src], nil },
		Facts:  func(subsets []string) *value.Dict { return facts.Gather(subsets, os.Environ()) }}
	if check {
		c.Log = change.ReadOnly{}
	}
	return c
}

func (h *host) placed(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "@", h.dir)
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

func (h *host) run(name string, pairs ...any) module.Result {
	h.t.Helper()
	return h.do(name, h.call(false, pairs...))
}

func (h *host) check(name string, pairs ...any) module.Result {
	h.t.Helper()
	return h.do(name, h.call(true, pairs...))
}

func (h *host) do(name string, c *module.Call) module.Result {
	h.t.Helper()
	f, ok := module.Get(name)
	if !ok {
		h.t.Fatalf("no module %s", name)
	}
	return f(c)
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) write(name, content string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) read(name string) string {
	h.t.Helper()
	b, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

func (h *host) mode(name string) string {
	h.t.Helper()
	info, err := os.Lstat(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return octal(bitsOf(info.Mode()))
}

// steady runs a task as a check, for real, again, and as a check again: it must say changed, do it, and be content.
func (h *host) steady(name string, pairs ...any) module.Result {
	h.t.Helper()
	before := h.tree()
	if r := h.check(name, pairs...); r.Failed || !r.Changed {
		h.t.Fatalf("first check: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	if after := h.tree(); after != before {
		h.t.Fatalf("the check changed something:\n%s\nbecame\n%s", before, after)
	}
	first := h.run(name, pairs...)
	if first.Failed || !first.Changed {
		h.t.Fatalf("first run: changed %v failed %v: %s", first.Changed, first.Failed, first.Msg)
	}
	if r := h.run(name, pairs...); r.Failed || r.Changed {
		h.t.Fatalf("second run: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	if r := h.check(name, pairs...); r.Failed || r.Changed {
		h.t.Fatalf("second check: changed %v failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	return first
}

// tree words everything in the host's folder.
func (h *host) tree() string {
	var out strings.Builder
	err := filepath.Walk(h.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		out.WriteString(strings.TrimPrefix(path, h.dir) + " " + info.Mode().String())
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

// fails checks that a result is a failure with these words in its message.
func fails(t *testing.T, r module.Result, words string) {
	t.Helper()
	if !r.Failed || !strings.Contains(r.Msg, words) {
		t.Fatalf("failed %v with %q, wanted %q", r.Failed, r.Msg, words)
	}
}

// holds checks return values.
func holds(t *testing.T, r module.Result, pairs ...any) {
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

// embedded are files by name.
type embedded map[string]string

func (e embedded) Lookup(name string) (module.Entry, bool) {
	text, ok := e[name]
	sum := sha256.Sum256([]byte(text))
	return module.Entry{Name: name, Digest: hex.EncodeToString(sum[:]), Size: int64(len(text)), Mode: 0o640}, ok
}

func (e embedded) List(prefix string) []module.Entry {
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

func (e embedded) Open(entry module.Entry) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader([]byte(e[entry.Name]))), nil
}
