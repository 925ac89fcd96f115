// Package own runs the modules that a plan brings itself: executables and scripts that take their arguments from a file
// and answer with JSON, as Ansible's do. docs/modules.md tells how they are written.
package own

import (
	"os"
	"runtime"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() {
	module.Register("own", run)
	change.RegisterKind("module", kind{})
}

// Styles of modules, as Ansible tells them apart: how they get their arguments.
const (
	binary   = "binary"   // an executable: the path of a JSON file
	wantJSON = "json"     // a script: the same
	inserted = "inserted" // a script: JSON in place of a mark in its text
	plain    = "old"      // a script: the path of a file with key=value
)

// own is a call of a module of the plan, as the program carries it.
type own struct {
	name, style     string
	check, undo     bool // what the module can do besides
	hidden          bool
	entry           module.Entry
	args            *value.Dict
	checking, diffs bool // what the run is
}

func read(c *module.Call) (*own, error) {
	r := record.Of(c.Args)
	m := &own{name: r.Text("name"), style: r.Text("style"), check: r.Flag("check"), undo: r.Flag("undo"), args: r.Dict("arguments"),
		checking: c.Check, diffs: c.Diff}
	files := r.Record("files")
	file := files.Text(triple())
	if file == "" {
		file = files.Text("any")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if m.name == "" || strings.ContainsAny(m.name, "/\\\x00") || m.name[0] == '.' {
		return nil, fmt.Errorf("%q is no name of a module", m.name)
	}
	m.hidden = value.Truthy(r.Value("no_log"))
	if m.args == nil {
		m.args = value.NewDict()
	}
	var found bool
	if m.entry, found = c.Files.Lookup(file); !found {
		return nil, fmt.Errorf("the module %s is not in this executable for %s", m.name, triple())
	}
	return m, nil
}

// triple is what a plan's folder calls the machine that the runner was built for.
func triple() string {
	machines := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
	systems := map[string]string{"linux": "linux", "darwin": "macos", "windows": "windows"}
	return machines[runtime.GOARCH] + "-" + systems[runtime.GOOS]
}

func run(c *module.Call) module.Result {
	m, err := read(c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check && !m.check {
		return module.Result{Skipped: true, Msg: fmt.Sprintf("remote module (%s) does not support check mode", m.name)}
	}
	folder, err := os.MkdirTemp(c.TempDir(), "own-*")
	if err != nil {
		return kit.Failure(err)
	}
	defer os.RemoveAll(folder)
	at, err := m.place(c, folder)
	if err != nil {
		return kit.Failure(err)
	}
	switch ref, err := m.keep(c, at); {
	case err != nil:
		return kit.Failure(err)
	case ref != "":
		return m.takenBack(c, at, ref)
	}
	if err := c.Log.Command("module "+m.name, false, nil); err != nil {
		return kit.Failure(err)
	}
	return m.perform(c, at)
}

// takenBack performs the module so that the journal knows how things were before and are afterwards.
func (m *own) takenBack(c *module.Call, at placed, ref string) (result module.Result) {
	ran := false
	err := c.Log.Set("module", ref, func() error {
		ran = true
		result = m.perform(c, at)
		return nil
	})
	switch {
	case err == nil || ran && result.Failed:
		return result
	case ran:
		return kit.Failed(fmt.Sprintf("the module %s ran, but does not tell what it has made: %s", m.name, err), result.Data)
	}
	return kit.Failure(err)
}
