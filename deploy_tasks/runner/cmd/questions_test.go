//go:build unix

package cmd_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"runner/testkit"
)

var onceOnly = object{"run_once": true, "register": "told"}

// reply answers a question.
func (c *connection) reply(question object, fields object) {
	c.t.Helper()
	answer := object{"answer": question["id"]}
	for name, v := range fields {
		answer[name] = v
	}
	text, err := json.Marshal(answer)
	c.must(err)
	c.send(string(text) + "\n")
}

func TestOnceIsPerformedInTurnAndTold(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "echo here | tee -a "+m.path("log"), onceOnly), sh("use", "echo {{ told.stdout }}"))
	c := m.start(a, "d1", 1, 1, nil)
	turn := c.until("ask")
	if turn["kind"] != "once" || turn["task"] != "one" || !strings.HasPrefix(turn["key"].(string), "one") {
		t.Fatalf("%v", turn)
	}
	if m.read("log") == "here\n" {
		t.Error("it did not wait for its turn")
	}
	c.reply(turn, object{"do": "perform"})
	told := c.until("ask")
	outcome := told["outcome"].(object)
	if told["kind"] != "performed" || told["key"] != turn["key"] || outcome["changed"] != true || outcome["result"].(object)["stdout"] != "here" {
		t.Fatalf("%v", told)
	}
	c.reply(told, nil)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
}

func TestOnceTakesTheOthersResult(t *testing.T) {
	m := newMachine(t)
	use := testkit.Task("use", "copy", object{"dest": m.path("f"), "content": object{"$": []any{"attr", []any{"var", "told"}, "stdout"}}})
	a := m.link(nil, sh("one", "touch "+m.path("never"), onceOnly), use)
	c := m.start(a, "d1", 1, 1, nil)
	c.reply(c.until("ask"), object{"outcome": object{"changed": true, "result": object{"stdout": "theirs", "changed": true}}})
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if m.read("f") != "theirs" || !strings.Contains(m.read("never"), "no such file") || summary["ok"] != 1.0 || summary["changed"] != 1.0 {
		t.Errorf("f %s, never %s, %v", m.read("f"), m.read("never"), summary)
	}
}

// The failure of the host that performs it is no failure of this one in the recap; it ends the run all the same, no
// rescue takes it, an always runs.
func TestOnceFailsEverywhere(t *testing.T) {
	m := newMachine(t)
	block := object{"block": []any{sh("one", "false", onceOnly)}, "rescue": []any{m.write("r", "rescued", "x")},
		"always": []any{sh("a", "echo x > "+m.path("always"))}}
	a, err := testkit.Link(built, object{"name": "test", "plays": []any{object{"name": "play", "tasks": []any{block, m.write("w", "f", "x")}}}}, nil)
	m.must(err)
	c := m.start(a, "d1", 1, 1, object{"undo_on_failure": false})
	c.reply(c.until("ask"), object{"outcome": object{"failed": true, "msg": "bad", "result": object{"failed": true}}})
	summary, status := c.end()
	expect(t, summary, status, "failed", 1)
	failure := summary["error"].(object)
	if failure["msg"] != "failed on the host that performed it for all: bad" || summary["failed"] != 0.0 || summary["rescued"] != 0.0 {
		t.Errorf("%v", summary)
	}
	if !strings.Contains(m.read("rescued")+m.read("f"), "no such file") || m.read("always") != "x\n" {
		t.Errorf("rescued %s, f %s, always %s", m.read("rescued"), m.read("f"), m.read("always"))
	}
}

func TestOnceAsksNobodyWhereTheHostIsAlone(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "true", onceOnly))
	c := m.start(a, "d1", 1, 1, object{"alone": true})
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	for _, event := range c.events {
		if event["event"] == "ask" {
			t.Errorf("%v", event)
		}
	}
}

// Wrong numbers, doubles and lines that are no answers do not disturb the one that is waited for.
func TestAnswersThatNobodyWaitsFor(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "true", onceOnly), m.write("w", "f", "x"))
	c := m.start(a, "d1", 1, 1, nil)
	turn := c.until("ask")
	c.send("{\"answer\":99}\n{\"answer\":\"x\"}\nnonsense\n\n")
	done := object{"outcome": object{"result": object{}}}
	c.reply(turn, done)
	c.reply(turn, done)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if summary["ok"] != 1.0 {
		t.Errorf("%v", summary)
	}
}

func TestAnswerThatSaysNo(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), sh("one", "true", onceOnly))
	c := m.start(a, "d1", 1, 1, nil)
	c.reply(c.until("ask"), object{"error": "the store is away"})
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if msg := summary["error"].(object)["msg"]; msg != "run_once: the store is away" {
		t.Error(msg)
	}
}

func TestCancelWhileWaitingForAnAnswer(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), sh("one", "true", onceOnly))
	c := m.start(a, "d1", 1, 1, nil)
	c.until("ask")
	c.send("{\"cancel\":true}\n")
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if summary["cancelled"] != true || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("%v f %s", summary, m.read("f"))
	}
}

func TestTheDeadlineCountsWhileWaitingForAnAnswer(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), sh("one", "true", onceOnly))
	c := m.start(a, "d1", 1, 1, object{"deadline_s": 0.3})
	c.until("ask")
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if !strings.Contains(summary["error"].(object)["msg"].(string), "deadline") {
		t.Errorf("%v", summary)
	}
}

// A run that has lost its caller while it waits for an answer gets it from the next one, or the one after that; nothing
// is done twice.
func TestAnotherCallerAnswers(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("before", "echo before >> "+m.path("log")), sh("one", "echo one >> "+m.path("log"), onceOnly))
	first := m.start(a, "d1", 1, 1, nil)
	asked := first.until("ask")
	m.must(first.in.Close())
	second := m.start(a, "d1", 1, 2, nil)
	if again := second.until("ask"); again["id"] != asked["id"] || again["task"] != "one" {
		t.Fatalf("%v", again)
	}
	m.must(second.cmd.Process.Signal(syscall.SIGKILL))
	third := m.start(a, "d1", 1, 3, nil)
	third.reply(third.until("ask"), object{"do": "perform"})
	told := third.until("ask")
	if told["kind"] != "performed" || m.read("log") != "before\none\n" {
		t.Fatalf("%v, log %q", told, m.read("log"))
	}
	third.reply(told, nil)
	summary, status := third.end()
	expect(t, summary, status, "succeeded", 0)
	if summary["repeated"] != true || m.read("log") != "before\none\n" {
		t.Errorf("%v log %q", summary, m.read("log"))
	}
}

func TestNobodyComesToAnswer(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), sh("one", "true", onceOnly))
	c := m.start(a, "d1", 1, 1, object{"deadline_s": 1})
	c.until("ask")
	m.must(c.in.Close())
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("f %s", m.read("f"))
	}
}

// A check has no folder where another caller would find it: it ends.
func TestACheckEndsWithItsCaller(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "true", object{"run_once": true, "check_mode": false}))
	c := m.start(a, "d1", 1, 1, object{"check": true})
	c.until("ask")
	m.must(c.in.Close())
	if summary, status := c.end(); status != 1 || summary["status"] == "succeeded" {
		t.Errorf("%v", summary)
	}
}

func TestByHandOnceIsPerformedHere(t *testing.T) {
	m := newMachine(t)
	out, errs, status := m.command(m.hand(nil, sh("one", "echo x >> "+m.path("log"), onceOnly)), "", "run")
	if status != 0 || m.read("log") != "x\n" {
		t.Errorf("%d %s %s, log %s", status, out, errs, m.read("log"))
	}
}
