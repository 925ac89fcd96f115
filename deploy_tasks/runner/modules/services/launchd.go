package services

import (
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("launchd", launchd) }

var launchdSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "plist", Kind: kit.Text},
	{Name: "state", Kind: kit.Text, Choices: []string{"reloaded", "restarted", "started", "stopped", "unloaded"}},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "force_stop", Kind: kit.Bool, Default: false},
}}

// launching is one call of the module launchd, which the module service hands its tasks to on a Mac.
type launching struct {
	c       *module.Call
	p       *kit.Params
	launchd launchControl
	changed bool // the definition is another one
}

// launchd starts and stops what the launchd of a Mac runs, and says in its definition whether it starts by itself.
func launchd(c *module.Call) module.Result {
	p, err := launchdSpec.Parse("launchd", c)
	if err != nil {
		return kit.Failure(err)
	}
	if !p.Has("state") && !p.Has("enabled") {
		return module.Failure("one of the following is required: state, enabled")
	}
	l := &launching{c: c, p: p, launchd: launchControl{tools: kit.Tools{Call: c}, label: p.Str("name")}}
	if err = l.find(); err != nil && c.Undo {
		return module.Result{Data: kit.Dict("name", p.Str("name"))} // it is gone again, and with it what should notice
	}
	if err != nil {
		return kit.Failure(err)
	}
	if c.Undo {
		return l.afterUndo()
	}
	r, err := l.manage()
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

// find finds launchctl and the definition.
func (l *launching) find() error {
	err := plainName(l.launchd.label)
	if err == nil {
		l.launchd.program, err = kit.Tools{Call: l.c}.Require("launchctl")
	}
	if err != nil {
		return err
	}
	name := l.launchd.label + ".plist"
	if p := l.p.Str("plist"); p != "" {
		name = p
	}
	l.launchd.plist = definition(launchFolders(kit.Environ(l.c.Env, "HOME")), name)
	if l.launchd.plist != "" {
		return nil
	}
	more := ""
	if state, err := l.launchd.state(); err == nil && state.is == unloaded {
		more = " and it was not found among active services"
	}
	return fmt.Errorf("Unable to find the plist file %s for service %s%s", name, l.launchd.label, more)
}

func (l *launching) manage() (module.Result, error) {
	if err := l.define(); err != nil {
		return module.Result{}, err
	}
	before, err := l.launchd.state()
	if err != nil {
		return module.Result{}, err
	}
	now, wanted := before, l.p.Str("state")
	if wanted != "" && !l.c.Check {
		if err := l.act(wanted, before); err != nil {
			return module.Result{}, err
		}
		if now, err = l.launchd.state(); err != nil {
			return module.Result{}, err
		}
	}
	changed := l.changed || now.is != before.is || now.pid != before.pid || l.c.Check && wanted != "" && now.is != wanted
	status := value.DictOf("previous_state", before.is, "previous_pid", before.pid, "current_state", now.is,
		"current_pid", now.pid, "status_code", now.status, "error", "")
	return module.Result{Changed: changed, Data: kit.Dict("name", l.launchd.label, "status", status)}, nil
}

// define writes what the task says of the definition: whether the service starts by itself, and with force_stop that it is
// not started again when it ends.
func (l *launching) define() error {
	if l.p.Has("enabled") {
		if err := l.write("RunAtLoad", l.p.Flag("enabled")); err != nil {
			return err
		}
	}
	if l.p.Flag("force_stop") {
		return l.write("KeepAlive", false)
	}
	return nil
}

func (l *launching) write(key string, wanted bool) error {
	is, there, err := l.launchd.defined(key)
	if err != nil || is == wanted {
		return err
	}
	l.changed = true
	if l.c.Check {
		return nil
	}
	return l.c.Log.Around([]string{l.launchd.plist}, key+" of "+l.launchd.label, func() error {
		return l.launchd.define(key, wanted, there)
	})
}

// act does what leads to a state, journalled.
func (l *launching) act(wanted string, is launchState) error {
	steps := launchSteps(wanted, is.is, l.changed)
	if len(steps) == 0 {
		return nil
	}
	if is.is != unloaded && steps[0] == "unload" && wanted != "unloaded" {
		// What launchd knows of the service is read again, once its definition is back.
		if err := l.c.Log.AfterUndo("reload of "+l.launchd.label, l.launchd.again()); err != nil {
			return err
		}
	}
	return l.c.Log.Set(launchdKind, l.launchd.thing(), func() error {
		for _, verb := range steps {
			if err := l.launchd.do(verb); err != nil {
				return err
			}
		}
		switch steps[len(steps)-1] {
		case "start":
			return l.launchd.wait(started)
		case "stop":
			return l.launchd.wait(stopped)
		}
		return nil
	})
}

// launchSteps are the verbs of launchctl that lead to a state. A definition that has changed, and one of a service that does
// not run, is read again.
func launchSteps(wanted, is string, changed bool) []string {
	again := []string{"unload", "load"}
	if is == unloaded {
		again = []string{"load"}
	}
	switch {
	case wanted == "unloaded" && is != unloaded:
		return []string{"unload"}
	case wanted == "reloaded":
		return again
	case wanted == "restarted", wanted == "started" && (is != started || changed):
		return append(again, "start")
	case wanted == "stopped" && (is == unknown || changed && is != unloaded):
		return append(again, "stop")
	case wanted == "stopped" && is == started:
		return []string{"stop"}
	}
	return nil
}

// afterUndo is for a handler that an undo fires: what is loaded is read again; all else is back already.
func (l *launching) afterUndo() module.Result {
	data := kit.Dict("name", l.launchd.label)
	state, err := l.launchd.state()
	if wanted := l.p.Str("state"); err != nil || state.is == unloaded || wanted != "restarted" && wanted != "reloaded" {
		return module.Result{Data: data}
	}
	argv := l.launchd.again()
	out, err := l.launchd.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = failedTo("reload "+l.launchd.label, out)
	}
	if err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: true, Data: data}
}

// launchPatience is how long a service may take to start or to end.
var launchPatience = 5 * time.Second

// wait waits until a service is in a state; launchctl does not. One that is in another one all the same is told as it is.
func (l launchControl) wait(wanted string) error {
	for end := time.Now().Add(launchPatience); ; time.Sleep(100 * time.Millisecond) {
		state, err := l.state()
		if err != nil || state.runs() == (wanted == started) || time.Now().After(end) {
			return err
		}
	}
}

// again is the command that reads a definition again where it is loaded, and starts what ran.
func (l launchControl) again() []string {
	return []string{"/bin/sh", "-c", readAgain, "sh", l.program, l.label, l.plist}
}

// readAgain has the program, the service and its definition as arguments: nothing of it comes from data. Loading may start
// what did not run.
const readAgain = `said=$("$1" list "$2" 2>/dev/null) || exit 0
"$1" unload "$3" && "$1" load "$3" || exit
case $said in *'"PID"'*) exec "$1" start "$2";; esac
"$1" stop "$2" || :`
