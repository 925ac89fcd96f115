package services

import (
	"slices"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("service", service) }

// service hands the task to the module of the host's service manager, as Ansible's action of that name does.
func service(c *module.Call) module.Result {
	uses := "auto"
	if use := at(c.Args, "use"); use != nil {
		uses = value.Str(use)
	}
	if uses == "auto" {
		uses = manager(c)
	}
	inner := *c
	inner.Args = c.Args.Copy()
	inner.Args.Delete("use")
	switch uses {
	case "systemd":
		for _, unused := range []string{"pattern", "runlevel", "sleep", "arguments", "args"} {
			inner.Args.Delete(unused)
		}
		return systemd(&inner)
	case "sysvinit":
		return sysvinit(&inner)
	case "launchd":
		return launchd(&inner)
	case "openwrt_init", "smf", "src", "upstart":
		return module.Failure(fmt.Sprintf("services of %s are not supported: run its own command, with an undo: of the task", uses))
	}
	return classic(&inner)
}

// manager is the fact ansible_service_mgr.
func manager(c *module.Call) string {
	found := c.Facts([]string{"!all", "!min", "service_mgr"})
	for _, key := range []string{"ansible_service_mgr", "service_mgr"} {
		if v := at(found, key); v != nil {
			return value.Str(v)
		}
	}
	return "service"
}

var classicSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "state", Kind: kit.Text, Choices: []string{"started", "stopped", "reloaded", "restarted"}},
	{Name: "sleep", Kind: kit.Int},
	{Name: "pattern", Kind: kit.Text},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "runlevel", Kind: kit.Text, Default: "default"},
	{Name: "arguments", Kind: kit.Text, Default: "", Aliases: []string{"args"}},
}}

// job is one call of the module that finds the manager by itself.
type job struct {
	c       *module.Call
	p       *kit.Params
	host    host
	name    string
	words   []string // the argument arguments
	tool    tool
	changed bool
	data    *value.Dict
}

// tool is a service manager as a job needs it.
type tool interface {
	// thing is how the journal calls the service.
	thing() (kind, name string)
	running() (running, known bool, err error)
	enabled() (bool, error)
	// enable has the service start at boot, or not; folders are where that writes.
	enable(on bool) error
	folders() []string
	// argv is start, stop, reload, restart or status.
	argv(verb string) []string
	// again is a command for after an undo that does this once more when the service runs.
	again(verb string) []string
	// restarts tells whether restart is a verb of its own; otherwise it is stop and start.
	restarts() bool
	// checksOn tells whether a check looks at the state when the enablement would change already.
	checksOn() bool
}

func classic(c *module.Call) module.Result {
	p, err := classicSpec.Parse("service", c)
	if err != nil {
		return kit.Failure(err)
	}
	if !p.Has("state") && !p.Has("enabled") {
		return module.Failure("one of the following is required: state, enabled")
	}
	j := &job{c: c, p: p, host: kit.Tools{Call: c}, name: p.Str("name"), data: kit.Dict("name", p.Str("name"))}
	if err = plainName(j.name); err == nil {
		j.words, err = kit.SplitWords(p.Str("arguments"))
	}
	if err == nil {
		j.tool, err = j.findTool()
	}
	switch {
	case err != nil && c.Undo:
		return module.Result{Data: j.data} // the service is gone again, and with it what should notice
	case err != nil:
		return kit.Failure(err)
	case c.Undo:
		return j.afterUndo()
	}
	return j.manage()
}

// findTool finds what manages services here.
func (j *job) findTool() (tool, error) {
	updateRc, chkconfig := j.host.Find("update-rc.d"), j.host.Find("chkconfig")
	rcService, systemctl := j.host.Find("rc-service"), j.host.Find("systemctl")
	switch {
	case systemctl != "" && booted():
		return bySystemd{j, systemctl}, nil
	case rcService != "":
		return byOpenRC{j, rcService, j.host.Find("rc-update")}, nil
	case scriptExists(j.name) && updateRc != "":
		return byScript{j, updateRc, false}, nil
	case scriptExists(j.name) && chkconfig != "":
		return byScript{j, chkconfig, true}, nil
	}
	return nil, missing(j.name)
}

