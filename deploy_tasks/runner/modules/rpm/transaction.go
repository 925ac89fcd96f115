package rpm

import (
	"slices"
	"strings"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
)

// accounts are the files in which scripts of packages enter accounts and groups.
var accounts = []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/shells"}

// transact runs these commands. What they will change dnf tells first, and it is kept and journalled.
func (j *job) transact(lines [][]string) (module.Result, error) {
	changed := false
	for _, line := range lines {
		steps, r, err := j.simulate(line)
		if err != nil || r.Failed {
			return r, err
		}
		if len(steps) == 0 {
			continue
		}
		before := changed
		changed = true
		gone := going(steps, j.here)
		j.results = append(j.results, told(steps, gone, j.p.Flag("download_only"))...)
		if j.c.Check {
			continue
		}
		if r, err := j.perform(line, steps, gone); err != nil || r.Failed {
			r.Changed = before // what the commands before this one have done stays
			return r, err
		}
		if j.here, err = installed(j.t); err != nil {
			return module.Result{}, err
		}
	}
	switch {
	case !changed:
		return result(false, "Nothing to do", j.results), nil
	case j.c.Check:
		return result(true, "Check mode: No changes made, but would have if not in check mode", j.results), nil
	}
	return result(true, "", j.results), nil
}

// simulate asks dnf what a command would do.
func (j *job) simulate(line []string) ([]step, module.Result, error) {
	out, err := j.t.Run(j.line(append([]string{line[0], "--assumeno"}, line[1:]...)...), "")
	if err != nil {
		return nil, module.Result{}, err
	}
	steps := parseTable(out.Stdout)
	var missing []string
	for text := range strings.Lines(out.Stdout + "\n" + out.Stderr) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(text), "No match for argument: "); ok && line[0] == "install" {
			missing = append(missing, "No package "+name+" available.")
		}
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	switch {
	case len(missing) > 0 && !j.p.Flag("skip_broken"):
		return nil, failed("Failed to install some of the specified packages", missing), nil
	case out.Code != 0 && len(steps) == 0:
		return nil, failed(problem(out), []string{}), nil
	}
	return steps, module.Result{}, nil
}

// problem is what dnf tells of a failure.
func problem(out change.Output) string {
	text := out.Stderr
	if i := strings.Index(text, "Error: "); i >= 0 {
		text = text[i+len("Error: "):]
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "\n") || strings.HasPrefix(text, "Problem") {
		return "Depsolve Error occurred: \n " + text
	}
	if text == "" {
		text = strings.TrimSpace(out.Stdout)
	}
	return text
}

// perform runs a command, so that it can be taken back. An undo brings the packages back, and the accounts that scripts have
// made after these.
func (j *job) perform(line []string, steps []step, gone []pkg) (r module.Result, err error) {
	act := func() error {
		out, err := j.t.Run(j.line(append([]string{line[0], "-y"}, line[1:]...)...), "")
		if err == nil && out.Code != 0 {
			r = failed(problem(out), []string{})
		}
		return err
	}
	if j.p.Flag("download_only") {
		if dir := j.p.Str("download_dir"); dir != "" {
			err = j.c.Log.Around([]string{dir}, "dnf --downloadonly", act)
		} else {
			err = act() // into dnf's cache, which holds only copies
		}
		return r, err
	}
	names := namesOf(steps)
	kept, lost, err := j.keep(gone)
	if err != nil {
		return r, err
	}
	for _, p := range lost {
		if err := j.c.Log.Warn(p.full() + " cannot be installed again by an undo: no repository has this version"); err != nil {
			return r, err
		}
	}
	watched, err := configurations(j.t, gone)
	if err != nil {
		return r, err
	}
	what := "dnf " + strings.Join(names, " ")
	err = j.c.Log.Around(accounts, what, func() error {
		return j.c.Log.Set(kindName, kit.SetName(names, kept), func() error {
			if len(watched) == 0 {
				return act()
			}
			return j.c.Log.Around(watched, what, act)
		})
	})
	return r, err
}

// configurations are the configuration files of packages, and what rpm may put beside them.
func configurations(t change.Tools, packages []pkg) ([]string, error) {
	if len(packages) == 0 {
		return nil, nil
	}
	argv := []string{"rpm", "-qc", "--"}
	for _, p := range packages {
		argv = append(argv, p.full())
	}
	text, err := change.Demand(t, argv...)
	return withBesides(text), err
}

func withBesides(listed string) []string {
	var out []string
	for line := range strings.Lines(listed) {
		if path := strings.TrimSpace(line); strings.HasPrefix(path, "/") {
			out = append(out, path, path+".rpmsave", path+".rpmnew", path+".rpmorig")
		}
	}
	return out
}
