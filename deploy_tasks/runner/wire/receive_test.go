package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"runner/host"
	"runner/testkit"
)

// dialogue is one receive, without the execution at its end.
type dialogue struct {
	t        *testing.T
	folder   *host.Folder
	self     string
	artifact *testkit.Artifact
}

func newDialogue(t *testing.T) *dialogue {
	t.Helper()
	folder, err := host.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := &dialogue{t: t, folder: folder, self: filepath.Join(folder.Blobs(), "runner")}
	runner := []byte("#!/bin/sh\nexit 0\n")
	if err := os.WriteFile(d.self, runner, 0o700); err != nil {
		t.Fatal(err)
	}
	d.artifact = d.link(runner, "one", map[string]string{"a": strings.Repeat("content ", 5000)})
	return d
}

func (d *dialogue) link(runner []byte, name string, files map[string]string) *testkit.Artifact {
	d.t.Helper()
	a, err := testkit.Link(runner, map[string]any{"name": name, "plays": []any{}}, files)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *dialogue) manifest(a *testkit.Artifact, change func(map[string]any)) (*Manifest, error) {
	d.t.Helper()
	fields := a.Manifest("run", "d1", 1, 1)
	if change != nil {
		change(fields)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		d.t.Fatal(err)
	}
	return ParseManifest(string(text))
}

// receive feeds in to the receiver; it returns the path to execute, the parts it asked for, and what it did not read.
func (d *dialogue) receive(a *testkit.Artifact, in io.Reader) (path string, needed []string, err error) {
	d.t.Helper()
	m, err := d.manifest(a, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	var out bytes.Buffer
	r := Receiver{Folder: d.folder, In: in, Out: &out, Self: d.self}
	path, err = r.Artifact(m)
	if line := out.String(); line != "" {
		var need struct {
			Event string
			Parts []string
		}
		if e := json.Unmarshal([]byte(line), &need); e != nil || need.Event != "need" {
			d.t.Fatalf("said %q", line)
		}
		needed = need.Parts
	}
	return path, needed, err
}

// leftovers are the files in artifacts.
func (d *dialogue) leftovers() []string {
	names, err := filepath.Glob(filepath.Join(d.folder.Artifacts(), "*"))
	if err != nil {
		d.t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(d.folder.Artifacts(), ".*"))
	if err != nil {
		d.t.Fatal(err)
	}
	return append(names, hidden...)
}

func (d *dialogue) refused(err error, reason string) {
	d.t.Helper()
	r, ok := AsRefusal(err)
	if !ok || r.Reason != reason {
		d.t.Fatalf("got %v, want a refusal for %s", err, reason)
	}
	if left := d.leftovers(); len(left) != 0 {
		d.t.Errorf("left behind: %v", left)
	}
}

func TestReceiveAssembles(t *testing.T) {
	d := newDialogue(t)
	sent := append(testkit.Framed(d.artifact.Parts()...), "the request\n"...)
	for name, in := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
		"with the end": iotest.DataErrReader} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(d.folder.Artifacts(), testkit.Digest(d.artifact.Bytes()))); err != nil {
				t.Fatal(err)
			}
			rest := bytes.NewReader(sent)
			path, needed, err := d.receive(d.artifact, in(rest))
			if err != nil {
				t.Fatal(err)
			}
			if len(needed) != 2 || needed[0] != testkit.Digest(d.artifact.Files) {
				t.Errorf("needed %v", needed)
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, d.artifact.Bytes()) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if name != "with the end" { // that reader itself reads ahead
				if unread, _ := io.ReadAll(rest); string(unread) != "the request\n" {
					t.Errorf("the request was touched: %q is left", unread)
				}
			}
		})
	}
}

