// Package git is the part of the runner with the module that clones and updates git repositories.
//
// What git changes is journalled in two ways. The files of the work tree that a step will change, and the small files of
// the repository (HEAD, index, refs, logs, config), are kept before and come back byte for byte. The stores of objects,
// which may be of any size, only ever grow: their names are journalled, and an undo removes what is new there.
package git

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("git", git) }

var spec = kit.Spec{
	Args: []kit.Arg{
		{Name: "dest", Kind: kit.Path},
		{Name: "repo", Kind: kit.Text, Required: true, Aliases: []string{"name"}},
		{Name: "version", Kind: kit.Text, Default: "HEAD"},
		{Name: "remote", Kind: kit.Text, Default: "origin"},
		{Name: "refspec", Kind: kit.Text},
		{Name: "reference", Kind: kit.Text},
		{Name: "force", Kind: kit.Bool, Default: false},
		{Name: "depth", Kind: kit.Int},
		{Name: "clone", Kind: kit.Bool, Default: true},
		{Name: "update", Kind: kit.Bool, Default: true},
		{Name: "verify_commit", Kind: kit.Bool, Default: false},
		{Name: "gpg_allowlist", Kind: kit.List, Aliases: []string{"gpg_whitelist"}},
		{Name: "accept_hostkey", Kind: kit.Bool, Default: false},
		{Name: "accept_newhostkey", Kind: kit.Bool, Default: false},
		{Name: "key_file", Kind: kit.Path},
		{Name: "ssh_opts", Kind: kit.Text},
		{Name: "executable", Kind: kit.Path},
		{Name: "bare", Kind: kit.Bool, Default: false},
		{Name: "recursive", Kind: kit.Bool, Default: true},
		{Name: "single_branch", Kind: kit.Bool, Default: false},
		{Name: "track_submodules", Kind: kit.Bool, Default: false},
		{Name: "umask", Kind: kit.Raw},
		{Name: "archive", Kind: kit.Path},
		{Name: "archive_prefix", Kind: kit.Text},
		{Name: "separate_git_dir", Kind: kit.Path},
	},
	Exclusive: [][]string{{"separate_git_dir", "bare"}, {"accept_hostkey", "accept_newhostkey"}},
}

// job is one call of the module whose arguments passed the checks.
type job struct {
	c                           *module.Call
	p                           *kit.Params
	git                         string // the program
	repo, dest, version, remote string
	refspec                     string
	depth                       int64 // 0: the whole history
	bare, force                 bool
	dir                         string // where the repository itself is: .git of dest, mostly
	umask                       string // octal, "" for the runner's own
	env                         []string
	warnings                    []any
	data                        *value.Dict
	changed                     bool
	asked                       map[string]string // what remotes have answered
}

// git makes sure that a checkout of a repository is there, of the wanted version.
func git(c *module.Call) module.Result {
	p, err := spec.Parse("git", c)
	if err != nil {
		return kit.Failure(err)
	}
	j, err := newJob(c, p)
	if err == nil {
		err = j.run()
	}
	if err != nil {
		return j.failure(err)
	}
	if len(j.warnings) > 0 {
		j.data.Set("warnings", j.warnings)
	}
	return module.Result{Changed: j.changed, Data: j.data, Diff: j.diff()}
}

func newJob(c *module.Call, p *kit.Params) (*job, error) {
	j := &job{c: c, p: p, git: p.Str("executable"), repo: p.Str("repo"), dest: p.Str("dest"), version: p.Str("version"),
		remote: p.Str("remote"), refspec: p.Str("refspec"), depth: p.Int("depth"), bare: p.Flag("bare"), force: p.Flag("force"),
		data: value.NewDict(), asked: map[string]string{}}
	if p.Has("archive_prefix") && !p.Has("archive") {
		return j, errors.New("missing parameter(s) required by 'archive_prefix': archive")
	}
	for _, name := range []string{"repo", "version", "remote", "refspec"} {
		if strings.HasPrefix(p.Str(name), "-") {
			return j, fmt.Errorf("%s is %q: git would read it as an option", name, p.Str(name))
		}
	}
	if j.git == "" {
		if j.git = c.Program("git"); j.git == "" {
			return j, fmt.Errorf("Failed to find required executable \"git\" in paths: %s", kit.Environ(c.Env, "PATH"))
		}
	}
	if at := kit.Expand(c, j.repo); strings.HasPrefix(at, "/") {
		j.repo = "file://" + at // depth and others need an address
	}
	var err error
	if j.umask, err = umaskOf(p.Raw("umask")); err == nil {
		err = j.prepareSSH()
	}
	return j, err
}

