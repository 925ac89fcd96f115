//go:build linux

package change

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// firstStage writes what the second one changes too, and new files beside it.
func firstStage(t *testing.T, state, root string) (mark int) {
	t.Helper()
	r, err := NewRecorder(state)
	if err != nil {
		t.Fatal(err)
	}
	r.Task("first", false)
	for name, text := range map[string]string{"etc/conf": "first\n", "old/new": "of the first stage", "etc/gone": "first"} {
		if err := r.WriteFile(filepath.Join(root, name), strings.NewReader(text), Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	mark = r.Mark()
	if err := os.WriteFile(filepath.Join(state, "mark"), []byte{byte(mark)}, 0o600); err != nil {
		t.Fatal(err)
	}
	return mark
}

func markOf(state string) int {
	data, err := os.ReadFile(filepath.Join(state, "mark"))
	if err != nil || len(data) != 1 {
		return -1
	}
	return int(data[0])
}

// runStage is the second stage: the scenario on top of the first.
func runStage(state, root string) error {
	setAccounts(root)
	r, err := Resume(state, markOf(state))
	if err != nil {
		return err
	}
	return errors.Join(scenario(r, root), r.Close())
}

// stageBack takes the second stage back as a next attempt does.
func stageBack(state string) error {
	mark := markOf(state)
	if last, err := Last(state); err != nil || last <= mark {
		return err
	}
	report, err := UndoAfter(state, mark, &effects{})
	if err == nil && report.Incomplete() {
		err = errors.New(report.Conflicted[0].Path + ": " + report.Conflicted[0].Why)
	}
	if err != nil {
		return err
	}
	return Rewind(state, mark)
}

// A second stage killed at any step is taken back to what the first one left, can be run anew, and all of it undone.
func TestKillStageAtEveryStep(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(5)
		for at := 1; ; at += 9 {
			before := p.fresh(t)
			mark := firstStage(t, p.state, p.root)
			between := scene(t, p.root)
			killed := killed(t, "stage", p.state, p.root, at, draw)
			if err := stageBack(p.state); err != nil {
				t.Fatalf("killed at step %d: %v", at, err)
			}
			if after := scene(t, p.root); after != between {
				t.Fatalf("killed at step %d:\n%s", at, difference(between, after))
			}
			if last, err := Last(p.state); err != nil || last != mark {
				t.Fatalf("killed at step %d: the journal ends with line %d, not %d (%v)", at, last, mark, err)
			}
			if err := runStage(p.state, p.root); err != nil {
				t.Fatalf("again after step %d: %v", at, err)
			}
			undoAll(t, p)
			if after := scene(t, p.root); after != before {
				t.Fatalf("all, after step %d:\n%s", at, difference(before, after))
			}
			if !killed {
				return
			}
		}
	})
}

// A second stage killed at any step can be undone together with the first.
func TestKillStageThenUndoAll(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(5)
		for at := 1; ; at += 13 {
			before := p.fresh(t)
			firstStage(t, p.state, p.root)
			killed := killed(t, "stage", p.state, p.root, at, draw)
			undoAll(t, p)
			if after := scene(t, p.root); after != before {
				t.Fatalf("killed at step %d:\n%s", at, difference(before, after))
			}
			if !killed {
				return
			}
		}
	})
}

// Taking a stage back, killed at any step, is finished by the next attempt.
func TestKillTakingAStageBack(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(5)
		for at := 1; ; at += 13 {
			before := p.fresh(t)
			firstStage(t, p.state, p.root)
			between := scene(t, p.root)
			if err := runStage(p.state, p.root); err != nil {
				t.Fatal(err)
			}
			killed := killed(t, "back", p.state, p.root, at, draw)
			if err := stageBack(p.state); err != nil {
				t.Fatalf("killed at step %d: %v", at, err)
			}
			if after := scene(t, p.root); after != between {
				t.Fatalf("killed at step %d:\n%s", at, difference(between, after))
			}
			undoAll(t, p)
			if after := scene(t, p.root); after != before {
				t.Fatalf("all, after step %d:\n%s", at, difference(before, after))
			}
			if !killed {
				return
			}
		}
	})
}

func TestResumeWantsTheStageBefore(t *testing.T) {
	b := newBench(t)
	b.write("f", "1")
	b.must(b.rec.Close())
	mark := b.rec.Mark()
	if _, err := Resume(b.state, mark-1); err == nil || !strings.Contains(err.Error(), "does not end with line") {
		t.Errorf("an older stage: %v", err)
	}
	if _, err := Resume(t.TempDir(), 3); err == nil {
		t.Error("no journal at all")
	}
	r, err := Resume(b.state, mark)
	b.must(err)
	if touched := r.Touched(); len(touched) != 1 || touched[0].Path != b.path("f") {
		t.Errorf("touched %v", touched)
	}
	b.must(r.Close())
}

// A journal that is paused is whole at that line, can be gone on with, by itself or by the next run, and is undone as one.
func TestAPausedJournalIsGoneOnWith(t *testing.T) {
	b := newBench(t)
	b.plant("f", "0")
	b.write("f", "1")
	mark, err := b.rec.Pause()
	b.must(err)
	if last, err := Last(b.state); err != nil || last != mark {
		t.Errorf("it ends with line %d, not %d (%v)", last, mark, err)
	}
	b.write("g", "2")
	again, err := b.rec.Pause()
	b.must(err)
	b.must(b.rec.Leave())
	if err := b.rec.WriteFile(b.path("g"), strings.NewReader("x"), Meta{}); err == nil {
		t.Error("it was changed after the end")
	}
	r, err := Resume(b.state, again)
	b.must(err)
	b.must(r.WriteFile(b.path("f"), strings.NewReader("3"), Meta{}))
	b.must(r.Close())
	report, err := UndoAfter(b.state, mark, &effects{})
	b.must(err)
	if report.Incomplete() || b.read("f") != "1" || Exists(b.path("g")) {
		t.Errorf("%+v, f is %s", report, b.read("f"))
	}
	b.must(Rewind(b.state, mark))
	report, err = Undo(b.state, &effects{})
	b.must(err)
	if report.Incomplete() || b.read("f") != "0" {
		t.Errorf("%+v, f is %s", report, b.read("f"))
	}
}
