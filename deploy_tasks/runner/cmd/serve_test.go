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

func TestDeployAndUndo(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("conf"), []byte("old"), 0o640))
	a := m.link(map[string]string{"app/conf": "new"},
		testkit.Task("copy", "copy", object{"src": "app/conf", "dest": m.path("conf")}),
		sh("probe", "grep -q new "+m.path("conf"), object{"tags": []string{"verify"}, "changed_when": []any{[]any{"lit", false}}}))
	summary, status := m.deploy(a, "d1", 1, 1, object{"verify": true})
	expect(t, summary, status, "succeeded", 0)
	if summary["phase"] != "verifying" || summary["verify"].(object)["digest"] != true || summary["changed"] != 1.0 || m.read("conf") != "new" {
		t.Errorf("%v, conf %s", summary, m.read("conf"))
	}
	summary, status = m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if m.read("conf") != "old" {
		t.Errorf("conf %s", m.read("conf"))
	}
	summary, status = m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if summary["repeated"] != true {
		t.Errorf("undone twice: %v", summary)
	}
}

func TestUndoOfAHandlersOwnProgram(t *testing.T) {
	m := newMachine(t)
	program := testkit.Task("program", "copy", object{"content": "#!/bin/sh\n", "dest": m.path("reload"), "mode": "0755"})
	program["notify"] = []any{"reload"}
	play := testkit.Play(program)
	handler := testkit.Task("reload", "command", object{"argv": []any{m.path("reload")}})
	play["plays"].([]any)[0].(object)["handlers"] = []any{handler}
	a, err := testkit.Link(built, play, nil)
	m.must(err)
	summary, status := m.deploy(a, "d1", 1, 1, nil)
	expect(t, summary, status, "succeeded", 0)
	summary, status = m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
}

func TestVerifyOfAnEarlierRun(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"))
	m.deploy(a, "d1", 1, 1, nil)
	verify := func(more object) (object, int) {
		c := m.open(a.Manifest("verify", "d1", 1, 1))
		c.ship(a, request("d1", 1, 1, more))
		return c.end()
	}
	summary, status := verify(nil)
	expect(t, summary, status, "succeeded", 0)
	m.must(os.WriteFile(m.path("f"), []byte("drift"), 0o644))
	summary, status = verify(object{"undo_on_failure": false})
	expect(t, summary, status, "failed", 1)
	if drift := summary["verify"].(object)["drift"].([]any); len(drift) != 1 || drift[0] != "w" {
		t.Errorf("%v", summary)
	}
	summary, status = verify(nil) // the undo finds somebody else's content and leaves it
	expect(t, summary, status, "undo_failed", 1)
	if conflicts := summary["undo"].(object)["conflicted"].([]any); len(conflicts) != 1 || m.read("f") != "drift" {
		t.Errorf("%v", summary)
	}
}

func TestFailureIsUndoneAtOnce(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), sh("bad", "echo why >&2; exit 4"))
	summary, status := m.deploy(a, "d1", 1, 1, nil)
	expect(t, summary, status, "rolled_back", 1)
	failure := summary["error"].(object)
	if failure["task"] != "bad" || failure["tail"].([]any)[0] != "why" || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("%v, f %s", failure, m.read("f"))
	}
	summary, status = m.deploy(a, "d2", 2, 1, object{"undo_on_failure": false})
	expect(t, summary, status, "failed", 1)
	if m.read("f") != "x" {
		t.Errorf("f %s", m.read("f"))
	}
}

// A deployment that has ended is told again and not done again, also with another attempt.
func TestRepeatedRequestIsAnsweredFromTheReport(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("count", "echo x >> "+m.path("log")))
	m.deploy(a, "d1", 1, 1, nil)
	summary, status := m.deploy(a, "d1", 1, 2, nil)
	expect(t, summary, status, "succeeded", 0)
	if summary["repeated"] != true || m.read("log") != "x\n" {
		t.Errorf("%v, log %q", summary, m.read("log"))
	}
}

// Two sessions for the same deployment: the second waits for the first and gets its report.
func TestDuplicateAttaches(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.blocker("b", "mark"), sh("count", "echo x >> "+m.path("log")))
	first := m.start(a, "d1", 1, 1, nil)
	m.appears("mark")
	second := m.start(a, "d1", 1, 2, nil)
	second.until("alive")
	m.must(os.WriteFile(m.path("go"), nil, 0o644))
	one, _ := first.end()
	two, status := second.end()
	expect(t, two, status, "succeeded", 0)
	if one["repeated"] != false || two["repeated"] != true || m.read("log") != "x\n" {
		t.Errorf("%v\n%v\nlog %q", one, two, m.read("log"))
	}
}

