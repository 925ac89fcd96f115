package accounts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner/module"
	"runner/modules/kit"
)

var userSpec = kit.Spec{Args: []kit.Arg{
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	{Name: "name", Kind: kit.Text, Required: true, Aliases: []string{"user"}},
	{Name: "uid", Kind: kit.Int},
	{Name: "non_unique", Kind: kit.Bool, Default: false},
	{Name: "group", Kind: kit.Text},
	{Name: "groups", Kind: kit.List},
	{Name: "append", Kind: kit.Bool, Default: false},
	{Name: "comment", Kind: kit.Text},
	{Name: "home", Kind: kit.Path},
	{Name: "shell", Kind: kit.Path},
	{Name: "password", Kind: kit.Text},
	{Name: "update_password", Kind: kit.Text, Default: "always", Choices: []string{"always", "on_create"}},
	{Name: "password_lock", Kind: kit.Bool},
	{Name: "password_expire_max", Kind: kit.Int},
	{Name: "password_expire_min", Kind: kit.Int},
	{Name: "password_expire_warn", Kind: kit.Int},
	{Name: "password_expire_account_disable", Kind: kit.Int},
	{Name: "expires", Kind: kit.Float},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "remove", Kind: kit.Bool, Default: false},
	{Name: "create_home", Kind: kit.Bool, Default: true, Aliases: []string{"createhome"}},
	{Name: "move_home", Kind: kit.Bool, Default: false},
	{Name: "skeleton", Kind: kit.Text},
	{Name: "umask", Kind: kit.Text},
	{Name: "system", Kind: kit.Bool, Default: false},
	{Name: "uid_min", Kind: kit.Int},
	{Name: "uid_max", Kind: kit.Int},
	{Name: "generate_ssh_key", Kind: kit.Bool, Default: false},
	{Name: "ssh_key_bits", Kind: kit.Int, Default: int64(0)},
	{Name: "ssh_key_type", Kind: kit.Text, Default: "rsa"},
	{Name: "ssh_key_file", Kind: kit.Path},
	{Name: "ssh_key_comment", Kind: kit.Text},
	{Name: "ssh_key_passphrase", Kind: kit.Text},
	{Name: "local", Kind: kit.Bool, Default: false},
	{Name: "seuser", Kind: kit.Text},
	{Name: "login_class", Kind: kit.Text},
	{Name: "hidden", Kind: kit.Bool},
	{Name: "profile", Kind: kit.Text},
	{Name: "authorization", Kind: kit.Text},
	{Name: "role", Kind: kit.Text},
}}

// userTask is one call of user whose arguments passed the checks.
type userTask struct {
	c        *module.Call
	p        *kit.Params
	name     string
	now      account // as it is before the task
	there    bool
	shadow   shadow
	warnings []string
	out      said
}

// user makes, changes and removes an account.
func user(c *module.Call) module.Result {
	p, err := userSpec.Parse("user", c)
	if err == nil {
		err = checkUser(p)
	}
	if err != nil {
		return kit.Failure(err)
	}
	t := &userTask{c: c, p: p, name: p.Str("name")}
	t.look()
	if p.Has("password") && !hashed(p.Str("password")) {
		t.warnings = append(t.warnings, notHashed)
	}
	if p.Flag("append") && !p.Has("groups") {
		t.warnings = append(t.warnings, appendsNothing)
	}
	r := t.perform()
	if len(t.warnings) > 0 {
		if r.Data == nil {
			r.Data = kit.Dict()
		}
		r.Data.Set("warnings", kit.Items(t.warnings))
	}
	return r
}

const appendsNothing = "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups." +
	"This will change to an error in Ansible 2.14."

// look reads how the account is.
func (t *userTask) look() {
	t.now, t.there = userNamed(t.c, t.name)
	found, ok := shadowOf(t.name)
	t.shadow = found
	if ok && len(t.now.password) < 2 {
		t.now.password = found.password
	}
}

// unsupported are the arguments that only other systems have.
var unsupported = []string{"login_class", "hidden", "profile", "authorization", "role"}

// checkUser is what is wrong with the arguments beyond their types.
func checkUser(p *kit.Params) error {
	if err := onLinux("user"); err != nil {
		return err
	}
	for _, name := range unsupported {
		if p.Has(name) {
			return errors.New(name + " is not supported: leave it out, it means nothing on Linux")
		}
	}
	switch {
	case badName(p.Str("name")):
		return errBadName
	case p.Flag("local"):
		return errLocal
	case p.Has("ssh_key_passphrase"):
		return errors.New("ssh_key_passphrase is not supported: make the key beforehand, and copy it")
	case p.Has("seuser") && kit.Exists("/sys/fs/selinux/enforce"):
		return errors.New("seuser is not supported on a host with SELinux enabled")
	case strings.ContainsAny(p.Str("password"), ":\n"):
		return errors.New("password may contain no colon and no line break")
	case strings.ContainsAny(p.Str("comment"), ":\n"):
		return errors.New("comment may contain no colon and no line break")
	}
	return nil
}

