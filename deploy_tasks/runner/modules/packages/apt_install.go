package packages

import (
	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// selection is what an installation asks apt for.
type selection struct {
	wanted []string // as apt-get takes them
	names  []string // those the task names, which count as installed by hand
	failed string   // why nothing can be done
}

// install makes sure of packages: there, of the newest version, or what their sources need to be built.
func (j *job) install(specs []string, state string) (module.Result, error) {
	s, err := j.choose(specs, state)
	if err != nil || s.failed != "" {
		return module.Failure(s.failed), err
	}
	result := module.Result{Data: value.NewDict()}
	if len(s.wanted) > 0 {
		result, err = j.change(j.installLine(s, state), s.names, func(out string) bool {
			return state != "build-dep" || !nothingToDo(out)
		})
	} else if !j.c.Check {
		err = j.markManual(s.names)
	}
	if err != nil || result.Failed {
		return result, err
	}
	result.Data.Set("cache_updated", j.cache.updated)
	result.Data.Set("cache_update_time", j.cache.time)
	return result, nil
}

func (j *job) installLine(s selection, state string) *line {
	p := j.p
	l := j.line(j.apt).add("-y").dpkg(p.Str("dpkg_options")).
		when(p.Flag("only_upgrade"), "--only-upgrade").
		when(state == "fixed", "--fix-broken").
		when(p.Flag("force"), "--force-yes")
	if state == "build-dep" {
		l.when(p.Flag("fail_on_autoremove"), "--no-remove").when(j.c.Check, "--simulate").add("build-dep")
	} else {
		l.when(p.Flag("autoremove"), "--auto-remove").when(p.Flag("fail_on_autoremove"), "--no-remove").
			when(j.c.Check, "--simulate").add("install")
	}
	l.quoted(s.wanted).release(p.Str("default_release"))
	j.recommends(l)
	if p.Flag("allow_unauthenticated") {
		l.add("--allow-unauthenticated")
	}
	if p.Flag("allow_downgrade") {
		l.add("--allow-downgrades")
	}
	if p.Flag("allow_change_held_packages") {
		l.add("--allow-change-held-packages")
	}
	return l
}

// recommends adds whether recommended packages come along; without a word of the task the host's own setting counts.
func (j *job) recommends(l *line) {
	if j.p.Has("install_recommends") {
		word := "no"
		if j.p.Flag("install_recommends") {
			word = "yes"
		}
		l.add("-o", "APT::Install-Recommends="+word)
	}
}

// choose decides for each package whether apt has to do something, and for which version.
func (j *job) choose(specs []string, state string) (s selection, err error) {
	specs, unmatched, err := expandNames(j.t, specs)
	switch {
	case err != nil:
		return s, err
	case unmatched != "":
		return selection{failed: "No package(s) matching '" + unmatched + "' available"}, nil
	case state == "build-dep":
		return selection{wanted: specs}, nil
	}
	k, err := j.learn(specs, j.p.Str("default_release"))
	if err != nil {
		return s, err
	}
	for _, spec := range specs {
		d := parseDemand(spec)
		s.names = append(s.names, d.name)
		wanted, failed, err := j.decide(k, d, state == "latest")
		if err != nil || failed != "" {
			return selection{failed: failed}, err
		}
		if wanted != "" {
			s.wanted = append(s.wanted, wanted)
		}
	}
	return s, nil
}

// known is what dpkg and apt know of the packages of a task.
type known struct {
	db      database
	choices map[string]choice
}

func (j *job) learn(specs []string, release string) (k known, err error) {
	if k.db, err = readDatabase(j.t); err != nil {
		return k, err
	}
	var names []string
	for _, spec := range specs {
		names = append(names, parseDemand(spec).name)
	}
	k.choices, err = readPolicy(j.t, release, names)
	return k, err
}

// decide is what apt is to be asked for, "" when the package is as wanted.
func (j *job) decide(k known, d demand, latest bool) (wanted, failed string, err error) {
	if c := k.choices[d.name]; len(c.versions) == 0 {
		return j.decideVirtual(k, d, latest)
	}
	is, best := k.db.find(d.name), k.choices[d.name].best(d)
	here := is.status == installed
	content := here && d.matches(is.version)
	installable := best
	if here && (best == is.version || best != "" && d.relation != "" && !d.matches(best)) {
		installable = ""
	}
	only := j.p.Flag("only_upgrade")
	switch {
	case !here && only:
		return "", "", nil
	case !content && installable == "":
		return "", "no available installation candidate for " + d.spec, nil
	case installable != "" && (!here && !only || latest || !content):
		return d.name + "=" + installable, "", nil
	case content && installable != "" && d.relation == "=":
		return d.name + "=" + d.version, "", nil
	}
	return "", "", nil
}

// decideVirtual is decide for a name that others provide. One that stands for a single package which is there is
// satisfied; apt finds out about the rest.
func (j *job) decideVirtual(k known, d demand, latest bool) (wanted, failed string, err error) {
	standing, err := providers(j.t, d.name)
	if err != nil {
		return "", "", err
	}
	if len(standing) == 0 {
		return "", "No package matching '" + d.name + "' is available", nil
	}
	if len(standing) == 1 && k.db.find(standing[0]).status == installed {
		if latest {
			more, err := readPolicy(j.t, j.p.Str("default_release"), standing)
			if best := more[standing[0]].candidate; err != nil || best != "" && best != k.db.find(standing[0]).version {
				return d.name + "=" + best, "", err
			}
		}
		return "", "", nil
	}
	switch {
	case j.p.Flag("only_upgrade"):
		return "", "", nil
	case d.version != "":
		return d.name + "=" + d.version, "", nil
	}
	return d.name, "", nil
}

// markManual has packages that are there count as installed by hand.
func (j *job) markManual(names []string) error {
	db, err := readDatabase(j.t)
	if err != nil {
		return err
	}
	var marked []string
	for _, name := range names {
		if db.find(name).auto {
			marked = append(marked, name)
		}
	}
	if len(marked) == 0 || j.c.Program("apt-mark") == "" {
		return nil
	}
	return j.c.Log.Set(kindName, kit.SetName(marked, ""), func() error {
		_, err := change.Demand(j.t, append([]string{"apt-mark", "manual"}, marked...)...)
		return err
	})
}
