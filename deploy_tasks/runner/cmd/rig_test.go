//go:build unix

package cmd_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/testkit"
)

type object = map[string]any

// built is the runner, built once for all tests.
var built []byte

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "deploy-tasks-runner-")
	if err == nil {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "runner"), "runner")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err == nil {
		built, err = os.ReadFile(filepath.Join(dir, "runner"))
	}
	status := 1
	if err != nil {
		println(err.Error())
	} else {
		status = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// machine is a host: a state folder with the runner in it, and a folder for what programs make.
type machine struct {
	t          *testing.T
	state, dir string
	runner     string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, state: filepath.Join(t.TempDir(), "state"), dir: t.TempDir()}
	m.runner = filepath.Join(m.state, "blobs", testkit.Digest(built))
	m.must(os.MkdirAll(filepath.Dir(m.runner), 0o700))
	m.must(os.WriteFile(m.runner, built, 0o700))
	return m
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

func (m *machine) read(name string) string {
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(text)
}

func (m *machine) link(files map[string]string, tasks ...object) *testkit.Artifact {
	m.t.Helper()
	a, err := testkit.Link(built, testkit.Play(tasks...), files)
	m.must(err)
	return a
}

// connection is a worker's session with a host.
type connection struct {
	*machine
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	events []object
}

// open starts receive with a manifest.
func (m *machine) open(manifest object) *connection {
	m.t.Helper()
	text, err := json.Marshal(manifest)
	m.must(err)
	c := &connection{machine: m, cmd: exec.Command(m.runner, "receive", m.state, string(text))}
	c.cmd.Dir = m.dir
	c.in, err = c.cmd.StdinPipe()
	m.must(err)
	out, err := c.cmd.StdoutPipe()
	m.must(err)
	c.cmd.Stderr = os.Stderr
	m.must(c.cmd.Start())
	c.out = bufio.NewScanner(out)
	c.out.Buffer(nil, 1<<20)
	m.t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return c
}

// next is the next event, nil at the end of the stream.
func (c *connection) next() object {
	c.t.Helper()
	if !c.out.Scan() {
		return nil
	}
	var event object
	if err := json.Unmarshal(c.out.Bytes(), &event); err != nil {
		c.t.Fatalf("%v: %q", err, c.out.Text())
	}
	c.events = append(c.events, event)
	return event
}

// until reads to the first event of this kind.
func (c *connection) until(kind string) object {
	c.t.Helper()
	for {
		event := c.next()
		if event == nil {
			c.t.Fatalf("no %s in %v", kind, c.events)
		}
		if event["event"] == kind {
			return event
		}
	}
}

func (c *connection) send(text string) {
	_, _ = io.WriteString(c.in, text) // a host that has refused does not read
}

// ship sends the parts that the host needs, and the request.
func (c *connection) ship(a *testkit.Artifact, request object) {
	c.t.Helper()
	need := c.next()
	if need == nil || need["event"] != "need" {
		c.t.Fatalf("said %v", need)
	}
	for _, digest := range need["parts"].([]any) {
		for _, part := range a.Parts() {
			if testkit.Digest(part) == digest {
				c.send(string(testkit.Framed(part)))
			}
		}
	}
	text, err := json.Marshal(request)
	c.must(err)
	c.send(string(text) + "\n")
}

// end reads the summary and the exit status.
func (c *connection) end() (summary object, status int) {
	c.t.Helper()
	for event := c.next(); event != nil; event = c.next() {
		summary = event
	}
	_ = c.cmd.Wait()
	return summary, c.cmd.ProcessState.ExitCode()
}

// request is a run's request; more overrides.
func request(id string, sequence, attempt int, more object) object {
	q := object{"deployment": id, "sequence": sequence, "attempt": attempt, "host": "web-1", "vars": object{"inventory_hostname": "web-1"},
		"extra_vars": object{}, "undo_on_failure": true, "verify": false, "deadline_s": 60, "orphan": "finish"}
	for name, v := range more {
		q[name] = v
	}
	return q
}

// deploy is a whole session.
func (m *machine) deploy(a *testkit.Artifact, id string, sequence, attempt int, more object) (object, int) {
	m.t.Helper()
	c := m.start(a, id, sequence, attempt, more)
	return c.end()
}

func (m *machine) start(a *testkit.Artifact, id string, sequence, attempt int, more object) *connection {
	m.t.Helper()
	c := m.open(a.Manifest("run", id, sequence, attempt))
	c.ship(a, request(id, sequence, attempt, more))
	return c
}

func (m *machine) undo(id string) (object, int) {
	m.t.Helper()
	c := m.open(object{"format": 1, "do": "undo", "deployment": id})
	text, err := json.Marshal(request(id, 9, 9, nil))
	m.must(err)
	c.send(string(text) + "\n")
	return c.end()
}

// appears waits for a file that a running program makes.
func (m *machine) appears(name string) {
	m.t.Helper()
	m.await(m.path(name))
}

// await returns what is in the file, once it is there.
func (m *machine) await(path string) string {
	m.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil {
			return string(text)
		}
	}
	m.t.Fatal(path + " never appeared")
	return ""
}

func sh(id, line string, more ...object) object {
	return testkit.Task(id, "shell", object{"_raw_params": line}, more...)
}

func (m *machine) write(id, name, text string) object {
	return testkit.Task(id, "copy", object{"content": text, "dest": m.path(name)})
}

// blocker is a task that waits until the file go appears, and says that it runs by the file mark.
func (m *machine) blocker(id, mark string) object {
	return sh(id, "touch "+m.path(mark)+"; while ! test -e "+m.path("go")+"; do sleep 0.01; done")
}

func expect(t *testing.T, summary object, status int, want string, wantStatus int) {
	t.Helper()
	if summary["status"] != want || status != wantStatus {
		text, _ := json.Marshal(summary)
		t.Fatalf("%s, exit %d; want %s, exit %d", text, status, want, wantStatus)
	}
}

func expectRefused(t *testing.T, summary object, status int, reason string, wantStatus int) {
	t.Helper()
	if summary["event"] != "refused" || summary["reason"] != reason || status != wantStatus || strings.TrimSpace(summary["message"].(string)) == "" {
		t.Fatalf("%v, exit %d; want a refusal for %s, exit %d", summary, status, reason, wantStatus)
	}
}
