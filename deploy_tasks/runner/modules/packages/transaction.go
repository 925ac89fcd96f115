package packages

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// accounts are the files in which scripts of packages enter accounts and groups.
var accounts = []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/shells"}

// change runs a command of apt's that changes packages: simulated first, so that what it will change is known, kept and
// journalled before. manual are packages that then count as installed by hand.
func (j *job) change(l *line, manual []string, changed func(out string) bool) (module.Result, error) {
	simulated, err := j.t.Run(j.full(l, "--simulate"), "")
	if err != nil {
		return module.Result{}, err
	}
	if simulated.Code != 0 || j.c.Check {
		return j.result(l, simulated, changed), nil
	}
	steps := parseSimulation(simulated.Stdout)
	if len(steps) == 0 || !j.root() { // nothing that dpkg would know of, or apt-get will say that it must not
		out, err := j.t.Run(j.full(l), "")
		if r := j.result(l, out, changed); err != nil || r.Failed {
			return r, err
		}
		return j.result(l, out, changed), j.markManual(manual)
	}
	db, err := readDatabase(j.t)
	if err != nil {
		return module.Result{}, err
	}
	r := module.Result{}
	err = j.withPolicy(func() error {
		return j.journalled(db, steps, func() error {
			out, err := j.t.Run(j.full(l), "")
			if err != nil {
				return err
			}
			if r = j.result(l, out, changed); r.Failed {
				return nil
			}
			return j.mark(manual)
		})
	})
	return r, errors.Join(err, j.others(db, steps, err))
}

// root tells whether commands have root's rights.
func (j *job) root() bool {
	uid, _ := kit.Acting(j.c)
	return uid == 0
}

// result words what apt-get has done.
func (j *job) result(l *line, out change.Output, changed func(string) bool) module.Result {
	data := outputData(out.Stdout, out.Stderr)
	if out.Code != 0 {
		data.Set("rc", int64(out.Code))
		return module.Result{Failed: true, Msg: "'" + l.shown.String() + "' failed: " + out.Stderr, Data: data}
	}
	r := module.Result{Changed: changed(out.Stdout), Data: data}
	if j.c.Diff && r.Changed {
		r.Diff = []module.Diff{{After: prepared(out.Stdout), AfterHeader: "apt-get"}}
	}
	return r
}

// mark is markManual where the change is journalled already.
func (j *job) mark(names []string) error {
	db, err := readDatabase(j.t)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !db.find(name).auto })
	if len(names) > 0 {
		_, err = change.Demand(j.t, append([]string{"apt-mark", "manual"}, names...)...)
	}
	return err
}

// journalled performs a change of these packages so that it can be taken back. An undo brings configuration files back
// before the packages, whose installation then keeps them, and the accounts that scripts have made after these.
func (j *job) journalled(db database, steps []step, act func() error) error {
	names, going := affected(db, steps)
	kept, lost, err := keep(j.c, db, going)
	if err != nil {
		return err
	}
	for _, p := range lost {
		if err := j.c.Log.Warn(regret(p)); err != nil {
			return err
		}
	}
	if len(lost) == len(going) {
		kept = ""
	}
	watched, err := j.watched(names)
	if err != nil {
		return err
	}
	what := "apt-get " + strings.Join(names, " ")
	return j.c.Log.Around(accounts, what, func() error {
		return j.c.Log.Set(kindName, kit.SetName(names, kept), func() error {
			if len(watched) == 0 {
				return act()
			}
			return j.c.Log.Around(watched, what, act)
		})
	})
}

// affected are the packages that these steps change, and those that are there, were it only their configuration, and go
// or get another version.
func affected(db database, steps []step) (names []string, going []pkg) {
	for _, s := range steps {
		if slices.Contains(names, s.name) {
			continue
		}
		names = append(names, s.name)
		if p := db.find(s.name); p.there() || s.verb == "Purg" && p.status == configFiles {
			going = append(going, p)
		}
	}
	slices.Sort(names)
	return names, going
}

// watched are the configuration files that go or change with packages, and what dpkg may put beside them.
func (j *job) watched(names []string) ([]string, error) {
	paths, err := conffiles(j.t, names)
	for _, path := range slices.Clone(paths) {
		paths = append(paths, besides(path)...)
	}
	return paths, err
}

// others tells when more has changed than the simulation has told: that is not in the journal's set.
func (j *job) others(before database, steps []step, failed error) error {
	if failed != nil {
		return nil
	}
	after, err := readDatabase(j.t)
	if err != nil {
		return err
	}
	told, _ := affected(before, steps)
	var more []string
	for name := range after.packages {
		if !slices.Contains(told, name) && before.find(name) != after.find(name) {
			more = append(more, name)
		}
	}
	for name := range before.packages {
		if _, ok := after.packages[name]; !ok && !slices.Contains(told, name) {
			more = append(more, name)
		}
	}
	slices.Sort(more)
	if len(more) > 0 {
		return j.c.Log.Warn("changed as well, which apt had not said before and an undo leaves: " + strings.Join(more, " "))
	}
	return nil
}

const policyFile = "/usr/sbin/policy-rc.d"

// withPolicy acts with the answer that the task wants scripts of packages to get when they ask whether services may start.
func (j *job) withPolicy(act func() error) error {
	if !j.p.Has("policy_rc_d") {
		return act()
	}
	old, err := os.ReadFile(policyFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	mode := fs.FileMode(0o770)
	text := fmt.Sprintf("#!/bin/sh\nexit %d\n", j.p.Int("policy_rc_d"))
	if !there {
		if err := j.c.Log.WriteFile(policyFile, strings.NewReader(text), change.Meta{Mode: &mode}); err != nil {
			return err
		}
		return errors.Join(act(), j.c.Log.Remove(policyFile))
	}
	info, err := os.Stat(policyFile)
	if err != nil {
		return err
	}
	if err := j.c.Log.WriteFile(policyFile, strings.NewReader(text), change.Meta{Mode: &mode}); err != nil {
		return err
	}
	mode, when := info.Mode(), info.ModTime()
	return errors.Join(act(), j.c.Log.WriteFile(policyFile, strings.NewReader(string(old)), change.Meta{Mode: &mode, Mtime: &when}))
}

// prepared is what a diff shows of apt-get's words: from what it has read to its count.
func prepared(out string) string {
	lines := kit.SplitLines(out)
	from := slices.Index(lines, "Reading state information...") + 1
	to := slices.IndexFunc(lines, isCount) + 1
	if to == 0 {
		to = len(lines) + 1
	}
	return strings.Join(lines[min(from, len(lines)):max(min(to, len(lines)), min(from, len(lines)))], "\n")
}

// isCount: "3 upgraded, 0 newly installed, …".
func isCount(line string) bool {
	number, rest, ok := strings.Cut(line, " ")
	return ok && strings.HasPrefix(strings.TrimPrefix(rest, "packages "), "upgraded") && strings.Trim(number, "0123456789") == ""
}
