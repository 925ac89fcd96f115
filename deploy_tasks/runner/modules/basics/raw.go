package basics

import (
	"strings"

	"runner/module"
	"runner/modules/kit"
)

var rawSpec = kit.Spec{Args: []kit.Arg{
	{Name: "_raw_params", Kind: kit.Text, Required: true, Aliases: []string{"cmd"}},
	{Name: "executable", Kind: kit.Text},
	{Name: "undo", Kind: kit.Raw},
}}

// raw runs a command line through a shell with nothing around it; it keeps the output as it is.
func raw(c *module.Call) module.Result {
	p, err := rawSpec.Parse("raw", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true}
	}
	line := p.Str("_raw_params")
	if err := c.Log.Command(kit.CommandName(line), false, kit.UndoArgv(p.Raw("undo"))); err != nil {
		return kit.Failure(err)
	}
	argv := kit.ShellArgv(p.Str("executable"), line, nil)
	f, err := c.Run(module.Process{Argv: argv, Stdin: strings.NewReader("")})
	if err != nil {
		code, msg := kit.StartError(err, argv[0])
		return kit.Failed(msg, kit.Dict("rc", code))
	}
	data := kit.Dict("rc", int64(f.Code))
	kit.SetOutput(data, "stdout", f.Stdout)
	kit.SetOutput(data, "stderr", f.Stderr)
	return kit.Judged(module.Result{Changed: true, Data: data}, c, f)
}
