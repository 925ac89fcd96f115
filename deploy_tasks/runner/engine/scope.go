package engine

import (
	"strings"

	"runner/expr"
	"runner/value"
)

// layer is one level of variables. Values of a raw layer are final; others may hold expressions, which are
// evaluated when they are first looked up.
type layer struct {
	vars *value.Dict
	raw  bool
}

// scope finds variables: the first layer that has a name wins.
type scope struct {
	layers []layer
	magic  func(name string, s *scope) (any, bool) // before all layers
	last   func(name string) (any, bool)           // after them
	cache  map[string]any
	busy   map[string]bool
}

// Lookup implements expr.Scope.
func (s *scope) Lookup(name string) (any, bool, error) {
	if v, ok := s.cache[name]; ok {
		return v, true, nil
	}
	if s.magic != nil {
		if v, ok := s.magic(name, s); ok {
			return v, true, nil
		}
	}
	for _, l := range s.layers {
		v, ok := l.vars.Get(name)
		if !ok {
			continue
		}
		if l.raw {
			return v, true, nil
		}
		v, err := s.lazy(name, v)
		return v, err == nil, err
	}
	if s.last != nil {
		v, ok := s.last(name)
		return v, ok, nil
	}
	return nil, false, nil
}

// lazy evaluates a variable's own value and remembers it for as long as the scope lives.
func (s *scope) lazy(name string, v any) (any, error) {
	if s.busy[name] {
		return nil, &expr.Error{Kind: expr.Limit, Msg: "recursive loop detected in the variable '" + name + "'"}
	}
	if s.busy == nil {
		s.busy, s.cache = map[string]bool{}, map[string]any{}
	}
	s.busy[name] = true
	defer delete(s.busy, name)
	v, err := expr.Resolve(v, s)
	if err == nil {
		s.cache[name] = v
	}
	return v, err
}

// names lists every variable's name once, those of high precedence first.
func (s *scope) names() []string {
	var out []string
	seen := map[string]bool{}
	for _, l := range s.layers {
		for _, name := range l.vars.Keys() {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}

// all is every variable that has a value now, for `vars` and `hostvars`.
func (s *scope) all() *value.Dict {
	out := value.NewDict()
	for _, name := range s.names() {
		if s.busy[name] {
			continue
		}
		if v, ok, err := s.Lookup(name); ok && err == nil {
			out.Set(name, v)
		}
	}
	return out
}

// host holds what is known of the host, over all plays. Precedence from low to high: inventory, facts, play vars,
// block vars, task vars, include_vars, set_fact and registered, extra vars, loop variables and what the engine itself defines.
type host struct {
	inventory, facts, included, known, extra *value.Dict
}

func newHost(inventory, extra *value.Dict) *host {
	h := &host{inventory: inventory, extra: extra, facts: value.NewDict(), included: value.NewDict(), known: value.NewDict()}
	if h.inventory == nil {
		h.inventory = value.NewDict()
	}
	if h.extra == nil {
		h.extra = value.NewDict()
	}
	return h
}

// copy is what is known of the host now, to be added to without a trace.
func (h *host) copy() *host {
	return &host{inventory: h.inventory, extra: h.extra, facts: h.facts.Copy(), included: h.included.Copy(), known: h.known.Copy()}
}

// name is inventory_hostname.
func (h *host) name() string {
	if v, ok := h.inventory.Get("inventory_hostname"); ok {
		if s, ok := v.(string); ok {
			return s
		}
	}
	return "localhost"
}

// learn takes a module's facts.
func (h *host) learn(module string, facts *value.Dict) {
	switch module {
	case "set_fact":
		h.known.Update(facts)
	case "include_vars":
		h.included.Update(facts)
	default:
		h.facts.Update(facts)
	}
}

// ansibleFacts is ansible_facts: the facts by their names without the prefix.
func (h *host) ansibleFacts() *value.Dict {
	out := value.NewDict()
	for _, name := range h.facts.Keys() {
		v, _ := h.facts.Get(name)
		out.Set(strings.TrimPrefix(name, "ansible_"), v)
	}
	return out
}

// frame is what a step inherits from play and blocks around it.
type frame struct {
	play *value.Dict
	vars []*value.Dict // of the blocks, outermost first
	when []any
	tags []string
}

func (f frame) inside(vars *value.Dict, when []any, tags []string) frame {
	f.vars = append(f.vars[:len(f.vars):len(f.vars)], vars)
	f.when = append(f.when[:len(f.when):len(f.when)], when...)
	f.tags = append(f.tags[:len(f.tags):len(f.tags)], tags...)
	return f
}

// scope builds the variables of a task; loop are those of the item.
func (r *run) scope(f frame, loop *value.Dict) *scope {
	h := r.host
	s := &scope{magic: r.magic, last: r.fallback}
	add := func(d *value.Dict, raw bool) {
		if d != nil && d.Len() > 0 {
			s.layers = append(s.layers, layer{d, raw})
		}
	}
	add(loop, true)
	add(h.extra, false)
	add(h.known, true)
	add(h.included, false)
	for i := len(f.vars) - 1; i >= 0; i-- {
		add(f.vars[i], false)
	}
	add(f.play, false)
	add(h.facts, true)
	add(h.inventory, false)
	return s
}

// magic are the variables that the engine itself defines.
func (r *run) magic(name string, s *scope) (any, bool) {
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
	}
	return nil, false
}

// hostvars is what the inventory says of other hosts, and everything about this one.
func (r *run) hostvars(s *scope) *value.Dict {
	out := value.NewDict()
	if v, ok := r.host.inventory.Get("hostvars"); ok {
		if d, ok := v.(*value.Dict); ok {
			out.Update(d)
		}
	}
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
