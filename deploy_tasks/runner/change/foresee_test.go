//go:build unix

package change

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// A dry run over every primitive, some on the same path, says what the undo then does, and changes nothing.
func TestADryRunSaysWhatTheUndoDoes(t *testing.T) {
	state, root := t.TempDir(), t.TempDir()
	plant(t, root)
	r, err := NewRecorder(state)
	if err == nil {
		err = scenario(r, root)
	}
	if err == nil {
		err = r.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	before, saved := scene(t, root), picture(t, state)
	said, err := Preview(noTools{}, state)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(before, scene(t, root)) + difference(saved, picture(t, state)); d != "" {
		t.Errorf("the dry run changed:\n%s", d)
	}
	did, err := Undo(state, &effects{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(said[0], did) || len(did.Undone) < 15 {
		t.Errorf("the dry run said\n%+v\nthe undo\n%+v", said, did)
	}
}

func TestADryRunSeesThatAnOriginalIsGone(t *testing.T) {
	b := newBench(t)
	b.plant("f", "old")
	b.write("f", "new")
	b.must(b.rec.Close())
	b.must(os.RemoveAll(filepath.Join(b.state, SavedName)))
	reports, err := Preview(noTools{}, b.state)
	b.must(err)
	report := reports[0]
	if len(report.Conflicted) != 1 || len(report.Undone) != 0 || b.read("f") != "new" {
		t.Errorf("%+v", report)
	}
}
