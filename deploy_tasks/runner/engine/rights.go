package engine

import (
	"os"
	"strconv"
	"strings"

	"runner/accounts"
	"runner/expr"
	"runner/module"
	"runner/rights"
	"runner/value"
)

// commandsOnly are the modules that act through commands alone: they can have another user's rights everywhere.
var commandsOnly = map[string]bool{"command": true, "shell": true, "raw": true, "script": true}

// refused is why a task cannot run at all.
type refused string

func (r refused) Error() string { return string(r) }

// prepareRights settles whose rights the task has. A program runs as one user; a task of root's may have fewer rights
// than that, no other can.
func (j *job) prepareRights(s *scope) error {
	if _, told, _ := s.Lookup("ansible_become_user"); !told && j.task.Become == nil && j.task.BecomeUser == nil {
		return nil
	}
	user, err := j.user(s)
	if err != nil || user == nil || user.UID == os.Geteuid() {
		return err
	}
	switch {
	case os.Geteuid() < 0:
		return refused("become_user: tasks run as another user on Unix only")
	case os.Geteuid() != 0:
		return refused("become_user: the runner is not root, so it cannot run the task as " + user.Name)
	case !rights.FilesToo && !commandsOnly[j.task.Module]:
		return refused("become_user: " + j.task.Module + " cannot run as another user here, only command, shell, raw and script can")
	}
	j.rights, err = rights.Of(*user)
	return err
}

// user is who the task runs as, nil where that is the runner's own user. As with Ansible the variables of the
// connection say more than the task.
func (j *job) user(s *scope) (*accounts.User, error) {
	becomes, err := flag(j.task.Become, true, s)
	if err != nil {
		return nil, err
	}
	if v, known, _ := s.Lookup("ansible_become"); known {
		becomes = truth(v)
	}
	if !becomes {
		return loginUser(j.opts.Env), nil
	}
	v, err := expr.Resolve(j.task.BecomeUser, s)
	if err != nil {
		return nil, err
	}
	if told, known, _ := s.Lookup("ansible_become_user"); known {
		v = told
	}
	name := value.Str(v)
	if v == nil || name == "" || name == "root" {
		return nil, nil
	}
	user := accounts.UserNamed(name)
	if !user.Found() {
		return nil, refused("become_user: there is no user " + name + " on this host")
	}
	return &user, nil
}

// loginUser is who has logged in and become root by sudo, nil when that is not how this runner was started.
func loginUser(env []string) *accounts.User {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, pair := range env {
		number, ok := strings.CutPrefix(pair, "SUDO_UID=")
		if uid, err := strconv.Atoi(number); ok && err == nil && uid > 0 {
			if user := accounts.UserOf(uid); user.Found() {
				return &user
			}
		}
	}
	return nil
}

// lend gives the call the user's rights.
func (j *job) lend() {
	if j.rights == nil {
		return
	}
	u, c := j.rights.User, j.call
	c.As = &module.Identity{UID: u.UID, GID: u.GID, Groups: j.rights.Groups}
	c.Log = asRoot{c.Log, j.rights}
	started, temp := c.Started, c.TempDir
	if started != nil {
		c.Started = func(pid int) (ended func()) {
			var end func()
			j.rights.AsRoot(func() { end = started(pid) })
			return func() { j.rights.AsRoot(end) }
		}
	}
	c.TempDir = func() string { return j.ownTemp(temp) }
}

// env is the environment that the task starts with: of the user it runs as, or the runner's.
func (j *job) env() []string {
	if j.rights == nil {
		return j.opts.Env
	}
	u := j.rights.User
	own := []string{"HOME=" + u.Home, "USER=" + u.Name, "LOGNAME=" + u.Name}
	if shell := accounts.ShellOf(u.Name); shell != "" {
		own = append(own, "SHELL="+shell)
	}
	return append(own, without(j.opts.Env, own)...)
}

// without leaves out the variables that others set.
func without(env, others []string) []string {
	var out []string
	for _, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		hidden := false
		for _, other := range others {
			hidden = hidden || strings.HasPrefix(other, name+"=")
		}
		if !hidden {
			out = append(out, pair)
		}
	}
	return out
}

// ownTemp is a private folder that the user can reach; the run's own one is root's.
func (j *job) ownTemp(otherwise func() string) string {
	if j.temp == "" {
		made, err := os.MkdirTemp("", "deploy-tasks-")
		if err != nil {
			return otherwise()
		}
		j.temp = made
	}
	return j.temp
}

// perform calls the module with the task's rights.
func (j *job) perform() (result module.Result) {
	if j.rights == nil {
		return safely(j.do, j.call)
	}
	if recorder := j.recorder(); recorder != nil {
		recorder.ActFor(j.rights)
		defer recorder.ActFor(nil)
	}
	err := j.rights.Run(func() {
		j.settle()
		result = safely(j.do, j.call)
		if j.temp != "" {
			_ = os.RemoveAll(j.temp)
		}
	})
	if err != nil {
		return module.Failure(err.Error())
	}
	return result
}

// settle finds a folder to start in that the user may enter.
func (j *job) settle() {
	for _, dir := range []string{j.call.Cwd, j.rights.User.Home, "/"} {
		if f, err := os.Open(dir); err == nil {
			_ = f.Close()
			j.call.Cwd = dir
			return
		}
	}
}
