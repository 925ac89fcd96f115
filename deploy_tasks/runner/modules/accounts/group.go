package accounts

import (
	"errors"
	"strconv"

	"runner/module"
	"runner/modules/kit"
)

var groupSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	{Name: "gid", Kind: kit.Int},
	{Name: "gid_min", Kind: kit.Int},
	{Name: "gid_max", Kind: kit.Int},
	{Name: "system", Kind: kit.Bool, Default: false},
	{Name: "non_unique", Kind: kit.Bool, Default: false},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "local", Kind: kit.Bool, Default: false},
}}

var errLocal = errors.New("local: true is not supported: leave it out, the accounts of the host itself are changed all the same")

// group makes, changes and removes a group.
func group(c *module.Call) module.Result {
	p, err := groupSpec.Parse("group", c)
	if err == nil {
		err = onLinux("group")
	}
	switch {
	case err != nil:
	case p.Flag("local"):
		err = errLocal
	case p.Flag("non_unique") && !p.Has("gid"):
		err = errors.New("non_unique is True but all of the following are missing: gid")
	case badName(p.Str("name")):
		err = errBadName
	}
	if err != nil {
		return kit.Failure(err)
	}
	now, there := teamNamed(c, p.Str("name"))
	argv := groupTool(p, now, there)
	if c.Check && argv != nil && (!there || p.Str("state") == "absent") {
		return module.Result{Changed: true}
	}
	return groupDone(c, p, argv)
}

// groupDone runs the tool, if there is something to do, and words the result.
func groupDone(c *module.Call, p *kit.Params, argv []string) module.Result {
	name, state := p.Str("name"), p.Str("state")
	data := kit.Dict("name", name, "state", state)
	if argv != nil && !c.Check {
		path, err := tool(c, argv[0])
		if err != nil {
			return kit.Failure(err)
		}
		out, err := alter(c, "the group "+name, nil, call{argv: append([]string{path}, argv[1:]...)})
		if err != nil {
			return kit.Failure(err)
		}
		if out.code != 0 {
			return kit.Failed(out.stderr, kit.Dict("name", name))
		}
		answer(data, out)
	}
	if now, there := teamNamed(c, name); there {
		data.Set("system", p.Flag("system"))
		data.Set("gid", int64(now.gid))
	}
	return module.Result{Changed: argv != nil, Data: data}
}

// groupTool is the command that makes a group as it is wanted, nil when it is so.
func groupTool(p *kit.Params, now team, there bool) []string {
	name := p.Str("name")
	switch {
	case p.Str("state") == "absent" && there:
		if p.Flag("force") {
			return []string{"groupdel", "-f", name}
		}
		return []string{"groupdel", name}
	case p.Str("state") == "absent":
		return nil
	case !there:
		return append(groupAdd(p), name)
	case p.Has("gid") && p.Int("gid") != int64(now.gid):
		return append(gidArgs(p, []string{"groupmod"}), name)
	}
	return nil
}

func groupAdd(p *kit.Params) []string {
	argv := []string{"groupadd"}
	if p.Has("gid") {
		argv = gidArgs(p, argv)
	}
	if p.Flag("system") {
		argv = append(argv, "-r")
	}
	argv = limits(p, argv, "gid_min", "GID_MIN")
	return limits(p, argv, "gid_max", "GID_MAX")
}

func gidArgs(p *kit.Params, argv []string) []string {
	argv = append(argv, "-g", strconv.FormatInt(p.Int("gid"), 10))
	if p.Flag("non_unique") {
		argv = append(argv, "-o")
	}
	return argv
}

// limits adds a setting of login.defs for this one command.
func limits(p *kit.Params, argv []string, name, key string) []string {
	if !p.Has(name) {
		return argv
	}
	return append(argv, "-K", key+"="+strconv.FormatInt(p.Int(name), 10))
}
