package engine

import (
	"slices"
	"strings"

	"runner/value"
)

// told is what hostvars says of the hosts besides this one: what their inventory says, with their facts and what they have
// told over it. It is made once; of what happens in a run only what tasks here say of a host changes it.
func (r *run) told() *value.Dict {
	if r.foreign == nil {
		r.gathered, r.foreign = r.foreignFacts(), value.NewDict()
		for name, of := range r.opts.Others.All() {
			if _, ok := of.(*value.Dict); ok {
				r.retell(value.Str(name))
			}
		}
	}
	return r.foreign
}

// retell evaluates again what hostvars says of a host. Facts learnt of it here come last.
func (r *run) retell(name string) {
	other := dictIn(r.opts.Others, name)
	added := dictIn(other, "added").Copy() // in the plays before
	added.Update(dictIn(r.added, name))
	of := r.hostVariables(other, dictIn(r.gathered, name), added)
	if learnt := dictIn(r.learnt, name); learnt.Len() > 0 {
		of.Update(learnt)
		known := dictIn(of, "ansible_facts").Copy()
		known.Update(withoutPrefix(learnt))
		of.Set("ansible_facts", known)
	}
	r.foreign.Set(name, of)
}

// learnOf adds facts to what hostvars says of another host.
func (r *run) learnOf(name string, facts *value.Dict) {
	r.told()
	r.learnt = withMore(r.learnt, name, facts)
	r.retell(name)
}

// introduce has hostvars know another host by what the worker says of it, now that it is in more groups. Where nothing is known of others,
// nothing reads it.
func (r *run) introduce(name string, inventory *value.Dict) {
	if name == r.host.name() || r.opts.Others == nil {
		return
	}
	of := dictIn(r.opts.Others, name).Copy()
	of.Set("inventory", inventory)
	r.introduced = withMore(r.introduced, name, inventory)
	r.opts.Others = r.opts.Others.Copy()
	r.opts.Others.Set(name, of)
}

// assume has hostvars say of another host what add_host says: as if the inventory said it, weaker than facts and than what
// the host has told itself. Where nothing is known of others, nothing reads it.
func (r *run) assume(name string, groups []string, variables *value.Dict) {
	if name == r.host.name() || r.opts.Others == nil {
		return
	}
	of := variables.Copy()
	names, ok := dictIn(r.added, name).Get("group_names")
	if !ok {
		names, ok = dictIn(dictIn(r.opts.Others, name), "inventory").Get("group_names")
	}
	if ok {
		of.Set("group_names", listOf(grouped(textsOf(names), groups)))
	}
	r.added = withMore(r.added, name, of)
	if r.foreign != nil {
		r.retell(name)
	}
}

// grouped is the names of a host's groups, sorted, once it is in more of them.
func grouped(names, more []string) []string {
	for _, group := range more {
		if group == "all" || slices.Contains(names, group) {
			continue
		}
		names = slices.DeleteFunc(append(names, group), func(name string) bool { return name == "ungrouped" })
	}
	slices.Sort(names)
	return names
}

// withMore is a dict of dicts with more in one of them; nothing that others hold is changed.
func withMore(all *value.Dict, name string, more *value.Dict) *value.Dict {
	of := dictIn(all, name).Copy()
	of.Update(more)
	if all == nil {
		all = value.NewDict()
	}
	all.Set(name, of)
	return all
}

// foreignFacts are the facts of other hosts, as far as the program reads them. The worker gathers them when asked.
func (r *run) foreignFacts() *value.Dict {
	if !r.opts.Foreign || r.opts.Ask == nil {
		return value.NewDict()
	}
	answer, err := r.ask("hostvars")
	if err != nil { // what is missing is undefined, and said to be where it is used
		return value.NewDict()
	}
	return dictIn(answer.All(), "facts")
}

// hostVariables evaluates the variables of one other host: its facts, what it told and what was added are final, those of the
// inventory may hold expressions, which see that host's variables and what the worker has looked up for all hosts.
func (r *run) hostVariables(host, facts, added *value.Dict) *value.Dict {
	s := &scope{last: r.lookedUp}
	if known := dictIn(host, "known"); known.Len() > 0 {
		s.layers = append(s.layers, layer{known, true})
	}
	if facts.Len() > 0 {
		s.layers = append(s.layers, layer{facts, true}, layer{value.DictOf("ansible_facts", withoutPrefix(facts)), true})
	}
	s.layers = append(s.layers, layer{added, true}, layer{dictIn(host, "inventory"), false})
	return s.all()
}

// lookedUp is the answer to a lookup that is written out somewhere, by the variable that brings it.
func (r *run) lookedUp(name string) (any, bool) {
	if !strings.HasPrefix(name, "__lookup_") {
		return nil, false
	}
	return r.host.extra.Get(name)
}

func dictIn(d *value.Dict, key string) *value.Dict {
	v, _ := d.Get(key)
	if found, ok := v.(*value.Dict); ok {
		return found
	}
	return value.NewDict()
}

// playHosts are the hosts of the play as the worker knows them; false without one.
func (r *run) playHosts(name string) (any, bool) {
	which := map[string]string{"ansible_play_hosts": "left", "ansible_play_hosts_all": "all",
		"ansible_play_batch": "batch", "play_hosts": "batch"}[name]
	if which == "" || r.opts.Play == nil {
		return nil, false
	}
	return r.opts.Play.Get(which)
}
