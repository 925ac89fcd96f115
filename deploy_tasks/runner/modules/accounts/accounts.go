// Package accounts holds the modules for who may log in to a host and what runs by itself there: users, groups, their keys
// and their tables of timed jobs.
package accounts

import (
	"runner/change"
	"runner/module"
)

func init() {
	module.Register("cron", cron)
	change.RegisterKind("crontab", crontabs{})
	module.Register("authorized_key", authorizedKey)
	module.Register("getent", getent)
	module.Register("group", group)
	module.Register("user", user)
}
