//go:build unix

package own

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/change"
	"runner/engine"
	"runner/fmt"
	"runner/module"
	"runner/modules/moduletest"
	"runner/record"
	"runner/value"
)

// TestMain is a binary module when the test's own executable is started as one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "counted" {
		os.Exit(m.Run())
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	given, err := record.Parse(text)
	if err != nil {
		panic(err)
	}
	info, err := os.Stat(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stdout, "%s", record.Line(value.DictOf("changed", true, "sum", given.Int64("a")+given.Int64("b"), "version",
		given.Text("_ansible_version"), "mode", info.Mode().Perm().String(), "folder", filepath.Dir(os.Args[0]) == filepath.Dir(os.Args[1]))))
}

// call prepares a call of an own module that is one file for all machines.
func call(h *moduletest.Host, name, style, content string, check bool, args *value.Dict) *module.Call {
	h.Files["library/"+name] = content
	c := h.Call(check)
	c.Args = value.DictOf("name", name, "style", style, "check", strings.Contains(content, "_ansible_check_mode"),
		"undo", strings.Contains(content, "_deploy_tasks_undo"), "files", value.DictOf("any", "library/"+name), "arguments", args)
	return c
}

func effects(h *moduletest.Host) engine.Effects {
	return engine.Effects{Ctx: context.Background(), Env: os.Environ(), Cwd: "/", TempDir: func() string { return h.Dir }}
}

func TestBinary(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	h := moduletest.New(t)
	c := call(h, "counted", "binary", string(content), false, value.DictOf("a", int64(1), "b", int64(2)))
	temp := t.TempDir()
	c.TempDir = func() string { return temp }
	c.Args.Set("undo", false) // the test names the key
	h.Recorder.Task("counts", false)
	r := h.Do("own", c)
	if r.Failed || !r.Changed {
		t.Fatalf("%+v", r)
	}
	moduletest.Holds(t, r, "sum", 3, "mode", "-rw-------", "folder", true)
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if h.Recorder.Irreversible() != 1 {
		t.Error("a module without an undo counts as reversible")
	}
}

func TestTargets(t *testing.T) {
	h := moduletest.New(t)
	c := call(h, "mine", "old", "#!/bin/sh\necho '{\"which\": 1}'\n", false, value.NewDict())
	h.Files["library/mine.other"] = "#!/bin/sh\necho '{\"which\": 2}'\n"
	files, _ := c.Args.Get("files")
	files.(*value.Dict).Set(triple(), "library/mine.other")
	moduletest.Holds(t, h.Do("own", c), "which", 2)
	c.Args.Set("files", value.DictOf("riscv-plan9", "library/mine"))
	moduletest.Fails(t, h.Do("own", c), "the module mine is not in this executable for "+triple())
	c.Args.Set("name", "../mine")
	moduletest.Fails(t, h.Do("own", c), "is no name of a module")
}

func TestBadModules(t *testing.T) {
	for name, each := range map[string]struct{ content, words string }{
		"no interpreter":        {"echo\n", "the module is missing an interpreter line"},
		"unknown interpreter":   {"#!/no/such/thing\n", "you probably need to set the interpreter"},
		"nothing said":          {"#!/bin/sh\n", "MODULE FAILURE: No start of json char found\nSee stdout/stderr for the exact error"},
		"half said":             {"#!/bin/sh\necho '{\"a\": 1'\n", "MODULE FAILURE: No end of json char found"},
		"not JSON":              {"#!/bin/sh\necho '{a}'\n", "MODULE FAILURE: "},
		"not UTF-8":             {"#!/bin/sh\nprintf '{\"a\": \"\\377\"}\\n'\n", "returned non UTF-8 data"},
		"more than is read":     {"#!/bin/sh\nhead -c 9000000 /dev/zero | tr '\\0' ' '\necho '{}'\n", "it printed more than 8 MiB"},
		"a failure with a list": {"#!/bin/sh\necho '{\"failed\": 1, \"msg\": \"no\"}'\n", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			moduletest.Fails(t, h.Do("own", call(h, "bad", "old", each.content, false, value.NewDict())), each.words)
		})
	}
}

func TestTime(t *testing.T) {
	h := moduletest.New(t)
	c := call(h, "slow", "old", "#!/bin/sh\nsleep 600\n", false, value.NewDict())
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c.Ctx = ctx
	moduletest.Fails(t, h.Do("own", c), "was stopped")
}

