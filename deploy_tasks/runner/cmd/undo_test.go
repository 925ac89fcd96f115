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

// ask is a worker's question.
func (m *machine) ask(do, id string) object {
	m.t.Helper()
	answer, status := m.open(object{"format": 1, "do": do, "deployment": id}).end()
	if status != 0 || answer["event"] != "answer" {
		m.t.Fatalf("%s: %v, exit %d", do, answer, status)
	}
	return answer
}

// texts are what an undo's report says of one kind.
func texts(report any, kind string) string {
	text, _ := json.Marshal(report.(object)["undo"].(object)[kind])
	return string(text)
}

func TestDryRun(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("f"), []byte("old"), 0o644))
	a := m.link(nil, m.write("w", "f", "new"), m.write("x", "g", "mine"), sh("mail everybody", "true"))
	summary, status := m.deploy(a, "d1", 1, 1, nil)
	expect(t, summary, status, "succeeded", 0)
	if summary["irreversible"] != 1.0 {
		t.Errorf("%v", summary)
	}
	m.must(os.WriteFile(m.path("g"), []byte("theirs"), 0o644))
	journal := m.state + "/deployments/d1/journal"
	before, err := os.ReadFile(journal)
	m.must(err)

	said := m.ask("preview", "d1")["preview"].(object)
	if texts(said, "undone") != `["`+m.path("f")+`"]` || !strings.Contains(texts(said, "conflicted"), "content changed since") ||
		!strings.Contains(texts(said, "irreversible"), "mail everybody") || said["status"] != "succeeded" {
		t.Errorf("%v", said)
	}
	out, errs, status := m.command(m.runner, "", "undo", "--dry-run")
	for _, want := range []string{"would undo " + m.path("f"), "conflict  " + m.path("g"), "stays     mail everybody: ",
		"dry run  1 would come back, 1 conflicts, 1 cannot be undone  deployment d1, succeeded"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s%s", want, out, errs)
		}
	}
	if status != 1 {
		t.Errorf("exit %d", status)
	}
	out, _, _ = m.command(m.runner, "", "undo", "--dry-run", "--json", "d1")
	var told object
	if err := json.Unmarshal([]byte(out), &told); err != nil || texts(told, "undone") != texts(said, "undone") {
		t.Errorf("%v %s", err, out)
	}
	after, err := os.ReadFile(journal)
	m.must(err)
	if string(before) != string(after) || m.read("f") != "new" || m.read("g") != "theirs" {
		t.Error("the dry run changed something")
	}
	summary, status = m.undo("d1")
	expect(t, summary, status, "undo_failed", 1)
	if texts(summary, "undone") != texts(said, "undone") || texts(summary, "conflicted") != texts(said, "conflicted") {
		t.Errorf("said %v, did %v", said, summary["undo"])
	}
	if said = m.ask("preview", "nobody")["preview"].(object); said["status"] != "absent" || texts(said, "undone") != "[]" {
		t.Errorf("%v", said)
	}
}

func TestAnOlderDeploymentIsUndoneAfterLaterOnes(t *testing.T) {
	m := newMachine(t)
	for i, text := range []string{"one", "two", "three"} {
		summary, status := m.deploy(m.link(nil, m.write("w", "f", text)), "d"+text, i+1, 1, nil)
		expect(t, summary, status, "succeeded", 0)
	}
	refused, status := m.undo("dtwo")
	expectRefused(t, refused, status, "covered", 3)
	_, errs, status := m.command(m.runner, "", "undo", "done")
	if status != 3 || !strings.Contains(errs, "after done came dthree, dtwo") || !strings.Contains(errs, "undo --with-later done") {
		t.Errorf("exit %d, %s", status, errs)
	}
	if _, errs, status = m.command(m.runner, "", "undo", "--dry-run", "done"); status != 3 {
		t.Errorf("exit %d, %s", status, errs)
	}
	if m.read("f") != "three" {
		t.Fatal("a refusal changed something")
	}
	said := m.ask("preview", "done")["preview"].(object)
	if later := said["later"].([]any); len(later) != 2 || later[0].(object)["deployment"] != "dthree" || texts(said, "conflicted") != "[]" ||
		texts(later[1], "undone") != `["`+m.path("f")+`"]` {
		t.Errorf("%v", said)
	}
	if out, errs, status := m.command(m.runner, "", "undo", "--dry-run", "--with-later", "done"); status != 0 || strings.Count(out, "would undo") != 3 {
		t.Errorf("exit %d, %s%s", status, out, errs)
	}
	out, errs, status := m.command(m.runner, "", "undo", "--with-later", "done")
	if status != 0 || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("exit %d, %s%s", status, out, errs)
	}
	three, two, one := strings.Index(out, "deployment dthree"), strings.Index(out, "deployment dtwo"), strings.Index(out, "deployment done")
	if three < 0 || two < three || one < two {
		t.Errorf("in which order? %s", out)
	}
}

// One file, changed again after a folder came and went around it: later deployments are undone in thought first.
func TestDryRunOverLaterDeployments(t *testing.T) {
	m := newMachine(t)
	dir := testkit.Task("dir", "file", object{"path": m.path("d"), "state": "directory"})
	gone := testkit.Task("gone", "file", object{"path": m.path("d"), "state": "absent"})
	for i, task := range []object{dir, m.write("w", "d/f", "x"), gone} {
		summary, status := m.deploy(m.link(nil, task), "d"+string(rune('1'+i)), i+1, 1, nil)
		expect(t, summary, status, "succeeded", 0)
	}
	said := m.ask("preview", "d1")["preview"].(object)
	text, _ := json.Marshal(said)
	if strings.Contains(string(text), `"why"`) || texts(said, "undone") != `["`+m.path("d")+`"]` {
		t.Errorf("%s", text)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "d")); err == nil {
		t.Error("the dry run changed something")
	}
}
