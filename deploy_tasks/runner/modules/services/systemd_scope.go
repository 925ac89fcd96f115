package services

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() {
	change.RegisterKind(systemUnit, unitKind{})
	change.RegisterKind(userUnit, unitKind{user: true})
}

const (
	systemUnit = "systemd unit"
	userUnit   = "systemd user unit" // its name begins with the user's number: 1000/app.service
)

// scope is whose systemd is meant: the host's, a user's, or that of all users to come.
type scope struct {
	kind string
	uid  int
	home string
}

func scopeOf(c *module.Call, kind string) scope {
	s := scope{kind: kind}
	s.uid, _ = kit.Acting(c)
	s.home = kit.Environ(c.Env, "HOME")
	if known := kit.HomeOf(kit.UserName(s.uid)); known != "" {
		s.home = known
	}
	return s
}

// environment is systemctl as the module calls it.
func (s scope) environment(c *module.Call, program string) []string {
	if s.kind != "user" {
		if s.kind == "global" {
			return []string{program, "--global"}
		}
		return []string{program}
	}
	if kit.Environ(c.Env, "XDG_RUNTIME_DIR") != "" {
		return []string{program, "--user"}
	}
	return append(runtimeDir(s.uid), program, "--user")
}

func runtimeDir(uid int) []string {
	return []string{"/usr/bin/env", "XDG_RUNTIME_DIR=/run/user/" + strconv.Itoa(uid)}
}

// forUndo is systemctl as it is called with the runner's own rights, which may be root's.
func (s scope) forUndo(program string) []string {
	if s.kind != "user" {
		return []string{program}
	}
	argv := append(runtimeDir(s.uid), program, "--user")
	if s.uid == os.Geteuid() {
		return argv
	}
	return append([]string{"runuser", "-u", kit.UserName(s.uid), "--"}, argv...)
}

// thing is how the journal calls a unit.
func (s scope) thing(name string) (kind, thing string) {
	if s.kind == "user" {
		return userUnit, strconv.Itoa(s.uid) + "/" + name
	}
	return systemUnit, name
}

// folders are where systemctl makes and removes links when a unit is enabled or masked.
func (s scope) folders(name string) []string {
	switch s.kind {
	case "user":
		return []string{filepath.Join(s.home, ".config/systemd/user")}
	case "global":
		return []string{"/etc/systemd/user"}
	}
	if scriptExists(name) {
		return append(bootLinks(), "/etc/systemd/system")
	}
	return []string{"/etc/systemd/system"}
}

// unitKind brings back whether a unit is active.
type unitKind struct{ user bool }

func (k unitKind) systemctl(t change.Tools, thing string) (argv []string, name string, err error) {
	program := lookFor(t, "systemctl")
	if program == "" {
		return nil, "", fmt.Errorf("there is no systemctl")
	}
	if !k.user {
		return []string{program}, thing, nil
	}
	number, name, _ := strings.Cut(thing, "/")
	uid, err := strconv.Atoi(number)
	return scope{kind: "user", uid: uid}.forUndo(program), name, err
}

// Inspect implements change.Kind. A unit that is on its way counts as being there: jobs that are queued are taken as done.
func (k unitKind) Inspect(t change.Tools, thing string) (any, error) {
	systemctl, name, err := k.systemctl(t, thing)
	if err != nil {
		return nil, err
	}
	text, err := change.Demand(t, append(systemctl, "show", "-p", "ActiveState", "-p", "Job", name)...)
	if err != nil {
		return nil, err
	}
	job := ""
	if strings.Contains(text, "Job=") && !strings.Contains(text, "Job=0") {
		job, err = change.Demand(t, append(systemctl[:len(systemctl):len(systemctl)], "list-jobs", "--no-legend", "--plain", "--full")...)
	}
	return activity(willBeActive(text, job, name)), err
}

// willBeActive reads what systemctl tells of a unit and of the jobs that are queued.
func willBeActive(show, jobs, name string) bool {
	for _, line := range strings.Split(jobs, "\n") {
		if words := strings.Fields(line); len(words) >= 3 && (words[1] == name || words[1] == name+".service") {
			return words[2] != "stop"
		}
	}
	for _, state := range []string{"active", "activating", "reloading", "refreshing"} {
		if strings.Contains("\n"+show+"\n", "\nActiveState="+state+"\n") {
			return true
		}
	}
	return false
}

// Restore implements change.Kind.
func (k unitKind) Restore(t change.Tools, thing string, before, _ any) error {
	systemctl, name, err := k.systemctl(t, thing)
	if err != nil {
		return err
	}
	systemctl = systemctl[:len(systemctl):len(systemctl)]
	if !wasActive(before) {
		_, err := change.Demand(t, append(systemctl, "stop", name)...)
		return err
	}
	if _, err := change.Demand(t, append(systemctl, "daemon-reload")...); err != nil { // its files were put back just now
		return err
	}
	// A service that failed to start again and again with what was deployed may not be started for a while otherwise.
	_, _ = t.Run(append(systemctl, "reset-failed", name), "") // there may be nothing to forget
	_, err = change.Demand(t, append(systemctl, "start", name)...)
	return err
}
