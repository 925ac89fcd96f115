package packages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() { change.RegisterKind(kindName, set{}) }

const (
	kindName = "packages"
)

// set is the kind of several packages that one step changes together. Its name lists them, and says where those are kept
// that the step removes or replaces: "hello libhello, kept in /var/lib/deploy-tasks/…".
type set struct{}

// Inspect implements change.Kind: version, state and marks of each package that is there.
func (set) Inspect(t change.Tools, name string) (any, error) {
	db, err := readDatabase(undoTools{t})
	if err != nil {
		return nil, err
	}
	names, _ := kit.SplitSetName(name)
	return db.states(names), nil
}

// states are the packages that are there, as a value. What removed ones have left behind is of no version.
func (db database) states(names []string) *value.Dict {
	out := value.NewDict()
	for _, name := range names {
		switch p := db.find(name); {
		case p.there():
			out.Set(name, value.DictOf("version", p.version, "status", p.status, "auto", p.auto, "hold", p.hold))
		case p.status == configFiles:
			out.Set(name, value.DictOf("status", configFiles))
		}
	}
	return out
}

// recorded reads a value of Inspect.
func recorded(states any, name string) pkg {
	base, arch, _ := strings.Cut(name, ":")
	all, _ := states.(*value.Dict)
	if all == nil {
		return pkg{name: base, arch: arch, status: absent}
	}
	state, ok := all.Get(name)
	if !ok {
		return pkg{name: base, arch: arch, status: absent}
	}
	of := record.Of(state)
	return pkg{name: base, arch: arch, version: of.Text("version"), status: of.Text("status"), auto: of.Flag("auto"), hold: of.Flag("hold")}
}

// Restore implements change.Kind.
func (set) Restore(t change.Tools, name string, before, _ any) error {
	names, kept := kit.SplitSetName(name)
	r := restoring{t: undoTools{t}, names: names, kept: kept, before: before}
	return r.all()
}

// restoring is the way back to packages as they were.
type restoring struct {
	t      change.Tools
	names  []string
	kept   string
	before any
	db     database
}

// dpkgOptions keep configuration files as they are: the journal restores those that have changed.
var dpkgOptions = []string{"--force-confdef", "--force-confold"}

