//go:build unix

package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/testkit"
)

// plays links a program of several plays.
func (m *machine) plays(plays ...object) *testkit.Artifact {
	m.t.Helper()
	list := []any{}
	for _, p := range plays {
		list = append(list, p)
	}
	a, err := testkit.Link(built, object{"name": "test", "plays": list}, nil)
	m.must(err)
	return a
}

func part(name string, tasks ...object) object { return object{"name": name, "tasks": tasks} }

// stage is the part of a request that names plays; after is -1 for a first stage.
func stage(number, after int, last bool, from, to int, share any) object {
	s := object{"number": number, "last": last, "plays": []int{from, to}, "share": share}
	if after >= 0 {
		s["after"] = after
	}
	return object{"stage": s}
}

func (m *machine) names(pattern string) []string {
	found, err := filepath.Glob(filepath.Join(m.state, "deployments", "d1", pattern))
	m.must(err)
	return found
}

func expr(node ...any) object { return object{"$": node} }

func TestStagesGoOnWhereTheOneBeforeEnded(t *testing.T) {
	m := newMachine(t)
	told := expr("~", []any{"var", "colour"}, []any{"attr", []any{"var", "said"}, "stdout"})
	a := m.plays(
		part("one", testkit.Task("fact", "set_fact", object{"colour": "red"}), sh("say", "echo told", object{"register": "said"})),
		part("two", testkit.Task("write", "copy", object{"content": told, "dest": m.path("f")})))
	c := m.start(a, "d1", 1, 1, stage(0, -1, false, 0, 1, []string{"colour", "nothing"}))
	if shared := c.until("shared"); shared["name"] != "colour" || shared["value"] != "red" {
		t.Errorf("told %v", shared)
	}
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if summary["ok"] != 2.0 || len(m.names("state-0.json")) != 1 || len(m.names("report.json")) != 0 {
		t.Errorf("%v, %v", summary, m.names("*"))
	}
	info, err := os.Stat(m.names("state-0.json")[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state is %v (%v)", info.Mode(), err)
	}
	summary, status = m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, []string{}))
	expect(t, summary, status, "succeeded", 0)
	if m.read("f") != "redtold" || summary["ok"] != 3.0 || summary["changed"] != 2.0 {
		t.Errorf("f %s, %v", m.read("f"), summary)
	}
	if len(m.names("state-*")) != 0 || len(m.names("report.json")) != 1 {
		t.Errorf("left %v", m.names("*"))
	}
}

// A stage that is asked for again is told again, with what it has to tell, and not done again; whatever came since.
func TestStagesAreDoneOnce(t *testing.T) {
	m := newMachine(t)
	a := m.plays(part("one", sh("a", "echo a >> "+m.path("log"), object{"register": "said"})), part("two", sh("b", "echo b >> "+m.path("log"))))
	first, second := stage(0, -1, false, 0, 1, "*"), stage(1, 0, true, 1, 2, []string{})
	again := func(number object, attempt int, ok float64) {
		t.Helper()
		c := m.start(a, "d1", 1, attempt, number)
		summary, status := c.end()
		expect(t, summary, status, "succeeded", 0)
		if summary["repeated"] != true || summary["ok"] != ok {
			t.Errorf("%v", summary)
		}
		if ok == 1 && c.events[len(c.events)-2]["name"] != "said" {
			t.Errorf("told %v", c.events)
		}
	}
	m.deploy(a, "d1", 1, 1, first)
	again(first, 1, 1)
	again(first, 2, 1)
	m.deploy(a, "d1", 1, 1, second)
	again(second, 2, 2)
	again(first, 3, 1)
	if m.read("log") != "a\nb\n" {
		t.Errorf("log %q", m.read("log"))
	}
}

