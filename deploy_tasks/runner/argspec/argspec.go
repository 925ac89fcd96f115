// Package argspec checks values against an argument specification: options with types, choices, defaults and options of
// their own, as roles declare them and the module validate_argument_spec takes them. The words are ansible-core's.
package argspec

import (
	"sort"
	"strings"

	"runner/fmt"
	"runner/value"
)

const maxDepth = 50

// Validate returns what is wrong with the values, nothing when all is right. The values stay as they are; environment
// variables in paths are of no matter, so nothing of the host is looked at. Values of options with no_log are not shown.
func Validate(options, given *value.Dict) []string {
	c := &checker{unsupported: map[string]supported{}}
	params := given.Copy()
	c.level(level{options: options}, params)
	c.nested(level{options: options}, params, 0)
	c.tellUnsupported()
	return masked(c.errors, hidden(options, params, 0))
}

// hidden are the texts of the values that nobody is to see.
func hidden(options, params *value.Dict, depth int) []string {
	var out []string
	for _, name := range options.Keys() {
		o := dictAt(options, name)
		v, _ := params.Get(name)
		inner, _ := subOptions(o)
		elements, ok := value.Items(v)
		if !ok {
			elements = []any{v}
		}
		for _, element := range elements {
			d, isDict := element.(*value.Dict)
			switch {
			case o.truth("no_log") && element != nil:
				out = append(out, value.Str(element))
			case isDict && inner != nil && depth < maxDepth:
				out = append(out, hidden(inner, d, depth+1)...)
			}
		}
	}
	return out
}

