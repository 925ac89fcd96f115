package python

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// exec runs a command as Ansible's module does: in the folder of the task, the virtual environment's programs first.
func (j *job) exec(argv []string, stdin string) (module.Finished, error) {
	env := []string{"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LC_MESSAGES=C.UTF-8", "PIP_NO_INPUT=1"}
	if j.env != "" {
		env = append(env, "PATH="+filepath.Join(j.env, "bin")+":"+kit.Environ(j.c.Env, "PATH"))
	}
	if j.p.Flag("break_system_packages") {
		env = append(env, "PIP_BREAK_SYSTEM_PACKAGES=1")
	}
	if j.umask != "" {
		argv = append([]string{"/bin/sh", "-c", `umask "$0"; exec "$@"`, j.umask}, argv...)
	}
	f, err := j.c.Run(module.Process{Argv: argv, Dir: j.dir, Env: env, Stdin: strings.NewReader(stdin)})
	if err == nil && f.TimedOut {
		err = fmt.Errorf("%s was stopped: %s", argv[0], kit.ContextCause(j.c))
	}
	return f, err
}

func (j *job) say(f module.Finished) {
	j.stdout.WriteString(f.Stdout)
	j.stderr.WriteString(f.Stderr)
}

// failed is the failure of a command, with all that was said so far.
func (j *job) failed(argv []string) error {
	msg := ""
	if out := j.stdout.String(); out != "" {
		msg = "stdout: " + out
	}
	if err := j.stderr.String(); err != "" {
		msg += "\n:stderr: " + err
	}
	return &problem{kit.ShownText(msg), value.DictOf("cmd", kit.ShownItems(argv))}
}

// findPython finds the interpreter that counts as the host's own.
func (j *job) findPython() error {
	if preset, found, err := j.lookup("ansible_python_interpreter"); err == nil && found && filepath.IsAbs(preset) {
		j.python = preset
		return nil
	}
	j.python = "/usr/bin/python3"
	if !kit.Exists(j.python) {
		j.python = j.c.Program("python3")
	}
	if j.python == "" && j.env == "" && !j.p.Has("executable") {
		return fmt.Errorf("this host has no python3, neither in /usr/bin nor in %s", kit.Environ(j.c.Env, "PATH"))
	}
	return nil
}

func (j *job) lookup(name string) (text string, found bool, err error) {
	if j.c.Vars == nil {
		return "", false, nil
	}
	v, found, err := j.c.Vars.Lookup(name)
	return value.Str(v), found && v != nil, err
}

// findPip finds how pip is called, and the interpreter whose packages it changes.
func (j *job) findPip() error {
	executable := j.p.Str("executable")
	switch {
	case j.env != "":
		j.interpreter = filepath.Join(j.env, "bin", "python")
		for _, name := range []string{"pip3", "pip"} {
			at := filepath.Join(j.env, "bin", name)
			if info, err := os.Stat(at); err == nil && info.Mode()&0o111 != 0 {
				j.pip = []string{at}
				return nil
			}
		}
		return fmt.Errorf("Unable to find pip in the virtualenv, %s, under any of these names: pip3, pip. Make sure pip is present in the virtualenv.", j.env)
	case executable == "" && j.hasPip():
		j.pip, j.interpreter = []string{j.python, "-m", "pip.__main__"}, j.python
		return nil
	case executable == "":
		executable = "pip3"
	}
	at := kit.Expand(j.c, executable)
	if !filepath.IsAbs(at) {
		if at = j.c.Program(at); at == "" {
			return fmt.Errorf("Unable to find any of %s to use.  pip needs to be installed.", executable)
		}
	}
	j.pip, j.interpreter = []string{at}, shebang(at)
	return nil
}

func (j *job) hasPip() bool {
	f, err := j.exec([]string{j.python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)"}, "")
	return err == nil && f.Code == 0
}

// shebang is the interpreter that a script of Python's names in its first line, "" when it names none.
func shebang(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head)
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	text, ok := strings.CutPrefix(string(line), "#!")
	words := strings.Fields(text)
	if !ok || len(words) != 1 || !strings.Contains(filepath.Base(words[0]), "python") {
		return ""
	}
	return words[0]
}

func (j *job) listCommand() []string { return append(slices.Clone(j.pip), "list", "--format=freeze") }

// list is what pip has installed: NAME==VERSION in each line.
func (j *job) list() (string, error) {
	f, err := j.exec(j.listCommand(), "")
	if err == nil && f.Code != 0 {
		f, err = j.exec(append(slices.Clone(j.pip), "freeze"), "")
	}
	if err == nil && f.Code != 0 {
		j.say(f)
		err = j.failed(j.listCommand())
	}
	return f.Stdout, err
}

// judge tells for each requirement whether a line of pip's list satisfies it: by the rules of Python's own library, which
// comes with pip.
const judge = `import re, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
there = {plain(n): v for n, s, v in (line.strip().partition("==") for line in sys.stdin) if s}
for text in sys.argv[1:]:
    try:
        r = Requirement(text)
        has = there.get(plain(r.name))
        print(int(has is not None and r.specifier.contains(has, prereleases=True)))
    except ValueError:
        print(0)
`

// satisfied tells of each package whether it is there in a version that the task wants.
func (j *job) satisfied(list string) ([]bool, error) {
	interpreter := j.interpreter
	if interpreter == "" {
		interpreter = j.python
	}
	f, err := j.exec(append([]string{interpreter, "-c", judge}, j.packages...), list)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(f.Stdout)
	if f.Code != 0 || len(words) != len(j.packages) {
		return nil, fmt.Errorf("%s cannot compare versions: %s", interpreter, strings.TrimSpace(f.Stderr))
	}
	var out []bool
	for _, word := range words {
		out = append(out, word == "1")
	}
	return out, nil
}

// create makes the virtual environment.
func (j *job) create() error {
	argv, err := kit.SplitWords(j.p.Str("virtualenv_command"))
	if err != nil || len(argv) == 0 {
		return fmt.Errorf("virtualenv_command is %q, which is no command", j.p.Str("virtualenv_command"))
	}
	argv[0] = kit.Expand(j.c, argv[0])
	if filepath.Base(argv[0]) == argv[0] {
		at := j.c.Program(argv[0])
		if at == "" {
			return fmt.Errorf("Failed to find required executable \"%s\" in paths: %s", argv[0], kit.Environ(j.c.Env, "PATH"))
		}
		argv[0] = at
	}
	own := filepath.Base(argv[0]) == "pyvenv" || moduleOf(argv) == "venv"
	switch {
	case own && j.p.Has("virtualenv_python"):
		return fmt.Errorf("virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command")
	case j.p.Flag("virtualenv_site_packages"):
		argv = append(argv, "--system-site-packages")
	}
	if !own && j.p.Has("virtualenv_python") {
		argv = append(argv, "-p"+j.p.Str("virtualenv_python"))
	} else if !own && j.python != "" {
		argv = append(argv, "-p"+j.python)
	}
	argv = append(argv, j.env)
	f, err := j.exec(argv, "")
	if err != nil {
		return err
	}
	if j.say(f); f.Code != 0 {
		return j.failed(argv)
	}
	return nil
}

// moduleOf is the module that an interpreter is told to run.
func moduleOf(argv []string) string {
	for i, word := range argv {
		if word == "-m" && i+1 < len(argv) {
			return argv[i+1]
		}
		if rest, ok := strings.CutPrefix(word, "-m"); ok && rest != "" {
			return rest
		}
	}
	return ""
}
