package accounts

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// said is what a tool has answered.
type said struct {
	code           int
	stdout, stderr string
}

// run runs a tool of the host in the language C. The error is set when it could not start or did not end in time.
func run(c *module.Call, stdin string, argv ...string) (said, error) {
	f, err := c.Run(module.Process{Argv: argv, Stdin: strings.NewReader(stdin), Env: []string{"LC_ALL=C", "LANGUAGE=C"}})
	if err == nil && f.TimedOut {
		err = fmt.Errorf("%s was stopped", filepath.Base(argv[0]))
	}
	return said{f.Code, f.Stdout, f.Stderr}, err
}

// toolFolders are searched besides the PATH: logins of users often lack them.
var toolFolders = []string{"/sbin", "/usr/sbin", "/usr/local/sbin"}

// tool is where a program is.
func tool(c *module.Call, name string) (string, error) {
	if path := c.Program(name); path != "" {
		return path, nil
	}
	for _, dir := range toolFolders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("Failed to find required executable \"%s\" in paths: %s", name, kit.Environ(c.Env, "PATH"))
}

// onLinux is an error elsewhere: other systems keep their accounts in other ways.
func onLinux(name string) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the module %s works on Linux hosts only, not on %s", name, runtime.GOOS)
	}
	return nil
}

// accountFiles are the files that the tools change, and the copies of them that the tools keep.
func accountFiles() []string {
	var out []string
	for _, name := range []string{"passwd", "shadow", "group", "gshadow", "subuid", "subgid"} {
		out = append(out, "/etc/"+name, "/etc/"+name+"-")
	}
	return out
}

// alter runs tools that change the accounts, until one fails, so that an undo takes it back; more are further paths that it may change.
func alter(c *module.Call, what string, more []string, tools ...call) (out said, err error) {
	err = c.Log.Around(append(accountFiles(), more...), what, func() error {
		for _, t := range tools {
			done, err := run(c, t.stdin, t.argv...)
			if err != nil {
				return err
			}
			out = said{done.code, out.stdout + done.stdout, out.stderr + done.stderr}
			if done.code != 0 {
				return nil
			}
		}
		return nil
	})
	return out, err
}

// call is a tool to be run.
type call struct {
	argv  []string
	stdin string
}

// answer gives a result what the tools have printed, where they have.
func answer(data *value.Dict, out said) {
	if out.stdout != "" {
		kit.SetOutput(data, "stdout", out.stdout)
	}
	if out.stderr != "" {
		kit.SetOutput(data, "stderr", out.stderr)
	}
}
