//go:build unix

package cmd_test

import (
	"strings"
	"testing"

	"runner/testkit"
)

func both(a, b object) object {
	out := object{}
	for _, each := range []object{a, b} {
		for key, v := range each {
			out[key] = v
		}
	}
	return out
}

// What another host has performed in an earlier stage is not performed here when all is verified: it would be drift.
func TestWhatAnotherHostHasPerformedIsKnownInLaterStages(t *testing.T) {
	m := newMachine(t)
	once := testkit.Task("once", "copy", object{"content": "x", "dest": m.path("once")})
	once["run_once"], once["register"] = true, "told"
	use := testkit.Task("use", "copy", object{"content": expr("attr", []any{"var", "told"}, "dest"), "dest": m.path("f")})
	a := m.plays(part("one", once), part("two", use))
	c := m.start(a, "d1", 1, 1, both(stage(0, -1, false, 0, 1, nil), object{"verify": true}))
	asked := c.until("ask")
	c.reply(asked, object{"outcome": object{"changed": true, "result": object{"dest": "theirs", "changed": true}}})
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	summary, status = m.deploy(a, "d1", 1, 1, both(stage(1, 0, true, 1, 2, nil), object{"verify": true}))
	expect(t, summary, status, "succeeded", 0)
	if m.read("f") != "theirs" || !strings.Contains(m.read("once"), "no such file") {
		t.Errorf("f %s, once %s", m.read("f"), m.read("once"))
	}
}

// A role that has run in one part of a play does not run again in the next, nor is a lost include forgotten.
func TestThePartsOfAPlayAreOnePlay(t *testing.T) {
	role := func(id, log string) object {
		return object{"block": []any{sh(id, "echo "+id+" >> "+log)}, "role": "common", "once": "common"}
	}
	m := newMachine(t)
	first := part("one", role("first", m.path("log")))
	first["continued"] = true
	a := m.plays(first, part("two", role("second", m.path("log")), sh("last", "echo last >> "+m.path("log"))))
	_, status := m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil))
	if status != 0 {
		t.Fatal(status)
	}
	summary, status := m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, nil))
	expect(t, summary, status, "succeeded", 0)
	if m.read("log") != "first\nlast\n" {
		t.Error(m.read("log"))
	}

	m = newMachine(t)
	lost := object{"include": "tasks", "id": "i", "target": "gone.yml", "choices": object{}, "where": "w"}
	first = part("one", object{"block": []any{lost}, "rescue": []any{sh("rescued", "true")}})
	first["continued"] = true
	a = m.plays(first, part("two", sh("last", "true")))
	if _, status := m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil)); status != 0 {
		t.Fatal(status)
	}
	summary, status = m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, nil))
	expect(t, summary, status, "rolled_back", 1)
}
