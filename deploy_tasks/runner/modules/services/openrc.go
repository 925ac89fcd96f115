package services

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
)

const openRCService = "OpenRC service"

func init() { change.RegisterKind(openRCService, openRCKind{}) }

// byOpenRC is a service that OpenRC manages.
type byOpenRC struct {
	job       *job
	rcService string
	rcUpdate  string
}

func (s byOpenRC) thing() (string, string) { return openRCService, s.job.name }

func (s byOpenRC) running() (running, known bool, err error) {
	running, _, err = openRCStatus(s.job.host, s.rcService, s.job.name)
	return running, true, err
}

func openRCStatus(t change.Tools, rcService, name string) (running, crashed bool, err error) {
	out, err := t.Run([]string{rcService, name, "status"}, "")
	return strings.Contains(out.Stdout, "started"), strings.Contains(out.Stdout+out.Stderr, "crashed"), err
}

// enabled reads the lines of `rc-update show`: a service, a bar, and its runlevels.
func (s byOpenRC) enabled() (bool, error) {
	if s.rcUpdate == "" {
		return false, fmt.Errorf("cannot detect command to enable service %s, typo or init system potentially unknown", s.job.name)
	}
	text, err := change.Demand(s.job.host, s.rcUpdate, "show")
	return inRunlevel(text, s.job.name, s.job.p.Str("runlevel")), err
}

func inRunlevel(shown, name, runlevel string) bool {
	for _, line := range strings.Split(shown, "\n") {
		service, levels, _ := strings.Cut(line, "|")
		if strings.TrimSpace(service) == name {
			return slices.Contains(strings.Fields(levels), runlevel)
		}
	}
	return false
}

func (s byOpenRC) enable(on bool) error {
	verb := map[bool]string{true: "add", false: "delete"}[on]
	out, err := s.job.host.Run([]string{s.rcUpdate, verb, s.job.name, s.job.p.Str("runlevel")}, "")
	switch {
	case err != nil || out.Code == 0:
		return err
	case out.Stderr != "":
		return fmt.Errorf("Error when trying to %s %s: rc=%d %s", verb, s.job.name, out.Code, out.Stderr)
	}
	return fmt.Errorf("Failure for %s %s: rc=%d %s", verb, s.job.name, out.Code, out.Stdout)
}

func (s byOpenRC) folders() []string { return []string{"/etc/runlevels"} }

func (s byOpenRC) argv(verb string) []string {
	if verb == "start" {
		zapCrashed(s.job.host, s.rcService, s.job.name)
	}
	return []string{s.rcService, s.job.name, verb}
}

// zapCrashed has OpenRC forget that a service had started once: it would not start it again.
func zapCrashed(t change.Tools, rcService, name string) {
	if _, crashed, err := openRCStatus(t, rcService, name); err == nil && crashed {
		_, _ = t.Run([]string{rcService, name, "zap"}, "") // the start tells when this did not help
	}
}

func (s byOpenRC) again(verb string) []string {
	return ifRunning(verb, s.rcService, s.job.name)
}

func (s byOpenRC) restarts() bool { return true }

func (s byOpenRC) checksOn() bool { return false }

type openRCKind struct{}

// Inspect implements change.Kind.
func (openRCKind) Inspect(t change.Tools, name string) (any, error) {
	running, _, err := openRCStatus(t, lookFor(t, "rc-service"), name)
	return activity(running), err
}

// Restore implements change.Kind.
func (openRCKind) Restore(t change.Tools, name string, before, _ any) error {
	rcService, verb := lookFor(t, "rc-service"), "stop"
	if wasActive(before) {
		verb = "start"
		zapCrashed(t, rcService, name)
	}
	_, err := change.Demand(t, rcService, name, verb)
	return err
}
