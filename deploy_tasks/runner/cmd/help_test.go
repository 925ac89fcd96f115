//go:build unix

package cmd_test

import (
	"os"
	"strings"
	"testing"
)

// says expects these words, in this order, in what a command prints.
func (m *machine) says(path string, args []string, wanted int, words ...string) string {
	m.t.Helper()
	out, errs, status := m.command(path, "", args...)
	rest := out + errs
	for _, word := range words {
		_, after, found := strings.Cut(rest, word)
		if !found {
			m.t.Errorf("%v lacks %q:\n%s%s", args, word, out, errs)
		}
		rest = after
	}
	if status != wanted {
		m.t.Errorf("%v: exit %d, not %d:\n%s%s", args, status, wanted, out, errs)
	}
	return out + errs
}

func TestHelpExplainsItself(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	m.says(web, []string{"help"}, 0, "usage: "+web, "The program: test", "check", "undo", "examples:", web+" undo --dry-run", "exit status")
	m.says(m.runner, []string{"--help"}, 0, "usage: ", "carries no program")
	m.says(web, []string{"help", "run"}, 0, "usage: "+web+" run [OPTIONS]", "--check")
	m.says(web, []string{"help", "nothing"}, 0, "usage: "+web+" COMMAND")
	m.says(web, []string{"--version"}, 0, "deploy-tasks runner 1.")
	if text := m.says(web, []string{"run", "--help"}, 0); strings.Contains(text, "worker") {
		t.Error(text)
	}
	m.says(web, []string{"run", "--loud"}, 2, "there is no option --loud", "hint: "+web+" run --help")
	m.says(web, []string{"run", "--timeout", "5"}, 2, `--timeout wants a time such as 90s or 5m, not "5"`)
	m.says(web, []string{"prune", "--keep", "all"}, 2, `--keep wants a whole number, not "all"`)
	m.says(web, []string{"run", "--check=perhaps"}, 2, `--check wants true or false`)
}

func TestWhatIsToldAtTheEnd(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	m.says(web, []string{"list"}, 0, "no deployments in "+m.state)
	if text := m.says(web, []string{"check"}, 0, "checked  1 ok, 1 changed"); strings.Contains(text, "deployment ") {
		t.Error(text)
	}
	m.says(web, []string{"run", "--deployment", "one"}, 0, "succeeded  1 ok, 1 changed", "deployment one")
	m.says(web, []string{"run", "--deployment", "two"}, 0, "succeeded  1 ok, 0 changed", "deployment two")
	m.says(web, []string{"undo"}, 0, "rolled back  it had changed nothing", "deployment two")
	m.says(web, []string{"undo"}, 0, "undone    "+m.path("f"), "rolled back  1 undone, 0 conflicts", "deployment one")
	m.says(web, []string{"undo", "one"}, 0, "rolled back  it had been before", "deployment one")
	m.says(web, []string{"undo"}, 2, "nothing is applied on this host")
}

// Who only looks makes nothing.
func TestWhereNothingWasDeployed(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	m.state = m.path("none")
	m.says(web, []string{"list"}, 0, "no deployments in "+m.state)
	m.says(web, []string{"list", "--json"}, 0, "[]")
	m.says(web, []string{"prune"}, 0, "removed 0 deployments")
	m.says(web, []string{"confirm"}, 2, "nothing is applied on this host")
	m.says(web, []string{"undo"}, 2, "nothing is applied on this host")
	if _, err := os.Stat(m.state); !os.IsNotExist(err) {
		t.Error("there is a folder now")
	}
}

func TestFactsThatThereAreNot(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil)
	for _, subset := range []string{"netwrok", "!netwrok"} {
		if text := m.says(web, []string{"facts", subset}, 2, `there are no facts of "netwrok": did you mean network?`); strings.Contains(text, "ansible_") {
			t.Error(text)
		}
	}
	m.says(web, []string{"facts", "web-1.example.com"}, 2, `there are no facts of "web-1.example.com": the subsets are all, min, platform, `)
}

// What cannot be used is told with the way out, and nothing runs.
func TestFolderThatCannotBeUsed(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	m.state = m.path("file")
	m.must(os.WriteFile(m.state, nil, 0o644))
	for _, command := range []string{"list", "run", "check", "verify", "undo", "prune", "confirm"} {
		m.says(web, []string{command}, 4, "error: the folder of deployments cannot be used: ", "not a directory", "hint: ", "--state-dir")
	}
	if !strings.Contains(m.read("f"), "no such file") {
		t.Error("ran all the same")
	}
}

// A copy that broke off has no program; it must not look like a program that did nothing.
func TestPartOfACopy(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	whole, err := os.ReadFile(web)
	m.must(err)
	m.must(os.WriteFile(web, whole[:len(whole)-50], 0o700))
	m.says(web, []string{"run"}, 2, "carries no program", "was not copied whole")
}
