package basics

import (
	"os"
	"strings"

	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// commandSpec: undo is ours, the command that takes this one back.
var commandSpec = kit.Spec{Args: []kit.Arg{
	{Name: "_raw_params", Kind: kit.Text, Aliases: []string{"cmd"}},
	{Name: "argv", Kind: kit.List},
	{Name: "chdir", Kind: kit.Path},
	{Name: "executable", Kind: kit.Text},
	{Name: "expand_argument_vars", Kind: kit.Bool, Default: true},
	{Name: "creates", Kind: kit.Path},
	{Name: "removes", Kind: kit.Path},
	{Name: "stdin", Kind: kit.Text},
	{Name: "stdin_add_newline", Kind: kit.Bool, Default: true},
	{Name: "strip_empty_ends", Kind: kit.Bool, Default: true},
	{Name: "undo", Kind: kit.Raw},
}}

// command runs a program without a shell.
func command(c *module.Call) module.Result { return runCommand(c, "command", false) }

// shell runs a command line through a shell.
func shell(c *module.Call) module.Result { return runCommand(c, "shell", true) }

func runCommand(c *module.Call, name string, inShell bool) module.Result {
	p, err := commandSpec.Parse(name, c)
	if err != nil {
		return kit.Failure(err)
	}
	line, args := p.Str("_raw_params"), p.List("argv")
	if strings.TrimSpace(line) == "" && len(args) == 0 {
		return kit.Failed("no command given", commandData(nil, int64(256)))
	}
	if line != "" && len(args) > 0 {
		return kit.Failed("only command or argv can be given, not both", commandData(nil, int64(256)))
	}
	if !inShell && line != "" {
		if args, err = kit.SplitWords(line); err != nil {
			return kit.Failure(err)
		}
	}
	job := commandJob{p: p, argv: args, shown: shownCommand(line, args, inShell)}
	if inShell {
		job.argv = kit.ShellArgv(p.Str("executable"), line, args)
	} else if p.Flag("expand_argument_vars") {
		job.argv = kit.ExpandAll(c, args)
	}
	return job.run(c)
}

// shownCommand is the cmd of the result: the line for a shell, the words otherwise.
func shownCommand(line string, args []string, inShell bool) any {
	if inShell && line != "" {
		return line
	}
	return kit.Items(args)
}

// commandJob is a command that passed the checks of its arguments.
type commandJob struct {
	p     *kit.Params
	argv  []string
	shown any
}

func (j commandJob) run(c *module.Call) module.Result {
	data := commandData(j.shown, nil)
	if dir := j.p.Str("chdir"); dir != "" && !kit.IsDir(dir) {
		_, err := os.ReadDir(dir)
		return kit.Failed("Unable to change directory before execution: "+kit.BytesReason(err, dir), data)
	}
	if why, out := kit.NotNeeded(c, j.p.Str("creates"), j.p.Str("removes")); why != "" {
		data.Set("stdout", out)
		data.Set("stdout_lines", kit.Items([]string{out}))
		data.Set("rc", int64(0))
		return module.Result{Msg: why, Data: data}
	}
	if c.Check {
		data.Set("rc", int64(0))
		guarded := j.p.Has("creates") || j.p.Has("removes")
		return module.Result{Msg: "Command would have run if not in check mode", Changed: guarded, Skipped: !guarded, Data: data}
	}
	if err := c.Log.Command(kit.CommandName(j.shown), false, kit.UndoArgv(j.p.Raw("undo"))); err != nil {
		return kit.Failure(err)
	}
	return j.execute(c, data)
}

func (j commandJob) execute(c *module.Call, data *value.Dict) module.Result {
	f, err := c.Run(module.Process{Argv: j.argv, Dir: j.p.Str("chdir"), Stdin: j.stdin()})
	if err != nil {
		code, msg := kit.StartError(err, j.argv[0])
		data = kit.Dict("cmd", strings.Join(j.argv, " "), "rc", code)
		kit.SetOutput(data, "stdout", "")
		kit.SetOutput(data, "stderr", "")
		return kit.Failed(msg, data)
	}
	out, errs := f.Stdout, f.Stderr
	if j.p.Flag("strip_empty_ends") {
		out, errs = strings.TrimRight(out, "\r\n"), strings.TrimRight(errs, "\r\n")
	}
	data.Set("rc", int64(f.Code))
	kit.SetOutput(data, "stdout", out)
	kit.SetOutput(data, "stderr", errs)
	data.Set("start", kit.Timestamp(f.Start))
	data.Set("end", kit.Timestamp(f.End))
	data.Set("delta", kit.Duration(f.End.Sub(f.Start)))
	return kit.Judged(module.Result{Changed: true, Data: data}, c, f)
}

func (j commandJob) stdin() *strings.Reader {
	in := j.p.Optional("stdin")
	if in == nil {
		return strings.NewReader("")
	}
	if j.p.Flag("stdin_add_newline") {
		return strings.NewReader(*in + "\n")
	}
	return strings.NewReader(*in)
}

// commandData are the return values that a command always has.
func commandData(cmd, rc any) *value.Dict {
	data := kit.Dict("cmd", cmd, "rc", rc, "start", nil, "end", nil, "delta", nil, "msg", "")
	kit.SetOutput(data, "stdout", "")
	kit.SetOutput(data, "stderr", "")
	return data
}
