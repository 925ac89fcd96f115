package packages

import (
	"slices"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("apt", apt) }

var aptSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "build-dep", "fixed", "latest", "present"}},
		{Name: "update_cache", Kind: kit.Bool, Aliases: []string{"update-cache"}},
		{Name: "update_cache_retries", Kind: kit.Int, Default: int64(5)},
		{Name: "update_cache_retry_max_delay", Kind: kit.Int, Default: int64(12)},
		{Name: "cache_valid_time", Kind: kit.Int, Default: int64(0)},
		{Name: "purge", Kind: kit.Bool, Default: false},
		{Name: "package", Kind: kit.List, Aliases: []string{"pkg", "name"}},
		{Name: "deb", Kind: kit.Text},
		{Name: "default_release", Kind: kit.Text, Aliases: []string{"default-release"}},
		{Name: "install_recommends", Kind: kit.Bool, Aliases: []string{"install-recommends"}},
		{Name: "force", Kind: kit.Bool, Default: false},
		{Name: "upgrade", Kind: kit.Text, Choices: []string{"dist", "full", "no", "safe", "yes"}},
		{Name: "dpkg_options", Kind: kit.Text, Default: "force-confdef,force-confold"},
		{Name: "autoremove", Kind: kit.Bool, Default: false},
		{Name: "autoclean", Kind: kit.Bool, Default: false},
		{Name: "fail_on_autoremove", Kind: kit.Bool, Default: false},
		{Name: "policy_rc_d", Kind: kit.Int},
		{Name: "only_upgrade", Kind: kit.Bool, Default: false},
		{Name: "force_apt_get", Kind: kit.Bool, Default: false},
		{Name: "clean", Kind: kit.Bool, Default: false},
		{Name: "allow_unauthenticated", Kind: kit.Bool, Default: false, Aliases: []string{"allow-unauthenticated"}},
		{Name: "allow_downgrade", Kind: kit.Bool, Default: false, Aliases: []string{"allow-downgrade", "allow_downgrades", "allow-downgrades"}},
		{Name: "allow_change_held_packages", Kind: kit.Bool, Default: false},
		{Name: "lock_timeout", Kind: kit.Int, Default: int64(60)},
	},
	Exclusive: [][]string{{"deb", "package", "upgrade"}},
}

// job is one call of apt whose arguments passed the checks.
type job struct {
	c     *module.Call
	p     *kit.Params
	t     callTools
	apt   string // where apt-get is
	cache cacheState
}

