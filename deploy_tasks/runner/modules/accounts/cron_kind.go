package accounts

import (
	"os"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

// crontabs are the tables of timed jobs of users, by the users' names. A table is a text; the crontab command alone knows
// where it lies, and tells the daemon that it is new.
type crontabs struct{}

// Inspect implements change.Kind.
func (crontabs) Inspect(t change.Tools, user string) (any, error) {
	out, err := t.Run(crontabArgs(kit.UserName(os.Getuid()), user, "-l"), "")
	switch {
	case err != nil:
		return nil, err
	case out.Code == 0:
		return out.Stdout, nil
	case noTable(out.Stderr):
		return nil, nil
	}
	return nil, fmt.Errorf("crontab -l: exit status %d: %s", out.Code, strings.TrimSpace(out.Stderr))
}

// Restore implements change.Kind.
func (c crontabs) Restore(t change.Tools, user string, before, now any) error {
	own := kit.UserName(os.Getuid())
	text, there := before.(string)
	if !there {
		out, err := t.Run(crontabArgs(own, user, "-r"), "")
		if err == nil && out.Code != 0 && !noTable(out.Stderr) {
			err = fmt.Errorf("crontab -r: exit status %d: %s", out.Code, strings.TrimSpace(out.Stderr))
		}
		return err
	}
	out, err := t.Run(crontabArgs(own, user, "-"), text)
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("crontab -: exit status %d: %s", out.Code, strings.TrimSpace(out.Stderr))
	}
	return err
}

// noTable says whether the command answers that a user has no table, or that there is no such user any more.
func noTable(said string) bool {
	return strings.Contains(said, "no crontab for") || strings.Contains(said, "unknown")
}

// crontabArgs are the words of the command; only another user is named, which needs the rights of root.
func crontabArgs(own, user, what string) []string {
	if user == "" || user == own {
		return []string{"crontab", what}
	}
	return []string{"crontab", "-u", user, what}
}
