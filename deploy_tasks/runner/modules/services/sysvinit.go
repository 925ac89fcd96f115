package services

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("sysvinit", sysvinit) }

var sysvinitSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true, Aliases: []string{"service"}},
	{Name: "state", Kind: kit.Text, Choices: []string{"started", "stopped", "restarted", "reloaded"}},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "sleep", Kind: kit.Int, Default: int64(1)},
	{Name: "pattern", Kind: kit.Text},
	{Name: "arguments", Kind: kit.Text, Aliases: []string{"args"}},
	{Name: "runlevels", Kind: kit.List},
	{Name: "daemonize", Kind: kit.Bool, Default: false},
}}

// sysv is one call of the module sysvinit.
type sysv struct {
	c       *module.Call
	p       *kit.Params
	host    host
	name    string
	words   []string
	status  *value.Dict
	changed bool
}

// sysvinit steers init scripts. daemonize changes nothing here: every command has a session of its own, and nobody waits
// for what it leaves behind.
func sysvinit(c *module.Call) module.Result {
	p, err := sysvinitSpec.Parse("sysvinit", c)
	if err != nil {
		return kit.Failure(err)
	}
	if !p.Has("state") && !p.Has("enabled") {
		return module.Failure("one of the following is required: state, enabled")
	}
	s := &sysv{c: c, p: p, host: kit.Tools{Call: c}, name: p.Str("name"), status: kit.Dict()}
	if err = plainName(s.name); err == nil {
		s.words, err = kit.SplitWords(p.Str("arguments"))
	}
	if err == nil && !scriptExists(s.name) {
		if c.Undo {
			return module.Result{}
		}
		err = fmt.Errorf("Could not find the requested service %s: ", s.name)
	}
	if err != nil {
		return kit.Failure(err)
	}
	return s.manage()
}

func (s *sysv) manage() module.Result {
	started, err := s.started()
	if err != nil {
		return kit.Failure(err)
	}
	if s.c.Undo {
		return s.afterUndo(started)
	}
	data := kit.Dict("name", s.name, "status", s.status)
	if r := s.enable(); r != nil {
		return *r
	}
	if r := s.state(started); r != nil {
		return *r
	}
	return module.Result{Changed: s.changed, Data: data}
}

func (s *sysv) afterUndo(started bool) module.Result {
	verb := map[string]string{"restarted": "restart", "reloaded": "reload"}[s.p.Str("state")]
	if !started || verb == "" {
		return module.Result{}
	}
	if _, err := change.Demand(s.host, sysvAgain(s.host, s.name, verb)...); err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: true}
}

// started asks the script; words count before the exit status, since scripts are not to be trusted with it.
func (s *sysv) started() (bool, error) {
	if pattern := s.p.Str("pattern"); pattern != "" {
		return processes(s.host, pattern)
	}
	out, err := s.host.Run(sysvArgv(s.host, s.name, "status"), "")
	if err != nil {
		return false, err
	}
	if s.name == "iptables" && strings.Contains(out.Stdout, "ACCEPT") {
		return true, nil
	}
	if strings.Count(out.Stdout, "\n") <= 1 {
		if up, known := oneLine(s.name, out.Stdout); known {
			return up, nil
		}
	}
	if exitMeansDown(out.Code) || out.Code == 0 {
		return out.Code == 0, nil
	}
	return processes(s.host, s.name)
}

func oneLine(name, text string) (up, known bool) {
	text = strings.ReplaceAll(strings.ToLower(text), strings.ToLower(name), "")
	has := func(word string) bool { return strings.Contains(text, word) }
	if slices.ContainsFunc([]string{"stop", "is dead ", "dead but ", "could not access pid file", "inactive"}, has) {
		return false, true
	}
	up = !has("not ") && slices.ContainsFunc([]string{"run", "start", "active"}, has)
	return up, up
}

// outcome is what a result tells of a command, or of none.
func outcome(changed bool, out *change.Output) *value.Dict {
	d := kit.Dict("changed", changed, "rc", nil, "stdout", nil, "stderr", nil)
	if out != nil {
		d.Set("rc", int64(out.Code))
		d.Set("stdout", out.Stdout)
		d.Set("stderr", out.Stderr)
	}
	return d
}

