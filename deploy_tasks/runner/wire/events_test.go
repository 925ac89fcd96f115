package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"runner/engine"
	"runner/value"
)

func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(text) {
		if len(line) > maxEvent {
			t.Fatalf("a line of %d bytes", len(line))
		}
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %.100s", err, line)
		}
		out = append(out, event)
	}
	return out
}

func TestEventsInOrder(t *testing.T) {
	var out bytes.Buffer
	e := NewEvents(&out)
	for i := range 100 {
		e.Emit(engine.TaskStart{Event: "task_start", Index: i})
	}
	e.Last(engine.Summary{Event: "summary"})
	e.Close()
	e.Emit(engine.NewPhase("late"))
	got := lines(t, out.String())
	if len(got) != 101 || got[99]["index"] != 99.0 || got[100]["event"] != "summary" {
		t.Errorf("%d lines, the last %v", len(got), got[len(got)-1])
	}
}

func TestLongEventsAreShortened(t *testing.T) {
	var out bytes.Buffer
	e := NewEvents(&out)
	big := strings.Repeat("x", maxEvent)
	e.Emit(engine.TaskEnd{TaskStart: engine.TaskStart{Event: "task", ID: "a"}, Status: "ok", Diff: []engine.Diff{{Before: big}}})
	e.Emit(value.DictOf("event", "strange", "text", big))
	e.Close()
	got := lines(t, out.String())
	if len(got) != 2 || got[0]["id"] != "a" || got[0]["truncated"] != true || got[1]["event"] != "note" {
		t.Errorf("%v", got)
	}
}

// A caller that takes nothing does not stop the run, and does not fill its memory.
func TestStuckCaller(t *testing.T) {
	in, out := io.Pipe()
	e := NewEvents(out)
	text := strings.Repeat("x", 30<<10)
	for range 1000 {
		e.Emit(engine.TaskEnd{TaskStart: engine.TaskStart{Event: "task"}, Msg: text})
	}
	e.Last(engine.Summary{Event: "summary", Status: "succeeded"})
	e.mu.Lock()
	size := e.size
	e.mu.Unlock()
	if size > maxWaiting+maxEvent {
		t.Errorf("%d bytes wait", size)
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(in)
		read <- string(all)
	}()
	e.Close()
	_ = out.Close()
	got := lines(t, <-read)
	if last := got[len(got)-1]; last["status"] != "succeeded" {
		t.Errorf("the last line is %v", last["event"])
	}
}