func TestCheck(t *testing.T) {
	h := moduletest.New(t)
	ignorant := "#!/bin/sh\ntouch " + h.Path("f") + "\necho '{}'\n"
	if r := h.Do("own", call(h, "ignorant", "old", ignorant, true, value.NewDict())); !r.Skipped || r.Msg != "remote module (ignorant) does not support check mode" {
		t.Errorf("%+v", r)
	}
	knowing := "#!/bin/sh\n. \"$1\"\necho \"{\\\"changed\\\": true, \\\"mode\\\": \\\"$_ansible_check_mode\\\"}\"\n"
	r := h.Do("own", call(h, "knowing", "old", knowing, true, value.NewDict()))
	if !r.Changed {
		t.Errorf("%+v", r)
	}
	moduletest.Holds(t, r, "mode", "True")
	if strings.Contains(h.Tree(), "/f ") {
		t.Error("a check has changed something")
	}
}

func TestFactsThatDecideStayOut(t *testing.T) {
	facts := value.NewDict()
	for _, name := range []string{"ok", "ansible_ok", "ansible_docker_bridge", "ansible_ssh_host_key_rsa_public", "ansible_become_user", "ansible_connection",
		"ansible_host", "ansible_ssh_pass", "ansible_python_interpreter", "discovered_interpreter_python", "_ansible_x"} {
		facts.Set(name, true)
	}
	if got := strings.Join(harmless(facts).Keys(), " "); got != "ok ansible_ok ansible_docker_bridge ansible_ssh_host_key_rsa_public" {
		t.Error(got)
	}
}

// setting keeps a value in a file, and can take back what it does.
const setting = `#!/bin/sh
. "$1"
case $_deploy_tasks_undo in
look) if [ -e "$file" ]; then echo "{\"_deploy_tasks_state\": \"$(cat "$file")\", \"_deploy_tasks_thing\": \"$file\"}"; else echo "{\"_deploy_tasks_state\": null, \"_deploy_tasks_thing\": \"$file\"}"; fi ;;
restore) if [ "$_deploy_tasks_state" ]; then printf %s "$_deploy_tasks_state" > "$file"; else rm -f "$file"; fi; echo '{}' ;;
*) printf %s "$value" > "$file"; echo "{\"changed\": true, \"color\": \"$COLOR\"}" ;;
esac
`

func set(t *testing.T, h *moduletest.Host, value1 string) {
	t.Helper()
	c := call(h, "setting", "old", setting, false, value.DictOf("file", h.Path("f"), "value", value1))
	c.Env = append(c.Env, "COLOR=red")
	h.Recorder.Equip(effects(h).Tools())
	r := h.Do("own", c)
	if r.Failed || !r.Changed {
		t.Fatalf("%+v", r)
	}
	moduletest.Holds(t, r, "color", "red")
}

func TestUndo(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "before")
	set(t, h, "first")
	set(t, h, "second")
	if h.Recorder.Irreversible() != 0 || h.Read("f") != "second" {
		t.Error(h.Read("f"))
	}
	journal := filepath.Dir(h.Recorder.SavedDir())
	foreseen, err := change.Preview(effects(h).Tools(), journal)
	if err != nil || len(foreseen[0].Conflicted) != 0 || len(foreseen[0].Undone) != 1 || h.Read("f") != "second" {
		t.Error(foreseen, err)
	}
	report, err := change.Undo(journal, effects(h))
	if err != nil || report.Incomplete() || len(report.Undone) != 1 || report.Undone[0] != "module setting "+h.Path("f") || h.Read("f") != "before" {
		t.Error(report, err, h.Read("f"))
	}
}

func TestUndoOfWhatSomebodyElseChanged(t *testing.T) {
	h := moduletest.New(t)
	set(t, h, "ours")
	h.Write("f", "theirs")
	report, err := change.Undo(filepath.Dir(h.Recorder.SavedDir()), effects(h))
	if err != nil || len(report.Conflicted) != 1 || report.Conflicted[0].Why != "changed since" || h.Read("f") != "theirs" {
		t.Error(report, err)
	}
}

