package kit

import (
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// Tools runs commands of the host for a call, as the kinds of the journal run them: in the language C.
type Tools struct{ Call *module.Call }

var inC = []string{"LC_ALL=C", "LANGUAGE=C", "LANG=C"}

// Run implements change.Tools.
func (t Tools) Run(argv []string, stdin string) (change.Output, error) {
	done, err := t.Call.Run(module.Process{Argv: argv, Stdin: strings.NewReader(stdin), Env: inC})
	if err == nil && done.TimedOut {
		err = fmt.Errorf("%s was stopped: %s", argv[0], stopReason(t.Call))
	}
	return change.Output{Code: done.Code, Stdout: done.Stdout, Stderr: done.Stderr}, err
}

// Find implements change.Tools.
func (t Tools) Find(program string) string { return FindTool(t.Call.Program, program) }

// Require is where a program is; without it the error is Ansible's.
func (t Tools) Require(program string) (string, error) {
	if at := t.Find(program); at != "" {
		return at, nil
	}
	return "", fmt.Errorf("Failed to find required executable \"%s\" in paths: %s", program, Environ(t.Call.Env, "PATH"))
}

// FindTool looks for a program where the PATH of somebody who is not root does not lead, too.
func FindTool(inPath func(string) string, program string) string {
	if at := inPath(program); at != "" {
		return at
	}
	for _, dir := range []string{"/sbin", "/usr/sbin", "/bin", "/usr/bin", "/usr/local/sbin"} {
		full := filepath.Join(dir, program)
		if info, err := os.Stat(full); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return full
		}
	}
	return ""
}

// Said is what a command has to tell of its failure.
func Said(out change.Output) string {
	if text := strings.TrimSpace(out.Stderr); text != "" {
		return text
	}
	return strings.TrimSpace(out.Stdout)
}

// LinuxOnly is an error elsewhere: other systems do what the module does in other ways.
func LinuxOnly(name, system string) error {
	if system != "linux" {
		return fmt.Errorf("the module %s works on Linux hosts only, not on %s", name, system)
	}
	return nil
}