func TestAStageWithoutTheOneBeforeIsRefused(t *testing.T) {
	m := newMachine(t)
	a := m.plays(part("one", m.write("a", "f", "1")), part("two", m.write("b", "g", "2")))
	for _, wrong := range []object{stage(1, 0, true, 1, 2, nil), stage(1, 0, true, 1, 3, nil), stage(0, 0, true, 0, 1, nil), stage(0, -1, false, 1, 1, nil)} {
		summary, _ := m.deploy(a, "d1", 1, 1, wrong)
		if summary["event"] != "refused" || m.read("g") == "2" {
			t.Errorf("%v: %v", wrong, summary)
		}
	}
}

// What fails in a later stage takes the earlier ones back too; a stage asked for after that is told so.
func TestAFailureTakesAllStagesBack(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("f"), []byte("old"), 0o640))
	a := m.plays(part("one", m.write("a", "f", "1")), part("two", m.write("b", "f", "2"), m.write("c", "g", "2"), sh("bad", "exit 4")))
	first := stage(0, -1, false, 0, 1, nil)
	m.deploy(a, "d1", 1, 1, first)
	summary, status := m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, nil))
	expect(t, summary, status, "rolled_back", 1)
	if m.read("f") != "old" || !strings.Contains(m.read("g"), "no such file") || len(m.names("state-*")) != 0 {
		t.Errorf("f %s, g %s, left %v", m.read("f"), m.read("g"), m.names("*"))
	}
	summary, status = m.deploy(a, "d1", 1, 2, first)
	expect(t, summary, status, "rolled_back", 1)
}

func TestUndoBetweenStages(t *testing.T) {
	m := newMachine(t)
	a := m.plays(part("one", m.write("a", "f", "1")), part("two", m.write("b", "g", "2")))
	m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil))
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	summary, status = m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, nil))
	expect(t, summary, status, "rolled_back", 1)
	if !strings.Contains(m.read("f")+m.read("g"), "no such file") || len(m.names("state-*")) != 0 {
		t.Errorf("f %s, g %s, left %v", m.read("f"), m.read("g"), m.names("*"))
	}
}

// A runner killed in a later stage: the next attempt takes that stage back alone and does it anew; undo takes all back.
func TestKilledInALaterStage(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("f"), []byte("old"), 0o640))
	a := m.plays(part("one", m.write("a", "f", "1"), sh("log", "echo one >> "+m.path("log"))),
		part("two", m.write("b", "f", "2"), m.blocker("block", "mark"), m.write("c", "g", "2")))
	m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil))
	second := stage(1, 0, true, 1, 2, nil)
	c := m.start(a, "d1", 1, 1, second)
	m.appears("mark")
	if m.read("f") != "2" {
		t.Fatalf("f %s", m.read("f"))
	}
	m.must(c.cmd.Process.Signal(syscall.SIGKILL))
	_ = c.cmd.Wait()
	m.must(os.Remove(m.path("mark")))
	c = m.start(a, "d1", 1, 2, second)
	m.appears("mark")
	m.must(os.WriteFile(m.path("go"), nil, 0o600))
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if m.read("f") != "2" || m.read("g") != "2" || m.read("log") != "one\n" || summary["ok"] != 5.0 {
		t.Errorf("f %s, g %s, log %q, %v", m.read("f"), m.read("g"), m.read("log"), summary)
	}
	summary, status = m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if m.read("f") != "old" {
		t.Errorf("f %s", m.read("f"))
	}
}

// An older stage that arrives late is refused, as an older attempt is.
func TestLateStageIsSuperseded(t *testing.T) {
	m := newMachine(t)
	a := m.plays(part("one", m.write("a", "f", "1")), part("two", m.write("b", "g", "2")), part("three", m.write("c", "h", "3")))
	m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil))
	m.deploy(a, "d1", 1, 3, stage(2, 0, true, 2, 3, nil))
	summary, status := m.deploy(a, "d2", 1, 9, stage(1, -1, true, 1, 2, nil))
	expectRefused(t, summary, status, "superseded", 3)
}

