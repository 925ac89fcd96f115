package expr

import (
	"math/rand/v2"
	"sort"
	"strings"

	"runner/expr/regex"
	"runner/value"
)

// lookups are those of every runner, and the optional ones that were added.
var lookups map[string]func(*call) ([]any, error)

func init() {
	lookups = map[string]func(*call) ([]any, error){
		"vars":        lookupVars,
		"items":       func(c *call) ([]any, error) { return flatten([]any{}, c.args, 1, false), nil },
		"list":        func(c *call) ([]any, error) { return c.args, nil },
		"flattened":   func(c *call) ([]any, error) { return flatten([]any{}, c.args, -1, true), nil },
		"dict":        lookupDict,
		"file":        lookupFile,
		"template":    lookupTemplate,
		"fileglob":    lookupFileGlob,
		"first_found": lookupFirstFound,
		"env":         lookupAsked,
		"lines":       lookupAsked,
		"password":    lookupAsked,
		"pipe":        lookupAsked,
		"unvault":     lookupUnvault,
		"url":         lookupAsked,
	}
}

// Lookups returns the names of the lookups that there are, sorted.
func Lookups() []string {
	names := make([]string, 0, len(lookups))
	for name := range lookups {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// lookup is lookup() and, with wantList, query(): the lookups that look at values only.
func lookup(c *call, wantList bool) (any, error) {
	if len(c.args) == 0 {
		return nil, typeError("%s() needs the name of a lookup", c.name)
	}
	name := shortName(value.Str(c.args[0]))
	run, ok := lookups[name]
	if !ok {
		return nil, valueError("lookup plugin (%s) not found", name)
	}
	if err := checkDefined(value.Tuple(c.args)); err != nil && name != "first_found" { // which leaves out what is undefined
		return nil, err
	}
	options := c.kwargs.Copy()
	return lookedUp(name, options, wantList, func() ([]any, error) {
		return run(&call{c.eval, name, c.args[1:], options})
	})
}

// lookedUp is what a lookup gives: the list of what it finds, or what that is as one value. The options that all lookups
// have are taken from the others. What goes wrong may be ignored; then there is nothing.
func lookedUp(name string, options *value.Dict, wantList bool, run func() ([]any, error)) (any, error) {
	if v, ok := options.Get("wantlist"); ok {
		wantList = value.Truthy(v)
	}
	lenient := value.Str(option(options, "errors", "strict")) != "strict"
	options.Delete("wantlist")
	options.Delete("errors")
	found, err := run()
	switch {
	case err != nil && lenient && wantList:
		return []any{}, nil
	case err != nil && lenient:
		return nil, nil
	case err != nil || wantList:
		return found, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if name == "vars" || !allText(found) { // text is joined, other things stay a list
		return found, nil
	}
	parts := make([]string, len(found))
	for i, item := range found {
		parts[i] = value.Str(item)
	}
	return strings.Join(parts, ","), nil
}

func allText(items []any) bool {
	for _, item := range items {
		if _, ok := item.(string); !ok {
			return false
		}
	}
	return true
}

func lookupVars(c *call) ([]any, error) {
	fallback, has := c.kwargs.Get("default")
	out := []any{}
	for _, name := range c.args {
		v, err := c.eval.named(value.Str(name))
		if err != nil {
			return nil, err
		}
		if u, undefined := v.(value.Undefined); undefined {
			if !has {
				return nil, &Error{Undefined, "No variable found with this name: " + u.Name}
			}
			v = fallback
		}
		out = append(out, v)
	}
	return out, nil
}

// lookupVarNames lists the variables whose names match, in scopes that can list their names.
func lookupVarNames(c *call) ([]any, error) {
	lister, ok := c.eval.scope.(interface{ Names() []string })
	if !ok {
		return nil, valueError("the names of the variables are not known here")
	}
	out := []any{}
	for _, term := range c.args {
		pattern, err := regex.Compile(value.Str(term), 0)
		if err != nil {
			return nil, valueError("Unable to use %q as a search parameter: %s", value.Str(term), err)
		}
		for _, name := range lister.Names() {
			found, err := pattern.Search(name)
			if err != nil {
				return nil, valueError("%s", err)
			}
			if found != nil {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// lookupRandomChoice is one of the terms.
func lookupRandomChoice(c *call) ([]any, error) {
	if len(c.args) == 0 {
		return c.args, nil
	}
	return []any{c.args[rand.IntN(len(c.args))]}, nil
}

func lookupDict(c *call) ([]any, error) {
	out := []any{}
	for _, term := range c.args {
		d, ok := term.(*value.Dict)
		if !ok {
			return nil, typeError("with_dict expects a dict")
		}
		for key, v := range d.All() {
			out = append(out, value.DictOf("key", key, "value", v))
		}
	}
	return out, nil
}

func lookupIndexed(c *call) ([]any, error) {
	items := flatten([]any{}, c.args, 1, false)
	for i, item := range items {
		items[i] = value.Tuple{int64(i), item}
	}
	return items, nil
}

func lookupTogether(c *call) ([]any, error) {
	if len(c.args) == 0 {
		return nil, valueError("with_together requires at least one element in each list")
	}
	rows, err := zipAll(&call{c.eval, c.name, c.args[1:], value.NewDict()}, c.args[0], true)
	if err != nil {
		return nil, err
	}
	return asLists(rows.([]any)), nil
}

func asLists(rows []any) []any {
	out := make([]any, len(rows))
	for i, row := range rows {
		out[i] = []any(row.(value.Tuple))
	}
	return out
}

func lookupNested(c *call) ([]any, error) {
	if len(c.args) == 0 {
		return nil, valueError("with_nested requires at least one element in the nested list")
	}
	rows, err := filterProduct(&call{c.eval, c.name, c.args[1:], value.NewDict()}, c.args[0])
	if err != nil {
		return nil, err
	}
	return asLists(rows.([]any)), nil
}

func lookupSubelements(c *call) ([]any, error) {
	if len(c.args) < 2 {
		return nil, valueError("subelements lookup expects a list of two or three items")
	}
	options := value.NewDict()
	if len(c.args) > 2 {
		if d, ok := c.args[2].(*value.Dict); ok {
			options.Set("skip_missing", option(d, "skip_missing", false))
		}
	}
	rows, err := filterSubelements(&call{c.eval, c.name, c.args[1:2], options}, c.args[0])
	if err != nil {
		return nil, err
	}
	out := rows.([]any)
	for i, row := range out {
		pair := row.(value.Tuple)
		out[i] = value.Tuple{withoutPath(pair[0], strings.Split(value.Str(c.args[1]), ".")), pair[1]}
	}
	return out, nil
}

// withoutPath is a dict without what lies at a path.
func withoutPath(v any, path []string) any {
	d, ok := v.(*value.Dict)
	if !ok {
		return v
	}
	out := d.Copy()
	if len(path) == 1 {
		out.Delete(path[0])
	} else if inner, ok := d.Get(path[0]); ok {
		out.Set(path[0], withoutPath(inner, path[1:]))
	}
	return out
}
