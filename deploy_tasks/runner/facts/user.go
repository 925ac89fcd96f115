package facts

import (
	"os"
	"strconv"
	"strings"

	"runner/accounts"
)

func user(g *gathering) {
	name := userName(g.env)
	g.set("user_id", name)
	if p := g.passwd(name); p != nil {
		g.set("user_uid", number(p[2]))
		g.set("user_gid", number(p[3]))
		g.set("user_gecos", p[4])
		g.set("user_dir", p[5])
		g.set("user_shell", p[6])
	}
	if os.Getuid() < 0 { // Windows has no numbers
		return
	}
	g.set("real_user_id", int64(os.Getuid()))
	g.set("effective_user_id", int64(os.Geteuid()))
	g.set("real_group_id", int64(os.Getgid()))
	g.set("effective_group_id", int64(os.Getgid()))
}

// userName is Python's getpass.getuser: the environment's word first, then the user of the process.
func userName(env []string) string {
	for _, name := range []string{"LOGNAME", "USER", "LNAME", "USERNAME"} {
		for _, entry := range env {
			if v, ok := strings.CutPrefix(entry, name+"="); ok && v != "" {
				return v
			}
		}
	}
	if u := accounts.Current(); u.Found() {
		return u.Name
	}
	return strconv.Itoa(os.Getuid())
}

// passwd is the line of a user in the user database, by name, else of the user of the process.
func (g *gathering) passwd(name string) []string {
	id := strconv.Itoa(os.Getuid())
	var own []string
	for _, line := range lines("/etc/passwd") {
		p := strings.Split(line, ":")
		if len(p) != 7 {
			continue
		}
		if p[0] == name {
			return p
		}
		if p[2] == id && own == nil {
			own = p
		}
	}
	if p := strings.Split(strings.TrimSpace(g.printed("getent", "passwd", name)), ":"); len(p) == 7 {
		return p
	}
	return own
}

func number(s string) any {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return n
}
