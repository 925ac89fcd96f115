//go:build unix

package change

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"runner/record"
	"runner/value"
)

// lamp is a kind whose things are the lines of files: a service, as far as the journal can tell. Restoring takes two
// steps, so that it can be cut off between them.
type lamp struct{}

func init() { RegisterKind("lamp", lamp{}) }

func (lamp) Inspect(_ Tools, name string) (any, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if strings.HasPrefix(string(text), "broken") {
		return nil, errors.New("is broken")
	}
	return value.DictOf("on", string(text), "watts", int64(len(text))), err
}

func (lamp) Restore(_ Tools, name string, before, _ any) error {
	step("lamp out")
	if err := os.WriteFile(name, []byte("flickering"), 0o600); err != nil {
		return err
	}
	step("lamp flickers")
	if before == nil {
		return os.Remove(name)
	}
	return os.WriteFile(name, []byte(record.Of(before).Text("on")), 0o600)
}

// light changes a lamp as a module does.
func light(r *Recorder, name, how string) error {
	return r.Set("lamp", name, func() error {
		step("lamp")
		if how == "" {
			return os.Remove(name)
		}
		return os.WriteFile(name, []byte(how), 0o600)
	})
}

// noTools are for kinds that need none.
type noTools struct{}

func (noTools) Run([]string, string) (Output, error) { return Output{}, errors.New("no tools here") }
func (noTools) Find(string) string                   { return "" }

func (b *bench) light(name, how string) {
	b.t.Helper()
	b.rec.Equip(noTools{})
	b.must(light(b.rec, b.path(name), how))
}

func TestThingsComeBack(t *testing.T) {
	b := newBench(t)
	b.plant("a", "dim")
	b.plant("gone", "dim")
	b.rec.Task("light", false)
	b.light("a", "bright")
	b.light("a", "brighter")
	b.light("new", "bright")
	b.light("gone", "")
	b.must(b.rec.Close())
	report := b.undo(&effects{})
	want := []string{"lamp " + b.path("gone"), "lamp " + b.path("new"), "lamp " + b.path("a")}
	if report.Incomplete() || !reflect.DeepEqual(report.Undone, want) {
		t.Errorf("%+v", report)
	}
	if b.read("a") != "dim" || b.read("gone") != "dim" || Exists(b.path("new")) {
		t.Errorf("a=%s", b.read("a"))
	}
	b.plant("a", "theirs")
	if again := b.undo(&effects{}); again.Incomplete() || !reflect.DeepEqual(again.Undone, want[:0:0]) && len(again.Undone) != 3 || b.read("a") != "theirs" {
		t.Errorf("%+v a=%s", again, b.read("a"))
	}
}

func TestThingsChangedSinceAreLeftAlone(t *testing.T) {
	b := newBench(t)
	b.plant("a", "dim")
	b.plant("f", "orig")
	b.write("f", "ours")
	b.light("a", "bright")
	b.light("a", "brighter")
	b.must(b.rec.Close())
	b.plant("a", "theirs")
	report := b.undo(&effects{})
	if want := []Conflict{{"lamp " + b.path("a"), "changed since"}}; !reflect.DeepEqual(report.Conflicted, want) || b.read("a") != "theirs" {
		t.Errorf("%+v", report)
	}
	if b.read("f") != "orig" {
		t.Error("the rest was not undone")
	}
	b.plant("a", "brighter")
	if report := b.undo(&effects{}); report.Incomplete() || b.read("a") != "dim" {
		t.Errorf("%+v", report)
	}
}

// What was cut off is brought back whatever stands there; what a runner does not know is told.
func TestThingsCutOffAndUnknown(t *testing.T) {
	b := newBench(t)
	b.plant("a", "dim")
	b.rec.Equip(noTools{})
	failed := errors.New("the tool failed")
	err := b.rec.Set("lamp", b.path("a"), func() error {
		b.plant("a", "broken halfway")
		return failed
	})
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), "is broken") {
		t.Errorf("%v", err)
	}
	if err := b.rec.Set("lamp", b.path("a"), func() error { t.Error("acted"); return nil }); err == nil {
		t.Error("a thing that cannot be looked at was changed")
	}
	if err := b.rec.Set("radio", "x", func() error { t.Error("acted"); return nil }); err == nil {
		t.Error("a kind that nobody knows")
	}
	b.plant("a", "whatever")
	_, err = b.rec.announce(entry{Op: opSet, Kind: "radio", Name: "kitchen"})
	b.must(err)
	b.must(b.rec.Close())
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || report.Conflicted[0].Path != "radio kitchen" || !strings.Contains(report.Conflicted[0].Why, "knows no radio") {
		t.Errorf("%+v", report)
	}
	if b.read("a") != "dim" {
		t.Errorf("a=%s", b.read("a"))
	}
}

func TestACheckChangesNoThing(t *testing.T) {
	var log Log = ReadOnly{}
	act := func() error { t.Error("acted"); return nil }
	if log.Set("lamp", "x", act) == nil || log.Around([]string{"/x"}, "x", act) == nil {
		t.Error("allowed")
	}
}