// enable links the script into runlevels; a result only when that failed.
func (s *sysv) enable() *module.Result {
	levels, wanted := s.p.List("runlevels"), s.p.Flag("enabled")
	differs := func(level string) bool { return linked(s.name, level) != wanted }
	change := s.p.Has("enabled") && (len(levels) == 0 && differs("") || slices.ContainsFunc(levels, differs))
	told := outcome(change, nil)
	s.status.Set("enabled", told)
	if change {
		s.changed = true
		if !s.c.Check {
			out, err := s.link(wanted, levels)
			if err != nil {
				return failed(err)
			}
			s.status.Set("enabled", outcome(true, &out))
			told = outcome(true, &out)
			s.status.Set("enabled", told)
		}
	}
	if len(levels) > 0 {
		told.Set("runlevels", kit.Items(levels))
	}
	return nil
}

func (s *sysv) link(on bool, levels []string) (out change.Output, err error) {
	argv := s.linkArgv(on, levels)
	if argv == nil {
		return out, nil
	}
	err = s.c.Log.Around(bootLinks(), strings.Join(argv[1:], " "), func() error {
		out, err = s.host.Run(argv, "")
		return err
	})
	if strings.Contains(out.Stderr, "illegal runlevel specified") {
		err = fmt.Errorf("Illegal runlevel specified for enable operation on service %s", s.name)
	}
	return out, err
}

func (s *sysv) linkArgv(on bool, levels []string) []string {
	updateRc, chkconfig := s.host.Find("update-rc.d"), s.host.Find("chkconfig")
	word := map[bool]string{true: "on", false: "off"}[on]
	switch {
	case updateRc != "" && on && len(levels) == 0 && !links("K", s.name, ""):
		return []string{updateRc, s.name, "defaults"}
	case updateRc != "":
		return append([]string{updateRc, s.name, map[bool]string{true: "enable", false: "disable"}[on]}, levels...)
	case chkconfig != "" && len(levels) > 0:
		return []string{chkconfig, "--level", strings.Join(levels, ""), s.name, word}
	case chkconfig != "":
		return []string{chkconfig, s.name, word}
	}
	return nil
}

// state starts, stops, reloads and restarts; a result only when that failed.
func (s *sysv) state(started bool) *module.Result {
	state := s.p.Str("state")
	key := state
	if state == "" {
		key = "null" // what Ansible's own result has there
	}
	if state == "" || state == "started" && started || state == "stopped" && !started {
		s.status.Set(key, outcome(false, nil))
		return nil
	}
	s.changed = true
	s.status.Set(key, outcome(true, nil))
	if s.c.Check {
		return nil
	}
	verb := map[string]string{"started": "start", "stopped": "stop", "restarted": "restart", "reloaded": "reload"}[state]
	if started && strings.HasPrefix(verb, "re") {
		if err := s.c.Log.AfterUndo(verb+" of "+s.name, sysvAgain(s.host, s.name, verb)); err != nil {
			return failed(err)
		}
	}
	return s.act(key, verb)
}

func (s *sysv) act(key, verb string) *module.Result {
	steps := []string{verb}
	if verb == "restart" {
		steps = []string{"stop", "start"}
	}
	var out change.Output
	err := s.c.Log.Set(sysvService, sysvThing(s.name, s.p.Str("pattern")), func() (err error) {
		for _, step := range steps {
			if out, err = s.host.Run(append([]string{script(s.name), step}, s.words...), ""); err != nil {
				return err
			}
			if out.Code != 0 {
				return errFailed
			}
			if verb == "restart" {
				pause(s.c, s.p.Int("sleep"))
			}
		}
		return nil
	})
	switch {
	case err != nil && out.Code != 0:
		r := kit.Failed("Failed to "+verb+" service: "+s.name, kit.Dict("rc", int64(out.Code), "stdout", out.Stdout, "stderr", out.Stderr))
		return &r
	case err != nil:
		return failed(err)
	}
	s.status.Set(key, outcome(true, &out))
	return nil
}

var errFailed = fmt.Errorf("the init script failed")

func failed(err error) *module.Result {
	r := kit.Failure(err)
	return &r
}