func masked(errors, texts []string) []string {
	for i := range errors {
		for _, text := range texts {
			if text != "" {
				errors[i] = strings.ReplaceAll(errors[i], text, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
			}
		}
	}
	return errors
}

// level is one set of options: those of the whole, or those within an option.
type level struct {
	options *value.Dict
	rules   *value.Dict // the option that the options belong to, with its mutually_exclusive and so on
	path    []string
}

// found is what stands at the end of a message: where within the values it is about.
func (l level) found(separator string) string {
	if len(l.path) == 0 {
		return ""
	}
	return separator + " " + strings.Join(l.path, " -> ")
}

type supported struct{ names, aliases []string }

type checker struct {
	errors      []string
	unsupported map[string]supported
	last        string
}

func (c *checker) tell(format string, args ...any) {
	c.errors = append(c.errors, fmt.Sprintf(format, args...))
}

// level checks the values of one set of options; what is within them comes after.
func (c *checker) level(l level, params *value.Dict) {
	aliases, err := takeAliases(l.options, params)
	if err != nil {
		c.tell("%s", err)
	}
	if err := readable(l.options, params, 0); err != nil {
		c.tell("%s", err)
	}
	c.noteUnsupported(l, params, aliases)
	c.exclusive(l, params)
	setDefaults(l.options, params, false)
	c.required(l, params)
	c.types(l, params)
	c.choices(l, params)
	c.together(l, params)
	setDefaults(l.options, params, true)
}

// nested checks what is within options that have options of their own.
func (c *checker) nested(l level, params *value.Dict, depth int) {
	for _, name := range l.options.Keys() {
		option := dictAt(l.options, name)
		inner, applies := subOptions(option)
		if !applies || depth > maxDepth {
			continue
		}
		v, there := params.Get(name)
		if option.truth("apply_defaults") && inner != nil && v == nil {
			v, there = value.NewDict(), true
		}
		if inner == nil || !there || v == nil {
			continue
		}
		elements := []any{v}
		if items, ok := value.Items(v); ok {
			elements = items
		}
		at := level{inner, option.Dict, append(l.path[:len(l.path):len(l.path)], name)}
		for _, element := range elements {
			d, ok := element.(*value.Dict)
			if !ok {
				c.tell("value of '%s' must be of type dict or list of dicts", name)
				continue
			}
			d = d.Copy()
			c.level(at, d)
			c.nested(at, d, depth+1)
		}
	}
}

// subOptions are the options within an option, and whether it is of a type that has any.
func subOptions(o option) (*value.Dict, bool) {
	wanted, _ := o.Get("type")
	elements, _ := o.Get("elements")
	if wanted != "dict" && !(wanted == "list" && elements == "dict") {
		return nil, false
	}
	inner, _ := o.Get("options")
	d, _ := inner.(*value.Dict)
	return d, true
}

// option is the description of one option.
type option struct{ *value.Dict }

func dictAt(d *value.Dict, name string) option {
	v, _ := d.Get(name)
	if found, ok := v.(*value.Dict); ok {
		return option{found}
	}
	return option{value.NewDict()}
}

func (o option) truth(name string) bool {
	v, _ := o.Get(name)
	return v != nil && value.Truthy(v)
}

func (o option) at(name string) any {
	v, _ := o.Get(name)
	return v
}

// takeAliases gives options the values that stand under their aliases, and returns which alias means what.
func takeAliases(options, params *value.Dict) (map[string]string, error) {
	known := map[string]string{}
	for _, name := range options.Keys() {
		o := dictAt(options, name)
		if o.at("default") != nil && o.truth("required") {
			return known, fmt.Errorf("internal error: required and default are mutually exclusive for %s", name)
		}
		if o.at("aliases") == nil {
			continue
		}
		listed, ok := value.Items(o.at("aliases"))
		if !ok {
			return known, fmt.Errorf("internal error: aliases must be a list or tuple")
		}
		for _, each := range listed {
			alias := value.Str(each)
			known[alias] = name
			if v, given := params.Get(alias); given {
				params.Set(name, v)
			}
		}
	}
	return known, nil
}

// readable says what keeps values with options of their own from being looked into.
func readable(options, params *value.Dict, depth int) error {
	for _, name := range options.Keys() {
		o := dictAt(options, name)
		inner, applies := subOptions(o)
		v, _ := params.Get(name)
		if inner == nil || !applies || v == nil || depth > maxDepth {
			continue
		}
		elements := []any{v}
		if items, ok := value.Items(v); ok {
			elements = items
		}
		for _, element := range elements {
			if s, ok := element.(string); ok {
				d, err := toDict(s)
				if err != nil {
					return err
				}
				element = d
			}
			d, ok := element.(*value.Dict)
			if !ok {
				return fmt.Errorf("Value '%s' in the sub parameter field '%s' must be a %s, not '%s'",
					value.Str(element), name, value.Str(o.at("type")), value.TypeName(element))
			}
			if err := readable(inner, d, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func setDefaults(options, params *value.Dict, all bool) {
	for _, name := range options.Keys() {
		def := dictAt(options, name).at("default")
		if _, there := params.Get(name); !there && (def != nil || all) {
			params.Set(name, def)
		}
	}
}

func (c *checker) noteUnsupported(l level, params *value.Dict, aliases map[string]string) {
	for _, key := range params.Keys() {
		if _, known := l.options.Get(key); known || aliases[key] != "" {
			continue
		}
		s := supported{names: l.options.Keys()}
		for alias := range aliases {
			s.aliases = append(s.aliases, alias)
		}
		sort.Strings(s.names)
		sort.Strings(s.aliases)
		c.last = strings.Join(append(l.path[:len(l.path):len(l.path)], key), ".")
		c.unsupported[c.last] = s
	}
}

func (c *checker) tellUnsupported() {
	if len(c.unsupported) == 0 {
		return
	}
	names := make([]string, 0, len(c.unsupported))
	for name := range c.unsupported {
		names = append(names, name)
	}
	sort.Strings(names)
	s := c.unsupported[c.last]
	text := strings.Join(s.names, ", ")
	if len(s.aliases) > 0 {
		text += " (" + strings.Join(s.aliases, ", ") + ")"
	}
	c.tell("%s. Supported parameters include: %s.", strings.Join(names, ", "), text)
}
