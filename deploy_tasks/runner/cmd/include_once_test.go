//go:build unix

package cmd_test

import (
	"testing"

	"runner/testkit"
)

// includedOnce is a plan of an include for one host, with a task in it that is for one host anyhow, and a task after it.
func includedOnce(m *machine) *testkit.Artifact {
	choices := object{"a.yml": []any{sh("inner", "echo inner >> "+m.path("log"), object{"run_once": true, "register": "told"})}}
	include := object{"include": "tasks", "id": "i", "target": "a.yml", "choices": choices, "run_once": true}
	return m.plays(part("one", include, sh("after", "echo after >> "+m.path("log"))))
}

func TestOneHostIncludes(t *testing.T) {
	m := newMachine(t)
	c := m.start(includedOnce(m), "d1", 1, 1, nil)
	asked := c.until("ask")
	if asked["kind"] != "once" || asked["task"] != "i" || asked["key"] != "i" {
		t.Fatalf("%v", asked)
	}
	c.reply(asked, object{"do": "perform"})
	told := c.until("ask") // of the include: the task in it asks nobody
	if told["kind"] != "performed" || told["key"] != "i" || m.read("log") != "inner\n" {
		t.Fatalf("%v, log %s", told, m.read("log"))
	}
	c.reply(told, nil)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if m.read("log") != "inner\nafter\n" {
		t.Error(m.read("log"))
	}
}

func TestTheOthersIncludeNothing(t *testing.T) {
	m := newMachine(t)
	c := m.start(includedOnce(m), "d1", 1, 1, object{"verify": false})
	c.reply(c.until("ask"), object{"outcome": object{"skipped": true, "result": object{}}})
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if m.read("log") != "after\n" || summary["ok"] != 1.0 {
		t.Errorf("%s, %v", m.read("log"), summary)
	}
}
