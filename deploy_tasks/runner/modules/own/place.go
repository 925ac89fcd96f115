package own

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

const (
	mark       = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
	maxScript  = 16 << 20
	maxShebang = 4 << 10
)

// placed is a module on the host: the words that start it, its file the last of them, and its private folder.
type placed struct {
	argv   []string
	folder string
}

// place writes the module into the folder, for its owner alone.
func (m *own) place(c *module.Call, folder string) (placed, error) {
	path := filepath.Join(folder, m.fileName())
	r, err := c.Files.Open(m.entry)
	if err != nil {
		return placed{}, err
	}
	var content io.Reader = r
	if m.style == inserted {
		content, err = m.insertedText(c, r)
	}
	if err == nil {
		err = writePrivate(path, 0o700, content)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return placed{}, err
	}
	at := placed{[]string{path}, folder}
	if m.style != binary {
		words, err := interpreter(c, path)
		if err != nil {
			return placed{}, err
		}
		at.argv = append(words, path)
	}
	return at, nil
}

// fileName is the module's; Windows starts only what is called an executable.
func (m *own) fileName() string {
	if runtime.GOOS == "windows" {
		return m.name + ".exe"
	}
	return m.name
}

func (m *own) insertedText(c *module.Call, r io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxScript))
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(bytes.ReplaceAll(text, []byte(mark), value.Encode(m.given(c, "")))), nil
}

func writePrivate(path string, mode os.FileMode, content io.Reader) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// interpreter are the words of a script's first line, its program replaced by the one that the host's variables name, or
// by the Python that is there.
func interpreter(c *module.Call, path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, maxShebang))
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(head), "\n")
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if !strings.HasPrefix(line, "#!") || len(words) == 0 {
		return nil, errors.New("the module is missing an interpreter line")
	}
	base := filepath.Base(words[0])
	if said, ok := variable(c, "ansible_"+base+"_interpreter").(string); ok && said != "" && !strings.HasPrefix(said, "auto") {
		words[0] = said
	} else if strings.HasPrefix(base, "python") && !kit.Exists(words[0]) {
		words[0] = pythonOf(c, words[0])
	}
	return words, nil
}

// variable is one of the host's, nil when it has none of that name.
func variable(c *module.Call, name string) any {
	if c.Vars == nil {
		return nil
	}
	v, found, err := c.Vars.Lookup(name)
	if !found || err != nil {
		return nil
	}
	return v
}

func pythonOf(c *module.Call, otherwise string) string {
	for _, name := range []string{"python3", "python"} {
		if program := c.Program(name); program != "" {
			return program
		}
	}
	return otherwise
}

// written are arguments as a module of this style reads them from a file.
func written(style string, given *value.Dict) string {
	if style == plain {
		return pairs(given)
	}
	return string(value.Encode(given))
}

// start is the whole command, the arguments written where the module's style wants them.
func (m *own) start(c *module.Call, at placed) ([]string, error) {
	if m.style == inserted {
		return at.argv, nil
	}
	path := filepath.Join(at.folder, "_args") // the names of modules begin with a letter
	if err := writePrivate(path, 0o600, strings.NewReader(written(m.style, m.given(c, at.folder)))); err != nil {
		return nil, err
	}
	return append(at.argv, path), nil
}

// pairs are the arguments as key=value, the values quoted for a shell.
func pairs(given *value.Dict) string {
	var b strings.Builder
	for _, key := range given.Keys() {
		v, _ := given.Get(key)
		b.WriteString(key + "=" + shellWord(value.Str(v)) + " ")
	}
	return b.String()
}

// shellWord quotes where a shell needs it.
func shellWord(s string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if s != "" && strings.Trim(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

// given are the arguments with what Ansible adds for every module.
func (m *own) given(c *module.Call, folder string) *value.Dict {
	all := m.args.Copy()
	all.Update(value.DictOf("_ansible_check_mode", m.checking, "_ansible_no_log", m.hidden, "_ansible_debug", false,
		"_ansible_diff", m.diffs, "_ansible_verbosity", int64(0), "_ansible_version", version(c), "_ansible_module_name", m.name,
		"_ansible_syslog_facility", "LOG_USER",
		"_ansible_selinux_special_fs", kit.Items([]string{"fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"}),
		"_ansible_string_conversion_action", "warn", "_ansible_socket", nil, "_ansible_shell_executable", "/bin/sh",
		"_ansible_keep_remote_files", false, "_ansible_tmpdir", folder, "_ansible_remote_tmp", "~/.ansible/tmp",
		"_ansible_ignore_unknown_opts", false, "_ansible_target_log_info", nil))
	return all
}

// version is the Ansible whose words modules are given.
func version(c *module.Call) string {
	if known, ok := variable(c, "ansible_version").(*value.Dict); ok {
		full, _ := known.Get("full")
		return value.Str(full)
	}
	return ""
}

// started runs a module. While another process is being started, which has our open files for a moment, the system takes
// the new executable for one that is still written.
func started(c *module.Call, argv []string) (module.Finished, error) {
	const tries, pause = 50, 10 * time.Millisecond
	for n := 1; ; n++ {
		f, err := c.Run(module.Process{Argv: argv, Stdin: strings.NewReader("")})
		if n == tries || !errors.Is(err, syscall.ETXTBSY) {
			return f, err
		}
		time.Sleep(pause)
	}
}

func (m *own) perform(c *module.Call, at placed) module.Result {
	argv, err := m.start(c, at)
	if err != nil {
		return kit.Failure(err)
	}
	f, err := started(c, argv)
	switch {
	case err != nil && len(at.argv) > 1:
		return unreadable("The module failed to execute correctly, you probably need to set the interpreter.",
			module.Finished{Code: 127, Stderr: fmt.Sprintf("%s: %s", argv[0], err)})
	case err != nil:
		code, msg := kit.StartError(err, m.name)
		return kit.Failed(msg, kit.Dict("rc", code))
	case f.TimedOut:
		return kit.Judged(module.Result{}, c, f)
	}
	return m.judged(f)
}
