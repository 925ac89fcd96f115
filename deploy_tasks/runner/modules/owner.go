package modules

import (
	"strconv"

	"runner/accounts"
)

func uidOf(name string) (int, bool) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, true
	}
	u := accounts.UserNamed(name)
	return u.UID, u.Found()
}

func gidOf(name string) (int, bool) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, true
	}
	g := accounts.GroupNamed(name)
	return g.GID, g.Found()
}

// userName is the name of a user, empty when nobody has the number.
func userName(uid int) string { return accounts.UserOf(uid).Name }

// groupName is the name of a group, empty when none has the number.
func groupName(gid int) string { return accounts.GroupOf(gid).Name }

func homeOf(name string) string { return accounts.UserNamed(name).Home }