// A run that is killed while the module is at work has journalled how things were.
func TestUndoAfterAKill(t *testing.T) {
	h := moduletest.New(t)
	set(t, h, "ours")
	path := filepath.Join(filepath.Dir(h.Recorder.SavedDir()), change.JournalName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		if strings.Contains(line, `"op":"set"`) {
			text = []byte(strings.Join(lines[:i+1], ""))
		}
	}
	h.Write("f", "half done")
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, change.SavedName), os.DirFS(h.Recorder.SavedDir())); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, change.JournalName), text, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := change.Undo(dir, effects(h))
	if err != nil || report.Incomplete() || strings.Contains(h.Tree(), "/f ") {
		t.Error(report, err, h.Tree())
	}
}

func TestAKeptModuleThatWasTouchedIsNotRun(t *testing.T) {
	h := moduletest.New(t)
	set(t, h, "ours")
	entry, _ := h.Files.Lookup("library/setting")
	path := filepath.Join(h.Recorder.SavedDir(), folder, entry.Digest)
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '{}'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	report, err := change.Undo(filepath.Dir(h.Recorder.SavedDir()), effects(h))
	if err != nil || len(report.Conflicted) != 1 || !strings.Contains(report.Conflicted[0].Why, "is damaged") || h.Read("f") != "ours" {
		t.Error(report, err)
	}
}

func TestAModuleThatDoesNotTellChangesNothing(t *testing.T) {
	h := moduletest.New(t)
	silent := "#!/bin/sh\n. \"$1\"\n[ \"$_deploy_tasks_undo\" ] || touch " + h.Path("f") + "\necho '{}'\n"
	c := call(h, "silent", "old", silent, false, value.NewDict())
	h.Recorder.Equip(effects(h).Tools())
	moduletest.Fails(t, h.Do("own", c), "its answer to _deploy_tasks_undo=look has no _deploy_tasks_state")
	if strings.Contains(h.Tree(), "/f ") {
		t.Error("it ran all the same")
	}
}

// A handler that an undo fires finds its module among the deployment's files.
func TestHandlerOfAnUndo(t *testing.T) {
	h := moduletest.New(t)
	c := call(h, "notified", "old", "#!/bin/sh\ntouch "+h.Path("fired")+"\necho '{}'\n", false, value.NewDict())
	fx := effects(h)
	if err := fx.Fire(change.Handler{Name: "n", Module: "own", Args: c.Args}); err == nil {
		t.Error("fired without files")
	}
	fx.Files = h.Files
	if err := fx.Fire(change.Handler{Name: "n", Module: "own", Args: c.Args}); err != nil || !strings.Contains(h.Tree(), "/fired ") {
		t.Error(err, h.Tree())
	}
}

// What a module says when it cannot take something back is in the reports, but not where the task has no_log.
func TestWhatAHiddenModuleSaysOfAnUndo(t *testing.T) {
	const leaking = "#!/bin/sh\n. \"$1\"\ncase $_deploy_tasks_undo in\nlook) echo '{\"_deploy_tasks_state\": \"'$(wc -l < COUNT)'\"}';;\n" +
		"restore) echo \"no server knows $word\";;\n*) echo >> COUNT; echo '{}';;\nesac\n"
	for hidden, want := range map[bool]string{false: "no server knows s3cret", true: "the module failed; what it said is hidden by no_log"} {
		h := moduletest.New(t)
		h.Write("count", "")
		c := call(h, "leaking", "old", strings.ReplaceAll(leaking, "COUNT", h.Path("count")), false, value.DictOf("word", "s3cret"))
		c.Args.Set("no_log", hidden)
		h.Recorder.Equip(effects(h).Tools())
		if r := h.Do("own", c); r.Failed {
			t.Fatal(r.Msg)
		}
		report, err := change.Undo(filepath.Dir(h.Recorder.SavedDir()), effects(h))
		if err != nil || len(report.Conflicted) != 1 || !strings.Contains(report.Conflicted[0].Why, want) || hidden && strings.Contains(report.Conflicted[0].Why, "s3cret") {
			t.Error(hidden, report, err)
		}
	}
}

func TestAModuleOfAnyName(t *testing.T) {
	for _, name := range []string{"args", "look"} {
		h := moduletest.New(t)
		h.Recorder.Equip(effects(h).Tools())
		c := call(h, name, "old", setting, false, value.DictOf("file", h.Path("f"), "value", "1"))
		if r := h.Do("own", c); r.Failed || h.Read("f") != "1" {
			t.Error(name, r.Msg)
		}
	}
}
