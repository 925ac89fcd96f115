package modules

import (
	"slices"
	"sort"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// kind is the type a module gives an argument; values are converted to it by Ansible's rules.
type kind int

const (
	text    kind = iota
	path_        // ~ and $NAME are expanded; a relative path starts at Call.Cwd
	boolean      // yes, no, on, off, true, false, 1, 0
	integer
	number // a float
	list   // of texts; a text is split at commas
	asIs   // kept as it is
)

// arg describes one argument of a module.
type arg struct {
	name     string
	kind     kind
	aliases  []string
	required bool
	choices  []string
	def      any
}

// spec describes the arguments of a module, in the words of Ansible's own argument checks. It is plain data: nothing is
// built when the runner starts.
type spec struct {
	args      []arg
	shared    [][]arg // more, which other modules have as well
	exclusive [][]string
}

// all are the module's own and the shared arguments.
func (s *spec) all() []arg {
	all := s.args[:len(s.args):len(s.args)]
	for _, more := range s.shared {
		all = append(all, more...)
	}
	return all
}

// fileArgs are the arguments that every module with a file has.
var fileArgs = []arg{
	{name: "mode", kind: asIs},
	{name: "owner", kind: text},
	{name: "group", kind: text},
	{name: "attributes", kind: text, aliases: []string{"attr"}},
	{name: "seuser", kind: text},
	{name: "serole", kind: text},
	{name: "setype", kind: text},
	{name: "selevel", kind: text},
	{name: "unsafe_writes", kind: boolean, def: false},
}

// parse checks the arguments of a call and fills in defaults.
func (s *spec) parse(name string, c *module.Call) (*params, error) {
	p := &params{call: c, values: map[string]any{}}
	given, err := s.canonical(name, c.Args)
	if err != nil {
		return nil, err
	}
	for _, group := range s.exclusive {
		if found := present(group, given); len(found) > 1 {
			return nil, fmt.Errorf("parameters are mutually exclusive: %s", strings.Join(group, "|"))
		}
	}
	if missing := s.missing(given); len(missing) > 0 {
		return nil, fmt.Errorf("missing required arguments: %s", strings.Join(missing, ", "))
	}
	for _, a := range s.all() {
		v, ok := given[a.name]
		if !ok {
			if a.def != nil {
				p.values[a.name] = a.def
			}
			continue
		}
		if p.values[a.name], err = convert(c, a, v); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// canonical resolves aliases, leaves out arguments without a value and refuses unknown ones.
func (s *spec) canonical(name string, args *value.Dict) (map[string]any, error) {
	given := map[string]any{}
	var unknown []string
	for _, key := range keysOf(args) {
		v, _ := args.Get(key)
		real, ok := s.resolve(key)
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		if _, twice := given[real]; v == nil || twice && real != key {
			continue
		}
		given[real] = v
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("Unsupported parameters for (%s) module: %s. Supported parameters include: %s.",
			name, strings.Join(unknown, ", "), strings.Join(s.names(), ", "))
	}
	return given, nil
}

func (s *spec) resolve(key string) (string, bool) {
	alias := ""
	for _, a := range s.all() {
		if a.name == key {
			return key, true
		}
		if slices.Contains(a.aliases, key) {
			alias = a.name
		}
	}
	return alias, alias != ""
}

func (s *spec) missing(given map[string]any) []string {
	var missing []string
	for _, a := range s.all() {
		if _, ok := given[a.name]; a.required && !ok {
			missing = append(missing, a.name)
		}
	}
	sort.Strings(missing)
	return missing
}

func (s *spec) names() []string {
	var names []string
	for _, a := range s.all() {
		if a.name[0] != '_' {
			names = append(names, a.name)
		}
	}
	sort.Strings(names)
	return names
}

func present(names []string, given map[string]any) []string {
	var found []string
	for _, name := range names {
		if _, ok := given[name]; ok {
			found = append(found, name)
		}
	}
	return found
}

func keysOf(d *value.Dict) []string {
	if d == nil {
		return nil
	}
	return d.Keys()
}
