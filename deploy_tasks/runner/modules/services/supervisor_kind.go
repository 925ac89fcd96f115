package services

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// supervisedKind is the kind of programs that supervisord runs. Its names say how it is asked: NAME by COMMAND LINE, where
// NAME ends with a colon for a group.
const (
	supervisedKind = "supervised program"
	asked          = " by "
)

func init() { change.RegisterKind(supervisedKind, supervisedPrograms{}) }

func supervisedName(name string, argv []string) string { return name + asked + kit.QuotedLine(argv) }

// supervisor is supervisord, through its command.
type supervisor struct {
	tools change.Tools
	argv  []string
}

// program is a line of its status: the name, with that of its group before a colon where that is another one.
type program struct{ name, status string }

func (p program) active() bool { return p.status == "RUNNING" || p.status == "STARTING" }

func (s supervisor) run(words ...string) (change.Output, error) {
	return s.tools.Run(append(append([]string{}, s.argv...), words...), "")
}

// must is run where a failure ends the task.
func (s supervisor) must(words ...string) (string, error) {
	out, err := s.run(words...)
	if err != nil || out.Code == 0 {
		return out.Stdout, err
	}
	data := kit.Dict("rc", int64(out.Code))
	kit.SetOutput(data, "stdout", out.Stdout)
	kit.SetOutput(data, "stderr", out.Stderr)
	return out.Stdout, refusal{strings.TrimRight(out.Stderr, " \t\r\n"), data}
}

// programs are those of a name, or of a group.
func (s supervisor) programs(name string, group bool) ([]program, error) {
	out, err := s.run("status")
	if err != nil {
		return nil, err
	}
	return matching(out.Stdout, name, group), nil
}

// matching picks the programs of a name, or of a group, from what status prints.
func matching(status, name string, group bool) []program {
	var found []program
	for _, line := range strings.Split(status, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		of, _, grouped := strings.Cut(words[0], ":")
		if group && grouped && of == name || !group && (words[0] == name || name == "all") {
			found = append(found, program{words[0], words[1]})
		}
	}
	return found
}

// supervisedPrograms is the kind.
type supervisedPrograms struct{}

func openSupervised(t change.Tools, name string) (s supervisor, what string, group bool, err error) {
	what, line, _ := strings.Cut(name, asked)
	argv, err := kit.SplitWords(line)
	return supervisor{t, argv}, strings.TrimSuffix(what, ":"), strings.HasSuffix(what, ":"), err
}

// Inspect implements change.Kind: which programs there are, and which run.
func (supervisedPrograms) Inspect(t change.Tools, name string) (any, error) {
	s, what, group, err := openSupervised(t, name)
	if err != nil {
		return nil, err
	}
	out, err := s.run("status")
	if err != nil {
		return nil, err
	}
	if out.Code != 0 && strings.Contains(out.Stdout, "refused connection") || strings.Contains(out.Stdout, "no such file") {
		return nil, fmt.Errorf("supervisord does not answer: %s", strings.TrimSpace(out.Stdout))
	}
	found := value.NewDict()
	for _, p := range matching(out.Stdout, what, group) {
		found.Set(p.name, p.active())
	}
	return found, nil
}

// Restore implements change.Kind.
func (k supervisedPrograms) Restore(t change.Tools, name string, before, now any) error {
	s, what, _, err := openSupervised(t, name)
	if err != nil {
		return err
	}
	was, _ := before.(*value.Dict)
	is, _ := now.(*value.Dict)
	if was.Len() > 0 && is.Len() == 0 && what != "all" {
		if _, err := s.must("reread"); err != nil {
			return err
		}
		if _, err := s.must("add", what); err != nil {
			return err
		}
		if now, err = k.Inspect(t, name); err != nil {
			return err
		}
		is, _ = now.(*value.Dict)
	}
	if err := s.settle(was, is); err != nil || was.Len() > 0 || is.Len() == 0 || what == "all" {
		return err
	}
	_, err = s.must("remove", what)
	return err
}

// settle starts what ran, and stops what did not.
func (s supervisor) settle(was, is *value.Dict) error {
	for _, name := range kit.KeysOf(is) {
		running, _ := is.Get(name)
		ran, _ := was.Get(name)
		verb := map[bool]string{true: "start", false: "stop"}[ran == true]
		if (running == true) == (ran == true) {
			continue
		}
		if _, err := s.must(verb, name); err != nil {
			return err
		}
	}
	return nil
}