// Verifying at the end covers every stage: what an earlier one made and somebody changed since is drift; what a later one
// overwrote is none.
func TestVerifyingCoversAllStages(t *testing.T) {
	for _, spoilt := range []bool{false, true} {
		m := newMachine(t)
		a := m.plays(part("one", m.write("a", "f", "1"), m.write("keep", "k", "1"), sh("say", "echo hi", object{"register": "said"})),
			part("two", m.write("b", "f", "2"), m.write("c", "said", "")))
		more := func(number object) object { number["verify"] = true; return number }
		m.deploy(a, "d1", 1, 1, more(stage(0, -1, false, 0, 1, nil)))
		if spoilt {
			m.must(os.WriteFile(m.path("k"), []byte("other"), 0o644))
		}
		summary, status := m.deploy(a, "d1", 1, 1, more(stage(1, 0, true, 1, 2, nil)))
		if !spoilt {
			expect(t, summary, status, "succeeded", 0)
			continue
		}
		if drift := summary["verify"].(object)["drift"].([]any); len(drift) != 1 || drift[0] != "keep" {
			t.Errorf("%v", summary)
		}
	}
}

// Handlers of a play that was cut wait for its end, those of a play that was not run at its own; ending the play early in
// its first part ends it.
func TestHandlersOfAPlayThatGoesOn(t *testing.T) {
	m := newMachine(t)
	notify := object{"notify": []any{"later"}}
	handlers := []any{sh("later", "echo handler >> "+m.path("log"))}
	first := part("p", testkit.Task("a", "copy", object{"content": "1", "dest": m.path("f")}, notify), sh("one", "echo one >> "+m.path("log")))
	first["handlers"], first["continued"] = handlers, true
	second := part("p", sh("two", "echo two >> "+m.path("log")))
	second["handlers"] = handlers
	a := m.plays(first, second)
	m.deploy(a, "d1", 1, 1, stage(0, -1, false, 0, 1, nil))
	if m.read("log") != "one\n" {
		t.Errorf("log %q", m.read("log"))
	}
	summary, status := m.deploy(a, "d1", 1, 1, stage(1, 0, true, 1, 2, nil))
	expect(t, summary, status, "succeeded", 0)
	if m.read("log") != "one\ntwo\nhandler\n" {
		t.Errorf("log %q", m.read("log"))
	}
	m.must(os.Remove(m.path("log")))
	m.must(os.Remove(m.path("f")))
	first["tasks"] = append(first["tasks"].([]object), testkit.Task("end", "meta", object{"_raw_params": "end_play"}), sh("never", "echo never >> "+m.path("log")))
	b := m.plays(first, second)
	m.deploy(b, "d2", 2, 1, stage(0, -1, false, 0, 1, nil))
	m.deploy(b, "d2", 2, 1, stage(1, 0, true, 1, 2, nil))
	if m.read("log") != "one\n" {
		t.Errorf("after end_play: log %q", m.read("log"))
	}
}

func TestOthersAreKnown(t *testing.T) {
	m := newMachine(t)
	of := func(host, key string) []any {
		return []any{"attr", []any{"item", []any{"var", "hostvars"}, []any{"lit", host}}, key}
	}
	text := expr("~", of("db", "url"), []any{"lit", " "}, of("db", "token"), []any{"lit", " "},
		[]any{"filter", "join", []any{"var", "ansible_play_batch"}, []any{}, object{}})
	a := m.plays(part("one", testkit.Task("w", "copy", object{"content": text, "dest": m.path("f")})))
	inventory := object{"inventory_hostname": "db", "port": 5432, "url": expr("~", []any{"var", "inventory_hostname"}, []any{"var", "port"})}
	known := object{"token": object{"$": []any{"lit", "a value that looks like an expression"}}}
	summary, status := m.deploy(a, "d1", 1, 1, object{"hostvars": object{"db": object{"inventory": inventory, "known": known}},
		"play": object{"all": []string{"web-1", "web-2"}, "left": []string{"web-1", "web-2"}, "batch": []string{"web-1"}}})
	expect(t, summary, status, "succeeded", 0)
	if m.read("f") != "db5432 {'$': ['lit', 'a value that looks like an expression']} web-1" {
		t.Errorf("f %s", m.read("f"))
	}
}
