package system

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/modules/kit"
	"runner/value"
)

const modulesKind = "kernel modules"

// modules are several of the kernel's, those that others need first.
type modules struct{}

// Inspect implements change.Kind: the parameters of each module that is loaded.
func (modules) Inspect(_ change.Tools, name string) (any, error) {
	text, err := os.ReadFile(loadedPath)
	if err != nil {
		return nil, err
	}
	out := value.NewDict()
	for _, module := range strings.Fields(name) {
		if loadedIn(string(text), module) {
			out.Set(module, moduleParameters(module))
		}
	}
	return out, nil
}

// moduleParameters are the parameters of a loaded module that can be read.
func moduleParameters(module string) *value.Dict {
	out := value.NewDict()
	dir := filepath.Join("/sys/module", module, "parameters")
	for _, path := range files(dir) {
		if text, err := os.ReadFile(path); err == nil {
			out.Set(filepath.Base(path), strings.TrimSuffix(string(text), "\n"))
		}
	}
	return out
}

// Restore implements change.Kind: what was not there is unloaded, what was is loaded. Where a module then has other
// parameters than it had, it is loaded with those.
func (m modules) Restore(t change.Tools, name string, before, _ any) error {
	program := kit.FindTool(t.Find, "modprobe")
	was, _ := before.(*value.Dict)
	names := strings.Fields(name)
	if err := m.unload(t, program, names, was); err != nil {
		return err
	}
	now, err := m.Inspect(t, name)
	if err != nil {
		return err
	}
	for _, module := range names {
		wanted, ok := was.Get(module)
		if !ok {
			continue
		}
		has, there := now.(*value.Dict).Get(module)
		switch {
		case !there:
			err = m.load(t, program, module, wanted)
		case !value.Equal(has, wanted):
			if _, err = change.Demand(t, program, "-r", module); err == nil {
				err = m.load(t, program, module, wanted)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unload unloads what was not there, those first that need others. What modprobe takes along is loaded again later.
func (m modules) unload(t change.Tools, program string, names []string, was *value.Dict) error {
	for _, module := range slices.Backward(names) {
		text, err := os.ReadFile(loadedPath)
		if err != nil {
			return err
		}
		if _, ok := was.Get(module); ok || !loadedIn(string(text), module) {
			continue
		}
		if _, err := change.Demand(t, program, "-r", module); err != nil {
			return err
		}
	}
	return nil
}

func (m modules) load(t change.Tools, program, module string, wanted any) error {
	if _, err := change.Demand(t, program, module); err != nil {
		return err
	}
	has, params := moduleParameters(module), []string{program, module}
	was, _ := wanted.(*value.Dict)
	for _, key := range kit.KeysOf(was) {
		before, _ := was.Get(key)
		if now, _ := has.Get(key); !value.Equal(now, before) {
			params = append(params, key+"="+value.Str(before))
		}
	}
	if len(params) == 2 {
		return nil
	}
	if _, err := change.Demand(t, program, "-r", module); err != nil {
		return err
	}
	_, err := change.Demand(t, params...)
	return err
}