func TestReceiveSkipsWhatIsThere(t *testing.T) {
	d := newDialogue(t)
	if _, _, err := d.receive(d.artifact, bytes.NewReader(testkit.Framed(d.artifact.Parts()...))); err != nil {
		t.Fatal(err)
	}
	if _, needed, err := d.receive(d.artifact, strings.NewReader("")); err != nil || len(needed) != 0 {
		t.Errorf("the same again: needed %v, %v", needed, err)
	}
	other := d.link(d.artifact.Runner, "two", map[string]string{"a": strings.Repeat("content ", 5000)})
	path, needed, err := d.receive(other, bytes.NewReader(testkit.Framed(other.Program)))
	if err != nil || len(needed) != 1 || needed[0] != testkit.Digest(other.Program) {
		t.Fatalf("same files, other program: needed %v, %v", needed, err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, other.Bytes()) {
		t.Errorf("not the artifact: %v", err)
	}
}

func TestReceiveReplacesADamagedArtifact(t *testing.T) {
	d := newDialogue(t)
	path := filepath.Join(d.folder.Artifacts(), testkit.Digest(d.artifact.Bytes()))
	half := d.artifact.Bytes()
	half[len(half)/2] ^= 1
	if err := os.WriteFile(path, half, 0o700); err != nil {
		t.Fatal(err)
	}
	_, needed, err := d.receive(d.artifact, bytes.NewReader(testkit.Framed(d.artifact.Parts()...)))
	if err != nil || len(needed) != 2 {
		t.Errorf("needed %v, %v", needed, err)
	}
}

func TestReceiveRefusesAFlippedByte(t *testing.T) {
	d := newDialogue(t)
	sent := testkit.Framed(d.artifact.Parts()...)
	sent[len(sent)-3] ^= 1
	_, _, err := d.receive(d.artifact, bytes.NewReader(sent))
	d.refused(err, "digest")
}

// The connection may end at any byte: nothing is kept.
func TestReceiveCutOffAnywhere(t *testing.T) {
	d := newDialogue(t)
	sent := testkit.Framed(d.artifact.Parts()...)
	for n := 0; n < len(sent); n += 1 + n/7 {
		_, _, err := d.receive(d.artifact, bytes.NewReader(sent[:n]))
		d.refused(err, "bad_request")
	}
}

func TestReceiveRefusesAnotherRunner(t *testing.T) {
	d := newDialogue(t)
	if err := os.WriteFile(d.self, []byte("another"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.receive(d.artifact, strings.NewReader(""))
	d.refused(err, "digest")
}

func TestReceiveRefusesAWrongHeader(t *testing.T) {
	d := newDialogue(t)
	for name, sent := range map[string]string{
		"no json": "hello\n", "other part": string(testkit.Framed([]byte("x"))), "endless": strings.Repeat("x", maxHeader+2),
		"other order": string(testkit.Framed(d.artifact.Program, d.artifact.Files)),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := d.receive(d.artifact, strings.NewReader(sent))
			if name == "endless" {
				if err == nil || len(d.leftovers()) != 0 {
					t.Errorf("%v, left %v", err, d.leftovers())
				}
				return
			}
			d.refused(err, "bad_request")
		})
	}
}

func TestManifestIsChecked(t *testing.T) {
	d := newDialogue(t)
	cases := map[string]struct {
		change func(map[string]any)
		reason string
	}{
		"format":        {func(m map[string]any) { m["format"] = 2 }, "unsupported"},
		"verb":          {func(m map[string]any) { m["do"] = "explode" }, "unsupported"},
		"path as id":    {func(m map[string]any) { m["deployment"] = "../../etc" }, "bad_request"},
		"no id":         {func(m map[string]any) { m["deployment"] = "" }, "bad_request"},
		"trailer":       {func(m map[string]any) { m["trailer"] = "AAAA" }, "bad_request"},
		"missing part":  {func(m map[string]any) { m["parts"] = []any{} }, "bad_request"},
		"artifact path": {func(m map[string]any) { m["artifact"] = "../../../etc/passwd" }, "bad_request"},
		"runner size":   {func(m map[string]any) { m["runner"] = map[string]any{"digest": "x", "size": 1} }, "bad_request"},
		"ill-typed":     {func(m map[string]any) { m["sequence"] = "many" }, "bad_request"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := d.manifest(d.artifact, c.change)
			if r, ok := AsRefusal(err); !ok || r.Reason != c.reason {
				t.Errorf("%v, want %s", err, c.reason)
			}
		})
	}
}

func TestReadLineIsBounded(t *testing.T) {
	if _, err := readLine(strings.NewReader(strings.Repeat("x", 100)), 10); err == nil {
		t.Error("unbounded")
	}
	if _, err := readLine(strings.NewReader("half"), 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}
