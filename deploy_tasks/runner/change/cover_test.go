//go:build unix

package change

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// What the plan says takes a block back is journalled once, before the first change in it, and what covers nothing never.
func TestCoversAreCalledOnce(t *testing.T) {
	b := newBench(t)
	block, other := &Cover{What: "block", Calls: []any{"outer"}}, &Cover{What: "idle", Calls: []any{"never"}}
	b.rec.Task("one", false)
	b.rec.Cover([]*Cover{block, {What: "one", Calls: []any{"a", "b"}}})
	b.must(b.rec.Command("make", false, nil))
	b.write("f", "ours")
	b.rec.Task("two", false)
	b.rec.Cover([]*Cover{block})
	b.must(b.rec.Command("make more", false, nil))
	b.must(b.rec.Warn("cannot be taken back"))
	b.rec.Task("idle", false)
	b.rec.Cover([]*Cover{other})
	b.must(b.rec.Command("look", true, nil))
	b.rec.Task("three", false)
	b.rec.Cover(nil)
	b.must(b.rec.Command("mail", false, nil))
	b.must(b.rec.Close())
	fx := &effects{}
	report := b.undo(fx)
	if want := []any{"a", "b", "outer"}; !reflect.DeepEqual(fx.called, want) {
		t.Errorf("called %v, want %v", fx.called, want)
	}
	if want := []string{b.path("f"), "undo of one", "undo of block"}; !reflect.DeepEqual(report.Undone, want) {
		t.Errorf("undone %v", report.Undone)
	}
	if want := []Irreversible{{"three", "mail"}}; !reflect.DeepEqual(report.Irreversible, want) || report.Incomplete() {
		t.Errorf("%+v", report)
	}
	again := &effects{}
	if report := b.undo(again); report.Incomplete() || again.called != nil {
		t.Errorf("the second time %v, %+v", again.called, report)
	}
}

func TestAFailedCallIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.rec.Task("one", false)
	b.rec.Cover([]*Cover{{What: "one", Calls: []any{"a"}}})
	b.must(b.rec.Command("make", false, nil))
	b.must(b.rec.Close())
	report := b.undo(&effects{fail: errors.New("non-zero return code")})
	if got := fmt.Sprint(report.Conflicted); !strings.Contains(got, "{undo of one: a non-zero return code}") {
		t.Error(got)
	}
	fx := &effects{}
	if report := b.undo(fx); report.Incomplete() || len(fx.called) != 1 {
		t.Errorf("%+v %v", report, fx.called)
	}
}
