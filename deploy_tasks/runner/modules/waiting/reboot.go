package waiting

import (
	"context"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("reboot", reboot) }

var rebootSpec = kit.Spec{Args: []kit.Arg{
	{Name: "pre_reboot_delay", Kind: kit.Int, Default: int64(0)},
	{Name: "post_reboot_delay", Kind: kit.Int, Default: int64(0)},
	{Name: "reboot_timeout", Kind: kit.Int, Default: int64(600)},
	{Name: "connect_timeout", Kind: kit.Int, Default: int64(0)},
	{Name: "test_command", Kind: kit.Text},
	{Name: "msg", Kind: kit.Text, Default: "Reboot initiated by Ansible"},
	{Name: "search_paths", Kind: kit.List, Default: []string{"/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"}},
	{Name: "boot_time_command", Kind: kit.Text},
	{Name: "reboot_command", Kind: kit.Text},
}}

// What a host that restarts is waited for.
const (
	bootTime = "last boot time check"
	works    = "post-reboot test command"
)

// rebooting is one reboot whose arguments passed the checks.
type rebooting struct {
	c    *module.Call
	p    *kit.Params
	kind system
}

// reboot restarts the host, or looks whether the restart that it began is over.
func reboot(c *module.Call) module.Result {
	p, err := rebootSpec.Parse("reboot", c)
	if err != nil {
		return kit.Failure(err)
	}
	switch {
	case c.Verify:
		return module.Result{Skipped: true} // to look again is no reason to restart again
	case local(c):
		return notRebooted("Running reboot with local connection would reboot the control node.", "changed", false, "elapsed", int64(0), "rebooted", false)
	case c.Check:
		return module.Result{Changed: true, Data: kit.Dict("elapsed", int64(0), "rebooted", true)}
	}
	r := &rebooting{c, p, systemOf(c.Facts([]string{"!all", "!min", "distribution"}))}
	if c.Restart.Left == nil {
		return r.begin()
	}
	return r.end(c.Restart.Left)
}

// local says whether the run was started by hand, or by a worker on its own machine. A check asks nobody to bring it back.
func local(c *module.Call) bool {
	how, _, err := c.Vars.Lookup("ansible_connection")
	return err == nil && how == "local" || c.Restart == nil && !c.Check
}

func notRebooted(msg string, pairs ...any) module.Result {
	return module.Result{Failed: true, Msg: msg, Data: value.DictOf(pairs...)}
}

// begin restarts the host. The run has to end then, and is kept before.
func (r *rebooting) begin() module.Result {
	boot, err := r.boot()
	if err != nil {
		return notRebooted(err.Error(), "reboot", false)
	}
	argv, err := r.command()
	if err != nil {
		return module.Failure(err.Error())
	}
	if err := r.c.Log.Warn("the host was restarted"); err != nil {
		return kit.Failure(err)
	}
	limits := kit.Dict("timeout", r.p.Int("reboot_timeout"), "delay", max(r.p.Int("post_reboot_delay"), 0), "connect_timeout", max(r.p.Int("connect_timeout"), 0))
	if err := r.c.Restart.Leave(kit.Dict("boot", boot), limits); err != nil {
		return notRebooted(err.Error(), "elapsed", int64(0), "rebooted", false)
	}
	done, err := r.restart(argv)
	if err == nil && done.Code == 0 {
		return module.Result{Away: bootTime}
	}
	said := done.Stderr
	if err != nil {
		said = err.Error()
	}
	if err := r.c.Restart.Back(false); err != nil {
		return module.Failure(err.Error())
	}
	return notRebooted(fmt.Sprintf("Reboot command failed. Error was: '%s, %s'", strings.TrimSpace(done.Stdout), strings.TrimSpace(said)),
		"elapsed", int64(0), "rebooted", false)
}

// restart runs the command that restarts the host. It is not stopped with the run: that a host which goes down ends the run
// is no reason to stop going down; nor does a later run take it for something left behind.
func (r *rebooting) restart(argv []string) (module.Finished, error) {
	limit := time.Duration(min(max(r.p.Int("reboot_timeout"), 1), 1e6)) * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.c.Ctx), limit)
	defer cancel()
	alone := *r.c
	alone.Ctx, alone.Started = ctx, nil
	return alone.Run(module.Process{Argv: argv})
}

// end looks whether the host has started again and works.
func (r *rebooting) end(left *value.Dict) module.Result {
	before, _ := left.Get("boot")
	waits := ""
	if now, err := r.boot(); err != nil || now == "" || now == before {
		waits = bootTime
	} else if done, err := r.c.Run(module.Process{Argv: kit.ShellArgv("", r.testCommand(), nil)}); err != nil || done.Code != 0 {
		waits = works
	}
	if waits != "" && waits != r.c.Restart.Over {
		return module.Result{Away: waits}
	}
	if err := r.c.Restart.Back(true); err != nil {
		return module.Failure(err.Error())
	}
	elapsed := int64(r.c.Restart.Waited / time.Second)
	if waits == "" {
		return module.Result{Changed: true, Data: kit.Dict("elapsed", elapsed, "rebooted", true)}
	}
	return notRebooted(fmt.Sprintf("Timed out waiting for %s (timeout=%d)", waits, r.p.Int("reboot_timeout")), "elapsed", elapsed, "rebooted", true)
}

// boot is what tells one start of the host from another.
func (r *rebooting) boot() (string, error) {
	done, err := r.c.Run(module.Process{Argv: kit.ShellArgv("", r.bootCommand(), nil)})
	if err != nil {
		return "", err
	}
	if done.Code != 0 {
		return "", fmt.Errorf("reboot: failed to get host boot time info, rc: %d, stdout: %s, stderr: %s", done.Code, done.Stdout, done.Stderr)
	}
	return strings.TrimSpace(done.Stdout), nil
}
