package services

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("supervisorctl", supervisorctl) }

var supervisorSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "config", Kind: kit.Path},
	{Name: "server_url", Kind: kit.Text},
	{Name: "supervisorctl_path", Kind: kit.Path},
	{Name: "state", Kind: kit.Text, Required: true, Choices: []string{"present", "started", "restarted", "stopped", "absent", "signalled"}},
	{Name: "stop_before_removing", Kind: kit.Bool, Default: false},
	{Name: "signal", Kind: kit.Text},
}}

// supervised is one call of the module supervisorctl.
type supervised struct {
	c     *module.Call
	p     *kit.Params
	ctl   supervisor
	name  string // without the colon of a group
	group bool
	state string
}

// supervisorctl adds and removes, starts and stops what supervisord runs.
func supervisorctl(c *module.Call) module.Result {
	p, err := supervisorSpec.Parse("supervisorctl", c)
	if err != nil {
		return kit.Failure(err)
	}
	s := &supervised{c: c, p: p, name: strings.TrimRight(p.Str("name"), ":"), group: strings.HasSuffix(p.Str("name"), ":"), state: p.Str("state")}
	if err := s.accepted(); err != nil {
		return kit.Failure(err)
	}
	if c.Undo {
		return s.afterUndo()
	}
	r, err := s.manage()
	if err != nil {
		failure := kit.Failure(err)
		var said refusal
		if errors.As(err, &said) {
			failure = module.Result{Failed: true, Msg: said.text, Data: said.data}
		}
		failure.Irreversible = r.Irreversible // some of several programs may have been sent the signal
		return failure
	}
	return r
}

// refusal is what supervisorctl says against something, with return values.
type refusal struct {
	text string
	data *value.Dict
}

func (r refusal) Error() string { return r.text }

func (s *supervised) accepted() error {
	if err := plainName(s.name); err != nil {
		return err
	}
	if s.state == "signalled" && !s.p.Has("signal") {
		return errors.New("state is signalled but all of the following are missing: signal")
	}
	if signal := s.p.Str("signal"); strings.HasPrefix(signal, "-") || strings.ContainsAny(signal, " \t\r\n\x00") {
		return fmt.Errorf("%s is no signal", value.Repr(signal))
	}
	tools := kit.Tools{Call: s.c}
	program := s.p.Str("supervisorctl_path")
	if program == "" {
		var err error
		if program, err = tools.Require("supervisorctl"); err != nil {
			return err
		}
	} else if info, err := os.Stat(program); err != nil || info.Mode()&0o111 == 0 {
		return fmt.Errorf("Provided path to supervisorctl does not exist or isn't executable: %s", program)
	}
	argv := []string{program}
	if s.p.Has("config") {
		argv = append(argv, "-c", s.p.Str("config"))
	}
	if url := s.p.Str("server_url"); url != kit.ShownText(url) {
		return errors.New("server_url holds a user or password, which would show among the processes: " +
			"name a file in config that has them in its section [supervisorctl]")
	} else if url != "" {
		argv = append(argv, "-s", url)
	}
	s.ctl = supervisor{tools, argv}
	return nil
}

// told are the return values of a call that went on to its end.
func (s *supervised) told() *value.Dict { return kit.Dict("name", s.name, "state", s.state) }

func (s *supervised) manage() (module.Result, error) {
	if s.state == "restarted" && !s.c.Check { // Ansible's module does so even in a check
		if err := s.noteRestart(); err != nil {
			return module.Result{}, err
		}
		if _, err := s.ctl.must("update"); err != nil {
			return module.Result{}, err
		}
	}
	found, err := s.ctl.programs(s.name, s.group)
	if err != nil {
		return module.Result{}, err
	}
	switch {
	case s.state == "absent" && len(found) == 0, s.state == "present" && len(found) > 0:
		return module.Result{Data: s.told()}, nil
	case s.state == "absent":
		return s.remove(found)
	case s.state == "present":
		return s.add()
	case len(found) == 0:
		return module.Result{}, refusal{"ERROR (no such process)", kit.Dict("name", s.name)}
	}
	return s.act(found)
}