// umaskOf is the argument umask, checked.
func umaskOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", errors.New("umask must be defined as a quoted octal integer")
	}
	digits := strings.TrimPrefix(s, "0o")
	if digits == "" || len(digits) > 5 || strings.Trim(digits, "01234567") != "" {
		return "", errors.New("umask must be an octal integer")
	}
	return digits, nil
}

func (j *job) run() error {
	if j.dest == "" {
		if j.p.Flag("clone") {
			return errors.New("the destination directory must be specified unless clone=no")
		}
		return j.look()
	}
	j.dest = filepath.Clean(j.dest)
	if err := j.locate(); err != nil {
		return err
	}
	j.data.Set("before", nil)
	switch {
	case !kit.Exists(filepath.Join(j.dir, "config")) && (j.c.Check || !j.p.Flag("clone")):
		return j.look()
	case !kit.Exists(filepath.Join(j.dir, "config")):
		if err := j.clone(); err != nil {
			return err
		}
	case !j.p.Flag("update"):
		at := j.revision("HEAD")
		j.data.Set("before", at)
		j.data.Set("after", at)
	default:
		if done, err := j.update(); done || err != nil {
			return err
		}
	}
	return j.archive()
}

// look only asks the remote what it has.
func (j *job) look() error {
	head, err := j.remoteHead(j.repo, "")
	if err != nil {
		return err
	}
	j.changed = true
	j.data.Set("before", nil)
	j.data.Set("after", head)
	return nil
}

// locate finds the repository of dest, and moves it to where the task wants it to be.
func (j *job) locate() error {
	var err error
	if j.dir, err = repository(j.dest, j.bare); err != nil {
		return failed("Current repo does not have a valid reference to a separate Git dir or it refers to the invalid path", "details", err.Error())
	}
	separate := j.separate()
	if separate == "" || separate == j.dir || !kit.Exists(j.dir) {
		return nil
	}
	j.changed = true
	if j.c.Check {
		return nil
	}
	return j.relocate(separate)
}

func (j *job) separate() string {
	if at := j.p.Str("separate_git_dir"); at != "" {
		return kit.RealPath(at)
	}
	return ""
}

func (j *job) relocate(to string) error {
	if kit.Exists(to) {
		return fmt.Errorf("Separate-git-dir path %s already exists.", to)
	}
	old := j.dir
	err := j.c.Log.Rename(old, to)
	if err == nil {
		err = j.c.Log.WriteFile(filepath.Join(j.dest, ".git"), strings.NewReader("gitdir: "+to), newFile())
	}
	if err != nil {
		return fmt.Errorf("Unable to move git dir. %s", kit.Reason(err))
	}
	j.data.Set("git_dir_before", old)
	j.data.Set("git_dir_now", to)
	j.dir = to
	return nil
}

// repository is the folder of the repository whose work tree is dest: dest itself, .git in it, or where the file .git says.
func repository(dest string, bare bool) (string, error) {
	if bare {
		return dest, nil
	}
	path := filepath.Join(dest, ".git")
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return path, nil
	}
	if info.Size() > 1<<16 {
		return "", errors.New(".git file has invalid git dir reference format")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	at, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !ok {
		return "", errors.New(".git file has invalid git dir reference format")
	}
	if !filepath.IsAbs(at) {
		at = filepath.Join(dest, at)
	}
	if !kit.IsDir(at) {
		return "", fmt.Errorf("%s is not a directory", at)
	}
	return filepath.Clean(at), nil
}