func (j *job) manage() module.Result {
	if j.p.Has("enabled") {
		if err := j.enable(); err != nil {
			return kit.Failure(err)
		}
		if j.c.Check && j.changed && !j.tool.checksOn() {
			return module.Result{Changed: true}
		}
		j.data.Set("enabled", j.p.Flag("enabled"))
	}
	if !j.p.Has("state") {
		return module.Result{Changed: j.changed, Data: j.data}
	}
	running, err := j.running()
	if err != nil {
		return kit.Failure(err)
	}
	verb := wantedVerb(j.p.Str("state"), running)
	if j.c.Check && verb != "" {
		return module.Result{Changed: true, Msg: "service state changed"}
	}
	if verb != "" {
		if err := j.act(verb, running); err != nil {
			return kit.Failure(err)
		}
	}
	j.data.Set("state", map[bool]string{true: "stopped", false: "started"}[j.p.Str("state") == "stopped"])
	return module.Result{Changed: j.changed || verb != "", Data: j.data}
}

// wantedVerb is what has to be done for a state, "" for nothing.
func wantedVerb(state string, running bool) string {
	switch {
	case state == "restarted":
		return "restart"
	case state == "stopped" && running:
		return "stop"
	case state != "stopped" && !running:
		return "start"
	case state == "reloaded":
		return "reload"
	}
	return ""
}

func (j *job) enable() error {
	on := j.p.Flag("enabled")
	enabled, err := j.tool.enabled()
	if err != nil || on == enabled {
		return err
	}
	j.changed = true
	if j.c.Check {
		return nil
	}
	what := map[bool]string{true: "enabling", false: "disabling"}[on] + " " + j.name
	return j.c.Log.Around(j.tool.folders(), what, func() error { return j.tool.enable(on) })
}

func (j *job) running() (bool, error) {
	if pattern := j.p.Str("pattern"); pattern != "" {
		return processes(j.host, pattern)
	}
	running, known, err := j.tool.running()
	if err == nil && !known {
		err = fmt.Errorf("failed determining service state, possible typo of service name?")
	}
	return running, err
}

// act starts, stops, reloads or restarts.
func (j *job) act(verb string, running bool) error {
	if running && (verb == "restart" || verb == "reload") {
		if err := j.c.Log.AfterUndo(verb+" of "+j.name, j.tool.again(verb)); err != nil {
			return err
		}
	}
	kind, name := j.tool.thing()
	return j.c.Log.Set(kind, name, func() error {
		if verb == "restart" && !j.tool.restarts() {
			return j.restart()
		}
		out, err := j.host.Run(append(j.tool.argv(verb), j.words...), "")
		if err == nil && out.Code != 0 {
			err = failedTo(verb+" of "+j.name, out)
		}
		return err
	})
}

// restart stops and starts. A service that could not be stopped is no matter when it has started.
func (j *job) restart() error {
	stopped, err := j.host.Run(append(j.tool.argv("stop"), j.words...), "")
	if err != nil {
		return err
	}
	pause(j.c, j.p.Int("sleep"))
	started, err := j.host.Run(append(j.tool.argv("start"), j.words...), "")
	if err != nil || started.Code == 0 {
		return err
	}
	started.Stdout, started.Stderr = stopped.Stdout+started.Stdout, stopped.Stderr+started.Stderr
	return failedTo("restart of "+j.name, started)
}

// afterUndo is for a handler that an undo fires: what runs notices that its files are as they were; all else is back already.
func (j *job) afterUndo() module.Result {
	state := j.p.Str("state")
	running, err := j.running()
	if err != nil || !running || !slices.Contains([]string{"restarted", "reloaded"}, state) {
		return module.Result{Data: j.data}
	}
	argv := j.tool.again(map[string]string{"restarted": "restart", "reloaded": "reload"}[state])
	out, err := j.host.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = failedTo(state+" "+j.name, out)
	}
	if err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: true, Data: j.data}
}
