package accounts

import (
	"os"
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// failedRemoval is the exit status of userdel when it could not remove a home.
const failedRemoval = 12

// absent removes the account, and its home where that is wanted.
func (t *userTask) absent() module.Result {
	data := kit.Dict("name", t.name, "state", "absent")
	if !t.there {
		return module.Result{Data: data}
	}
	if t.c.Check {
		return module.Result{Changed: true}
	}
	var argv []string
	if t.p.Flag("force") {
		argv = []string{"-f"}
	}
	path, err := tool(t.c, "userdel")
	if err == nil {
		t.out, err = alter(t.c, "the account "+t.name, nil, call{argv: append(append([]string{path}, argv...), t.name)})
	}
	if err == nil && t.out.code == 0 && t.p.Flag("remove") {
		err = t.removeFiles()
	}
	if err != nil {
		return kit.Failure(err)
	}
	if t.out.code != 0 {
		return kit.Failed(t.out.stderr, kit.Dict("name", t.name, "rc", int64(t.out.code)))
	}
	data.Set("force", t.p.Flag("force"))
	data.Set("remove", t.p.Flag("remove"))
	answer(data, t.out)
	return module.Result{Changed: true, Data: data}
}

// removeFiles does what userdel -r would: the journal then keeps the files by moving them away, without a copy of each.
func (t *userTask) removeFiles() error {
	if err := t.removeOwned(t.mailbox(), "mail spool"); err != nil {
		return err
	}
	home := t.now.home
	if other := othersHome(readDatabase("passwd"), home); other != "" && !t.p.Flag("force") {
		t.refuse("not removing directory %s (would remove home of user %s)", home, other)
		return nil
	}
	return t.removeOwned(home, "home directory")
}

// removeOwned removes a path that belongs to the user.
func (t *userTask) removeOwned(path, what string) error {
	info, err := os.Lstat(path)
	if err != nil {
		t.out.stderr += fmt.Sprintf("userdel: %s %s (%s) not found\n", t.name, what, path)
		return nil
	}
	if kit.StatusOf(info).UID != t.now.uid && !t.p.Flag("force") {
		t.refuse("%s not owned by %s, not removing", path, t.name)
		return nil
	}
	return t.c.Log.Remove(path)
}

func (t *userTask) refuse(format string, args ...any) {
	t.out.code = failedRemoval
	t.out.stderr += "userdel: " + fmt.Sprintf(format, args...) + "\n"
}

// othersHome names a user whose home would go with this one.
func othersHome(passwd, home string) string {
	home = filepath.Clean(home)
	for line := range strings.Lines(passwd) {
		a, ok := parseAccount(strings.Split(strings.TrimRight(line, "\n"), ":"))
		inside := strings.HasPrefix(filepath.Clean(a.home)+"/", strings.TrimSuffix(home, "/")+"/")
		if ok && inside {
			return a.name
		}
	}
	return ""
}
