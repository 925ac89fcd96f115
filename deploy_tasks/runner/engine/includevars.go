package engine

import (
	"path"
	"sort"
	"strings"

	"runner/expr/regex"
	"runner/fmt"
	"runner/module"
	"runner/value"
)

// includeVars makes variables of the files that came along with the task.
func includeVars(j *job) module.Result {
	found, err := newVarsSearch(j)
	if err != nil {
		return module.Failure(err.Error())
	}
	vars := value.NewDict()
	for _, name := range found {
		v, _ := j.task.VarFiles.Get(name)
		if d, ok := v.(*value.Dict); ok {
			vars.Update(d)
		}
	}
	if name := j.arg("name"); name != "" {
		vars = value.DictOf(name, vars)
	}
	if j.arg("hash_behaviour") == "merge" {
		j.mergeInto(vars)
	}
	return module.Result{Facts: vars, Data: value.DictOf("ansible_included_var_files", listOf(found))}
}

// arg is an argument as text, empty when it is not given.
func (j *job) arg(name string) string {
	v, _ := j.call.Args.Get(name)
	if v == nil {
		return ""
	}
	return strings.TrimRight(value.Str(v), "\n")
}

// mergeInto adds what the variables of the same names hold now, where both are dictionaries.
func (j *job) mergeInto(vars *value.Dict) {
	s := j.scope()
	for _, name := range vars.Keys() {
		now, known, err := s.Lookup(name)
		old, isDict := now.(*value.Dict)
		v, _ := vars.Get(name)
		fresh, both := v.(*value.Dict)
		if err == nil && known && isDict && both {
			vars.Set(name, deepMerge(old, fresh))
		}
	}
}

func deepMerge(old, fresh *value.Dict) *value.Dict {
	out := old.Copy()
	for _, name := range fresh.Keys() {
		v, _ := fresh.Get(name)
		was, _ := out.Get(name)
		a, isDict := was.(*value.Dict)
		b, both := v.(*value.Dict)
		if isDict && both && !isExpression(b) {
			v = deepMerge(a, b)
		}
		out.Set(name, v)
	}
	return out
}

func isExpression(d *value.Dict) bool {
	_, ok := d.Get("$")
	return ok && d.Len() == 1
}

// newVarsSearch finds the names of the files that the task means.
func newVarsSearch(j *job) ([]string, error) {
	there := func(name string) bool { _, ok := j.task.VarFiles.Get(name); return ok }
	if dir := j.arg("dir"); dir != "" {
		return j.varsFolder(dir)
	}
	target := j.arg("file")
	if target == "" {
		target = j.arg("_raw_params")
	}
	if target == "" {
		return nil, fmt.Errorf("Could not find file on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option")
	}
	name, found := seek(target, j.task.Search, there)
	if !found {
		return nil, fmt.Errorf("Could not find or access '%s'\nSearched in:\n\t%s on the Ansible Controller.\nIf you are using a module and expect "+
			"the file to exist on the remote, see the remote_src option", target, strings.Join(j.searched(target), "\n\t"))
	}
	return []string{name}, nil
}

func (j *job) searched(target string) []string {
	var out []string
	for _, folder := range j.task.Search {
		out = append(out, path.Join(folder, target))
	}
	return out
}

// varsFolder lists the files of a folder in order, as the task's arguments select them.
func (j *job) varsFolder(dir string) ([]string, error) {
	below := func(folder string) []string {
		var out []string
		for _, name := range j.task.VarFiles.Keys() {
			if strings.HasPrefix(name, folder+"/") {
				out = append(out, name)
			}
		}
		return out
	}
	root, found := seek(dir, j.task.Search, func(folder string) bool { return len(below(folder)) > 0 })
	if !found {
		return nil, fmt.Errorf("%s directory does not exist", dir)
	}
	pick, err := j.varsFilter()
	if err != nil {
		return nil, err
	}
	names := below(root)
	sort.Slice(names, func(a, b int) bool { // a folder's own files come before those of folders in it
		da, db := path.Dir(names[a]), path.Dir(names[b])
		return da < db || da == db && names[a] < names[b]
	})
	var out []string
	for _, name := range names {
		keep, err := pick(strings.TrimPrefix(name, root+"/"))
		if err != nil {
			return nil, err
		}
		if keep {
			out = append(out, name)
		}
	}
	return out, nil
}

// varsFilter decides by depth, files_matching, ignore_files and extensions.
func (j *job) varsFilter() (func(name string) (bool, error), error) {
	depth, err := number(j.argOr("depth", int64(0)), j.scope())
	if err != nil {
		return nil, fmt.Errorf("depth: %w", err)
	}
	lenient := truth(j.argOr("ignore_unknown_extensions", false))
	extensions := texts(j.argOr("extensions", []any{"yaml", "yml", "json"}))
	ignored := texts(j.argOr("ignore_files", []any{}))
	matching := j.arg("files_matching")
	return func(name string) (bool, error) {
		if depth > 0 && strings.Count(name, "/")+1 > int(depth) {
			return false, nil
		}
		base := path.Base(name)
		for _, pattern := range ignored {
			if hit, err := searchText(pattern+"$", base); err != nil || hit {
				return false, err
			}
		}
		if hit, err := searchText(matching, base); err != nil || !hit {
			return false, err
		}
		for _, extension := range extensions {
			if path.Ext(base) == "."+extension {
				return true, nil
			}
		}
		if lenient {
			return false, nil
		}
		return false, fmt.Errorf("%s does not have a valid extension: %s", name, strings.Join(extensions, ", "))
	}, nil
}

func (j *job) argOr(name string, otherwise any) any {
	if v, ok := j.call.Args.Get(name); ok && v != nil {
		return v
	}
	return otherwise
}

// texts are the items of a list as texts; a text is split at blanks.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return strings.Fields(s)
	}
	items, _ := value.Items(v)
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = value.Str(item)
	}
	return out
}

// searchText looks for a regular expression in a text; the empty one is found in any.
func searchText(pattern, text string) (bool, error) {
	if pattern == "" {
		return true, nil
	}
	re, err := regex.Compile(pattern, 0)
	if err != nil {
		return false, fmt.Errorf("Invalid regular expression: %s", pattern)
	}
	hit, err := re.Search(text)
	return hit != nil, err
}
