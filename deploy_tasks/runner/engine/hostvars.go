package engine

import "runner/value"

// told is what hostvars says of the hosts besides this one: what their inventory says, with what they have told over it.
// It does not change during a run and is made once.
func (e *Engine) told() *value.Dict {
	if e.foreign == nil {
		e.foreign = value.NewDict()
		for name, of := range e.opts.Others.All() {
			if d, ok := of.(*value.Dict); ok {
				e.foreign.Set(value.Str(name), hostVariables(d))
			}
		}
	}
	return e.foreign
}

// hostVariables evaluates the variables of one other host: those that it told are final, those of the inventory may hold
// expressions, which see that host's variables.
func hostVariables(host *value.Dict) *value.Dict {
	s := &scope{}
	if known := dictIn(host, "known"); known.Len() > 0 {
		s.layers = append(s.layers, layer{known, true})
	}
	s.layers = append(s.layers, layer{dictIn(host, "inventory"), false})
	return s.all()
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
