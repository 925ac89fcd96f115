package git

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// problem is a failure with return values.
type problem struct {
	msg  string
	data *value.Dict
}

func (p *problem) Error() string { return p.msg }

func failed(msg string, pairs ...any) error { return &problem{msg, value.DictOf(pairs...)} }

// failure is the result of a job that stopped at an error. A token may stand in the address of the repository, which git
// and the words of its failures repeat.
func (j *job) failure(err error) module.Result {
	var p *problem
	if !errors.As(err, &p) {
		r := kit.Failure(err)
		r.Msg = kit.ShownText(r.Msg)
		return r
	}
	for _, key := range kit.KeysOf(p.data) {
		switch v, _ := p.data.Get(key); v := v.(type) {
		case string:
			p.data.Set(key, kit.ShownText(v))
		case []any:
			p.data.Set(key, kit.ShownItems(kit.Texts(v)))
		}
	}
	return module.Result{Failed: true, Changed: j.changed, Msg: kit.ShownText(p.msg), Data: p.data}
}

// tame keeps git from repacking in the background, which would go on after the task and beside the journal.
var tame = []string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"}

// environment of every git: the language that is read here, no question on a terminal, and no writing by what only looks.
var environment = []string{"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LANGUAGE=C", "GIT_OPTIONAL_LOCKS=0"}

// in runs git in a folder.
func (j *job) in(dir string, args ...string) (module.Finished, error) {
	return j.exec(dir, nil, append(append([]string{j.git}, tame...), args...))
}

func (j *job) exec(dir string, env, argv []string) (module.Finished, error) {
	if j.umask != "" {
		argv = append([]string{"/bin/sh", "-c", `umask "$0"; exec "$@"`, j.umask}, argv...)
	}
	f, err := j.c.Run(module.Process{Argv: argv, Dir: dir, Env: append(append(append([]string{}, environment...), j.env...), env...),
		Stdin: strings.NewReader("")})
	if err == nil && f.TimedOut {
		err = fmt.Errorf("git was stopped: %s", kit.ContextCause(j.c))
	}
	return f, err
}

// ask runs git in the work tree.
func (j *job) ask(args ...string) (module.Finished, error) { return j.in(j.dest, args...) }

// demand is ask for what has to end well.
func (j *job) demand(args ...string) (module.Finished, error) { return j.demandIn(j.dest, args...) }

func (j *job) demandIn(dir string, args ...string) (module.Finished, error) {
	f, err := j.in(dir, args...)
	if err == nil && f.Code != 0 {
		err = j.told(f, strings.TrimRight(f.Stderr, " \n"), "cmd", j.git+" "+strings.Join(args, " "))
	}
	return f, err
}

// names are those of files that a command prints, with a zero byte after each. The journal needs all of them.
func (j *job) names(args ...string) ([]string, error) {
	f, err := j.demand(args...)
	if err == nil && f.Cut {
		err = failed("git " + args[0] + " names more files than can be kept for an undo: more than " + strconv.Itoa(module.MaxOutput>>20) + " MiB of names")
	}
	return strings.FieldsFunc(f.Stdout, func(r rune) bool { return r == 0 }), err
}

// told is a failure with what a command has printed.
func (j *job) told(f module.Finished, msg string, pairs ...any) error {
	data := value.DictOf(pairs...)
	kit.SetOutput(data, "stdout", f.Stdout)
	kit.SetOutput(data, "stderr", f.Stderr)
	data.Set("rc", int64(f.Code))
	return &problem{msg, data}
}

// revision is the commit that a name means. Without any commit it is the name itself.
func (j *job) revision(name string) string {
	f, err := j.ask("rev-parse", name)
	if err != nil {
		return ""
	}
	return strings.TrimRight(f.Stdout, "\n")
}

// commit is the commit that a name means, "" when there is none.
func (j *job) commit(name string) string {
	f, err := j.ask("rev-parse", "-q", "--verify", name+"^{commit}")
	if err != nil || f.Code != 0 {
		return ""
	}
	return strings.TrimSpace(f.Stdout)
}

// branch is what HEAD of the work tree is on, "" when it is on a commit alone.
func (j *job) branch() string { return j.symbolic("HEAD", "refs/heads/") }

func (j *job) symbolic(ref, prefix string) string {
	f, err := j.ask("symbolic-ref", "-q", ref)
	if err != nil || f.Code != 0 {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(f.Stdout), prefix)
}

// prepareSSH sets what git calls ssh with. Nothing is ever asked on a terminal.
func (j *job) prepareSSH() error {
	p := j.p
	var opts []string
	if given := kit.Environ(j.c.Env, "GIT_SSH_OPTS"); given != "" {
		opts = append(opts, given)
	}
	if p.Has("ssh_opts") {
		opts = append(opts, p.Str("ssh_opts"))
	}
	has := func(word string) bool { return strings.Contains(strings.Join(opts, " "), word) }
	add := func(want bool, word string) {
		if want && !has(word) {
			opts = append(opts, "-o "+word)
		}
	}
	accepts := has("StrictHostKeyChecking=no") || has("StrictHostKeyChecking=accept-new")
	add(p.Flag("accept_hostkey") && !accepts, "StrictHostKeyChecking=no")
	add(p.Flag("accept_newhostkey") && !accepts, "StrictHostKeyChecking=accept-new")
	add(true, "BatchMode=yes")
	if key := p.Str("key_file"); key != "" {
		opts = append(opts, "-i "+kit.Quoted(key))
		add(true, "IdentitiesOnly=yes")
	}
	if len(opts) > 1 {
		if err := j.modern(); err != nil {
			return err
		}
	}
	ssh := "ssh"
	for _, name := range []string{"GIT_SSH_COMMAND", "GIT_SSH"} {
		if given, ok := kit.LookupEnv(j.c.Env, name); ok && given != "" {
			ssh = given
		}
	}
	j.env = []string{"GIT_SSH_COMMAND=" + ssh + " " + strings.Join(opts, " ")}
	return nil
}

// modern is an error when git is too old to be given options for ssh.
func (j *job) modern() error {
	f, err := j.exec(filepath.Dir("/"), nil, []string{j.git, "--version"})
	if err != nil {
		return err
	}
	words := strings.Fields(f.Stdout)
	if len(words) < 3 {
		return nil
	}
	parts := append(strings.Split(words[2], "."), "0")
	major, _ := strconv.Atoi(parts[0])
	if minor, _ := strconv.Atoi(parts[1]); major < 2 || major == 2 && minor < 3 {
		return fmt.Errorf("git %s is older than 2.3 and cannot be given key_file, ssh_opts, accept_hostkey or accept_newhostkey: put them into ~/.ssh/config of the host", words[2])
	}
	return nil
}

// newFile is how a new file is written.
func newFile() change.Meta {
	mode := fs.FileMode(kit.NewFileMode)
	return change.Meta{Mode: &mode}
}
