package services

import (
	"os"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() {
	module.Register("systemd", systemd)
	module.Register("systemd_service", systemd)
}

var systemdSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Aliases: []string{"service", "unit"}},
	{Name: "state", Kind: kit.Text, Choices: []string{"reloaded", "restarted", "started", "stopped"}},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "force", Kind: kit.Bool},
	{Name: "masked", Kind: kit.Bool},
	{Name: "daemon_reload", Kind: kit.Bool, Default: false, Aliases: []string{"daemon-reload"}},
	{Name: "daemon_reexec", Kind: kit.Bool, Default: false, Aliases: []string{"daemon-reexec"}},
	{Name: "scope", Kind: kit.Text, Default: "system", Choices: []string{"system", "user", "global"}},
	{Name: "no_block", Kind: kit.Bool, Default: false},
}}

// unit is one call of the module systemd.
type unit struct {
	c        *module.Call
	p        *kit.Params
	host     host
	name     string
	scope    scope
	command  []string // systemctl with the options of every call
	status   *value.Dict
	native   bool // systemd knows it; otherwise it may be an init script
	data     *value.Dict
	changed  bool
	ephemera string // what cannot be taken back
}

// systemd steers units: Ansible's systemd_service.
func systemd(c *module.Call) module.Result {
	p, err := systemdSpec.Parse("systemd", c)
	if err != nil {
		return kit.Failure(err)
	}
	for _, name := range []string{"state", "enabled", "masked"} {
		if p.Has(name) && !p.Has("name") {
			return module.Failure("missing parameter(s) required by '" + name + "': name")
		}
	}
	u, err := newUnit(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Undo {
		return u.afterUndo()
	}
	if err := u.manage(); err != nil {
		r := kit.Failed(kit.Reason(err), nil)
		r.Irreversible = u.ephemera
		return r
	}
	return module.Result{Changed: u.changed, Data: u.data, Irreversible: u.ephemera}
}

func newUnit(c *module.Call, p *kit.Params) (*unit, error) {
	u := &unit{c: c, p: p, host: kit.Tools{Call: c}, name: p.Str("name"), status: kit.Dict()}
	if at := strings.IndexAny(u.name, "*?["); at >= 0 {
		return nil, fmt.Errorf("This module does not currently support using glob patterns, found '%s' in service name: %s", u.name[at:at+1], u.name)
	}
	if p.Has("name") {
		if err := plainName(u.name); err != nil {
			return nil, err
		}
	}
	program := u.host.Find("systemctl")
	if program == "" {
		return nil, fmt.Errorf("Failed to find required executable \"systemctl\" in paths: %s", kit.Environ(c.Env, "PATH"))
	}
	u.scope = scopeOf(c, p.Str("scope"))
	u.command = u.scope.environment(c, program)
	for _, option := range []string{"no_block", "force"} {
		if p.Flag(option) {
			u.command = append(u.command, "--"+strings.ReplaceAll(option, "_", "-"))
		}
	}
	u.data = kit.Dict("name", kit.Nullable(p.Optional("name")), "status", u.status)
	return u, nil
}

func (u *unit) manage() error {
	for _, verb := range []string{"daemon_reload", "daemon_reexec"} {
		if u.p.Flag(verb) && !u.c.Check {
			if err := u.daemon(strings.ReplaceAll(verb, "_", "-")); err != nil {
				return err
			}
		}
	}
	if u.name == "" {
		return nil
	}
	if err := u.look(); err != nil {
		return err
	}
	action, err := u.action()
	if err != nil {
		return err
	}
	if action != "stop" && action != "restart" {
		return u.perform(action)
	}
	// An undo first brings back the files, a mask for one, and then what had been running.
	return u.journalled(func() error { return u.perform(action) })
}

// perform masks, enables and acts, in this order.
func (u *unit) perform(action string) error {
	if err := u.mask(); err != nil {
		return err
	}
	if err := u.enable(); err != nil {
		return err
	}
	return u.act(action)
}

// daemon has systemd read its files anew, and again when an undo has put them back.
func (u *unit) daemon(verb string) error {
	if verb == "daemon-reload" {
		if err := u.reloadAfterUndo(); err != nil {
			return err
		}
	}
	out, err := u.run(verb)
	if err != nil || out.Code == 0 || offline(u.c) {
		return err
	}
	return fmt.Errorf("failure %d during %s: %s", out.Code, verb, out.Stderr)
}

func (u *unit) reloadAfterUndo() error {
	if u.scope.kind == "global" || !booted() {
		return nil
	}
	return u.c.Log.AfterUndo("systemd reads its units again", append(u.scope.forUndo(u.host.Find("systemctl")), "daemon-reload"))
}

func (u *unit) run(words ...string) (change.Output, error) {
	return u.host.Run(append(u.command[:len(u.command):len(u.command)], words...), "")
}

// look finds out whether there is such a unit, and how it is.
func (u *unit) look() error {
	out, err := u.run("show", u.name)
	if err != nil {
		return err
	}
	if out.Code == 0 && !ignored(out) {
		readShow(u.status, out.Stdout)
		load := value.Str(at(u.status, "LoadState"))
		u.native = at(u.status, "LoadState") != nil && load != "not-found"
		if broken := at(u.status, "LoadError"); u.native && load != "masked" && broken != nil {
			return fmt.Errorf("Error loading unit file '%s': %s", u.name, value.Str(broken))
		}
		return nil
	}
	return u.lookOffline()
}

// lookOffline is for a host whose systemd does not run: in a chroot, or while an image is made.
func (u *unit) lookOffline() error {
	out, err := u.run("is-enabled", u.name)
	if err != nil {
		return err
	}
	switch strings.TrimSpace(out.Stdout) {
	case "enabled", "enabled-runtime", "linked", "linked-runtime", "masked", "masked-runtime", "static", "indirect", "disabled", "generated", "transient":
		u.native = true
		return nil
	}
	out, err = u.run("list-unit-files", u.name)
	if err != nil || out.Code == 0 {
		u.native = err == nil
		return err
	}
	out, err = u.run()
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("%s", kit.Said(out))
	}
	return err
}

func (u *unit) found() bool { return u.native || scriptExists(u.name) }

// ignored tells whether systemctl did nothing because it saw that systemd does not run.
func ignored(out change.Output) bool {
	for _, text := range []string{out.Stdout, out.Stderr} {
		if !strings.Contains(text, "=") && (strings.Contains(text, "ignoring request") || strings.Contains(text, "ignoring command")) {
			return true
		}
	}
	return false
}

// booted tells whether systemd runs this host.
func booted() bool { return kit.Exists("/run/systemd/system") }

// offline tells whether this is the inside of a chroot, or systemd was told to act as if it were.
func offline(c *module.Call) bool {
	if kit.Environ(c.Env, "SYSTEMD_OFFLINE") == "1" || kit.Environ(c.Env, "debian_chroot") != "" {
		return true
	}
	mine, err := os.Stat("/")
	first, firstErr := os.Stat("/proc/1/root/.")
	return err == nil && firstErr == nil && !os.SameFile(mine, first)
}

func at(d *value.Dict, key string) any {
	v, _ := d.Get(key)
	return v
}
