// Package firewall is the part of the runner with the modules for packet filters.
package firewall

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() {
	module.Register("ufw", ufw)
	change.RegisterKind(ufwKind, loaded{})
}

var ufwSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "state", Kind: kit.Text, Choices: []string{"enabled", "disabled", "reloaded", "reset"}},
		{Name: "default", Kind: kit.Text, Aliases: []string{"policy"}, Choices: []string{"allow", "deny", "reject"}},
		{Name: "logging", Kind: kit.Raw},
		{Name: "direction", Kind: kit.Text, Choices: []string{"in", "incoming", "out", "outgoing", "routed"}},
		{Name: "delete", Kind: kit.Bool, Default: false},
		{Name: "route", Kind: kit.Bool, Default: false},
		{Name: "insert", Kind: kit.Int},
		{Name: "insert_relative_to", Kind: kit.Text, Default: "zero",
			Choices: []string{"zero", "first-ipv4", "last-ipv4", "first-ipv6", "last-ipv6"}},
		{Name: "rule", Kind: kit.Text, Choices: []string{"allow", "deny", "limit", "reject"}},
		{Name: "interface", Kind: kit.Text, Aliases: []string{"if"}},
		{Name: "interface_in", Kind: kit.Text, Aliases: []string{"if_in"}},
		{Name: "interface_out", Kind: kit.Text, Aliases: []string{"if_out"}},
		{Name: "log", Kind: kit.Bool, Default: false},
		{Name: "from_ip", Kind: kit.Text, Default: "any", Aliases: []string{"from", "src"}},
		{Name: "from_port", Kind: kit.Text},
		{Name: "to_ip", Kind: kit.Text, Default: "any", Aliases: []string{"dest", "to"}},
		{Name: "to_port", Kind: kit.Text, Aliases: []string{"port"}},
		{Name: "proto", Kind: kit.Text, Aliases: []string{"protocol"},
			Choices: []string{"ah", "any", "esp", "ipv6", "tcp", "udp", "gre", "igmp", "vrrp"}},
		{Name: "name", Kind: kit.Text, Aliases: []string{"app"}},
		{Name: "comment", Kind: kit.Text},
	},
	Exclusive: [][]string{{"name", "proto", "logging"}, {"direction", "interface_in"}, {"direction", "interface_out"}},
}

// wall is one call of the module ufw.
type wall struct {
	c       *module.Call
	p       *kit.Params
	tools   kit.Tools
	program string
	grep    string
	logging string
	did     []string // the command lines
	state   string   // what `ufw status verbose` said before
	rules   string
	changed bool
}

// commandError is a command that ended badly; its own words are the message.
type commandError string

func (e commandError) Error() string { return string(e) }

// ufw steers Ubuntu's packet filter: on or off, what it does by default, its rules and what it logs.
func ufw(c *module.Call) module.Result {
	p, err := ufwSpec.Parse("ufw", c)
	if err == nil {
		err = kit.LinuxOnly("ufw", runtime.GOOS)
	}
	if err != nil {
		return kit.Failure(err)
	}
	w := &wall{c: c, p: p, tools: kit.Tools{Call: c}}
	msg, err := w.manage()
	data := kit.Dict("commands", kit.Items(w.did))
	var said commandError
	switch {
	case errors.As(err, &said):
		return module.Result{Failed: true, Msg: string(said), Data: data}
	case err != nil:
		return kit.Failure(err)
	}
	return module.Result{Changed: w.changed, Msg: msg, Data: data}
}

// accepted checks what the arguments say together.
func (w *wall) accepted() error {
	switch v := w.p.Raw("logging").(type) {
	case bool: // YAML takes on and off for these
		w.logging = map[bool]string{true: "on", false: "off"}[v]
	case string:
		w.logging = v
	}
	levels := []string{"full", "high", "low", "medium", "off", "on"}
	switch {
	case w.p.Has("logging") && !slices.Contains(levels, w.logging):
		return fmt.Errorf("value of logging must be one of: %s, got: %s", strings.Join(levels, ", "), w.logging)
	case !w.p.Has("state") && !w.p.Has("default") && !w.p.Has("rule") && !w.p.Has("logging"):
		return errors.New("one of the following is required: state, default, rule, logging")
	case w.p.Has("interface") && !w.p.Has("direction"):
		return errors.New("missing parameter(s) required by 'interface': direction")
	}
	return nil
}

func (w *wall) manage() (msg string, err error) {
	if err = w.accepted(); err == nil {
		w.program, err = w.tools.Require("ufw")
	}
	if err == nil {
		w.grep, err = w.tools.Require("grep")
	}
	if err != nil {
		return "", err
	}
	if w.state, err = w.run(words("status verbose")); err != nil {
		return "", err
	}
	if w.rules, err = w.current(); err != nil {
		return "", err
	}
	if w.c.Check {
		return "", w.perform()
	}
	// Files first, then what is loaded: an undo loads what the files say by then.
	err = w.c.Log.Set(ufwKind, "ufw", func() error {
		return w.c.Log.Around(ownFiles, "ufw", w.perform)
	})
	if err != nil {
		return "", err
	}
	after, err := w.run(words("status", "verbose"))
	if err != nil {
		return "", err
	}
	if !w.changed {
		rules, err := w.current()
		if err != nil {
			return "", err
		}
		w.changed = after != w.state || rules != w.rules
	}
	return strings.TrimRight(after, " \t\r\n"), nil
}

// ownFiles are what ufw writes.
var ownFiles = []string{"/etc/ufw", "/etc/default/ufw", "/lib/ufw/user.rules", "/lib/ufw/user6.rules", "/var/lib/ufw"}

// word is a piece of a command line, and the arguments that it is.
type word struct {
	text string
	argv []string
}

// words are pieces without anything to be quoted.
func words(texts ...string) []word {
	out := make([]word, len(texts))
	for i, text := range texts {
		out[i] = word{text, strings.Fields(text)}
	}
	return out
}

// run runs ufw. Its words on a failure are the error.
func (w *wall) run(line []word) (string, error) {
	text, argv := w.program, []string{w.program}
	for _, piece := range line {
		text, argv = text+" "+piece.text, append(argv, piece.argv...)
	}
	w.did = append(w.did, text)
	out, err := w.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		said := out.Stderr
		if said == "" {
			said = out.Stdout
		}
		err = commandError(said)
	}
	return out.Stdout, err
}

// ruleFiles are where versions of ufw keep the rules that it was given.
var ruleFiles = []string{"/lib/ufw/user.rules", "/lib/ufw/user6.rules", "/etc/ufw/user.rules", "/etc/ufw/user6.rules",
	"/var/lib/ufw/user.rules", "/var/lib/ufw/user6.rules"}

// current are the rules that ufw was given, a line each.
func (w *wall) current() (string, error) {
	w.did = append(w.did, w.grep+" -h '^### tuple' "+strings.Join(ruleFiles, " "))
	var out strings.Builder
	for _, path := range ruleFiles {
		text, err := kit.ReadAll(path)
		if err != nil && !errors.Is(err, os.ErrPermission) {
			return "", err
		}
		out.WriteString(tuples(string(text)))
	}
	return out.String(), nil
}

// tuples are the lines of a text that tell a rule.
func tuples(text string) string {
	var out strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		if strings.HasPrefix(line, "### tuple") {
			out.WriteString(line)
		}
	}
	return out.String()
}
