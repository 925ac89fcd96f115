package program

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/module"
	"runner/testkit"
)

func open(t *testing.T, data []byte) (*Artifact, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "artifact")
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err == nil {
		t.Cleanup(func() { _ = a.Close() })
	}
	return a, err
}

func read(t *testing.T, f *Files, e module.Entry) (string, error) {
	t.Helper()
	in, err := f.Open(e)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(in)
	return string(text), errors.Join(err, in.Close())
}

func TestFilesInAnyOrder(t *testing.T) {
	contents := map[string]string{"a": "first", "d/b": strings.Repeat("second ", 10000), "d/c": "", "d/e/f": "first", "dx": "other"}
	linked, err := testkit.Link([]byte("runner"), map[string]any{"plays": []any{}}, contents)
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t, linked.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Program()
	if err != nil {
		t.Fatal(err)
	}
	files := a.Files(p)
	for _, name := range strings.Fields("a dx d/b d/b a d/c d/e/f dx a") {
		e, ok := files.Lookup(name)
		if text, err := read(t, files, e); !ok || err != nil || text != contents[name] {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
	var names []string
	for _, e := range files.List("d") {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "d/b d/c d/e/f" {
		t.Error(got)
	}
	if n := len(files.List("")); n != 5 {
		t.Errorf("%d files", n)
	}
	if _, err := files.Open(module.Entry{Name: "x", Digest: "none"}); err == nil {
		t.Error("opened what is not there")
	}
}

// Two files open at once, and one left half read, do not disturb each other.
func TestFilesSideBySide(t *testing.T) {
	linked, err := testkit.Link(nil, map[string]any{}, map[string]string{"a": strings.Repeat("a", 100000), "b": "bb"})
	if err != nil {
		t.Fatal(err)
	}
	art, err := open(t, linked.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	p, err := art.Program()
	if err != nil {
		t.Fatal(err)
	}
	files := art.Files(p)
	a, err := files.Open(p.Files["a"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, a, 10); err != nil {
		t.Fatal(err)
	}
	if text, err := read(t, files, p.Files["b"]); err != nil || text != "bb" {
		t.Errorf("%q %v", text, err)
	}
	if rest, err := io.ReadAll(a); err != nil || len(rest) != 99990 {
		t.Errorf("%d %v", len(rest), err)
	}
}

func TestDamage(t *testing.T) {
	linked, err := testkit.Link([]byte("runner"), map[string]any{"plays": []any{}}, map[string]string{"a": "content"})
	if err != nil {
		t.Fatal(err)
	}
	whole := linked.Bytes()
	if _, err := open(t, linked.Runner); !errors.Is(err, ErrNoProgram) {
		t.Errorf("bare runner: %v", err)
	}
	if _, err := open(t, whole[1:]); err == nil {
		t.Error("a byte short, and opened")
	}
	flipped := append([]byte{}, whole...)
	flipped[len(whole)-TrailerSize-9] ^= 1
	a, err := open(t, flipped)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Program(); err == nil {
		t.Error("a damaged program was read")
	}
	if _, err := Decode([]byte(`{"format":2}`)); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{`[]`, `{"format":1,"plays":7}`, `{"format":1,"plays":[{"tasks":[7]}]}`, `{"format":1,"plays":[{"tasks":[{"tags":[1]}]}]}`} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

type sharedCase struct {
	Name, Artifact, Error string
	Entries               []struct{ Digest, Content string }
}

// check opens the case's artifact and checks all that can be checked.
func (c sharedCase) check(t *testing.T) (*Artifact, error) {
	a, err := open(t, decoded(t, c.Artifact))
	if err != nil {
		return nil, err
	}
	_, err = a.packedProgram()
	return a, errors.Join(err, a.Check())
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The compiler's own cases: both sides read the same bytes alike.
func TestSharedCases(t *testing.T) {
	text, err := os.ReadFile("../../../tests/cases/artifact.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIPPED ALOUD: the shared cases are not beside the source")
	}
	if err != nil {
		t.Fatal(err)
	}
	var shared struct{ Cases, Broken []sharedCase }
	if err := json.Unmarshal(text, &shared); err != nil {
		t.Fatal(err)
	}
	if len(shared.Cases) == 0 || len(shared.Broken) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range shared.Cases {
		a, err := c.check(t)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		files := &Files{artifact: a}
		for _, e := range c.Entries {
			text, err := read(t, files, module.Entry{Name: e.Digest, Digest: e.Digest})
			if want := string(decoded(t, e.Content)); err != nil || text != want {
				t.Errorf("%s: %q %v", c.Name, text, err)
			}
		}
	}
	for _, c := range shared.Broken {
		_, err := c.check(t)
		if err == nil || errors.Is(err, ErrNoProgram) != (c.Error == "not_artifact") {
			t.Errorf("%s: %v, want %s", c.Name, err, c.Error)
		}
	}
}
