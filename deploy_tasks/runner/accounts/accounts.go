// Package accounts looks up users and groups.
package accounts

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
