package engine

import (
	"slices"
	"strings"

	"runner/value"
)

// ansibleVersion is the version of ansible-core whose behaviour a program has.
func ansibleVersion() *value.Dict {
	return value.DictOf("full", "2.18.19", "major", int64(2), "minor", int64(18), "revision", int64(19), "string", "2.18.19")
}

// magic are the variables that the engine itself defines for the steps of a frame.
func (r *run) magic(f frame, name string, s *scope) (any, bool) {
	if v, ok := r.playHosts(name); ok {
		return v, true
	}
	switch name {
	case "inventory_hostname":
		return r.host.name(), true
	case "inventory_hostname_short":
		short, _, _ := strings.Cut(r.host.name(), ".")
		return short, true
	case "ansible_check_mode":
		return r.check, true
	case "ansible_diff_mode":
		return r.opts.Diff, true
	case "ansible_play_name":
		return r.play.Name, true
	case "ansible_run_tags":
		return listOf(r.selection.tags), true
	case "ansible_skip_tags":
		return listOf(r.selection.skip), true
	case "ansible_facts":
		return r.host.ansibleFacts(), true
	case "vars":
		return s.all(), true
	case "hostvars":
		return r.hostvars(s), true
	case "ansible_verbosity":
		return int64(0), true
	case "ansible_version":
		return ansibleVersion(), true
	case "playbook_dir":
		if r.play != nil && r.play.PlaybookDir != "" {
			return folder(r.play.PlaybookDir), true
		}
		return folder(r.opts.Program.PlaybookDir), true
	case "ansible_play_role_names", "role_names":
		return listOf(r.roleNames), true
	case "ansible_dependent_role_names":
		return listOf(r.play.Dependencies), true
	case "ansible_role_names":
		return listOf(distinct(r.play.Dependencies, r.roleNames)), true
	}
	return f.role.magic(name)
}

// distinct are the texts of both lists, each once.
func distinct(a, b []string) []string {
	var out []string
	for _, text := range push(a, b...) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// folder is a plan-relative folder as it is written: the plan's own is the dot.
func folder(name string) string {
	if name == "" {
		return "."
	}
	return name
}

// magic are the variables that a role's steps have of their role.
func (o *role) magic(name string) (any, bool) {
	if o == nil {
		return nil, false
	}
	switch name {
	case "role_name", "ansible_role_name":
		return o.name, true
	case "role_path":
		return folder(o.path), true
	}
	if o.parent == nil {
		return nil, false
	}
	var names, paths []string
	for p := o.parent; p != nil; p = p.parent {
		names, paths = append(names, p.name), append(paths, folder(p.path))
	}
	switch name {
	case "ansible_parent_role_names":
		return listOf(names), true
	case "ansible_parent_role_paths":
		return listOf(paths), true
	}
	return nil, false
}

// fallback gives what nobody has defined: what an inventory usually says, for a program that runs without one, and
// Ansible's own defaults.
func (r *run) fallback(name string) (any, bool) {
	self := []any{r.host.name()}
	switch name {
	case "group_names":
		return []any{"ungrouped"}, true
	case "groups":
		return value.DictOf("all", self, "ungrouped", self), true
	case "play_hosts", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_batch":
		return self, true
	case "ansible_host":
		return r.host.name(), true
	case "ansible_managed":
		return "Ansible managed", true
	case "ansible_forks":
		return int64(5), true
	}
	return nil, false
}

// hostvars is what is known of other hosts, and everything about this one.
func (r *run) hostvars(s *scope) *value.Dict {
	out := value.NewDict()
	out.Update(r.others())
	out.Update(r.told())
	own := s.all()
	own.Set("inventory_hostname", r.host.name())
	own.Set("ansible_facts", r.host.ansibleFacts())
	out.Set(r.host.name(), own)
	return out
}

func listOf(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}