func TestAnotherDeploymentIsBusy(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.blocker("b", "mark"))
	first := m.start(a, "d1", 1, 1, nil)
	m.appears("mark")
	summary, status := m.deploy(a, "d2", 2, 1, nil)
	expectRefused(t, summary, status, "busy", 3)
	if !strings.Contains(summary["message"].(string), "d1") {
		t.Errorf("does not name the holder: %v", summary)
	}
	m.must(os.WriteFile(m.path("go"), nil, 0o644))
	summary, status = first.end()
	expect(t, summary, status, "succeeded", 0)
}

func TestOlderComesTooLate(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("count", "echo x >> "+m.path("log")))
	m.deploy(a, "new", 7, 1, nil)
	summary, status := m.deploy(a, "old", 6, 1, nil)
	expectRefused(t, summary, status, "superseded", 3)
	if m.read("log") != "x\n" {
		t.Errorf("log %q", m.read("log"))
	}
}

// A runner that is killed leaves a half-done deployment: the next attempt ends its processes, undoes it and does it anew.
func TestKilledRunIsUndoneAndDoneAnew(t *testing.T) {
	m := newMachine(t)
	m.must(os.WriteFile(m.path("conf"), []byte("old"), 0o640))
	once := "test -e " + m.path("second") + " || { touch " + m.path("mark") + "; sleep 600; }; touch " + m.path("done")
	a := m.link(nil, sh("see", "cat "+m.path("conf")+" >> "+m.path("log")), m.write("w", "conf", "new"), sh("hang", once))
	first := m.start(a, "d1", 1, 1, nil)
	m.appears("mark")
	group := strings.Fields(m.await(filepath.Join(m.state, "deployments", "d1", "running")))[0]
	m.must(first.cmd.Process.Signal(syscall.SIGKILL))
	first.end()
	m.must(os.WriteFile(m.path("second"), nil, 0o644))
	summary, status := m.deploy(a, "d1", 1, 2, nil)
	expect(t, summary, status, "succeeded", 0)
	if m.read("log") != "oldold" || m.read("conf") != "new" {
		t.Errorf("log %q conf %q", m.read("log"), m.read("conf"))
	}
	if _, err := os.Stat("/proc/" + group); err == nil {
		t.Errorf("process %s of the killed run is still there", group)
	}
	summary, status = m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if m.read("conf") != "old" {
		t.Errorf("conf %q", m.read("conf"))
	}
}

func TestCancelUndoes(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), m.blocker("b", "mark"))
	c := m.start(a, "d1", 1, 1, nil)
	m.appears("mark")
	c.send("\n{\"cancel\":true}\n")
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if summary["cancelled"] != true || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("%v f %s", summary, m.read("f"))
	}
}

func TestDeadlineUndoes(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), m.blocker("b", "mark"))
	summary, status := m.deploy(a, "d1", 1, 1, object{"deadline_s": 0.3})
	expect(t, summary, status, "rolled_back", 1)
	if !strings.Contains(summary["error"].(object)["msg"].(string), "deadline") || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("%v f %s", summary, m.read("f"))
	}
}

// An undo of a deployment that is at work stops it first.
func TestUndoStopsARunningDeployment(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"), m.blocker("b", "mark"))
	c := m.start(a, "d1", 1, 1, object{"undo_on_failure": false})
	m.appears("mark")
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("f %s", m.read("f"))
	}
	summary, status = c.end()
	expect(t, summary, status, "cancelled", 1)
}

// An undo that overtakes its run: the run finds that it is undone already.
func TestUndoBeforeTheRun(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"))
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	summary, status = m.deploy(a, "d1", 1, 1, nil)
	expect(t, summary, status, "rolled_back", 1)
	if summary["repeated"] != true || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("%v f %s", summary, m.read("f"))
	}
}

// The caller goes away: the run goes on to its end, or stops, as it was told.
func TestOrphans(t *testing.T) {
	for orphan, want := range map[string]string{"finish": "succeeded", "stop": "rolled_back"} {
		t.Run(orphan, func(t *testing.T) {
			m := newMachine(t)
			a := m.link(nil, m.write("w", "f", "x"), m.blocker("b", "mark"), sh("talk", "seq 1 1000"))
			c := m.start(a, "d1", 1, 1, object{"orphan": orphan})
			m.appears("mark")
			m.must(c.in.Close())
			if orphan == "finish" {
				m.must(os.WriteFile(m.path("go"), nil, 0o644))
			}
			c.end()
			summary, _ := m.deploy(a, "d1", 1, 2, nil)
			if summary["status"] != want || summary["repeated"] != true {
				t.Errorf("%v", summary)
			}
		})
	}
}

