package services

import (
	"strings"

	"runner/fmt"
)

// byScript is a service with an init script, linked into the runlevels by update-rc.d or chkconfig.
type byScript struct {
	job       *job
	linker    string
	chkconfig bool
}

func (s byScript) thing() (string, string) {
	return sysvService, sysvThing(s.job.name, s.job.p.Str("pattern"))
}

func (s byScript) running() (running, known bool, err error) {
	out, err := s.job.host.Run(append(s.argv("status"), s.job.words...), "")
	if err != nil {
		return false, false, err
	}
	running, known = judge(s.job.name, out)
	return running, known, nil
}

func (s byScript) enabled() (bool, error) {
	if !s.chkconfig {
		return linked(s.job.name, ""), nil
	}
	out, err := s.job.host.Run([]string{s.linker, "--list", s.job.name}, "")
	if err == nil && !strings.Contains(out.Stdout, s.job.name) && !strings.Contains(out.Stderr, "chkconfig --add "+s.job.name) {
		err = fmt.Errorf("service %s does not support chkconfig", s.job.name)
	}
	if s.job.p.Flag("enabled") {
		return strings.Contains(out.Stdout, "3:on") && strings.Contains(out.Stdout, "5:on"), err
	}
	return !strings.Contains(out.Stdout, "3:off") || !strings.Contains(out.Stdout, "5:off"), err
}

func (s byScript) enable(on bool) error {
	var steps [][]string
	name := s.job.name
	switch {
	case s.chkconfig:
		steps = [][]string{{"--add", name}, {name, map[bool]string{true: "on", false: "off"}[on]}}
	case on && !links("K", name, ""):
		steps = [][]string{{name, "defaults"}, {name, "enable"}}
	default:
		steps = [][]string{{name, map[bool]string{true: "enable", false: "disable"}[on]}}
	}
	for _, step := range steps {
		out, err := s.job.host.Run(append([]string{s.linker}, step...), "")
		if err == nil && out.Code != 0 {
			err = failedTo(strings.Join(step, " "), out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s byScript) folders() []string { return bootLinks() }

func (s byScript) argv(verb string) []string { return sysvArgv(s.job.host, s.job.name, verb) }

func (s byScript) again(verb string) []string { return sysvAgain(s.job.host, s.job.name, verb) }

func (s byScript) restarts() bool { return false }

func (s byScript) checksOn() bool { return !s.chkconfig }
