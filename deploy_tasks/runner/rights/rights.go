// Package rights lets root do single things with the rights of a user of the host.
package rights

import (
	"runner/accounts"
	"runner/fmt"
)

// Rights are those of one user: number, group and further groups.
type Rights struct {
	User   accounts.User
	Groups []int
	thread int // the one that has the rights, 0 none
}

// Of are the rights of a user. A user that does not exist has none.
func Of(user accounts.User) (*Rights, error) {
	if !user.Found() {
		return nil, fmt.Errorf("there is no such user")
	}
	return &Rights{User: user, Groups: accounts.GroupsOf(user)}, nil
}

// UID implements change.Actor.
func (r *Rights) UID() int { return r.User.UID }
