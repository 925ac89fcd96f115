// Package services is the part of the runner with the modules that start, stop and enable services.
//
// What runs is journalled as a thing of a kind, one for each manager (systemd, SysV scripts, OpenRC, supervisord), whose state
// is whether the service is active. What starts at boot is files: links that the managers' own commands make and remove,
// which an undo brings back byte for byte.
package services

import (
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// host runs commands for a call.
type host = kit.Tools

// lookFor finds a program for kinds.
func lookFor(t change.Tools, program string) string { return kit.FindTool(t.Find, program) }

// activity is the state of a service in the journal.
func activity(active bool) any { return value.DictOf("active", active) }

// wasActive reads what activity wrote.
func wasActive(state any) bool {
	d, ok := state.(*value.Dict)
	if !ok {
		return false
	}
	active, _ := d.Get("active")
	return active == true
}

// missing is the error about a service that nobody knows.
func missing(name string) error {
	return fmt.Errorf("Could not find the requested service %s: host", name)
}

// plainName refuses names that commands would read as something else.
func plainName(name string) error {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\n\x00") {
		return fmt.Errorf("%s is not the name of a service", value.Repr(name))
	}
	return nil
}

// whenRunning are what is done after an undo, should the service run then. The service's program and name are the
// script's arguments: nothing of it comes from data. Not every init script knows restart.
var whenRunning = map[string]string{
	"reload":      `"$@" status >/dev/null 2>&1 || exit 0; exec "$@" reload`,
	"restart":     `"$@" status >/dev/null 2>&1 || exit 0; exec "$@" restart`,
	"stop, start": `"$@" status >/dev/null 2>&1 || exit 0; "$@" stop; exec "$@" start`,
}

// ifRunning is a command for after an undo; service is how it is called, without a verb.
func ifRunning(verb string, service ...string) []string {
	return append([]string{"/bin/sh", "-c", whenRunning[verb], "sh"}, service...)
}

// pause waits, unless the task ends first.
func pause(c *module.Call, seconds int64) {
	timer := time.NewTimer(time.Duration(max(0, seconds)) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Ctx.Done():
	}
}
