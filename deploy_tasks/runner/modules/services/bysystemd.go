package services

import (
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// bySystemd is a service of a host that systemd runs though its first process has another name.
type bySystemd struct {
	job       *job
	systemctl string
}

func (s bySystemd) thing() (string, string) { return systemUnit, s.job.name }

func (s bySystemd) running() (running, known bool, err error) {
	out, err := s.job.host.Run([]string{s.systemctl, "show", s.job.name}, "")
	if err != nil {
		return false, false, err
	}
	if out.Code != 0 {
		return false, false, fmt.Errorf("failure %d running systemctl show for %s: %s", out.Code, value.Repr(s.job.name), out.Stderr)
	}
	status := kit.Dict()
	readShow(status, out.Stdout)
	switch active := at(status, "ActiveState"); {
	case at(status, "LoadState") == "not-found":
		return false, false, fmt.Errorf("systemd could not find the requested service \"%s\": %s", value.Repr(s.job.name), out.Stderr)
	case active == nil:
		return false, false, fmt.Errorf("No ActiveState value in systemctl show output for %s", value.Repr(s.job.name))
	default:
		return active == "active", true, nil
	}
}

func (s bySystemd) enabled() (bool, error) {
	out, err := s.job.host.Run([]string{s.systemctl, "is-enabled", s.job.name}, "")
	switch {
	case err != nil || out.Code == 0:
		return err == nil, err
	case strings.HasPrefix(out.Stdout, "disabled"):
		return false, nil
	}
	return scriptExists(s.job.name) && linked(s.job.name, ""), nil
}

func (s bySystemd) enable(on bool) error {
	verb := map[bool]string{true: "enable", false: "disable"}[on]
	out, err := s.job.host.Run([]string{s.systemctl, verb, s.job.name}, "")
	switch {
	case err != nil || out.Code == 0:
		return err
	case out.Stderr != "":
		return fmt.Errorf("Error when trying to %s %s: rc=%d %s", verb, s.job.name, out.Code, out.Stderr)
	}
	return fmt.Errorf("Failure for %s %s: rc=%d %s", verb, s.job.name, out.Code, out.Stdout)
}

func (s bySystemd) folders() []string { return scope{kind: "system"}.folders(s.job.name) }

func (s bySystemd) argv(verb string) []string { return []string{s.systemctl, verb, s.job.name} }

func (s bySystemd) again(verb string) []string {
	return []string{s.systemctl, map[string]string{"restart": "try-restart", "reload": "try-reload-or-restart"}[verb], s.job.name}
}

func (s bySystemd) restarts() bool { return false }

func (s bySystemd) checksOn() bool { return false }
