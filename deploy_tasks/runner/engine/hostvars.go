package engine

import (
	"strings"

	"runner/value"
)

// told is what hostvars says of the hosts besides this one: what their inventory says, with their facts and what they have
// told over it. It does not change during a run and is made once.
func (r *run) told() *value.Dict {
	if r.foreign == nil {
		facts := r.foreignFacts()
		r.foreign = value.NewDict()
		for name, of := range r.opts.Others.All() {
			if d, ok := of.(*value.Dict); ok {
				r.foreign.Set(value.Str(name), r.hostVariables(d, dictIn(facts, value.Str(name))))
			}
		}
	}
	return r.foreign
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

// hostVariables evaluates the variables of one other host: its facts and what it told are final, those of the inventory
// may hold expressions, which see that host's variables and what the worker has looked up for all hosts.
func (r *run) hostVariables(host, facts *value.Dict) *value.Dict {
	s := &scope{last: r.lookedUp}
	if known := dictIn(host, "known"); known.Len() > 0 {
		s.layers = append(s.layers, layer{known, true})
	}
	if facts.Len() > 0 {
		s.layers = append(s.layers, layer{facts, true}, layer{value.DictOf("ansible_facts", withoutPrefix(facts)), true})
	}
	s.layers = append(s.layers, layer{dictIn(host, "inventory"), false})
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
