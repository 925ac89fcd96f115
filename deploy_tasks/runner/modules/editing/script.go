package editing

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("script", script) }

// scriptSpec: src is the script, which the plan takes apart from the words that follow it.
var scriptSpec = kit.Spec{Args: []kit.Arg{
	{Name: "src", Kind: kit.Text, Required: true},
	{Name: "_raw_params", Kind: kit.Text, Aliases: []string{"cmd"}},
	{Name: "creates", Kind: kit.Text},
	{Name: "removes", Kind: kit.Text},
	{Name: "chdir", Kind: kit.Text},
	{Name: "executable", Kind: kit.Text},
	{Name: "decrypt", Kind: kit.Bool, Default: true},
}}

// script runs a file that came along with the plan.
func script(c *module.Call) module.Result {
	p, err := scriptSpec.Parse("script", c)
	if err != nil {
		return kit.Failure(err)
	}
	src := strings.TrimPrefix(p.Str("src"), "./")
	entry, found := c.Files.Lookup(src)
	if why := scriptNotNeeded(c, p); why != "" {
		return module.Result{Skipped: true, Msg: why}
	}
	switch dir := p.Str("chdir"); {
	case dir != "" && !filepath.IsAbs(dir):
		return module.Failure(fmt.Sprintf("chdir %s must be an absolute path for a Unix-aware remote node", dir))
	case !found:
		return module.Failure(fmt.Sprintf("Could not find or access '%s' in the artifact", src))
	case c.Check && (p.Str("creates") != "" || p.Str("removes") != ""):
		return module.Result{Changed: true}
	case c.Check:
		return module.Result{Skipped: true, Msg: "Check mode is not supported for this task."}
	case dir != "" && !kit.IsDir(dir):
		_, err := os.ReadDir(dir)
		return module.Failure("Unable to change directory before execution: " + kit.BytesReason(err, dir))
	}
	if err := c.Log.Command(kit.LastOf(src), false, nil); err != nil {
		return kit.Failure(err)
	}
	return runScript(c, p, entry)
}

// scriptNotNeeded tells why the arguments creates and removes make the script unnecessary.
func scriptNotNeeded(c *module.Call, p *kit.Params) string {
	if path := p.Str("creates"); path != "" && kit.Exists(kit.Absolute(c, path)) {
		return path + " exists, matching creates option"
	}
	if path := p.Str("removes"); path != "" && !kit.Exists(kit.Absolute(c, path)) {
		return path + " does not exist, matching removes option"
	}
	return ""
}

// runScript runs a private copy of the script by a shell, which reads the words behind it as the task wrote them.
func runScript(c *module.Call, p *kit.Params, entry module.Entry) module.Result {
	folder, err := os.MkdirTemp(c.TempDir(), "script-*")
	if err != nil {
		return kit.Failure(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, kit.LastOf(entry.Name))
	if err := unpack(c, entry, path); err != nil {
		return kit.Failure(err)
	}
	line := strings.TrimSpace(p.Str("executable") + " " + kit.Quoted(path) + " " + p.Str("_raw_params"))
	f, err := c.Run(module.Process{Argv: kit.ShellArgv("", line, nil), Dir: p.Str("chdir"), Stdin: strings.NewReader("")})
	if err != nil {
		code, msg := kit.StartError(err, kit.LastOf(entry.Name))
		return kit.Failed(msg, kit.Dict("rc", code))
	}
	data := kit.Dict("rc", int64(f.Code))
	kit.SetOutput(data, "stdout", f.Stdout)
	kit.SetOutput(data, "stderr", f.Stderr)
	return kit.Judged(module.Result{Changed: true, Data: data}, c, f)
}

// unpack writes an embedded file that its owner may run.
func unpack(c *module.Call, entry module.Entry, path string) error {
	r, err := c.Files.Open(entry)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return errors.Join(err, r.Close())
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close(), r.Close())
}