func (t *userTask) perform() module.Result {
	switch {
	case t.p.Str("state") == "absent":
		return t.absent()
	case !t.there && t.c.Check:
		return module.Result{Changed: true}
	case !t.there:
		return t.add()
	}
	return t.modify()
}

// add makes the account, with its home.
func (t *userTask) add() module.Result {
	argv, err := t.addArgs()
	if err != nil {
		return kit.Failure(err)
	}
	deep := t.p.Has("home") && t.p.Flag("create_home") && !kit.IsDir(filepath.Dir(t.p.Str("home")))
	if deep {
		if err := t.makeHome(t.p.Str("home")); err != nil {
			return kit.Failure(err)
		}
	}
	changed, err := t.run("useradd", argv, t.newPaths())
	if err != nil {
		return kit.Failure(err)
	}
	if t.out.code == 0 && deep {
		now, _ := userNamed(t.c, t.name)
		if err := t.giveHome(now, t.p.Str("home")); err != nil {
			return kit.Failure(err)
		}
	}
	return t.settle(changed, "system", t.p.Flag("system"), "create_home", t.p.Flag("create_home"))
}

// modify changes what is otherwise than wanted.
func (t *userTask) modify() module.Result {
	argv, err := t.modArgs()
	if err != nil {
		return kit.Failure(err)
	}
	changed := len(argv) > 0 || t.wantsPassword()
	if changed && !t.c.Check {
		if err := t.usermod(argv); err != nil {
			return kit.Failure(err)
		}
	}
	return t.settle(changed, "append", t.p.Flag("append"), "move_home", t.p.Flag("move_home"))
}

// run runs a tool of the accounts, and after it the one that sets the password, which is on no command line.
func (t *userTask) run(name string, argv []string, paths []string) (bool, error) {
	var calls []call
	if len(argv) > 0 {
		path, err := tool(t.c, name)
		if err != nil {
			return false, err
		}
		calls = append(calls, call{argv: append(append([]string{path}, argv...), t.name)})
	}
	if t.wantsPassword() {
		path, err := tool(t.c, "chpasswd")
		if err != nil {
			return false, err
		}
		calls = append(calls, call{[]string{path, "-e"}, t.name + ":" + t.newPassword() + "\n"})
	}
	var err error
	t.out, err = alter(t.c, "the account "+t.name, paths, calls...)
	return true, err
}

// settle words the result, after what does not depend on whether the account is new.
func (t *userTask) settle(changed bool, pairs ...any) module.Result {
	data := kit.Dict("name", t.name, "state", "present")
	if t.out.code != 0 {
		return kit.Failed(t.out.stderr, kit.Dict("name", t.name, "rc", int64(t.out.code)))
	}
	for i := 0; i < len(pairs); i += 2 {
		data.Set(pairs[i].(string), pairs[i+1])
	}
	if t.p.Has("password") {
		data.Set("password", "NOT_LOGGING_PASSWORD")
	}
	answer(data, t.out)
	now, there := userNamed(t.c, t.name)
	if !there {
		return kit.Failed("failed to look up user name: "+t.name, data)
	}
	data.Set("uid", int64(now.uid))
	data.Set("group", int64(now.gid))
	data.Set("comment", now.comment)
	data.Set("home", now.home)
	data.Set("shell", now.shell)
	if t.p.Has("groups") {
		data.Set("groups", strings.Join(t.p.List("groups"), ","))
	}
	r := module.Result{Changed: changed, Data: data}
	for _, step := range []func(*module.Result, account) error{t.missingHome, t.sshKey, t.ageing} {
		if err := step(&r, now); err != nil {
			return kit.Failed(kit.Reason(err), kit.Dict("name", t.name))
		}
	}
	return r
}

// missingHome makes the home of an account that has none.
func (t *userTask) missingHome(r *module.Result, now account) error {
	home := t.p.Str("home")
	if !t.p.Has("home") {
		home = now.home
	}
	if !t.p.Flag("create_home") || kit.Exists(home) || home == "" {
		return nil
	}
	r.Changed = true
	if t.c.Check {
		return nil
	}
	if err := t.makeHome(home); err != nil {
		return err
	}
	return t.giveHome(now, home)
}

// ageing sets how long a password lasts.
func (t *userTask) ageing(r *module.Result, _ account) error {
	aged, ok := shadowOf(t.name)
	if !ok {
		return nil
	}
	argv := ageArgs(t.p, aged)
	if argv == nil {
		return nil
	}
	r.Changed = true
	if t.c.Check {
		return nil
	}
	path, err := tool(t.c, "chage")
	if err != nil {
		return err
	}
	out, err := alter(t.c, "the account "+t.name, nil, call{argv: append(append([]string{path}, argv...), t.name)})
	if err == nil && out.code != 0 {
		err = errors.New(out.stderr)
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
