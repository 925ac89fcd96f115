// Package system is the part of the runner with the modules for the host itself: parameters and modules of its kernel, its
// mounts, its name and its time zone.
package system

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() {
	module.Register("hostname", hostname)
	change.RegisterKind(hostnameKind, names{})
	module.Register("modprobe", modprobe)
	change.RegisterKind(modulesKind, modules{})
	module.Register("mount", mount)
	change.RegisterKind(mountsKind, mounts{})
	module.Register("sysctl", sysctl)
	change.RegisterKind(parametersKind, parameters{})
	module.Register("timezone", timezone)
	change.RegisterKind(clockKind, clock{})
}

// requiredFor is an error when arguments are missing that a value of another one needs.
func requiredFor(p *kit.Params, name string, values []string, needed ...string) error {
	if !slices.Contains(values, p.Str(name)) {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(needed), p.Has)
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s is %s but all of the following are missing: %s", name, p.Str(name), strings.Join(missing, ", "))
}

// asWord is an error for names that commands would read as something else.
func asWord(what, name string) error {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\r\n\x00") {
		return fmt.Errorf("%q is not the name of a %s", name, what)
	}
	return nil
}
