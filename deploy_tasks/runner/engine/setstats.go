package engine

import (
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// setStats keeps numbers and words about the run. They are part of the task's result.
func setStats(j *job) module.Result {
	data := value.NewDict()
	if v, ok := j.call.Args.Get("data"); ok {
		if data, ok = v.(*value.Dict); !ok {
			return module.Failure("The 'data' option needs to be a dictionary/hash")
		}
	}
	for _, name := range data.Keys() {
		if !identifier(name) {
			return module.Failure(fmt.Sprintf("The variable name '%s' is not valid. Variables must start with a letter or underscore "+
				"character, and contain only letters, numbers and underscores.", name))
		}
	}
	stats := value.DictOf("data", data, "per_host", truth(j.argOr("per_host", false)), "aggregate", truth(j.argOr("aggregate", true)))
	return module.Result{Data: value.DictOf("ansible_stats", stats)}
}

// argOr is an argument, otherwise where it is not given.
func (j *job) argOr(name string, otherwise any) any {
	if v, ok := j.call.Args.Get(name); ok && v != nil {
		return v
	}
	return otherwise
}

// identifier says whether a text is the name of a variable.
func identifier(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return name != "" && strings.Trim(name, letters+"0123456789") == "" && strings.IndexByte(letters, name[0]) >= 0
}
