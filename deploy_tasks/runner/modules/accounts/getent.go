package accounts

import (
	"slices"
	"strings"

	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var getentSpec = kit.Spec{Args: []kit.Arg{
	{Name: "database", Kind: kit.Text, Required: true},
	{Name: "key", Kind: kit.Text},
	{Name: "service", Kind: kit.Text},
	{Name: "split", Kind: kit.Text},
	{Name: "fail_key", Kind: kit.Bool, Default: true},
}}

// withColons are the databases whose fields are apart by colons; those of others are by blanks.
var withColons = []string{"passwd", "shadow", "group", "gshadow"}

const keyNotFound = "One or more supplied key could not be found in the database."

// getent looks things up in the databases of the host: accounts, names of hosts, services.
func getent(c *module.Call) module.Result {
	p, err := getentSpec.Parse("getent", c)
	if err == nil {
		err = onLinux("getent")
	}
	if err != nil {
		return kit.Failure(err)
	}
	path, err := tool(c, "getent")
	if err != nil {
		return kit.Failure(err)
	}
	argv := []string{path, p.Str("database")}
	if p.Has("key") {
		argv = append(argv, p.Str("key"))
	}
	if p.Has("service") {
		argv = append(argv, "-s", p.Str("service"))
	}
	out, err := run(c, "", argv...)
	if err != nil {
		return kit.Failure(err)
	}
	return getentDone(p, out)
}

// getentDone words what getent has answered.
func getentDone(p *kit.Params, out said) module.Result {
	fact := "getent_" + p.Str("database")
	switch {
	case out.code == 0:
		split := p.Str("split")
		if !p.Has("split") && slices.Contains(withColons, p.Str("database")) {
			split = ":"
		}
		return module.Result{Facts: kit.Dict(fact, records(out.stdout, split))}
	case out.code == 2 && !p.Flag("fail_key"):
		return module.Result{Msg: keyNotFound, Facts: kit.Dict(fact, kit.Dict(p.Str("key"), nil))}
	}
	msg, known := map[int]string{1: "Missing arguments, or database unknown.", 2: keyNotFound,
		3: "Enumeration not supported on this database."}[out.code]
	if !known {
		msg = "Unexpected failure!"
	}
	return module.Failure(msg)
}

// records are the fields of the lines by their first one; several with the same first field become a list of them.
func records(text, split string) *value.Dict {
	out := kit.Dict()
	seen := map[string]int{}
	for _, line := range splitLines(text) {
		fields := strings.Fields(line)
		if split != "" {
			fields = strings.Split(line, split)
		}
		if len(fields) == 0 {
			continue
		}
		key, record := fields[0], any(kit.Items(fields[1:]))
		now, _ := out.Get(key)
		switch seen[key]++; seen[key] {
		case 1:
		case 2:
			record = []any{now, record}
		default:
			record = append(kit.ListOf(now), record)
		}
		out.Set(key, record)
	}
	return out
}
