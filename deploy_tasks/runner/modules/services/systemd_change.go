package services

import (
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// mask makes it impossible to start the unit, or possible again.
func (u *unit) mask() error {
	if !u.p.Has("masked") {
		return nil
	}
	out, err := u.run("is-enabled", u.name)
	if err != nil {
		return err
	}
	wanted := u.p.Flag("masked")
	if wanted == (strings.TrimSpace(out.Stdout) == "masked") {
		return nil
	}
	u.changed = true
	verb := map[bool]string{true: "mask", false: "unmask"}[wanted]
	return u.files(verb, func() error {
		out, err := u.run(verb, u.name)
		switch {
		case err != nil || out.Code == 0:
			return err
		case !u.found():
			return missing(u.name)
		}
		return fmt.Errorf("Failed to %s the service (%s): %s", verb, u.name, strings.TrimSpace(out.Stderr))
	})
}

// enable has the unit started at boot, or not.
func (u *unit) enable() error {
	if !u.p.Has("enabled") {
		return nil
	}
	if !u.found() {
		return missing(u.name)
	}
	enabled, err := u.enabled()
	if err != nil {
		return err
	}
	wanted := u.p.Flag("enabled")
	u.data.Set("enabled", wanted)
	if enabled == wanted {
		return nil
	}
	u.changed = true
	verb := map[bool]string{true: "enable", false: "disable"}[wanted]
	return u.files(verb, func() error {
		out, err := u.run(verb, u.name)
		if err == nil && out.Code != 0 {
			err = fmt.Errorf("Unable to %s service %s: %s", verb, u.name, out.Stdout+out.Stderr)
		}
		return err
	})
}

func (u *unit) enabled() (bool, error) {
	out, err := u.run("is-enabled", u.name, "-l")
	if err != nil {
		return false, err
	}
	word := strings.TrimRight(out.Stdout, "\n")
	switch {
	case out.Code == 0:
		return word != "enabled-runtime" && word != "indirect" && word != "alias", nil
	case out.Code == 1 && u.scope.kind == "system" && scriptExists(u.name):
		return !strings.HasSuffix(strings.TrimSpace(out.Stdout), "disabled") && linked(u.name, ""), nil
	}
	return false, nil
}

// files has systemctl change the links that say what starts; nothing in a check.
func (u *unit) files(verb string, act func() error) error {
	if u.c.Check {
		return nil
	}
	if err := u.reloadAfterUndo(); err != nil {
		return err
	}
	return u.c.Log.Around(u.scope.folders(u.name), "systemctl "+verb+" "+u.name, act)
}

// action is what has to be done for the wanted state, "" for nothing.
func (u *unit) action() (string, error) {
	if !u.p.Has("state") {
		return "", nil
	}
	active := at(u.status, "ActiveState")
	running := active == "active" || active == "activating"
	switch wanted := u.p.Str("state"); {
	case active == nil && !u.found(), active == nil && offline(u.c):
		return "", nil // act says what is the matter
	case active == nil:
		return "", fmt.Errorf("Service is in unknown state")
	case wanted == "started" && running, wanted == "stopped" && !running && active != "deactivating":
		return "", nil
	case wanted == "stopped":
		return "stop", nil
	case !running:
		return "start", nil
	default:
		return strings.TrimSuffix(wanted, "ed"), nil
	}
}

func (u *unit) act(action string) error {
	if !u.p.Has("state") {
		return nil
	}
	if !u.found() {
		return missing(u.name)
	}
	state := u.p.Str("state")
	if strings.HasPrefix(state, "re") && at(u.status, "ActiveState") != nil {
		state = "started"
	}
	u.data.Set("state", state)
	if action == "" {
		return nil
	}
	u.changed = true
	switch {
	case u.c.Check:
		return nil
	case action == "restart" || action == "reload":
		again := append(u.scope.forUndo(u.host.Find("systemctl")), map[string]string{"restart": "try-restart", "reload": "try-reload-or-restart"}[action], u.name)
		if err := u.c.Log.AfterUndo(action+" of "+u.name, again); err != nil {
			return err
		}
		return u.systemctl(action)
	case action == "stop":
		return u.systemctl(action)
	}
	return u.journalled(func() error { return u.systemctl(action) })
}

func (u *unit) systemctl(action string) error {
	out, err := u.run(action, u.name)
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Unable to %s service %s: %s", action, u.name, out.Stderr)
	}
	if action == "start" && err == nil && !u.p.Flag("no_block") {
		u.noteEnded()
	}
	return err
}

// noteEnded tells of a unit that did its work and ended: nothing runs that could be stopped again.
func (u *unit) noteEnded() {
	out, err := u.run("show", "-p", "ActiveState", u.name)
	if err == nil && strings.TrimSpace(out.Stdout) == "ActiveState=inactive" {
		u.ephemera = u.name + " ran and ended: what it did stays"
	}
}

// journalled does something to what runs.
func (u *unit) journalled(act func() error) error {
	if u.c.Check || u.scope.kind == "global" {
		return act()
	}
	kind, name := u.scope.thing(u.name)
	return u.c.Log.Set(kind, name, act)
}

// afterUndo is for a handler that an undo fires: what runs notices that its files are as they were; all else is back already.
func (u *unit) afterUndo() module.Result {
	verb := map[string]string{"restarted": "try-restart", "reloaded": "try-reload-or-restart"}[u.p.Str("state")]
	var steps [][]string
	if u.p.Flag("daemon_reload") || verb != "" {
		steps = append(steps, []string{"daemon-reload"})
	}
	if verb != "" {
		steps = append(steps, []string{verb, u.name})
	}
	for _, step := range steps {
		out, err := u.run(step...)
		if err == nil && out.Code != 0 && !strings.Contains(out.Stderr, "not loaded") && !strings.Contains(out.Stderr, "not found") {
			err = fmt.Errorf("systemctl %s: %s", strings.Join(step, " "), kit.Said(out))
		}
		if err != nil {
			return kit.Failure(err)
		}
	}
	return module.Result{Changed: len(steps) > 0, Data: u.data}
}

// readShow reads what `systemctl show` prints: lines of KEY=value, where a value of Exec… in braces may take several.
func readShow(into *value.Dict, text string) {
	key, open := "", ""
	for _, line := range strings.Split(text, "\n") {
		if key != "" {
			open += "\n" + line
			if strings.HasSuffix(strings.TrimRight(line, " \t\r"), "}") {
				into.Set(key, strings.TrimSpace(open))
				key = ""
			}
			continue
		}
		name, rest, ok := strings.Cut(line, "=")
		switch trimmed := strings.TrimSpace(rest); {
		case !ok:
		case strings.HasPrefix(name, "Exec") && strings.HasPrefix(trimmed, "{") && !strings.HasSuffix(trimmed, "}"):
			key, open = name, rest
		default:
			into.Set(name, trimmed)
		}
	}
}
