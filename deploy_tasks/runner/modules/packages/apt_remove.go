package packages

import (
	"path/filepath"
	"strings"

	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// remove makes sure that packages are not there.
func (j *job) remove(specs []string) (module.Result, error) {
	specs, unmatched, err := expandNames(j.t, specs)
	if err != nil || unmatched != "" {
		return module.Failure("No package(s) matching '" + unmatched + "' available"), err
	}
	db, err := readDatabase(j.t)
	if err != nil {
		return module.Result{}, err
	}
	var going []string
	for _, spec := range specs {
		d := parseDemand(spec)
		is := db.find(d.name)
		if is.status == installed && d.matches(is.version) || is.status != absent && j.p.Flag("purge") {
			going = append(going, spec)
		}
	}
	if len(going) == 0 {
		return module.Result{Data: value.NewDict()}, nil
	}
	p := j.p
	l := j.line(j.apt).add("-q", "-y").dpkg(p.Str("dpkg_options")).
		when(p.Flag("purge"), "--purge").when(p.Flag("force"), "--force-yes").when(p.Flag("autoremove"), "--auto-remove").
		when(j.c.Check, "--simulate").when(p.Flag("allow_change_held_packages"), "--allow-change-held-packages").
		add("remove").quoted(going)
	r, err := j.change(l, nil, func(string) bool { return true })
	if r.Failed {
		stderr, _ := r.Data.Get("stderr")
		said, _ := stderr.(string)
		r.Msg = "'apt-get remove '" + strings.Join(going, "' '") + "'' failed: " + said
	}
	return r, err
}

// cleanup removes packages that nothing needs any more, or copies of packages that no repository has.
func (j *job) cleanup(operation string) (module.Result, error) {
	p := j.p
	l := j.line(j.apt).add("-y").dpkg(p.Str("dpkg_options")).when(p.Flag("purge"), "--purge").
		when(p.Flag("force"), "--force-yes").add(operation).when(j.c.Check, "--simulate")
	mark := "The following packages will be REMOVED"
	if operation == "autoclean" {
		mark = "Del "
	}
	r, err := j.change(l, nil, func(out string) bool { return strings.Contains(out, mark) })
	if r.Failed {
		stderr, _ := r.Data.Get("stderr")
		said, _ := stderr.(string)
		r.Msg = "'apt-get " + operation + "' failed: " + said
	}
	return r, err
}

// nothingToDo tells whether apt-get has found everything done.
func nothingToDo(out string) bool {
	return strings.Contains(out, "\n0 upgraded, 0 newly installed, 0 to remove")
}

// upgrade brings all packages to their newest versions, with apt-get: aptitude is not used even where it is there.
func (j *job) upgrade(mode string) (module.Result, error) {
	p := j.p
	operation := []string{"upgrade", "--with-new-pkgs"}
	if mode == "dist" || mode == "full" {
		operation = []string{"dist-upgrade"}
	}
	l := j.line(j.apt).add("-y").dpkg(p.Str("dpkg_options")).when(p.Flag("force"), "--force-yes").
		when(p.Flag("fail_on_autoremove"), "--no-remove").when(p.Flag("allow_unauthenticated"), "--allow-unauthenticated").
		when(p.Flag("allow_downgrade"), "--allow-downgrades").when(j.c.Check, "--simulate").
		add(operation...).when(p.Flag("autoremove"), "--auto-remove").release(p.Str("default_release"))
	r, err := j.change(l, nil, func(out string) bool { return !nothingToDo(out) })
	if err != nil {
		return r, err
	}
	if out, ok := r.Data.Get("stdout"); ok && !r.Failed {
		r.Data.Set("msg", out)
	}
	if r.Failed {
		stderr, _ := r.Data.Get("stderr")
		said, _ := stderr.(string)
		r.Msg = "'" + j.apt + " " + strings.Join(operation, " ") + " "
		if p.Flag("autoremove") {
			r.Msg += "--auto-remove"
		}
		r.Msg += "' failed: " + said
	}
	return r, nil
}

// installFiles installs packages from files on the host, and what they depend on from repositories.
func (j *job) installFiles(files []string) (module.Result, error) {
	if j.p.Str("state") != "present" {
		return module.Failure("deb only supports state=present"), nil
	}
	db, err := readDatabase(j.t)
	if err != nil {
		return module.Result{}, err
	}
	var wanted []string
	for _, file := range files {
		path := kit.Absolute(j.c, kit.Expand(j.c, file))
		if kit.IsURL(file) {
			var err error
			if path, err = kit.Fetch(j.c, file, true); err != nil {
				return module.Failure("Failure downloading " + kit.ShownURL(file) + ", " + kit.Reason(err)), nil
			}
		}
		about, failed, err := j.readDeb(path)
		if err != nil || failed != "" {
			return module.Failure(failed), err
		}
		is := db.find(db.key(about.name, about.arch))
		if is.there() && compareVersions(is.version, about.version) == 0 {
			continue
		}
		if is.there() && compareVersions(is.version, about.version) > 0 && !j.p.Flag("force") && !j.p.Flag("allow_downgrade") {
			return module.Failure("A later version is already installed"), nil
		}
		wanted = append(wanted, path)
	}
	if len(wanted) == 0 {
		return module.Result{Data: outputData("", "")}, nil
	}
	return j.change(j.filesLine(wanted), nil, func(string) bool { return true })
}

func (j *job) filesLine(files []string) *line {
	p := j.p
	l := j.line(j.apt).add("-y").dpkg(p.Str("dpkg_options")).when(j.c.Check, "--simulate")
	if p.Flag("force") {
		l.add("-o", "Dpkg::Options::=--force-all")
	}
	if p.Flag("fail_on_autoremove") {
		l.add("--no-remove")
	}
	if p.Flag("force") || p.Flag("allow_downgrade") {
		l.add("--allow-downgrades")
	}
	if p.Flag("allow_change_held_packages") {
		l.add("--allow-change-held-packages")
	}
	word := "no"
	if p.Flag("install_recommends") {
		word = "yes"
	}
	return l.add("-o", "APT::Install-Recommends="+word, "install").quoted(files)
}

// readDeb reads what a file holds.
func (j *job) readDeb(path string) (about pkg, failed string, err error) {
	if filepath.Ext(path) != ".deb" {
		return pkg{}, "Unable to install package: " + path + " does not end in .deb, by which apt-get knows files", nil
	}
	out, err := j.t.Run([]string{"dpkg-deb", "--field", path, "Package", "Version", "Architecture"}, "")
	if err != nil {
		return pkg{}, "", err
	}
	stanzas := parseStanzas(out.Stdout)
	if out.Code != 0 || len(stanzas) != 1 {
		return pkg{}, "Unable to install package: " + strings.TrimSpace(out.Stderr), nil
	}
	s := stanzas[0]
	return pkg{name: s["Package"], version: s["Version"], arch: s["Architecture"], status: absent}, "", nil
}
