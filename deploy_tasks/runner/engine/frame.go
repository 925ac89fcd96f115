package engine

import (
	"runner/expr"
	"runner/program"
	"runner/value"
)

// frame is what a step inherits from the play, the blocks, the roles and the includes around it.
type frame struct {
	at       string // which execution: one "/index" for every include and looped block around, "" in the play itself
	play     *playVars
	vars     []*value.Dict // of blocks and tasks; this and the next are outermost first
	defaults []*value.Dict // of roles
	roleVars []*value.Dict
	params   []*value.Dict // given with roles
	includes []layer       // given with includes, and the variables of their loops and of looped blocks
	when     []any
	tags     []string
	role     *role
	caught   bool        // a failure goes to some block's rescue
	sole     bool        // only this host of the batch performs it
	undo     *covering   // the blocks around that say how they are taken back
	search   []string    // folders in which lookups find files
	within   []inclusion // the includes that led here, outermost first
}

// role is the role that a step belongs to.
type role struct {
	name, path string
	parent     *role
}

// playVars are the variables of a play.
type playVars struct {
	vars, files, roleVars, defaults *value.Dict
	chosen                          []string // the names of vars_files, "" where none was there
	published                       []any    // includes whose variables the rest of the play sees: id, role
}

// push appends to a copy, so that frames beside this one keep theirs.
func push[T any](to []T, more ...T) []T { return append(to[:len(to):len(to)], more...) }

// inside is the frame of a task's or block's own variables, conditions and tags.
func (f frame) inside(vars *value.Dict, when []any, tags []string) frame {
	f.vars = pushVars(f.vars, vars)
	f.when = push(f.when, when...)
	f.tags = push(f.tags, tags...)
	return f
}

func pushVars(to []*value.Dict, vars *value.Dict) []*value.Dict {
	if vars.Len() == 0 {
		return to
	}
	return push(to, vars)
}

// block is the frame of the steps in a block.
func (f frame) block(b *program.Block) frame {
	f = f.inside(b.Vars, b.When, b.Tags)
	f.params = pushVars(f.params, b.Params)
	f.defaults = pushVars(f.defaults, b.Defaults)
	f.roleVars = pushVars(f.roleVars, b.RoleVars)
	if b.Role != "" {
		f.role = &role{name: b.Role, path: b.RolePath, parent: f.role}
	}
	return f
}

// included is the frame of the steps that an include brings. Its condition and its tags are its own. What the role
// around was given counts for more than what a role in it is.
func (f frame) included(inc *program.Include, loop *value.Dict, at string) frame {
	if inc.Vars.Len() > 0 {
		f.includes = push(f.includes, layer{vars: inc.Vars})
	}
	if inc.Kind == "role" {
		for _, params := range f.params {
			f.includes = push(f.includes, layer{vars: params})
		}
	}
	return f.looped(loop, at)
}

// looped is the frame of one item; loop is nil without one.
func (f frame) looped(loop *value.Dict, at string) frame {
	f.at = at
	if loop.Len() > 0 {
		f.includes = push(f.includes, layer{loop, true})
	}
	return f
}

// scope builds the variables of a step; loop are those of the item. From low to high precedence: the roles' defaults,
// inventory, facts, the play's vars, vars_files and roles' vars, the role's own, those of blocks and the task,
// include_vars, set_fact and registered results, what roles and includes are given, extra vars, the loop's; and above
// all what the engine itself defines.
func (r *run) scope(f frame, loop *value.Dict) *scope {
	h := r.host
	s := &scope{last: r.fallback, library: func() *expr.Library { return r.library(f.search) }, inquire: r.inquire}
	s.magic = func(name string, s *scope) (any, bool) { return r.magic(f, name, s) }
	s.add(loop, true)
	s.add(h.extra, false)
	for i := len(f.includes) - 1; i >= 0; i-- {
		s.add(f.includes[i].vars, f.includes[i].raw)
	}
	s.addAll(f.params)
	s.add(h.known, true)
	s.add(h.included, false)
	s.addAll(f.vars)
	s.addAll(f.roleVars)
	if f.play != nil {
		s.add(f.play.roleVars, false)
		s.add(f.play.files, false)
		s.add(f.play.vars, false)
	}
	s.add(h.facts, true)
	s.add(h.inventory, false)
	s.addAll(f.defaults)
	if f.play != nil {
		s.add(f.play.defaults, false)
	}
	return s
}

func (s *scope) add(vars *value.Dict, raw bool) {
	if vars.Len() > 0 {
		s.layers = append(s.layers, layer{vars, raw})
	}
}

// addAll adds layers that are given outermost first.
func (s *scope) addAll(layers []*value.Dict) {
	for i := len(layers) - 1; i >= 0; i-- {
		s.add(layers[i], false)
	}
}
