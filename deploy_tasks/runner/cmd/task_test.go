//go:build unix

package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/testkit"
)

// errand starts one task for another host, whose name is web-1.
func (m *machine) errand(a *testkit.Artifact, entry, task string, given object, more object) *connection {
	m.t.Helper()
	c := m.open(a.Manifest("task", entry, 1, 1))
	fields := object{"task": task, "given": given}
	for name, v := range more {
		fields[name] = v
	}
	c.ship(a, request(entry, 1, 1, fields))
	return c
}

func variable(name string) object { return object{"$": []any{"var", name}} }

// writes is a task that is delegated: its content and place are variables of the host that asks.
func (m *machine) writes() object {
	return testkit.Task("w", "copy", object{"content": variable("word"), "dest": variable("place")}, object{"delegate_to": "db1"})
}

func TestTaskForAnotherHost(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("f"), []byte("old"), 0o640))
	a := m.link(nil, m.write("never", "never", "x"), m.writes())
	given := object{"word": "new", "place": m.path("f")}
	c := m.errand(a, "d1~web-1.1", "w", given, nil)
	result := c.until("result")["result"].(object)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if result["changed"] != true || result["failed"] != false || result["data"].(object)["dest"] != m.path("f") || m.read("f") != "new" {
		t.Errorf("%v, f %s", result, m.read("f"))
	}
	if !strings.Contains(m.read("never"), "no such file") {
		t.Error("it performed more than the task")
	}
	c = m.errand(a, "d1~web-1.1", "w", object{"word": "other", "place": m.path("f")}, nil)
	again := c.until("result")["result"].(object)
	if summary, _ = c.end(); summary["repeated"] != true || again["changed"] != true || m.read("f") != "new" {
		t.Errorf("asked again: %v, %v, f %s", summary, again, m.read("f"))
	}
	summary, status = m.undo("d1~web-1.1")
	expect(t, summary, status, "rolled_back", 0)
	if _, err := os.Stat(filepath.Join(m.state, "deployments", "d1~web-1.1", "result.json")); err == nil || m.read("f") != "old" {
		t.Errorf("f %s, the result is kept: %v", m.read("f"), err == nil)
	}
}

// Both hosts may be at work for themselves, each holding its own lock.
func TestTaskForAnotherHostBesideARun(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.blocker("b", "mark"), m.writes())
	first := m.start(a, "d1", 1, 2, object{"extra_vars": object{"word": "x", "place": "y"}})
	m.appears("mark")
	c := m.errand(a, "d1~web-1.1", "w", object{"word": "x", "place": m.path("f")}, nil)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	m.must(os.WriteFile(m.path("go"), nil, 0o644))
	first.reply(first.until("ask"), object{"result": object{"changed": true}})
	summary, status = first.end()
	expect(t, summary, status, "succeeded", 0)
}

func TestTaskForAnotherHostComesTooLate(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.writes())
	m.deploy(m.link(nil, sh("x", "true")), "newer", 7, 1, nil)
	summary, status := m.errand(a, "d1~web-1.1", "w", object{"word": "x", "place": m.path("f")}, nil).end()
	expectRefused(t, summary, status, "superseded", 3)
}

// A failed task was performed all the same: the other host judges.
func TestTaskForAnotherHostThatFails(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("s", "echo why >&2; exit 3", object{"delegate_to": "db1"}), sh("r", "true", object{"delegate_to": "db1", "changed_when": []any{[]any{"lit", false}}}))
	c := m.errand(a, "d1~web-1.1", "s", nil, nil)
	result := c.until("result")["result"].(object)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if result["failed"] != true || result["data"].(object)["rc"] != 3.0 || result["data"].(object)["stderr"] != "why" {
		t.Errorf("%v", result)
	}
	c = m.errand(a, "d1~web-1.2", "missing", nil, nil)
	summary, status = c.end()
	expectRefused(t, summary, status, "internal", 4)
	if summary["message"] != "the program has no task missing" {
		t.Errorf("%v", summary)
	}
	m.errand(a, "d1~web-1.3", "r", nil, nil).end()
	if left, _ := filepath.Glob(filepath.Join(m.state, "deployments", "d1~web-1.3")); len(left) != 0 {
		t.Errorf("what changed nothing left %v", left)
	}
}

// The values of the asking host do not go before those that the worker knows itself.
func TestTaskForAnotherHostKeepsExtraVariables(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.writes())
	given := object{"word": "theirs", "place": m.path("f")}
	m.errand(a, "d1~web-1.1", "w", given, object{"extra_vars": object{"word": "ours"}}).end()
	if m.read("f") != "ours" {
		t.Error(m.read("f"))
	}
}

