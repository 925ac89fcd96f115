package modules

import (
	"strings"

	"runner/module"
)

var rawSpec = spec{args: []arg{
	{name: "_raw_params", kind: text, required: true, aliases: []string{"cmd"}},
	{name: "executable", kind: text},
	{name: "undo", kind: asIs},
}}

// raw runs a command line through a shell with nothing around it; it keeps the output as it is.
func raw(c *module.Call) module.Result {
	p, err := rawSpec.parse("raw", c)
	if err != nil {
		return failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true}
	}
	line := p.str("_raw_params")
	if err := c.Log.Command(commandName(line), false, undoArgv(p.raw("undo"))); err != nil {
		return failure(err)
	}
	argv := shellArgv(p.str("executable"), line, nil)
	f, err := c.Run(module.Process{Argv: argv, Stdin: strings.NewReader("")})
	if err != nil {
		code, msg := startError(err, argv[0])
		return failed(msg, dict("rc", code))
	}
	data := dict("rc", int64(f.Code))
	setOutput(data, "stdout", f.Stdout)
	setOutput(data, "stderr", f.Stderr)
	return judged(module.Result{Changed: true, Data: data}, c, f)
}
