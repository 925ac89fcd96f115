package system

import (
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

var sysctlSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true, Aliases: []string{"key"}},
	{Name: "value", Kind: kit.Text, Aliases: []string{"val"}},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"present", "absent"}},
	{Name: "reload", Kind: kit.Bool, Default: true},
	{Name: "sysctl_set", Kind: kit.Bool, Default: false},
	{Name: "ignoreerrors", Kind: kit.Bool, Default: false},
	{Name: "sysctl_file", Kind: kit.Path, Default: "/etc/sysctl.conf"},
}}

// parameter is one call of the module sysctl.
type parameter struct {
	c       *module.Call
	p       *kit.Params
	tools   kit.Tools
	command string
	name    string
	value   string
	present bool
	file    settings
	edit    *kit.Edit
}

// sysctl keeps a parameter of the kernel in a file, and sets it.
func sysctl(c *module.Call) module.Result {
	p, err := sysctlSpec.Parse("sysctl", c)
	if err == nil {
		err = kit.LinuxOnly("sysctl", runtime.GOOS)
	}
	if err == nil {
		err = requiredFor(p, "state", []string{"present"}, "value")
	}
	if err != nil {
		return kit.Failure(err)
	}
	s, err := newParameter(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	changed, err := s.manage()
	if err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: changed}
}

func newParameter(c *module.Call, p *kit.Params) (*parameter, error) {
	s := &parameter{c: c, p: p, tools: kit.Tools{Call: c}, name: strings.TrimSpace(p.Str("name")),
		value: asNumber(p.Str("value")), present: p.Str("state") == "present"}
	switch {
	case p.Str("name") == "":
		return nil, errors.New("name cannot be blank")
	case s.present && p.Str("value") == "":
		return nil, errors.New("value cannot be blank")
	}
	if err := asWord("parameter", s.name); err != nil {
		return nil, err
	}
	switch { // the command takes a=b for an order to write
	case strings.Contains(s.name, "="):
		return nil, fmt.Errorf("%q is not the name of a parameter", s.name)
	case strings.ContainsAny(s.value, "\r\n\x00"):
		return nil, fmt.Errorf("value of %s has more than one line", s.name)
	}
	var err error
	if s.command, err = s.tools.Require("sysctl"); err != nil {
		return nil, err
	}
	s.edit = &kit.Edit{Call: c, Path: p.Str("sysctl_file")}
	text, err := s.edit.Read()
	s.file = readSettings(string(text))
	return s, err
}

// asNumber is a value as it is written: words for yes and no become 1 and 0.
func asNumber(text string) string {
	word := strings.ToLower(text)
	switch {
	case slices.Contains([]string{"y", "yes", "on", "1", "true", "t"}, word):
		return "1"
	case slices.Contains([]string{"n", "no", "off", "0", "false", "f"}, word):
		return "0"
	}
	return strings.TrimSpace(text)
}

// manage says whether something changed, and changes it.
func (s *parameter) manage() (bool, error) {
	now, known, err := s.current()
	if err != nil {
		return false, err
	}
	differs := !known || !sameWords(now, s.value)
	write := s.outdated()
	set := s.present && s.p.Flag("sysctl_set") && known && differs
	written, there := s.file.values[s.name]
	changed := write || s.present && s.p.Flag("sysctl_set") && differs ||
		s.p.Flag("reload") && differs && there && written == s.value
	if s.c.Check || !changed {
		return changed, nil
	}
	if set {
		if err := s.set(); err != nil {
			return true, err
		}
	}
	if write {
		if _, err := s.edit.Write([]byte(s.file.with(s.name, s.value, s.present))); err != nil {
			return true, kit.AtPath(s.edit.Path, err)
		}
	}
	if s.p.Flag("reload") {
		return true, s.reload()
	}
	return true, nil
}

// outdated tells whether the file has to be written.
func (s *parameter) outdated() bool {
	written, there := s.file.values[s.name]
	switch {
	case !there:
		return s.present
	case !s.present && written != "":
		return true
	}
	return written != s.value
}

// current is what the kernel has; known is false when the command fails.
func (s *parameter) current() (now string, known bool, err error) {
	out, err := s.tools.Run([]string{s.command, "-e", "-n", s.name}, "")
	return out.Stdout, out.Code == 0, err
}

func (s *parameter) set() error {
	argv := []string{s.command, "-w", s.name + "=" + s.value}
	if s.p.Flag("ignoreerrors") {
		argv = slices.Insert(argv, 1, "-e")
	}
	return s.c.Log.Set(parametersKind, strings.Join(together([]string{s.name}), " "), func() error {
		out, err := s.tools.Run(argv, "")
		if err == nil && (out.Code != 0 || refused(out.Stderr)) {
			err = fmt.Errorf("setting %s failed: %s", s.name, out.Stdout+out.Stderr)
		}
		return err
	})
}

// reload has the command read the file, which sets all parameters in it.
func (s *parameter) reload() error {
	argv := []string{s.command, "-p", s.edit.Path}
	if s.p.Flag("ignoreerrors") {
		argv = slices.Insert(argv, 1, "-e")
	}
	act := func() error {
		out, err := s.tools.Run(argv, "")
		if err == nil && (out.Code != 0 || refused(out.Stderr)) {
			err = fmt.Errorf("Failed to reload sysctl: %s", out.Stdout+out.Stderr)
		}
		return err
	}
	stirred, err := s.stirred()
	switch {
	case err != nil:
		return err
	case len(stirred) == 0:
		return act()
	}
	return s.c.Log.Set(parametersKind, strings.Join(together(stirred), " "), act)
}

// stirred are the parameters that the file as it is now sets to something else.
func (s *parameter) stirred() ([]string, error) {
	text, err := kit.ReadAll(s.edit.Path)
	if err != nil {
		return nil, err
	}
	var out []string
	for key, wanted := range readSettings(string(text)).values {
		for _, name := range expanded(key) {
			now, err := readParameter(s.tools, s.command, name)
			if err != nil {
				return nil, err
			}
			if now == nil || !sameWords(*now, wanted) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// expanded are the parameters that a key of a file means: a leading - is no part of it, and * may stand in it.
func expanded(key string) []string {
	key = strings.TrimPrefix(key, "-")
	if !strings.ContainsAny(key, "*?[") {
		if asWord("parameter", key) != nil {
			return nil
		}
		return []string{key}
	}
	found, _ := filepath.Glob(parameterPath(key))
	for i, path := range found {
		found[i] = strings.TrimPrefix(path, parametersRoot)
	}
	return slices.DeleteFunc(found, func(name string) bool { return asWord("parameter", name) != nil })
}

// refused tells whether the command, which ends well all the same, says that the kernel did not take a value.
func refused(stderr string) bool {
	for _, line := range strings.Split(stderr, "\n") {
		rest, ok := strings.CutPrefix(line, `sysctl: setting key "`)
		key, why, quoted := strings.Cut(rest, `": `)
		if ok && quoted && key != "" && (why == "Invalid argument" || why == "Read-only file system") {
			return true
		}
	}
	return false
}

func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