// A caller that has closed both ends, and one that reads nothing, do not stop the run.
func TestDeafCallers(t *testing.T) {
	m := newMachine(t)
	loud := testkit.Task("talk", "debug", object{"msg": strings.Repeat("x", 3000)}, object{"loop": make([]any, 500)})
	a := m.link(nil, loud, loud, m.blocker("b", "mark"), loud, sh("end", "touch "+m.path("end")))
	c := m.start(a, "d1", 1, 1, nil)
	m.appears("mark") // nothing has been read since the request
	m.must(os.WriteFile(m.path("go"), nil, 0o644))
	m.appears("end")
	_ = c.cmd.Process.Signal(syscall.SIGPIPE)
	summary, status := m.deploy(a, "d1", 1, 2, nil)
	expect(t, summary, status, "succeeded", 0)
}

func TestAnswers(t *testing.T) {
	m := newMachine(t)
	for i, id := range []string{"d1", "d2", "d3"} {
		a := m.link(nil, m.write("w", "f", id), sh("x", map[bool]string{true: "false", false: "true"}[id == "d2"]))
		m.deploy(a, id, i+1, 1, nil)
	}
	ask := func(do, id string) object {
		answer, status := m.open(object{"format": 1, "do": do, "deployment": id, "keep": 1}).end()
		if status != 0 || answer["event"] != "answer" {
			t.Fatalf("%s: %v, exit %d", do, answer, status)
		}
		return answer
	}
	var seen []string
	for _, r := range ask("list", "")["deployments"].([]any) {
		seen = append(seen, r.(object)["deployment"].(string)+" "+r.(object)["status"].(string))
	}
	if got := strings.Join(seen, ", "); got != "d1 succeeded, d2 rolled_back, d3 succeeded" {
		t.Error(got)
	}
	if s := ask("status", "d3"); s["state"] != "reported" || len(s["applied"].([]any)) != 2 || s["report"].(object)["status"] != "succeeded" {
		t.Errorf("%v", s)
	}
	if s := ask("status", "nobody"); s["state"] != "absent" {
		t.Errorf("%v", s)
	}
	if f := ask("facts", "")["facts"].(object); len(f) == 0 {
		t.Error("no facts")
	}
	pruned := ask("prune", "")["pruned"].(object)
	if len(pruned["deployments"].([]any)) != 2 || len(pruned["artifacts"].([]any)) != 2 || len(pruned["blobs"].([]any)) != 0 {
		t.Errorf("%v", pruned)
	}
	if summary, status := m.undo("d3"); summary["status"] != "rolled_back" || status != 0 || m.read("f") != "d1" {
		t.Errorf("%v f %s", summary, m.read("f"))
	}
}

func TestBadRequests(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, m.write("w", "f", "x"))
	for name, line := range map[string]string{"no json": "hello", "ill-typed": `{"deployment":7}`, "bad id": `{"deployment":"../x"}`, "bad vars": `{"deployment":"d","vars":[]}`, "end": ""} {
		t.Run(name, func(t *testing.T) {
			c := m.open(a.Manifest("run", "d1", 1, 1))
			need := c.next()
			if parts := need["parts"].([]any); len(parts) > 0 {
				c.send(string(testkit.Framed(a.Program)))
			}
			if line != "" {
				c.send(line + "\n")
			}
			m.must(c.in.Close())
			summary, status := c.end()
			expectRefused(t, summary, status, "bad_request", 2)
		})
	}
	if !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("f %s", m.read("f"))
	}
}

// Nothing of a request's secrets is left on the host's disk by us, nor seen in an argument list.
func TestSecretsLeaveNoTrace(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("use", "test -n \"$TOKEN\"; touch "+m.path("mark")+"; while ! test -e "+m.path("go")+"; do sleep 0.01; done",
		object{"environment": object{"TOKEN": object{"$": []any{"var", "token"}}}}))
	c := m.start(a, "d1", 1, 1, object{"extra_vars": object{"token": "hunter2-secret"}})
	m.appears("mark")
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	m.must(err)
	for _, name := range lines {
		if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), "hunter2") {
			t.Errorf("%s shows it", name)
		}
	}
	m.must(os.WriteFile(m.path("go"), nil, 0o644))
	c.end()
	m.must(filepath.WalkDir(m.state, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "hunter2") {
				t.Errorf("%s holds it", path)
			}
		}
		return err
	}))
}
