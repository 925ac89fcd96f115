package modules

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// commandSpec: undo is ours, the command that takes this one back.
var commandSpec = spec{args: []arg{
	{name: "_raw_params", kind: text, aliases: []string{"cmd"}},
	{name: "argv", kind: list},
	{name: "chdir", kind: path_},
	{name: "executable", kind: text},
	{name: "expand_argument_vars", kind: boolean, def: true},
	{name: "creates", kind: path_},
	{name: "removes", kind: path_},
	{name: "stdin", kind: text},
	{name: "stdin_add_newline", kind: boolean, def: true},
	{name: "strip_empty_ends", kind: boolean, def: true},
	{name: "undo", kind: asIs},
}}

// command runs a program without a shell.
func command(c *module.Call) module.Result { return runCommand(c, "command", false) }

// shell runs a command line through a shell.
func shell(c *module.Call) module.Result { return runCommand(c, "shell", true) }

func runCommand(c *module.Call, name string, inShell bool) module.Result {
	p, err := commandSpec.parse(name, c)
	if err != nil {
		return failure(err)
	}
	line, args := p.str("_raw_params"), p.list("argv")
	if strings.TrimSpace(line) == "" && len(args) == 0 {
		return failed("no command given", commandData(nil, int64(256)))
	}
	if line != "" && len(args) > 0 {
		return failed("only command or argv can be given, not both", commandData(nil, int64(256)))
	}
	if !inShell && line != "" {
		if args, err = splitWords(line); err != nil {
			return failure(err)
		}
	}
	job := commandJob{p: p, argv: args, shown: shownCommand(line, args, inShell)}
	if inShell {
		job.argv = shellArgv(p.str("executable"), line, args)
	} else if p.flag("expand_argument_vars") {
		job.argv = expandAll(c, args)
	}
	return job.run(c)
}

// shownCommand is the cmd of the result: the line for a shell, the words otherwise.
func shownCommand(line string, args []string, inShell bool) any {
	if inShell && line != "" {
		return line
	}
	return items(args)
}

// shellArgv is how a command line is given to its shell.
func shellArgv(executable, line string, args []string) []string {
	if line == "" {
		line = quotedLine(args)
	}
	switch {
	case executable != "":
		return []string{executable, "-c", line}
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C", line}
	}
	return []string{"/bin/sh", "-c", line}
}

// quotedLine is a command line that a shell reads as exactly these words.
func quotedLine(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = quoted(a)
	}
	return strings.Join(words, " ")
}

func expandAll(c *module.Call, args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = expand(c, a)
	}
	return out
}

// commandJob is a command that passed the checks of its arguments.
type commandJob struct {
	p     *params
	argv  []string
	shown any
}

func (j commandJob) run(c *module.Call) module.Result {
	data := commandData(j.shown, nil)
	if dir := j.p.str("chdir"); dir != "" && !isDir(dir) {
		_, err := os.ReadDir(dir)
		return failed("Unable to change directory before execution: "+bytesReason(err, dir), data)
	}
	if why, out := j.notNeeded(c); why != "" {
		data.Set("stdout", out)
		data.Set("stdout_lines", items([]string{out}))
		data.Set("rc", int64(0))
		return module.Result{Msg: why, Data: data}
	}
	if c.Check {
		data.Set("rc", int64(0))
		guarded := j.p.has("creates") || j.p.has("removes")
		return module.Result{Msg: "Command would have run if not in check mode", Changed: guarded, Skipped: !guarded, Data: data}
	}
	if err := c.Log.Command(commandName(j.shown), false, undoArgv(j.p.raw("undo"))); err != nil {
		return failure(err)
	}
	return j.execute(c, data)
}

// notNeeded tells why creates or removes make the command unnecessary, and what its stdout says then.
func (j commandJob) notNeeded(c *module.Call) (why, out string) {
	did := "Did"
	if c.Check {
		did = "Would"
	}
	if name := j.p.str("creates"); name != "" && matchesAny(j.dir(c), name) {
		return fmt.Sprintf("%s not run command since '%s' exists", did, name), "skipped, since " + name + " exists"
	}
	if name := j.p.str("removes"); name != "" && !matchesAny(j.dir(c), name) {
		return fmt.Sprintf("%s not run command since '%s' does not exist", did, name), "skipped, since " + name + " does not exist"
	}
	return "", ""
}

func (j commandJob) dir(c *module.Call) string {
	if dir := j.p.str("chdir"); dir != "" {
		return dir
	}
	return c.Cwd
}

func matchesAny(_, pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0 || exists(pattern)
}

func (j commandJob) execute(c *module.Call, data *value.Dict) module.Result {
	f, err := c.Run(module.Process{Argv: j.argv, Dir: j.p.str("chdir"), Stdin: j.stdin()})
	if err != nil {
		code, msg := startError(err, j.argv[0])
		data = dict("cmd", strings.Join(j.argv, " "), "rc", code)
		setOutput(data, "stdout", "")
		setOutput(data, "stderr", "")
		return failed(msg, data)
	}
	out, errs := f.Stdout, f.Stderr
	if j.p.flag("strip_empty_ends") {
		out, errs = strings.TrimRight(out, "\r\n"), strings.TrimRight(errs, "\r\n")
	}
	data.Set("rc", int64(f.Code))
	setOutput(data, "stdout", out)
	setOutput(data, "stderr", errs)
	data.Set("start", timestamp(f.Start))
	data.Set("end", timestamp(f.End))
	data.Set("delta", duration(f.End.Sub(f.Start)))
	return judged(module.Result{Changed: true, Data: data}, c, f)
}

// judged fails a result whose command ended badly.
func judged(r module.Result, c *module.Call, f module.Finished) module.Result {
	switch {
	case f.TimedOut:
		r.Failed, r.Msg = true, "the command was stopped: "+stopReason(c)
	case f.Code != 0:
		r.Failed, r.Msg = true, "non-zero return code"
	}
	return r
}

func stopReason(c *module.Call) string {
	if cause := contextCause(c); cause != "" {
		return cause
	}
	return "the task was cancelled"
}

func (j commandJob) stdin() *strings.Reader {
	in := j.p.optional("stdin")
	if in == nil {
		return strings.NewReader("")
	}
	if j.p.flag("stdin_add_newline") {
		return strings.NewReader(*in + "\n")
	}
	return strings.NewReader(*in)
}

// startError words why a program could not start: its exit status and message.
func startError(err error, program string) (int64, string) {
	if no, ok := errnoOf(err); ok {
		return int64(no), fmt.Sprintf("[Errno %d] %s: b'%s'", int(no), sentence(no.Error()), program)
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return 2, fmt.Sprintf("[Errno 2] No such file or directory: b'%s'", program)
	}
	return 257, err.Error()
}

// undoArgv is the undo argument as an argument list: a list, or a line for the shell.
func undoArgv(v any) []string {
	if line, ok := v.(string); ok && strings.TrimSpace(line) != "" {
		return shellArgv("", line, nil)
	}
	argv := listOf(v)
	if len(argv) == 0 || v == "" {
		return nil
	}
	return texts(argv)
}

// bytesReason words an error about a path as Python does when it holds the path as bytes: b'/srv'.
func bytesReason(err error, path string) string {
	return strings.Replace(reason(err), "'"+path+"'", "b'"+path+"'", 1)
}
