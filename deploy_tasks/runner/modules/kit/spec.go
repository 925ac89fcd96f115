package kit

import (
	"slices"
	"sort"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// Kind is the type a module gives an argument; values are converted to it by Ansible's rules.
type Kind int

const (
	Text Kind = iota // any scalar as a text
	Path             // ~ and $NAME are expanded; a relative path starts at Call.Cwd
	Bool             // yes, no, on, off, true, false, 1, 0
	Int              // a whole number
	Float
	List // of texts; a text is split at commas
	Raw  // kept as it is
)

// Arg describes one argument of a module.
type Arg struct {
	Name     string
	Kind     Kind
	Aliases  []string
	Required bool
	Choices  []string
	Default  any // of the kind's Go type: string, bool, int64, float64, []string
}

// Spec describes the arguments of a module, in the words of Ansible's own argument checks. It is plain data: nothing is
// built when the runner starts.
type Spec struct {
	Args      []Arg
	Shared    [][]Arg // more, which other modules have as well
	Exclusive [][]string
}

// all are the module's own and the shared arguments.
func (s *Spec) all() []Arg {
	all := s.Args[:len(s.Args):len(s.Args)]
	for _, more := range s.Shared {
		all = append(all, more...)
	}
	return all
}

// FileArgs are the arguments that every module with a file has.
var FileArgs = []Arg{
	{Name: "mode", Kind: Raw},
	{Name: "owner", Kind: Text},
	{Name: "group", Kind: Text},
	{Name: "attributes", Kind: Text, Aliases: []string{"attr"}},
	{Name: "seuser", Kind: Text},
	{Name: "serole", Kind: Text},
	{Name: "setype", Kind: Text},
	{Name: "selevel", Kind: Text},
	{Name: "unsafe_writes", Kind: Bool, Default: false},
}

// Parse checks the arguments of a call and fills in defaults.
func (s *Spec) Parse(name string, c *module.Call) (*Params, error) {
	p := &Params{call: c, values: map[string]any{}}
	given, err := s.canonical(name, c.Args)
	if err != nil {
		return nil, err
	}
	for _, group := range s.Exclusive {
		if found := present(group, given); len(found) > 1 {
			return nil, fmt.Errorf("parameters are mutually exclusive: %s", strings.Join(group, "|"))
		}
	}
	if missing := s.missing(given); len(missing) > 0 {
		return nil, fmt.Errorf("missing required arguments: %s", strings.Join(missing, ", "))
	}
	for _, a := range s.all() {
		v, ok := given[a.Name]
		if !ok {
			if a.Default != nil {
				p.values[a.Name] = a.Default
			}
			continue
		}
		if p.values[a.Name], err = convert(c, a, v); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// canonical resolves aliases, leaves out arguments without a value and refuses unknown ones.
func (s *Spec) canonical(name string, args *value.Dict) (map[string]any, error) {
	given := map[string]any{}
	var unknown []string
	for _, key := range KeysOf(args) {
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

func (s *Spec) resolve(key string) (string, bool) {
	alias := ""
	for _, a := range s.all() {
		if a.Name == key {
			return key, true
		}
		if slices.Contains(a.Aliases, key) {
			alias = a.Name
		}
	}
	return alias, alias != ""
}

func (s *Spec) missing(given map[string]any) []string {
	var missing []string
	for _, a := range s.all() {
		if _, ok := given[a.Name]; a.Required && !ok {
			missing = append(missing, a.Name)
		}
	}
	sort.Strings(missing)
	return missing
}

func (s *Spec) names() []string {
	var names []string
	for _, a := range s.all() {
		if a.Name[0] != '_' {
			names = append(names, a.Name)
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

// KeysOf are the keys of a dictionary, none of nil.
func KeysOf(d *value.Dict) []string {
	if d == nil {
		return nil
	}
	return d.Keys()
}
