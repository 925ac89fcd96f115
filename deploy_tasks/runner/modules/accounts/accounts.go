// Package accounts holds the modules for who may log in to a host and what runs by itself there: users, groups, their keys
// and their tables of timed jobs.
package accounts

import (
	"runner/module"
)

func init() {
	module.Register("authorized_key", authorizedKey)
	module.Register("group", group)
	module.Register("user", user)
}
