package system

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// Where things lie; elsewhere in a test.
var (
	loadFolder    = "/etc/modules-load.d"
	optionsFolder = "/etc/modprobe.d"
	loadedPath    = "/proc/modules"
	builtinFolder = "/lib/modules"
)

var modprobeSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	{Name: "params", Kind: kit.Text, Default: ""},
	{Name: "persistent", Kind: kit.Text, Default: "disabled", Choices: []string{"disabled", "present", "absent"}},
}}

// probe is one call of the module modprobe.
type probe struct {
	c          *module.Call
	tools      kit.Tools
	program    string
	name       string
	params     string
	state      string
	persistent string
	changed    bool
	warnings   []string
}

// modprobe loads and unloads modules of the kernel, now and at every start.
func modprobe(c *module.Call) module.Result {
	p, err := modprobeSpec.Parse("modprobe", c)
	if err == nil {
		err = kit.LinuxOnly("modprobe", runtime.GOOS)
	}
	if err == nil {
		err = asWord("module", p.Str("name"))
	}
	if err == nil && strings.Contains(p.Str("name"), "/") {
		err = fmt.Errorf("%s is not the name of a module", value.Repr(p.Str("name")))
	}
	if err == nil {
		err = noOptions(p.Str("params"))
	}
	if err != nil {
		return kit.Failure(err)
	}
	m := &probe{c: c, tools: kit.Tools{Call: c}, name: p.Str("name"), params: p.Str("params"), state: p.Str("state"), persistent: p.Str("persistent")}
	if m.program, err = m.tools.Require("modprobe"); err != nil {
		return kit.Failure(err)
	}
	failure := m.manage()
	if failure != nil {
		return *failure
	}
	data := m.data()
	if len(m.warnings) > 0 {
		data.Set("warnings", kit.Items(m.warnings))
	}
	return module.Result{Changed: m.changed, Data: data}
}

func (m *probe) data() *value.Dict {
	return kit.Dict("name", m.name, "params", m.params, "state", m.state)
}

// manage returns the failure, if there is one.
func (m *probe) manage() *module.Result {
	loaded, err := isLoaded(m.name)
	var failure *module.Result
	switch {
	case err != nil:
		return m.failed(err)
	case m.state == "present" && !loaded:
		failure = m.load()
	case m.state == "absent" && loaded:
		failure = m.unload()
	}
	if failure != nil {
		return failure
	}
	if err := m.persist(); err != nil {
		return m.failed(err)
	}
	return nil
}

func (m *probe) failed(err error) *module.Result {
	r := kit.Failure(err)
	r.Data = m.data()
	return &r
}

// run runs modprobe; the failure is nil when it went well.
func (m *probe) run(words ...string) *module.Result {
	out, err := m.tools.Run(append([]string{m.program}, words...), "")
	if err != nil {
		return m.failed(err)
	}
	if out.Code == 0 {
		return nil
	}
	data := m.data()
	data.Set("rc", int64(out.Code))
	kit.SetOutput(data, "stdout", out.Stdout)
	kit.SetOutput(data, "stderr", out.Stderr)
	return &module.Result{Failed: true, Msg: out.Stderr, Data: data}
}

func (m *probe) load() *module.Result {
	words, err := kit.SplitWords(m.params)
	if err != nil {
		return m.failed(err)
	}
	words = append([]string{m.name}, words...)
	if m.c.Check {
		m.changed = true
		return m.run(append([]string{"-n"}, words...)...)
	}
	if failure := m.journalled(func() *module.Result { return m.run(words...) }); failure != nil {
		return failure
	}
	if m.changed, err = isLoaded(m.name); err != nil {
		return m.failed(err)
	}
	if !m.changed {
		if failure := m.run(append([]string{"-n", "--first-time"}, words...)...); failure != nil {
			m.warnings = append(m.warnings, failure.Msg)
		}
	}
	return nil
}

func (m *probe) unload() *module.Result {
	m.changed = true
	if m.c.Check {
		return m.run("-r", m.name, "-n")
	}
	return m.journalled(func() *module.Result { return m.run("-r", m.name) })
}

// journalled does something to what is loaded: the module, and those that it needs.
func (m *probe) journalled(act func() *module.Result) *module.Result {
	var failure *module.Result
	err := m.c.Log.Set(modulesKind, strings.Join(m.needs(), " "), func() error {
		failure = act()
		return nil
	})
	if err != nil {
		return m.failed(err)
	}
	return failure
}

// needs are the modules that are loaded with this one, those that others need first.
func (m *probe) needs() []string {
	var out []string
	said, err := m.tools.Run([]string{m.program, "--show-depends", m.name}, "")
	for _, line := range strings.Split(said.Stdout, "\n") {
		words := strings.Fields(line)
		if err != nil || said.Code != 0 || len(words) < 2 || words[0] != "insmod" {
			continue
		}
		name, _, _ := strings.Cut(filepath.Base(words[1]), ".ko")
		out = append(out, kernelName(name))
	}
	if own := kernelName(m.name); !slices.Contains(out, own) {
		out = append(out, own)
	}
	return out
}

// kernelName is how the kernel spells a module's name.
func kernelName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// isLoaded tells whether a module is loaded, or part of the kernel.
func isLoaded(name string) (bool, error) {
	text, err := os.ReadFile(loadedPath)
	if err != nil {
		return false, err
	}
	if loadedIn(string(text), name) {
		return true, nil
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return false, err
	}
	text, err = os.ReadFile(filepath.Join(builtinFolder, strings.TrimSpace(string(release)), "modules.builtin"))
	if err != nil {
		return false, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(strings.TrimRight(line, " \t\r"), "/"+name+".ko") {
			return true, nil
		}
	}
	return false, nil
}

func loadedIn(text, name string) bool {
	start := kernelName(name) + " "
	return strings.HasPrefix(text, start) || strings.Contains(text, "\n"+start)
}

// noOptions refuses parameters that modprobe would take for its own options. They are named before anything is asked.
func noOptions(params string) error {
	words, err := kit.SplitWords(params)
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			return fmt.Errorf("params: %s is no parameter of a module but an option of modprobe; write NAME=VALUE", value.Repr(word))
		}
	}
	return err
}
