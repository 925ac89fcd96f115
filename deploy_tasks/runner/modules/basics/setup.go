package basics

import (
	"path"
	"strings"

	"runner/facts"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var setupSpec = kit.Spec{Args: []kit.Arg{
	{Name: "gather_subset", Kind: kit.List, Default: []string{"all"}},
	{Name: "gather_timeout", Kind: kit.Int, Default: int64(10)},
	{Name: "filter", Kind: kit.List, Default: []string{}},
	{Name: "fact_path", Kind: kit.Path, Default: "/etc/ansible/facts.d"},
}}

// setup gathers facts; they become variables of the host.
func setup(c *module.Call) module.Result {
	p, err := setupSpec.Parse("setup", c)
	if err != nil {
		return kit.Failure(err)
	}
	subsets := p.List("gather_subset")
	if err := facts.Check(subsets); err != nil {
		return kit.Failure(err)
	}
	all := c.Facts(subsets)
	if folder := p.Str("fact_path"); folder != "/etc/ansible/facts.d" {
		if _, chosen := all.Get("ansible_local"); chosen {
			all.Set("ansible_local", facts.Local(folder, c.Env))
		}
	}
	found := filtered(all, p.List("filter"))
	if len(p.List("filter")) == 0 {
		found.Set("gather_subset", kit.Items(subsets))
		found.Set("module_setup", true)
	}
	return module.Result{Facts: found}
}

// filtered keeps the facts whose name matches one of the shell patterns, with or without the ansible_ before it.
func filtered(all *value.Dict, patterns []string) *value.Dict {
	kept := kit.Dict()
	for _, name := range kit.KeysOf(all) {
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