// action is what a state asks for: the verb, what supervisorctl says when it went well, and which programs need it.
type action struct {
	verb, said string
	needed     func(program) bool
}

func (s *supervised) action() action {
	return map[string]action{
		"started":   {"start", "started", func(p program) bool { return !p.active() }},
		"stopped":   {"stop", "stopped", program.active},
		"restarted": {"restart", "started", func(program) bool { return true }},
		"signalled": {"signal " + s.p.Str("signal"), "signalled", func(p program) bool { return p.status == "RUNNING" }},
	}[s.state]
}

func (s *supervised) act(found []program) (module.Result, error) {
	a := s.action()
	found = slices.DeleteFunc(found, func(p program) bool { return !a.needed(p) })
	switch {
	case len(found) == 0:
		return module.Result{Data: s.told()}, nil
	case s.c.Check:
		return module.Result{Changed: true}, nil
	}
	r := module.Result{Changed: true, Data: s.told()}
	var affected []string
	for _, p := range found {
		affected = append(affected, p.name)
	}
	r.Data.Set("affected", kit.Items(affected))
	if s.state == "signalled" {
		r.Irreversible = "the signal " + s.p.Str("signal") + " to " + strings.Join(affected, ", ")
		return r, s.each(found, a)
	}
	return r, s.journalled(func() error { return s.each(found, a) })
}

func (s *supervised) each(found []program, a action) error {
	for _, p := range found {
		said, err := s.ctl.must(a.verb, p.name)
		if err != nil {
			return err
		}
		if !strings.Contains(said, p.name+": "+a.said) {
			return refusal{text: said}
		}
	}
	return nil
}

// journalled does something to the programs of the name.
func (s *supervised) journalled(act func() error) error {
	name := s.name
	if s.group {
		name += ":"
	}
	return s.c.Log.Set(supervisedKind, supervisedName(name, s.ctl.argv), act)
}

func (s *supervised) add() (module.Result, error) {
	return s.change("add", "added", func() error { return nil })
}

func (s *supervised) remove(found []program) (module.Result, error) {
	return s.change("remove", "removed", func() error {
		if !s.p.Flag("stop_before_removing") {
			return nil
		}
		running := slices.DeleteFunc(slices.Clone(found), func(p program) bool { return !p.active() })
		return s.each(running, action{verb: "stop", said: "stopped"})
	})
}

// change adds or removes a group of programs.
func (s *supervised) change(verb, said string, first func() error) (module.Result, error) {
	if s.c.Check {
		return module.Result{Changed: true}, nil
	}
	err := s.journalled(func() error {
		if err := first(); err != nil {
			return err
		}
		if _, err := s.ctl.must("reread"); err != nil {
			return err
		}
		out, err := s.ctl.run(verb, s.name)
		if err == nil && !strings.Contains(out.Stdout, s.name+": "+said+" process group") {
			err = refusal{out.Stdout, s.told()}
		}
		return err
	})
	return module.Result{Changed: true, Data: s.told()}, err
}

// again has supervisord read its files, and restarts programs that run. Its arguments are what the programs are called and
// then the command: nothing in it comes from data.
const again = `p=$1; shift; "$@" update || exit; case $("$@" status "$p") in *RUNNING*|*STARTING*) exec "$@" restart "$p";; esac`

// noteRestart has an undo restart the programs once their files are as they were.
func (s *supervised) noteRestart() error {
	return s.c.Log.AfterUndo("restart of "+s.name, s.againArgs())
}

func (s *supervised) againArgs() []string {
	name := s.name
	if s.group {
		name += ":*"
	}
	return append([]string{"/bin/sh", "-c", again, "sh", name}, s.ctl.argv...)
}

// afterUndo is for a handler that an undo fires.
func (s *supervised) afterUndo() module.Result {
	if s.state != "restarted" {
		return module.Result{Data: s.told()}
	}
	if _, err := change.Demand(s.ctl.tools, s.againArgs()...); err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: true, Data: s.told()}
}
