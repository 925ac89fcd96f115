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

	library func() *expr.Library // the files that lookups find
	inquire func(s *scope, kind string, terms []any, options *value.Dict) (*value.Dict, error)
}

// Names lists every variable's name, for lookups.
func (s *scope) Names() []string { return s.names() }

// Library is the files that lookups find, nil for none.
func (s *scope) Library() *expr.Library {
	if s.library == nil {
		return nil
	}
	return s.library()
}

// Inquire puts a lookup to the worker.
func (s *scope) Inquire(kind string, terms []any, options *value.Dict) (*value.Dict, error) {
	if s.inquire == nil {
		return nil, nil
	}
	return s.inquire(s, kind, terms, options)
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

// host holds what is known of the host, over all plays.
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

// learn takes what a module found out; a fact of set_fact is one of the host's facts too when it is cacheable.
func (h *host) learn(module string, facts *value.Dict, cacheable bool) {
	switch module {
	case "set_fact":
		h.known = merged(h.known, facts)
		if cacheable {
			h.facts = merged(h.facts, facts)
		}
	case "include_vars":
		h.included = merged(h.included, facts)
	default:
		h.facts = merged(h.facts, facts)
	}
}

func merged(into, more *value.Dict) *value.Dict {
	out := into.Copy()
	out.Update(more)
	return out
}

// learned is what a task may add to what is known of the host.
type learned struct{ facts, included, known *value.Dict }

// learned is how things stand; learn makes new dicts, so this stays as it is.
func (h *host) learned() learned { return learned{h.facts, h.included, h.known} }

// forget goes back to how things stood: a task that failed has found out nothing.
func (h *host) forget(was learned) { h.facts, h.included, h.known = was.facts, was.included, was.known }

// ansibleFacts is ansible_facts: the facts by their names without the prefix, but for the host's own.
func (h *host) ansibleFacts() *value.Dict { return withoutPrefix(h.facts) }

func withoutPrefix(facts *value.Dict) *value.Dict {
	out := value.NewDict()
	for _, name := range facts.Keys() {
		v, _ := facts.Get(name)
		if name != "ansible_local" {
			name = strings.TrimPrefix(name, "ansible_")
		}
		out.Set(name, v)
	}
	return out
}
