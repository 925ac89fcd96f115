//go:build unix

package fetching

import (
	"errors"
	"os"
	"strings"
	"testing"

	"runner/base64"
	"runner/hashing"
	"runner/hex"
	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

const digits = "0123456789"

// worker takes files in as a worker does, and keeps what was asked.
type worker struct {
	t      *testing.T
	asked  []string
	got    strings.Builder
	answer *value.Dict                        // of the end
	before func(do string, n int) *value.Dict // an answer in place of the usual one, nil: that
	lost   func(do string, n int) error       // a way that is gone
	offer  *value.Dict
}

func (w *worker) ask(kind string, fields *value.Dict) (*value.Dict, error) {
	do := text(fields, "do")
	w.asked = append(w.asked, do)
	if kind != "fetch" {
		w.t.Errorf("it asks for %s", kind)
	}
	if w.lost != nil {
		if err := w.lost(do, len(w.asked)); err != nil {
			return nil, err
		}
	}
	if w.before != nil {
		if answer := w.before(do, len(w.asked)); answer != nil {
			return answer, nil
		}
	}
	switch do {
	case "offer":
		w.offer = fields
		w.got.Reset()
		return value.DictOf("upload", "u1"), nil
	case "piece":
		if at, _ := fields.Get("at"); at != int64(w.got.Len()) || text(fields, "upload") != "u1" {
			w.t.Errorf("a piece at %v of %s, after %d", at, text(fields, "upload"), w.got.Len())
		}
		raw, _ := fields.Get("data")
		data, err := base64.DecodeString(strings.Trim(string(raw.(value.Raw)), `"`))
		w.got.Write(data)
		return value.NewDict(), err
	}
	if sum := hashing.Sum([]byte(w.got.String())); text(fields, "sha256") != hex.EncodeToString(sum[:]) {
		w.t.Errorf("%s is not what came", text(fields, "sha256"))
	}
	return w.answer, nil
}

func (w *worker) run(h *moduletest.Host, pairs ...any) module.Result {
	c := h.Call(false, pairs...)
	c.Ask = w.ask
	return fetch(c)
}

func arrived(changed bool) *value.Dict {
	return value.DictOf("changed", changed, "dest", "/plan/out", "checksum", "sum", "md5sum", "five")
}

func TestFetch(t *testing.T) {
	h := moduletest.New(t)
	large := strings.Repeat(digits, 250_000)
	h.Write("f", large)
	w := &worker{t: t, answer: arrived(true)}
	r := w.run(h, "src", "@/f", "dest", "out", "flat", "yes")
	if !r.Changed || r.Failed || strings.Join(w.asked, " ") != "offer piece piece piece end" || w.got.String() != large {
		t.Fatalf("%+v %v %d bytes", r, w.asked, w.got.Len())
	}
	flat, _ := w.offer.Get("flat")
	size, _ := w.offer.Get("size")
	if text(w.offer, "src") != h.Path("f") || text(w.offer, "dest") != "out" || flat != true || size != int64(len(large)) {
		t.Errorf("%v", w.offer)
	}
	moduletest.Holds(t, r, "dest", "/plan/out", "checksum", "sum", "md5sum", "five", "remote_md5sum", nil, "remote_checksum", text(w.offer, "checksum"))
	if sum, _ := kit.Checksums(h.Path("f"), "sha1"); text(w.offer, "checksum") != sum[0] {
		t.Errorf("%s is not its checksum", text(w.offer, "checksum"))
	}
}

func TestFetchOfWhatIsThere(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	w := &worker{t: t, before: func(string, int) *value.Dict { return arrived(false) }}
	r := w.run(h, "src", "@/f", "dest", "out")
	if r.Changed || r.Failed || len(w.asked) != 1 {
		t.Fatalf("%+v %v", r, w.asked)
	}
	moduletest.Holds(t, r, "dest", "/plan/out", "checksum", "sum", "md5sum", "five", "file", h.Path("f"))
}

// A worker that died was asked for a piece; the next one knows nothing of the file and gets it from its beginning.
func TestFetchBeginsAgain(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", strings.Repeat(digits, 150_000))
	w := &worker{t: t, answer: arrived(true)}
	w.before = func(_ string, n int) *value.Dict {
		if n == 3 {
			return value.DictOf("again", true)
		}
		return nil
	}
	if r := w.run(h, "src", "@/f", "dest", "out"); !r.Changed || strings.Join(w.asked, " ") != "offer piece piece offer piece piece end" || w.got.Len() != 1_500_000 {
		t.Fatalf("%+v %v", r, w.asked)
	}
	w.before = func(do string, _ int) *value.Dict {
		if do == "end" {
			return value.DictOf("again", true)
		}
		return nil
	}
	moduletest.Fails(t, w.run(h, "src", "@/f", "dest", "out"), "fetch: the workers that took the file went away too often")
	w.before, w.lost = nil, func(do string, _ int) error {
		if do == "piece" {
			return errors.New("gone")
		}
		return nil
	}
	moduletest.Fails(t, w.run(h, "src", "@/f", "dest", "out"), "fetch: gone")
}

func TestFetchSaysWhatTheWorkerSays(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	w := &worker{t: t, answer: value.DictOf("failed", "checksum mismatch", "dest", "/plan/out", "checksum", "sum", "md5sum", "five")}
	r := w.run(h, "src", "@/f", "dest", "out")
	moduletest.Fails(t, r, "checksum mismatch")
	moduletest.Holds(t, r, "dest", "/plan/out", "file", h.Path("f"), "remote_checksum", text(w.offer, "checksum"))
	w.before = func(string, int) *value.Dict { return value.DictOf("failed", "too much") }
	if r := w.run(h, "src", "@/f", "dest", "out"); !r.Failed || r.Msg != "too much" || r.Data != nil {
		t.Errorf("%+v", r)
	}
}

func TestFetchSendsWhatWasThereAtFirst(t *testing.T) {
	h := moduletest.New(t)
	h.Write("log", digits)
	w := &worker{t: t, answer: arrived(true)}
	change := func(text string) {
		w.before = func(do string, _ int) *value.Dict {
			if do == "offer" {
				h.Write("log", text)
			}
			return nil
		}
	}
	change(digits + "and more")
	if r := w.run(h, "src", "@/log", "dest", "out"); !r.Changed || w.got.String() != digits {
		t.Errorf("%+v %q", r, w.got.String())
	}
	change("less")
	if r := w.run(h, "src", "@/log", "dest", "out"); !r.Changed || w.got.String() != "less" {
		t.Errorf("%+v %q", r, w.got.String())
	}
}

func TestFetchOfWhatIsNone(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	w := &worker{t: t}
	for src, msg := range map[string]string{
		"@/none":    "the remote file does not exist, not transferring, ignored",
		"@":         "remote file is a directory, fetch cannot work on directories",
		"@/f/below": "Failed to get information on remote file (" + h.Path("f/below") + "): Not a directory",
		"/dev/zero": "Failed to get information on remote file (/dev/zero): it is no regular file",
	} {
		if r := w.run(h, "src", src, "dest", "out"); !r.Failed || r.Msg != msg {
			t.Errorf("%s: %+v", src, r)
		}
		if r := w.run(h, "src", src, "dest", "out", "fail_on_missing", false); r.Failed || r.Changed || !strings.HasPrefix(r.Msg, msg) {
			t.Errorf("%s: %+v", src, r)
		}
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(h.Path("f"), 0); err != nil {
			t.Fatal(err)
		}
		moduletest.Fails(t, w.run(h, "src", "@/f", "dest", "out"), "file is not readable: "+h.Path("f"))
		if r := w.run(h, "src", "@/f", "dest", "out", "fail_on_missing", false); r.Failed || r.Msg != "" {
			t.Errorf("%+v", r)
		}
	}
	if len(w.asked) > 0 {
		t.Errorf("the worker was asked: %v", w.asked)
	}
}

func TestFetchNeedsAWorker(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	moduletest.Fails(t, h.Run("fetch", "src", "@/f", "dest", "out"), "this executable was started by hand; deploy-tasks deploy can")
	if r := h.Check("fetch", "src", "@/f", "dest", "out"); !r.Skipped || r.Msg != "check mode not (yet) supported for this module" {
		t.Errorf("%+v", r)
	}
	c := h.Call(false, "src", "@/f", "dest", "out")
	c.Undo = true // a handler that an undo fires
	if r := fetch(c); !r.Skipped || r.Failed {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("fetch", "src", "@/f"), "missing required arguments: dest")
}
