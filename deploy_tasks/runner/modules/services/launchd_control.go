package services

import (
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

// launchdKind is the kind of what launchd runs. Its names tell the label and where its definition is.
const launchdKind = "launchd service"

func init() { change.RegisterKind(launchdKind, launchdServices{}) }

// What a service of launchd may be.
const (
	unloaded = "unloaded"
	stopped  = "stopped"
	started  = "started"
	unknown  = "unknown"
)

// launchControl is launchd, through its command.
type launchControl struct {
	tools   change.Tools
	program string
	label   string
	plist   string // the path of its definition
}

// launchState is a line of `launchctl list`.
type launchState struct{ is, pid, status string }

func (s launchState) runs() bool { return s.is != unloaded && s.pid != "-" }

// launchFolders are where definitions are looked for, in this order.
var launchFolders = func(home string) []string {
	return []string{filepath.Join(home, "Library/LaunchAgents"), "/Library/LaunchAgents", "/Library/LaunchDaemons",
		"/System/Library/LaunchAgents", "/System/Library/LaunchDaemons"}
}

func definition(folders []string, name string) string {
	if strings.ContainsAny(name, "/\x00") {
		return ""
	}
	for _, folder := range folders {
		if path := filepath.Join(folder, name); kit.Exists(path) {
			return path
		}
	}
	return ""
}

func (l launchControl) thing() string { return l.label + " of " + l.plist }

// state is what launchd tells of the service.
func (l launchControl) state() (launchState, error) {
	out, err := l.tools.Run([]string{l.program, "list"}, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Failed to get status of %s", l.program)
	}
	return stateIn(out.Stdout, l.label), err
}

// signalled are the exit statuses of a service that has ended as it should: by itself or by a signal to end.
var signalled = []string{"0", "-2", "-3", "-9", "-15"}

// stateIn reads `launchctl list`: process or -, last exit status, label.
func stateIn(listed, label string) launchState {
	for _, line := range strings.Split(listed, "\n") {
		words := strings.Split(line, "\t")
		if len(words) != 3 || strings.TrimSpace(words[2]) != label {
			continue
		}
		switch {
		case !slices.Contains(signalled, words[1]):
			return launchState{unknown, words[0], words[1]}
		case words[0] != "-":
			return launchState{started, words[0], words[1]}
		}
		return launchState{stopped, words[0], words[1]}
	}
	return launchState{unloaded, "-", ""}
}

// do has launchctl load, unload, start or stop.
func (l launchControl) do(verb string) error {
	what := l.label
	if verb == "load" || verb == "unload" {
		what = l.plist
	}
	out, err := l.tools.Run([]string{l.program, verb, what}, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Unable to %s '%s' (%s): '%s'", verb, l.label, l.plist, out.Stderr)
	}
	return err
}

// plistBuddy is what a Mac reads and writes definitions with, whatever their format.
var plistBuddy = "/usr/libexec/PlistBuddy"

// defined reads a truth of the definition; a folder of conditions, as KeepAlive may be, is true.
func (l launchControl) defined(key string) (is, there bool, err error) {
	out, err := l.tools.Run([]string{plistBuddy, "-c", "Print :" + key, l.plist}, "")
	said := strings.TrimSpace(out.Stdout)
	switch {
	case err != nil:
		return false, false, err
	case out.Code != 0 && strings.Contains(out.Stdout+out.Stderr, "Does Not Exist"):
		return false, false, nil
	case out.Code != 0:
		return false, false, fmt.Errorf("Failed to read plist file %s due to %s", l.plist, kit.Said(out))
	}
	return said != "false" && said != "0" && strings.Join(strings.Fields(said), " ") != "Dict { }", true, nil
}

// define writes a truth.
func (l launchControl) define(key string, on, there bool) error {
	argv := []string{plistBuddy}
	if there {
		argv = append(argv, "-c", "Delete :"+key)
	}
	argv = append(argv, "-c", "Add :"+key+" bool "+map[bool]string{true: "true", false: "false"}[on], l.plist)
	out, err := l.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Failed to write to plist file  %s due to %s", l.plist, kit.Said(out))
	}
	return err
}

// launchdServices is the kind: whether a service is loaded, and whether it runs.
type launchdServices struct{}

func openLaunchd(t change.Tools, name string) (launchControl, error) {
	label, plist, _ := strings.Cut(name, " of ")
	l := launchControl{t, lookFor(t, "launchctl"), label, plist}
	if l.program == "" {
		return l, fmt.Errorf("there is no launchctl on this host")
	}
	return l, nil
}

// Inspect implements change.Kind.
func (launchdServices) Inspect(t change.Tools, name string) (any, error) {
	l, err := openLaunchd(t, name)
	if err != nil {
		return nil, err
	}
	state, err := l.state()
	switch {
	case state.is == unloaded:
		return unloaded, err
	case state.runs():
		return started, err
	}
	return stopped, err
}

// Restore implements change.Kind.
func (launchdServices) Restore(t change.Tools, name string, before, now any) error {
	l, err := openLaunchd(t, name)
	if err != nil {
		return err
	}
	switch {
	case before == unloaded:
		return l.do("unload")
	case now == unloaded:
		if err := l.do("load"); err != nil {
			return err
		}
	}
	state, err := l.state()
	if err != nil || state.runs() == (before == started) {
		return err
	}
	verb := map[bool]string{true: "start", false: "stop"}[before == started]
	if err := l.do(verb); err != nil {
		return err
	}
	if before == started {
		return l.wait(started)
	}
	return l.wait(stopped)
}
