package engine

import (
	"path"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// includeVars makes variables of the files that came along with the task.
func includeVars(j *job) module.Result {
	found, err := j.varFiles()
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

// varFiles finds the names of the files that the task means. Those of a folder came along in order, and no others.
func (j *job) varFiles() ([]string, error) {
	if dir := j.arg("dir"); dir != "" {
		if j.task.VarFiles.Len() == 0 {
			return nil, fmt.Errorf("%s directory does not exist", dir)
		}
		return j.task.VarFiles.Keys(), nil
	}
	target := j.arg("file")
	if target == "" {
		target = j.arg("_raw_params")
	}
	var folders []string
	for _, folder := range j.task.Search {
		folders = append(folders, path.Join(folder, "vars"), folder)
	}
	name, found := seek(target, folders, func(name string) bool { _, ok := j.task.VarFiles.Get(name); return ok })
	if target == "" || !found {
		return nil, notFound(target, folders)
	}
	return []string{name}, nil
}

func notFound(target string, folders []string) error {
	const advice = " on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option"
	if target == "" {
		return fmt.Errorf("Could not find file%s", advice)
	}
	var searched string
	for _, folder := range folders {
		searched += "\n\t" + path.Join(folder, target)
	}
	return fmt.Errorf("Could not find or access '%s'\nSearched in:%s%s", target, searched, advice)
}
