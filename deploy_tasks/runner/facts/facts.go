// Package facts tells what a host is, under Ansible's names and with Ansible's values, read from the system itself.
// What only another program could tell is left out.
package facts

import (
	"os"
	"strings"

	"runner/value"
)

// gathering is one collection of facts: what was found so far, for those that build on others.
type gathering struct {
	env []string
	out *value.Dict
}

// set adds a fact; dashes become underscores so that templates can name it.
func (g *gathering) set(name string, v any) {
	g.out.Set("ansible_"+strings.ReplaceAll(name, "-", "_"), v)
}

// text is a fact found before, empty when there is none.
func (g *gathering) text(name string) string {
	v, _ := g.out.Get("ansible_" + name)
	s, _ := v.(string)
	return s
}

// Gather collects the named subsets, all when there are none. The names of the facts begin with ansible_, as in the
// result of Ansible's setup module; env is the environment that commands get. Subsets that are unknown or that this runner
// does not have are left out: see Check and Lacking.
func Gather(subsets []string, env []string) *value.Dict {
	if env == nil {
		env = os.Environ()
	}
	g := &gathering{env: env, out: value.NewDict()}
	chosen := choose(subsets)
	for _, c := range collectors {
		if chosen[c.name] && c.collect != nil {
			c.collect(g)
		}
	}
	return g.out
}
