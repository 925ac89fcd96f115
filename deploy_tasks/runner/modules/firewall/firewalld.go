package firewall

import (
	"errors"
	"runtime"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() {
	module.Register("firewalld", firewalld)
	change.RegisterKind(runningKind, runningSetting{})
	change.RegisterKind(permanentKind, permanentSetting{})
}

// oneOf are the arguments of which a task has one at most.
var oneOf = []string{"icmp_block", "icmp_block_inversion", "service", "protocol", "port", "port_forward", "rich_rule",
	"interface", "forward", "masquerade", "source", "target"}

var firewalldSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "icmp_block", Kind: kit.Text},
		{Name: "icmp_block_inversion", Kind: kit.Text},
		{Name: "service", Kind: kit.Text},
		{Name: "protocol", Kind: kit.Text},
		{Name: "port", Kind: kit.Text},
		{Name: "port_forward", Kind: kit.Raw},
		{Name: "rich_rule", Kind: kit.Text},
		{Name: "zone", Kind: kit.Text},
		{Name: "immediate", Kind: kit.Bool, Default: false},
		{Name: "source", Kind: kit.Text},
		{Name: "permanent", Kind: kit.Bool, Default: false},
		{Name: "state", Kind: kit.Text, Required: true, Choices: []string{"absent", "disabled", "enabled", "present"}},
		{Name: "timeout", Kind: kit.Int, Default: int64(0)},
		{Name: "interface", Kind: kit.Text},
		{Name: "forward", Kind: kit.Text},
		{Name: "masquerade", Kind: kit.Text},
		{Name: "offline", Kind: kit.Bool, Default: false},
		{Name: "target", Kind: kit.Text, Choices: []string{"default", "ACCEPT", "DROP", "%%REJECT%%"}},
	},
	Exclusive: [][]string{oneOf},
}

// zoning is one call of the module firewalld.
type zoning struct {
	c         *module.Call
	p         *kit.Params
	daemon    *daemon
	zone      string
	permanent bool
	immediate bool
	changed   bool
	msgs      []string
}

// firewalld changes zones of the daemon of this name: what it does now, what it will do after its next start, or both.
func firewalld(c *module.Call) module.Result {
	p, err := firewalldSpec.Parse("firewalld", c)
	if err == nil {
		err = kit.LinuxOnly("firewalld", runtime.GOOS)
	}
	if err != nil {
		return kit.Failure(err)
	}
	z := &zoning{c: c, p: p, daemon: &daemon{tools: kit.Tools{Call: c}}, permanent: p.Flag("permanent"), immediate: p.Flag("immediate")}
	err = z.manage()
	var said refusedBy
	switch {
	case errors.As(err, &said):
		return module.Result{Failed: true, Msg: z.exception(said)}
	case err != nil:
		return kit.Failure(err)
	case c.Check && z.changed:
		return module.Result{Changed: true}
	}
	if z.daemon.stopped {
		z.msgs = append(z.msgs, "(offline operation: only on-disk configs were altered)")
	}
	return module.Result{Changed: z.changed, Msg: strings.Join(z.msgs, ", ")}
}

// exception words a refusal as Ansible does.
func (z *zoning) exception(said refusedBy) string {
	text := string(said)
	if strings.Contains(text, "INVALID_SERVICE") {
		z.msgs = append(z.msgs, "Services are defined by port/tcp relationship and named as they are in /etc/services (on most systems)")
	}
	if !z.daemon.stopped && !strings.HasPrefix(text, "INVALID_RULE") { // rules are read before the daemon is asked
		text = "org.fedoraproject.FirewallD1.Exception: " + text
	}
	text = "ERROR: Exception caught: " + text
	if len(z.msgs) > 0 {
		text += " " + strings.Join(z.msgs, ", ")
	}
	return text
}