func (r *restoring) all() error {
	if err := r.look(); err != nil {
		return err
	}
	if slices.ContainsFunc(r.names, r.halfDone) {
		// What was cut off is finished, where that goes; what is missing then, the next steps tell.
		_, _ = r.t.Run(append(append([]string{"dpkg"}, dpkgOptions...), "--configure", "-a"), "")
	}
	leftovers, err := r.leftovers()
	if err != nil {
		return err
	}
	for _, step := range []func() error{r.unhold, r.unpurge, r.bringBack, r.remove, r.purge, r.mark} {
		if err := r.look(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return r.tidy(leftovers)
}

func (r *restoring) look() (err error) {
	r.db, err = readDatabase(r.t)
	return err
}

func (r *restoring) halfDone(name string) bool {
	now := r.db.find(name)
	return now.there() && now.status != installed
}

// those are the names for which want says so of what was and what is.
func (r *restoring) those(want func(was, is pkg) bool) []string {
	var out []string
	for _, name := range r.names {
		if want(recorded(r.before, name), r.db.find(name)) {
			out = append(out, name)
		}
	}
	return out
}

func (r *restoring) unhold() error {
	return r.run(r.those(func(was, is pkg) bool { return is.hold && !was.hold }), "apt-mark", "unhold")
}

// run runs a command for these packages, if there are any.
func (r *restoring) run(names []string, argv ...string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := change.Demand(r.t, append(argv, names...)...)
	return err
}

// bringBack installs the versions that were there, and removes in the same step what they do not go together with.
func (r *restoring) bringBack() error {
	missing := r.those(func(was, is pkg) bool {
		return was.there() && (is.version != was.version || is.status != was.status && is.status != installed)
	})
	superfluous := r.those(func(was, is pkg) bool { return !was.there() && is.there() })
	err := r.install(missing, superfluous)
	if err == nil {
		return nil
	}
	// A package that was only half there, since its own script failed, fails again and is as it was.
	if r.look() == nil && value.Equal(r.db.states(r.names), r.before) {
		return nil
	}
	return err
}

// unpurge installs packages of which only the configuration was there: the next steps remove the rest again.
func (r *restoring) unpurge() error {
	return r.install(r.those(func(was, is pkg) bool { return was.status == configFiles && is.status == absent }), nil)
}

// install has apt install packages as they were, from what is kept or from repositories.
func (r *restoring) install(missing, superfluous []string) error {
	if len(missing) == 0 {
		return nil
	}
	var wanted []string
	for _, name := range missing {
		wanted = append(wanted, r.source(name))
	}
	for _, name := range superfluous {
		wanted = append(wanted, name+"-")
	}
	argv := []string{"apt-get", "-y", "-q", "--allow-downgrades", "--allow-change-held-packages", "--no-install-recommends", "--reinstall",
		"-o", "DPkg::Lock::Timeout=120"}
	for _, option := range dpkgOptions {
		argv = append(argv, "-o", "Dpkg::Options::="+option)
	}
	argv = append(append(argv, "install"), wanted...)
	said, err := change.Demand(r.t, slices.Insert(slices.Clone(argv), 1, "--simulate")...)
	if err != nil {
		return err
	}
	for _, step := range parseSimulation(said) {
		if !slices.Contains(r.names, step.name) {
			return fmt.Errorf("%s would change too, which the deployment has not changed", step.name)
		}
	}
	_, err = change.Demand(r.t, argv...)
	return err
}

// source is what apt is asked for to have the version that was: a kept package, or the version of a repository.
func (r *restoring) source(name string) string {
	was := recorded(r.before, name)
	version := was.version
	if version == "" {
		version = "*"
	}
	if r.kept != "" {
		found, _ := filepath.Glob(filepath.Join(r.kept, debName(was.name, version, "*")))
		for _, path := range found {
			if was.arch == "" && debArch(path) != "all" && debArch(path) != r.db.native || was.arch != "" && debArch(path) != was.arch {
				continue
			}
			return path
		}
	}
	if was.version == "" {
		return name
	}
	return name + "=" + was.version
}

// remove takes away what was not there. dpkg refuses when somebody has since installed what needs it.
func (r *restoring) remove() error {
	return r.run(r.those(func(was, is pkg) bool { return !was.there() && is.there() }), "dpkg", "--remove")
}

func (r *restoring) purge() error {
	return r.run(r.those(func(was, is pkg) bool { return was.status == absent && is.status != absent }), "dpkg", "--purge")
}

func (r *restoring) mark() error {
	for _, m := range []struct {
		word string
		want func(was, is pkg) bool
	}{
		{"auto", func(was, is pkg) bool { return was.auto && !is.auto }},
		{"manual", func(was, is pkg) bool { return was.there() && !was.auto && is.auto }},
		{"hold", func(was, is pkg) bool { return was.hold && !is.hold }},
	} {
		if err := r.run(r.those(m.want), "apt-mark", m.word); err != nil {
			return err
		}
	}
	return nil
}

// leftovers are the files that dpkg has put beside configuration files so far.
func (r *restoring) leftovers() (map[string]bool, error) {
	found := map[string]bool{}
	paths, err := conffiles(r.t, r.names)
	for _, path := range paths {
		for _, beside := range besides(path) {
			if _, err := os.Lstat(beside); err == nil {
				found[beside] = true
			}
		}
	}
	return found, err
}

// tidy removes those that bringing versions back has added.
func (r *restoring) tidy(before map[string]bool) error {
	now, err := r.leftovers()
	for beside := range now {
		if !before[beside] && err == nil {
			err = os.Remove(beside)
		}
	}
	return err
}

// besides are the names under which dpkg keeps the other version of a configuration file.
func besides(path string) []string { return []string{path + ".dpkg-dist", path + ".dpkg-old"} }
