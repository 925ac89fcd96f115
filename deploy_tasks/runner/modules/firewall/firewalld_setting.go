package firewall

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

// What firewall-cmd exits with.
const (
	notRunning = 252
	noBus      = 36
	noneFound  = 2
)

const yes = "yes"

// daemon is firewalld: asked itself where it runs, and by its files otherwise. Each question costs a fifth of a second: the
// first that is asked anyway tells whether it runs.
type daemon struct {
	tools   change.Tools
	stopped bool // it does not run
}

// refusedBy is what firewalld says against it.
type refusedBy string

func (e refusedBy) Error() string { return string(e) }

// errStopped is for what only a firewalld that runs can tell or do.
var errStopped = errors.New("firewall is not currently running, unable to perform immediate actions without a running firewall daemon")

// ask asks, or tells, the firewalld that runs or, for what is permanent, its files. others are exit statuses that tell "no".
func (d *daemon) ask(permanent bool, words []string, others ...int) (string, error) {
	var out change.Output
	var err error
	if !d.stopped {
		if permanent {
			words = append([]string{"--permanent"}, words...)
		}
		out, err = d.run("firewall-cmd", words)
		if d.stopped = err == nil && (out.Code == notRunning || out.Code == noBus); permanent {
			words = words[1:]
		}
	}
	if d.stopped && !permanent {
		return "", errStopped
	}
	if d.stopped {
		out, err = d.run("firewall-offline-cmd", words)
	}
	if err != nil || out.Code == 0 {
		return strings.TrimSpace(out.Stdout), err
	}
	said := kit.Said(out) // newer versions print the word of a negative answer as a warning
	if slices.Contains(others, out.Code) && strings.HasPrefix(said, "no") {
		return said, nil
	}
	return "", refusal(said)
}

func (d *daemon) run(tool string, words []string) (change.Output, error) {
	program := kit.FindTool(d.tools.Find, tool)
	if program == "" {
		return change.Output{}, fmt.Errorf("firewalld is not there: there is no %s on this host", tool)
	}
	return d.tools.Run(append([]string{program}, words...), "")
}

// refusal is the last line of what a tool has said.
func refusal(said string) error {
	if i := strings.LastIndexByte(said, '\n'); i >= 0 {
		said = said[i+1:]
	}
	return refusedBy(strings.TrimPrefix(said, "Error: "))
}

// defaultZone is the zone of whatever names none.
func (d *daemon) defaultZone() (string, error) {
	if d.stopped {
		return d.ask(true, []string{"--get-default-zone"})
	}
	out, err := d.run("firewall-cmd", []string{"--get-default-zone"})
	switch {
	case err != nil:
		return "", err
	case out.Code == notRunning || out.Code == noBus:
		d.stopped = true
		return d.defaultZone()
	case out.Code != 0:
		return "", refusal(kit.Said(out))
	}
	return strings.TrimSpace(out.Stdout), nil
}

// setting is what a zone may have, in the words of firewall-cmd's options; a zone itself is the setting "zone".
type setting struct{ zone, what, value string }

// listed are the settings that are looked for in a list, since asking for one that cannot be is an error.
var listed = map[string]string{"service": "--list-services", "protocol": "--list-protocols", "icmp-block": "--list-icmp-blocks",
	"source": "--list-sources", "interface": "--list-interfaces"}

func (s setting) permanentOnly() bool { return s.what == "zone" || s.what == "target" }

// is tells whether a setting is there: yes or no, and the target as it is.
func (s setting) is(d *daemon, permanent bool) (string, error) {
	in := "--zone=" + s.zone
	switch list := listed[s.what]; {
	case s.what == "zone":
		return s.among(d.ask(permanent, []string{"--get-zones"}))
	case s.what == "target":
		said, err := d.ask(permanent, []string{in, "--get-target"})
		if said == "REJECT" { // told by newer versions for the same
			said = "%%REJECT%%"
		}
		return said, err
	case list != "":
		return s.among(d.ask(permanent, []string{in, list}))
	}
	return d.ask(permanent, []string{in, s.option("query")}, 1)
}

func (s setting) among(said string, err error) (string, error) {
	for _, word := range strings.Fields(said) {
		if word == s.value {
			return yes, err
		}
	}
	return "no", err
}

// option is the option of firewall-cmd that does something with a setting.
func (s setting) option(verb string) string {
	option := "--" + verb + "-" + s.what
	if s.value != "" {
		option += "=" + s.value
	}
	return option
}

// zoneOf is the zone that an interface belongs to, "" when it belongs to none.
func (s setting) zoneOf(d *daemon, permanent bool) (string, error) {
	said, err := d.ask(permanent, []string{"--get-zone-of-interface=" + s.value}, noneFound)
	if said == "no zone" {
		said = ""
	}
	return said, err
}

// step is a setting that is made or removed; its text is how firewall-cmd is told.
type step struct {
	setting
	on bool
}

func (s step) words() []string {
	switch {
	case s.what == "zone" && s.on:
		return []string{"--new-zone=" + s.zone}
	case s.what == "zone":
		return []string{"--delete-zone=" + s.zone}
	case s.what == "target" && s.on:
		return []string{"--zone=" + s.zone, "--set-target=" + s.value}
	case s.what == "target":
		return []string{"--zone=" + s.zone, "--set-target=default"}
	case s.on:
		return []string{"--zone=" + s.zone, s.option("add")}
	}
	return []string{"--zone=" + s.zone, s.option("remove")}
}

// String is the name that the journal knows a step by.
func (s step) String() string { return strings.Join(s.words(), " ") }

// readStep reads such a name.
func readStep(name string) (step, error) {
	for verb, on := range map[string]bool{"--new-zone=": true, "--delete-zone=": false} {
		if zone, ok := strings.CutPrefix(name, verb); ok {
			return step{setting{zone, "zone", zone}, on}, nil
		}
	}
	zone, option, _ := strings.Cut(strings.TrimPrefix(name, "--zone="), " ")
	for verb, on := range map[string]bool{"--add-": true, "--remove-": false, "--set-": true} {
		if rest, ok := strings.CutPrefix(option, verb); ok {
			what, value, _ := strings.Cut(rest, "=")
			return step{setting{zone, what, value}, on}, nil
		}
	}
	return step{}, fmt.Errorf("%s is no setting of firewalld", name)
}

// now does a step to what holds now, for so many seconds or, with 0, for good. An interface moves at once: between two
// zones it would be in the default one.
func (s step) now(d *daemon, time int64) error {
	words := s.words()
	if s.what == "interface" && s.on {
		words[1] = s.option("change")
	}
	if s.on && time > 0 && timed[s.what] {
		words = append(words, "--timeout="+strconv.FormatInt(time, 10))
	}
	_, err := d.ask(false, words)
	return err
}

// timed are the settings that Ansible gives a timeout.
var timed = map[string]bool{"icmp-block": true, "service": true, "protocol": true, "port": true, "forward-port": true, "rich-rule": true}