// apt installs, removes and upgrades packages with apt-get, and refreshes what it knows.
func apt(c *module.Call) module.Result {
	p, err := aptSpec.Parse("apt", c)
	if err != nil {
		return kit.Failure(err)
	}
	j := &job{c: c, p: p, t: callTools{c, ""}, apt: c.Program("apt-get")}
	_, autoremove := c.Args.Get("autoremove")
	switch {
	case !autoremove && !slices.ContainsFunc([]string{"deb", "package", "update_cache", "upgrade"}, p.Has):
		return module.Failure("one of the following is required: autoremove, deb, package, update_cache, upgrade")
	case j.apt == "" || c.Program("dpkg-query") == "":
		return module.Failure("this host has no apt-get and dpkg: the module apt is for Debian and its kin")
	}
	r, err := j.run()
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

// upgrading is the kind of upgrade that is asked for, "" when none is.
func (j *job) upgrading() string {
	if mode := j.p.Str("upgrade"); mode != "no" {
		return mode
	}
	return ""
}

func (j *job) run() (module.Result, error) {
	packages, deb, upgrade := j.p.List("package"), j.p.Str("deb"), j.upgrading()
	nothing := len(packages) == 0 && deb == "" && upgrade == ""
	if j.p.Flag("clean") {
		if r, err := j.clean(); err != nil || nothing || r.Failed {
			return r, err
		}
	}
	if j.p.Flag("update_cache") || j.p.Int("cache_valid_time") > 0 {
		if err := j.refresh(); err != nil {
			return module.Result{}, err
		}
		if nothing {
			return module.Result{Changed: j.cache.updated, Data: j.cache.data()}, nil
		}
	} else {
		j.cache.time = cacheTime()
	}
	switch {
	case upgrade != "":
		return j.upgrade(upgrade)
	case deb != "":
		return j.installFiles(strings.Split(deb, ","))
	}
	return j.packages(packages)
}

func (j *job) packages(given []string) (module.Result, error) {
	var specs []string
	everything := false
	for _, spec := range given {
		spec = strings.TrimSpace(spec)
		if spec == "*" {
			everything = true
			continue
		}
		if strings.Count(spec, "=") > 1 {
			return module.Failure("invalid package spec: " + spec), nil
		}
		if why := notAName(spec); why != "" {
			return module.Failure(why), nil
		}
		specs = append(specs, spec)
	}
	state := j.p.Str("state")
	switch {
	case everything && state == "latest" && len(specs) > 0:
		return module.Failure("unable to install additional packages when upgrading all installed packages"), nil
	case everything && state == "latest":
		return j.upgrade("yes")
	case len(specs) == 0 && j.p.Flag("autoclean"):
		return j.cleanup("autoclean")
	case len(specs) == 0 && j.p.Flag("autoremove"):
		return j.cleanup("autoremove")
	case state == "absent":
		return j.remove(specs)
	}
	return j.install(specs, state)
}

// notAName says why a text cannot name a package: what begins with a dash would be an option of apt.
func notAName(spec string) string {
	if spec == "" || strings.HasPrefix(spec, "-") || strings.ContainsAny(spec, " \t\n/'\"") {
		return fmt.Sprintf("%q is not the name of a package: letters, digits and +-. make one, perhaps with :ARCH, =VERSION or >=VERSION", spec)
	}
	return ""
}

// line is a command of apt's: what is run, and how messages show it. Options that are not set leave a gap there, as with Ansible.
type line struct {
	argv  []string
	shown strings.Builder
}

func (j *job) line(program string) *line {
	l := &line{argv: []string{program}}
	l.shown.WriteString(program)
	return l
}

// add adds words as they are.
func (l *line) add(words ...string) *line {
	for _, word := range words {
		l.argv = append(l.argv, word)
		l.shown.WriteString(" " + word)
	}
	return l
}

// when adds an option if it is set.
func (l *line) when(set bool, option string) *line {
	if set {
		return l.add(option)
	}
	l.shown.WriteString(" ")
	return l
}

// dpkg adds the options that dpkg gets.
func (l *line) dpkg(options string) *line {
	for _, option := range strings.Split(options, ",") {
		l.argv = append(l.argv, "-o", "Dpkg::Options::=--"+option)
		l.shown.WriteString(` -o "Dpkg::Options::=--` + option + `"`)
	}
	return l
}

// quoted adds packages, which messages show in quotes.
func (l *line) quoted(words []string) *line {
	l.argv = append(l.argv, words...)
	l.shown.WriteString(" '" + strings.Join(words, "' '") + "'")
	return l
}

// release adds where packages are taken from first.
func (l *line) release(name string) *line {
	if name != "" {
		l.argv = append(l.argv, "-t", name)
		l.shown.WriteString(" -t '" + name + "'")
	}
	return l
}

// full is the command with what messages do not show: it waits for apt's lock as long as the task allows.
func (j *job) full(l *line, more ...string) []string {
	argv := append([]string{l.argv[0]}, more...)
	argv = append(argv, "-o", "DPkg::Lock::Timeout="+strconv.FormatInt(j.p.Int("lock_timeout"), 10))
	return append(argv, l.argv[1:]...)
}

func outputData(out, err string) *value.Dict {
	data := value.NewDict()
	kit.SetOutput(data, "stdout", out)
	kit.SetOutput(data, "stderr", err)
	return data
}

// withMsg adds a message that is there even when it is empty.
func withMsg(msg string, data *value.Dict) *value.Dict {
	data.Set("msg", msg)
	return data
}