func TestTaskIsNoRunAndARunNoTask(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.writes())
	for do, id := range map[string]string{"run": "d1~web-1.1", "verify": "d1~web-1.1", "task": "d1"} {
		summary, status := m.open(a.Manifest(do, id, 1, 1)).end()
		expectRefused(t, summary, status, "bad_request", 2)
	}
}

// Entries of one deployment count as one good deployment: they push out no other, and go with their own.
func TestPruneKeepsTasksForOthersWithTheirDeployment(t *testing.T) {
	m := newMachine(t)
	for i, id := range []string{"d1", "d2"} {
		a := m.link(nil, m.write("own", "own", id), m.writes())
		for _, n := range []string{"1", "2", "3"} {
			m.errand(a, id+"~web-1."+n, "w", object{"word": id + n, "place": m.path("f")}, object{"keep": 9}).end()
		}
		c := m.start(a, id, i+1, 1, object{"keep": 2, "extra_vars": object{"word": "x", "place": "y"}})
		c.reply(c.until("ask"), object{"result": object{}})
		c.end()
	}
	left := func() int {
		names, err := filepath.Glob(filepath.Join(m.state, "deployments", "d*"))
		m.must(err)
		return len(names)
	}
	if n := left(); n != 8 {
		t.Errorf("%d deployments after two of two", n)
	}
	a := m.link(nil, m.write("own", "own", "x"))
	m.deploy(a, "d3", 3, 1, object{"keep": 2})
	if n := left(); n != 5 {
		t.Errorf("%d deployments, of which two are good and one has three tasks", n)
	}
}

func TestDelegatedByHand(t *testing.T) {
	m := newMachine(t)
	local := sh("here", "touch "+m.path("here"), object{"delegate_to": "localhost"})
	own := sh("own", "touch "+m.path("own"), object{"delegate_to": variable("inventory_hostname")})
	out, errs, status := m.command(m.hand(nil, local, own), `{"inventory_hostname":"web-1"}`, "run", "--vars", "-")
	if status != 0 || m.read("here") != "" || m.read("own") != "" {
		t.Errorf("%d %s %s", status, out, errs)
	}
	out, errs, status = m.command(m.hand(nil, sh("there", "touch "+m.path("there"), object{"delegate_to": "db1"})), "", "run")
	if status != 1 || !strings.Contains(out+errs, "delegate_to: nobody is here to reach db1: this executable was started by hand; deploy-tasks deploy can") {
		t.Errorf("%d %s %s", status, out, errs)
	}
}

// What the asking host says is told to the caller, and nothing else.
func TestWhatIsHandedToAnotherHost(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("own", "echo result", object{"register": "told"}), testkit.Task("w", "copy",
		object{"content": object{"$": []any{"~", []any{"attr", []any{"var", "told"}, "stdout"}, []any{"var", "item"}}}, "dest": m.path("f")},
		object{"delegate_to": "db1", "loop": []string{"a", "b"}, "register": "out"}), m.write("end", "end", "x"))
	c := m.start(a, "d1", 1, 1, object{"vars": object{"inventory_hostname": "web-1", "password": "hunter2"}})
	var items []any
	for range 2 {
		question := c.until("ask")
		text, _ := json.Marshal(question)
		given := question["given"].(object)
		if question["kind"] != "delegate" || question["to"] != "db1" || strings.Contains(string(text), "hunter2") || len(given) != 2 {
			t.Errorf("%s", text)
		}
		items = append(items, given["item"])
		c.reply(question, object{"result": object{"changed": true, "data": object{"dest": "/f"}}})
	}
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
	if len(items) != 2 || items[0] != "a" || items[1] != "b" || summary["changed"] != 3.0 {
		t.Errorf("%v %v", items, summary)
	}
}

func TestUnreachableIsNotRescued(t *testing.T) {
	m := newMachine(t)
	task := sh("there", "true", object{"delegate_to": "db1"})
	block := object{"block": []any{task}, "rescue": []any{m.write("r", "rescued", "x")}, "always": []any{m.write("a", "always", "x")}}
	a, err := testkit.Link(built, object{"name": "test", "plays": []any{object{"name": "play", "tasks": []any{block}}}}, nil)
	m.must(err)
	c := m.start(a, "d1", 1, 1, nil)
	c.reply(c.until("ask"), object{"unreachable": "db1: refused on port 22"})
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if summary["unreachable"] != 1.0 || summary["failed"] != 0.0 || summary["error"].(object)["msg"] != "db1: refused on port 22" {
		t.Errorf("%v", summary)
	}
	if text := m.read("rescued") + m.read("always"); strings.Count(text, "no such file") != 2 {
		t.Error(text)
	}
}
