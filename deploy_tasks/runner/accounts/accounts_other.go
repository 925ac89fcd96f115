//go:build !linux

package accounts

import (
	"os/user"
	"strconv"
)

// UserNamed looks up a user by name.
func UserNamed(name string) User { return from(user.Lookup(name)) }

// UserOf looks up a user by number.
func UserOf(uid int) User { return from(user.LookupId(strconv.Itoa(uid))) }

// Current is the user of this process.
func Current() User { return from(user.Current()) }

func from(u *user.User, err error) User {
	if err != nil {
		return User{}
	}
	return User{u.Username, number(u.Uid), number(u.Gid), u.HomeDir}
}

// GroupNamed looks up a group by name.
func GroupNamed(name string) Group { return fromGroup(user.LookupGroup(name)) }

// GroupOf looks up a group by number.
func GroupOf(gid int) Group { return fromGroup(user.LookupGroupId(strconv.Itoa(gid))) }

func fromGroup(g *user.Group, err error) Group {
	if err != nil {
		return Group{}
	}
	return Group{g.Name, number(g.Gid)}
}

// number is -1 where the system has other identifiers.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// ShellOf is not known here.
func ShellOf(string) string { return "" }

// groupsOf are the groups of the user of that name.
func groupsOf(name string) []int {
	u, err := user.Lookup(name)
	if err != nil {
		return nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil
	}
	var out []int
	for _, id := range ids {
		if gid, err := strconv.Atoi(id); err == nil {
			out = append(out, gid)
		}
	}
	return out
}
