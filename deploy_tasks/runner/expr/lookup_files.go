package expr

import (
	"path"
	"sort"
	"strings"

	"runner/value"
)

// Library is the files that travel with the program, as lookups see them. Names are relative to the plan's folder.
type Library struct {
	Search   []string // folders in which names are looked for, in order
	Names    []string // of all files, sorted
	Read     func(name string) (string, error)
	Template func(name string) (any, bool) // the NODE of a template
	Secret   map[string]string             // files that travel as values: the variables that hold them
}

// shelf is a scope that has such files.
type shelf interface{ Library() *Library }

func (c *call) library() (*Library, error) {
	if s, ok := c.eval.scope.(shelf); ok {
		if l := s.Library(); l != nil {
			return l, nil
		}
	}
	return nil, valueError("the lookup '%s' needs files, and there are none here", c.name)
}

func (l *Library) has(name string) bool {
	at := sort.SearchStrings(l.Names, name)
	return at < len(l.Names) && l.Names[at] == name
}

// find is the file that a name means: in each folder that is searched first within one of the subfolders.
func (l *Library) find(name string, subfolders ...string) (string, bool) {
	for _, folder := range l.Search {
		for _, sub := range append(subfolders, "") {
			if full := path.Join(folder, sub, name); l.has(full) {
				return full, true
			}
		}
	}
	full := path.Clean(name) // what a lookup found before
	return full, l.has(full)
}

func (l *Library) needed(name string, subfolders ...string) (string, error) {
	full, ok := l.find(name, subfolders...)
	if !ok {
		return "", valueError("the file '%s' does not travel with the plan; looked for in %s", name, strings.Join(l.Search, ", "))
	}
	return full, nil
}

// matching are the files directly in a folder that match a pattern.
func (l *Library) matching(folder, pattern string) []any {
	var out []any
	folder = path.Clean(folder)
	for _, name := range l.Names {
		base := path.Base(name)
		if path.Dir(name) != folder || base[0] == '.' && !strings.HasPrefix(pattern, ".") {
			continue
		}
		if ok, err := path.Match(pattern, base); ok && err == nil {
			out = append(out, name)
		}
	}
	return out
}

// lookupFile gives what is in files: of those that travel with the program, or of the worker's machine when the name
// begins with / or ~.
func lookupFile(c *call) ([]any, error) {
	if len(c.args) > 0 && allElsewhere(c.args) {
		return lookupAsked(c)
	}
	l, err := c.library()
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, term := range c.args {
		name, err := l.needed(value.Str(term), "files")
		if err != nil {
			return nil, err
		}
		s, err := c.content(l, name)
		if err != nil {
			return nil, err
		}
		if value.Truthy(option(c.kwargs, "lstrip", false)) {
			s = strings.TrimLeft(s, whitespace)
		}
		if value.Truthy(option(c.kwargs, "rstrip", true)) {
			s = strings.TrimRight(s, whitespace)
		}
		out = append(out, s)
	}
	return out, nil
}

// lookupUnvault gives what is in files as it is.
func lookupUnvault(c *call) ([]any, error) {
	c.kwargs.Set("rstrip", false)
	return lookupFile(c)
}

// content is the text of a file.
func (c *call) content(l *Library, name string) (string, error) {
	if held, ok := l.Secret[name]; ok {
		v, err := c.eval.named(held)
		return value.Str(v), err
	}
	s, err := l.Read(name)
	if err != nil {
		return "", valueError("%s", err)
	}
	return s, nil
}

const whitespace = " \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0"

// lookupTemplate is the text of templates; what looks like JSON becomes data, as in Ansible.
func lookupTemplate(c *call) ([]any, error) {
	l, err := c.library()
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, term := range c.args {
		name, err := l.needed(value.Str(term), "templates")
		if err != nil {
			return nil, err
		}
		node, ok := l.Template(name)
		if !ok {
			return nil, valueError("'%s' is no template", name)
		}
		v, err := c.rendered(node)
		if err != nil {
			return nil, err
		}
		s := value.Str(v)
		if value.Truthy(option(c.kwargs, "convert_data", true)) && (strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")) {
			if data, err := value.Decode([]byte(s)); err == nil {
				out = append(out, data)
				continue
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// rendered evaluates another template with the variables of the scope and those given to the lookup.
func (c *call) rendered(node any) (any, error) {
	e := newEvaluation(node, c.eval.scope)
	if e.depth = c.eval.depth + partDepth; e.depth > maxDepth {
		return nil, limitError("templates look each other up too deep")
	}
	if more, ok := option(c.kwargs, "template_vars", nil).(*value.Dict); ok {
		e.frame = &frame{}
		for name, v := range more.All() {
			e.frame.set(value.Str(name), v)
		}
	}
	return e.node(node)
}

func lookupFileGlob(c *call) ([]any, error) {
	l, err := c.library()
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, term := range c.args {
		folder, pattern := path.Split(value.Str(term))
		pattern = strings.ReplaceAll(pattern, "[!", "[^")
		for _, place := range append(l.places(folder), folder) {
			if found := l.matching(place, pattern); found != nil {
				out = append(out, found...)
				break
			}
		}
	}
	return out, nil
}

// places are where a folder may lie.
func (l *Library) places(folder string) []string {
	var out []string
	for _, top := range l.Search {
		out = append(out, path.Join(top, "files", folder), path.Join(top, folder))
	}
	return out
}

// lookupFirstFound is the first file there is of many names: texts, lists, or {files, paths, skip}.
func lookupFirstFound(c *call) ([]any, error) {
	l, err := c.library()
	if err != nil {
		return nil, err
	}
	terms := c.args
	if len(terms) == 0 {
		terms = []any{option(c.kwargs, "files", []any{})}
	}
	skip := value.Truthy(option(c.kwargs, "skip", false))
	for _, name := range wantedFiles(terms, c.kwargs, &skip) {
		if full, ok := l.find(name, "files", "vars", "templates", "tasks"); ok {
			return []any{full}, nil
		}
	}
	if skip {
		return []any{}, nil
	}
	return nil, valueError("No file was found when using first_found.")
}

// wantedFiles are the names to try, in order.
func wantedFiles(terms []any, options *value.Dict, skip *bool) []string {
	var out []string
	for _, term := range terms {
		files, paths := []any{term}, option(options, "paths", nil)
		if d, ok := term.(*value.Dict); ok {
			files, paths = []any{option(d, "files", nil)}, option(d, "paths", paths)
			*skip = value.Truthy(option(d, "skip", *skip))
		} else if items, ok := value.Items(term); ok {
			out = append(out, wantedFiles(items, options, skip)...)
			continue
		}
		folders := parted([]any{paths}, ",:;")
		for _, folder := range folders {
			for _, name := range parted(files, ",;") {
				out = append(out, path.Join(folder, name))
			}
		}
		if len(folders) == 0 {
			out = append(out, parted(files, ",;")...)
		}
	}
	return out
}

// parted are the texts in a list, those with separators taken apart.
func parted(items []any, separators string) []string {
	var out []string
	for _, item := range items {
		if more, ok := value.Items(item); ok {
			out = append(out, parted(more, separators)...)
		} else if s, ok := item.(string); ok {
			for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
				out = append(out, strings.TrimSpace(part))
			}
		}
	}
	return out
}
