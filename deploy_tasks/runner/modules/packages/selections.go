package packages

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() {
	module.Register("dpkg_selections", dpkgSelections)
	change.RegisterKind(selectionKind, note{})
}

const selectionKind = "package selection"

var selectionsSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "selection", Kind: kit.Text, Required: true, Choices: []string{"install", "hold", "deinstall", "purge"}},
}}

// dpkgSelections notes what is to become of a package: held at its version, installed or removed by whoever acts on it.
func dpkgSelections(c *module.Call) module.Result {
	p, err := selectionsSpec.Parse("dpkg_selections", c)
	if err != nil {
		return kit.Failure(err)
	}
	name, wanted := p.Str("name"), p.Str("selection")
	if why := notAName(name); why != "" {
		return module.Failure(why)
	}
	if c.Program("dpkg") == "" {
		return module.Failure("Failed to find required executable \"dpkg\" in paths")
	}
	t := callTools{c, ""}
	current, err := readSelection(t, name)
	if err != nil {
		return kit.Failure(err)
	}
	if current == "" {
		return module.Failure(fmt.Sprintf("Failed to find package '%s' to perform selection '%s'.", name, wanted))
	}
	r := module.Result{Changed: current != wanted, Data: kit.Dict("before", current, "after", wanted)}
	if c.Check || !r.Changed {
		return r
	}
	err = c.Log.Set(selectionKind, name, func() error { return writeSelection(t, name, wanted) })
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

// readSelection is dpkg's word for a package, "" when it knows none of this name.
func readSelection(t change.Tools, name string) (string, error) {
	out, err := t.Run([]string{"dpkg", "--get-selections", name}, "")
	if err != nil {
		return "", err
	}
	if words := strings.Fields(out.Stdout); len(words) == 2 {
		return words[1], nil
	}
	return "", nil
}

func writeSelection(t change.Tools, name, word string) error {
	out, err := t.Run([]string{"dpkg", "--set-selections"}, name+" "+word+"\n")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("dpkg --set-selections: exit status %d: %s", out.Code, strings.TrimSpace(out.Stderr))
	}
	return err
}

// note is the kind of these notes.
type note struct{}

// Inspect implements change.Kind.
func (note) Inspect(t change.Tools, name string) (any, error) {
	word, err := readSelection(undoTools{t}, name)
	if word == "" || err != nil {
		return nil, err
	}
	return word, nil
}

// Restore implements change.Kind. What dpkg no longer knows has no note to restore.
func (note) Restore(t change.Tools, name string, before, _ any) error {
	word, ok := before.(string)
	if !ok {
		return fmt.Errorf("dpkg knew no package %s", name)
	}
	return writeSelection(undoTools{t}, name, word)
}