func (z *zoning) manage() error {
	for _, name := range []string{"interface", "target"} {
		if z.p.Has(name) && !z.p.Has("zone") {
			return fmt.Errorf("missing parameter(s) required by '%s': zone", name)
		}
	}
	if z.p.Flag("offline") && !z.permanent {
		return errors.New("offline cannot be enabled unless permanent changes are allowed")
	}
	z.immediate = z.immediate || !z.permanent
	var err error
	if z.zone = z.p.Str("zone"); z.zone == "" {
		if z.zone, err = z.daemon.defaultZone(); err != nil {
			return err
		}
	}
	goal, err := z.goal()
	if err != nil || goal == nil {
		return err
	}
	return z.settle(goal)
}

// settle makes it so, where it is not so yet: what is kept first, then what holds now.
func (z *zoning) settle(g *goal) error {
	due, err := z.due(g)
	if err != nil {
		return err
	}
	z.msgs = append(z.msgs, map[[2]bool]string{{true, true}: "Permanent and Non-Permanent(immediate) operation", {true, false}: "Permanent operation",
		{false, true}: "Non-permanent operation"}[[2]bool{z.permanent, z.immediate}])
	if z.changed = len(due) > 0; !z.changed || z.c.Check {
		return nil
	}
	for _, permanent := range due {
		if err := z.set(g, permanent); err != nil {
			return err
		}
	}
	for _, text := range []string{map[bool]string{true: g.enabled, false: g.disabled}[g.on], g.told} {
		if text != "" {
			z.msgs = append(z.msgs, text)
		}
	}
	return nil
}

// due tells where it is not so yet: in what is kept (true), and now (false).
func (z *zoning) due(g *goal) (due []bool, err error) {
	look := func(permanent bool) error {
		is, err := g.is(z.daemon, permanent)
		if err == nil && g.differs(is) {
			due = append(due, permanent)
		}
		return err
	}
	if z.permanent {
		if err := look(true); err != nil {
			return nil, err
		}
	}
	if z.p.Flag("offline") && z.daemon.stopped {
		z.immediate = false
	}
	switch {
	case !z.immediate:
		return due, nil
	case z.daemon.stopped:
		return nil, errStopped
	case g.permanentOnly():
		return nil, errors.New("Zone operations must be permanent. Make sure you didn't set the 'permanent' flag to 'false' or the 'immediate' flag to 'true'.")
	}
	return due, look(false)
}

// set makes one of the changes, journalled.
func (z *zoning) set(g *goal, permanent bool) error {
	if !permanent {
		step := step{g.setting, g.on}
		return z.c.Log.Set(runningKind, step.String(), func() error { return step.now(z.daemon, z.p.Int("timeout")) })
	}
	steps := []step{{g.setting, g.on}}
	if g.what == "interface" && g.on {
		was, err := g.zoneOf(z.daemon, true)
		if err != nil {
			return err
		}
		if was != "" && was != g.zone {
			steps = []step{{setting{was, g.what, g.value}, false}, steps[0]}
		}
	}
	for _, step := range steps {
		err := z.c.Log.Set(permanentKind, step.String(), func() error { return z.keep(step) })
		if err != nil {
			return err
		}
	}
	return nil
}

// keep does a step to what holds after the next start. Told of a file that an undo may leave beside the zone's, the journal
// knows the times of their folder.
func (z *zoning) keep(s step) error {
	act := func() error {
		_, err := z.daemon.ask(true, s.words())
		return err
	}
	if s.files() == nil {
		return act() // which says what is wrong with the name
	}
	if s.what == "zone" && z.daemon.stopped {
		return z.keepAlone(s, act)
	}
	return z.c.Log.Around([]string{s.file() + beside}, "firewalld", act)
}

// keepAlone is for the tool for files, which writes the default zone's again when another zone comes or goes: they stay as
// they were.
func (z *zoning) keepAlone(s step, act func() error) error {
	zone, err := z.daemon.defaultZone()
	if err != nil {
		return err
	}
	others := setting{zone: zone}.files()[1:]
	if zone == s.zone {
		others = nil
	}
	return z.c.Log.Around(append([]string{s.file() + beside}, others...), "firewalld", func() error {
		was, err := readKept(others)
		if err != nil {
			return err
		}
		return errors.Join(act(), writeKept(was))
	})
}
