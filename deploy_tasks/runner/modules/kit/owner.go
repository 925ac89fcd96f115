package kit

import (
	"os"
	"strconv"

	"runner/accounts"
	"runner/module"
)

// Acting is whose rights the task has, on files and for commands.
func Acting(c *module.Call) (uid, gid int) {
	if c.As != nil {
		return c.As.UID, c.As.GID
	}
	return os.Geteuid(), os.Getegid()
}

// UIDOf is the number of a user named by name or number; false when there is no such name.
func UIDOf(name string) (int, bool) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, true
	}
	u := accounts.UserNamed(name)
	return u.UID, u.Found()
}

// GIDOf is the number of a group named by name or number; false when there is no such name.
func GIDOf(name string) (int, bool) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, true
	}
	g := accounts.GroupNamed(name)
	return g.GID, g.Found()
}

// UserName is the name of a user, empty when nobody has the number.
func UserName(uid int) string { return accounts.UserOf(uid).Name }

// GroupName is the name of a group, empty when none has the number.
func GroupName(gid int) string { return accounts.GroupOf(gid).Name }

// HomeOf is a user's home, empty when nobody has the name.
func HomeOf(name string) string { return accounts.UserNamed(name).Home }
