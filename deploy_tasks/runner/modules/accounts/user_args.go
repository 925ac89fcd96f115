package accounts

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/fmt"
	"runner/modules/kit"
)

// addArgs are the arguments of useradd, without the name.
func (t *userTask) addArgs() ([]string, error) {
	argv := number(t.p, nil, "uid", "-u")
	if t.p.Has("uid") && t.p.Flag("non_unique") {
		argv = append(argv, "-o")
	}
	if _, namesake := teamOf(t.c, t.name); t.p.Has("group") {
		if _, there := teamOf(t.c, t.p.Str("group")); !there {
			return nil, noGroup(t.p.Str("group"))
		}
		argv = append(argv, "-g", t.p.Str("group"))
	} else if namesake {
		argv = append(argv, "-N")
	}
	groups, _, err := t.wantedGroups()
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 {
		argv = append(argv, "-G", strings.Join(groups, ","))
	}
	argv = text(t.p, argv, "comment", "-c")
	argv = text(t.p, argv, "home", "-d")
	argv = text(t.p, argv, "shell", "-s")
	if t.p.Has("expires") {
		argv = append(argv, "-e", expiryDate(t.p))
	}
	argv = number(t.p, argv, "password_expire_account_disable", "-f")
	argv = append(argv, homeArgs(t.p)...)
	if t.p.Flag("system") {
		argv = append(argv, "-r")
	}
	argv = limits(t.p, argv, "uid_min", "UID_MIN")
	return limits(t.p, argv, "uid_max", "UID_MAX"), nil
}

func homeArgs(p *kit.Params) []string {
	if !p.Flag("create_home") {
		return []string{"-M"}
	}
	argv := text(p, []string{"-m"}, "skeleton", "-k")
	if p.Has("umask") {
		argv = append(argv, "-K", "UMASK="+p.Str("umask"))
	}
	return argv
}

// modArgs are the arguments of usermod, without the name; none when all is as wanted.
func (t *userTask) modArgs() ([]string, error) {
	var argv []string
	if t.p.Has("uid") && t.p.Int("uid") != int64(t.now.uid) {
		argv = number(t.p, argv, "uid", "-u")
		if t.p.Flag("non_unique") {
			argv = append(argv, "-o")
		}
	}
	if t.p.Has("group") {
		own, there := teamOf(t.c, t.p.Str("group"))
		if !there {
			return nil, noGroup(t.p.Str("group"))
		}
		if own.gid != t.now.gid {
			argv = append(argv, "-g", strconv.Itoa(own.gid))
		}
	}
	argv, err := t.groupArgs(argv)
	if err != nil {
		return nil, err
	}
	if t.p.Has("comment") && t.p.Str("comment") != t.now.comment {
		argv = text(t.p, argv, "comment", "-c")
	}
	if t.p.Has("home") && t.p.Str("home") != t.now.home {
		argv = text(t.p, argv, "home", "-d")
	}
	if t.p.Has("shell") && t.p.Str("shell") != t.now.shell {
		argv = text(t.p, argv, "shell", "-s")
	}
	if t.p.Has("expires") && expiresOtherwise(t.p, t.shadow.expire) {
		argv = append(argv, "-e", expiryDate(t.p))
	}
	argv = number(t.p, argv, "password_expire_account_disable", "-f")
	return append(argv, t.lockArgs()...), nil
}

// lockArgs locks and unlocks the password where that is not done by setting one.
func (t *userTask) lockArgs() []string {
	locked := strings.HasPrefix(t.now.password, "!")
	switch {
	case !t.p.Has("password_lock") || t.p.Flag("password_lock") == locked || t.wantsPassword():
		return nil
	case locked:
		return []string{"-U"}
	}
	return []string{"-L"}
}

// groupArgs make the user a member of the wanted groups.
func (t *userTask) groupArgs(argv []string) ([]string, error) {
	if !t.p.Has("groups") {
		return argv, nil
	}
	_, wanted, err := t.wantedGroups()
	if err != nil {
		return nil, err
	}
	now := teamsWith(t.c, t.name)
	lacks := slices.ContainsFunc(wanted, func(g string) bool { return !slices.Contains(now, g) })
	surplus := slices.ContainsFunc(now, func(g string) bool { return !slices.Contains(wanted, g) })
	switch {
	case t.p.Flag("append") && lacks:
		argv = append(argv, "-a", "-G", strings.Join(wanted, ","))
	case !t.p.Flag("append") && (lacks || surplus):
		argv = append(argv, "-G", strings.Join(wanted, ","))
	}
	return argv, nil
}

// wantedGroups are the groups of the argument, as they were written and by their names.
func (t *userTask) wantedGroups() (written, names []string, err error) {
	for _, g := range strings.Split(strings.Join(t.p.List("groups"), ","), ",") {
		g = strings.TrimSpace(g)
		if g == "" || slices.Contains(written, g) {
			continue
		}
		found, there := teamOf(t.c, g)
		if !there {
			return nil, nil, noGroup(g)
		}
		written = append(written, g)
		if !slices.Contains(names, found.name) {
			names = append(names, found.name)
		}
	}
	return written, names, nil
}

func noGroup(name string) error { return fmt.Errorf("Group %s does not exist", name) }

func text(p *kit.Params, argv []string, name, option string) []string {
	if !p.Has(name) {
		return argv
	}
	return append(argv, option, p.Str(name))
}

func number(p *kit.Params, argv []string, name, option string) []string {
	if !p.Has(name) {
		return argv
	}
	return append(argv, option, strconv.FormatInt(p.Int(name), 10))
}

// expiry is the day on which the account expires, days since 1970; false is never.
func expiry(p *kit.Params) (int64, bool) {
	seconds, _ := p.Raw("expires").(float64)
	return int64(math.Floor(seconds / 86400)), seconds >= 0
}

// expiryDate is that day as the tools take it, "" is never.
func expiryDate(p *kit.Params) string {
	day, ends := expiry(p)
	if !ends {
		return ""
	}
	return time.Unix(day*86400, 0).UTC().Format("2006-01-02")
}

func expiresOtherwise(p *kit.Params, now int) bool {
	day, ends := expiry(p)
	if !ends {
		return now >= 0
	}
	return now < 0 || int64(now) != day
}

// ageArgs are the arguments of chage, nil when all is as wanted.
func ageArgs(p *kit.Params, now shadow) []string {
	var argv []string
	for _, age := range []struct {
		name, option string
		now          int
	}{{"password_expire_min", "-m", now.min}, {"password_expire_max", "-M", now.max}, {"password_expire_warn", "-W", now.warn}} {
		if p.Has(age.name) && p.Int(age.name) != int64(age.now) {
			argv = number(p, argv, age.name, age.option)
		}
	}
	return argv
}
