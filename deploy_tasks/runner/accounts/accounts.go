// Package accounts looks up users and groups.
package accounts

import "slices"

// User is one line of the user database; empty when there is none.
type User struct {
	Name     string
	UID, GID int
	Home     string
}

// Found says whether there is such a user.
func (u User) Found() bool { return u.Name != "" }

// Group is one line of the group database; empty when there is none.
type Group struct {
	Name string
	GID  int
}

// Found says whether there is such a group.
func (g Group) Found() bool { return g.Name != "" }

// GroupsOf are the numbers of a user's groups, its own first.
func GroupsOf(user User) []int {
	out := []int{user.GID}
	for _, gid := range groupsOf(user.Name) {
		if !slices.Contains(out, gid) {
			out = append(out, gid)
		}
	}
	return out
}
