package modules

import (
	"path"
	"strings"

	"runner/facts"
	"runner/module"
	"runner/value"
)

var setupSpec = spec{args: []arg{
	{name: "gather_subset", kind: list, def: []string{"all"}},
	{name: "gather_timeout", kind: integer, def: int64(10)},
	{name: "filter", kind: list, def: []string{}},
	{name: "fact_path", kind: path_, def: "/etc/ansible/facts.d"},
}}

// setup gathers facts; they become variables of the host.
func setup(c *module.Call) module.Result {
	p, err := setupSpec.parse("setup", c)
	if err != nil {
		return failure(err)
	}
	subsets := p.list("gather_subset")
	if err := facts.Check(subsets); err != nil {
		return failure(err)
	}
	all := c.Facts(subsets)
	if folder := p.str("fact_path"); folder != "/etc/ansible/facts.d" {
		if _, chosen := all.Get("ansible_local"); chosen {
			all.Set("ansible_local", facts.Local(folder, c.Env))
		}
	}
	found := filtered(all, p.list("filter"))
	if len(p.list("filter")) == 0 {
		found.Set("gather_subset", items(subsets))
		found.Set("module_setup", true)
	}
	return module.Result{Facts: found}
}

// filtered keeps the facts whose name matches one of the shell patterns, with or without the ansible_ before it.
func filtered(all *value.Dict, patterns []string) *value.Dict {
	kept := dict()
	for _, name := range keysOf(all) {
		if wantedFact(name, patterns) {
			v, _ := all.Get(name)
			kept.Set(name, v)
		}
	}
	return kept
}

func wantedFact(name string, patterns []string) bool {
	for _, pattern := range patterns {
		if pattern == "" || pattern == "*" || matches(pattern, name) {
			return true
		}
		if !strings.HasPrefix(pattern, "ansible_") && matches("ansible_"+pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
