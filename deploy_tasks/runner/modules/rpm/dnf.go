package rpm

import (
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() {
	module.Register("dnf", dnf)
	module.Register("yum", dnf) // as in ansible-core, where yum is another name of dnf
}

var dnfSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "name", Kind: kit.List, Aliases: []string{"pkg", "package"}},
		{Name: "state", Kind: kit.Text, Choices: []string{"absent", "installed", "latest", "present", "removed"}},
		{Name: "allow_downgrade", Kind: kit.Bool, Default: false},
		{Name: "allowerasing", Kind: kit.Bool, Default: false},
		{Name: "autoremove", Kind: kit.Bool, Default: false},
		{Name: "best", Kind: kit.Bool},
		{Name: "bugfix", Kind: kit.Bool, Default: false},
		{Name: "cacheonly", Kind: kit.Bool, Default: false},
		{Name: "conf_file", Kind: kit.Text},
		{Name: "disable_excludes", Kind: kit.Text},
		{Name: "disable_gpg_check", Kind: kit.Bool, Default: false},
		{Name: "disable_plugin", Kind: kit.List},
		{Name: "disablerepo", Kind: kit.List},
		{Name: "download_only", Kind: kit.Bool, Default: false},
		{Name: "download_dir", Kind: kit.Path},
		{Name: "enable_plugin", Kind: kit.List},
		{Name: "enablerepo", Kind: kit.List},
		{Name: "exclude", Kind: kit.List},
		{Name: "installroot", Kind: kit.Text, Default: "/"},
		{Name: "install_repoquery", Kind: kit.Bool, Default: true},
		{Name: "install_weak_deps", Kind: kit.Bool, Default: true},
		{Name: "nobest", Kind: kit.Bool},
		{Name: "releasever", Kind: kit.Text},
		{Name: "security", Kind: kit.Bool, Default: false},
		{Name: "skip_broken", Kind: kit.Bool, Default: false},
		{Name: "update_cache", Kind: kit.Bool, Default: false, Aliases: []string{"expire-cache"}},
		{Name: "update_only", Kind: kit.Bool, Default: false},
		{Name: "validate_certs", Kind: kit.Bool, Default: true},
		{Name: "sslverify", Kind: kit.Bool, Default: true},
		{Name: "lock_timeout", Kind: kit.Int, Default: int64(30)},
		{Name: "use_backend", Kind: kit.Text, Default: "auto", Aliases: []string{"use"}, Choices: []string{"auto", "dnf", "yum", "yum4", "dnf4", "dnf5"}},
	},
	Exclusive: [][]string{{"best", "nobest"}},
}

// job is one call of dnf whose arguments passed the checks.
type job struct {
	c       *module.Call
	p       *kit.Params
	t       callTools
	dnf     string
	state   string
	names   []string
	here    map[string][]pkg // what is installed
	results []string
}

// dnf installs, upgrades and removes packages with dnf, or yum where that is all there is.
func dnf(c *module.Call) module.Result {
	p, err := dnfSpec.Parse("dnf", c)
	if err != nil {
		return kit.Failure(err)
	}
	j := &job{c: c, p: p, t: callTools{c}}
	if r := j.prepare(); r.Failed {
		return r
	}
	r, err := j.run()
	if err != nil {
		return failed(kit.Reason(err), nil)
	}
	return r
}

// failed is a failure as the module words it; failures are those of single packages, nil where it is not about any.
func failed(msg string, failures []string) module.Result {
	data := kit.Dict("results", []any{}, "rc", int64(1))
	if failures != nil {
		data.Set("failures", kit.Items(failures))
	}
	return module.Result{Failed: true, Msg: msg, Data: data}
}

func (j *job) prepare() module.Result {
	p := j.p
	uid, _ := kit.Acting(j.c)
	j.state = map[string]string{"installed": "present", "removed": "absent"}[p.Str("state")]
	if j.state == "" {
		j.state = p.Str("state")
	}
	if j.state == "" {
		j.state = "present"
		if p.Flag("autoremove") {
			j.state = "absent"
		}
	}
	for _, name := range words(p.List("name")) {
		if strings.Contains(name, " ") && !strings.ContainsAny(name, "@<>=") {
			return module.Failure("It appears that a space separated string of packages was passed in as an argument. To operate on several packages, " +
				"pass a comma separated string of packages or a list of packages.")
		}
		if strings.HasPrefix(name, "-") || strings.Contains(name, "://") {
			return module.Failure(fmt.Sprintf("%q is neither the name of a package nor a file on the host: fetch what is on the web with get_url, and name that path", name))
		}
		j.names = append(j.names, name)
	}
	j.dnf = j.c.Program("dnf")
	if j.dnf == "" {
		j.dnf = j.c.Program("yum")
	}
	switch {
	case len(j.names) == 0 && !p.Flag("update_cache") && !p.Flag("autoremove"):
		return module.Failure("one of the following is required: name, list, update_cache")
	case p.Flag("autoremove") && j.state != "absent":
		return failed("Autoremove should be used alone or with state=absent", nil)
	case j.dnf == "" || j.c.Program("rpm") == "":
		return failed("this host has neither dnf nor yum beside rpm: the modules dnf and yum are for Fedora, Red Hat and their kin", nil)
	case uid != 0 && !p.Flag("download_only"):
		return failed("This command has to be run under the root user.", nil)
	}
	return module.Result{}
}

// words are the items of a list that may hold several, with commas between them.
func words(items []string) []string {
	var out []string
	for _, item := range items {
		for _, word := range strings.Split(item, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}

func (j *job) run() (module.Result, error) {
	var err error
	if len(j.names) == 0 && j.p.Flag("update_cache") && !j.p.Flag("autoremove") {
		if !j.c.Check {
			_, err = change.Demand(j.t, j.line("makecache", "--refresh")...)
		}
		return module.Result{Data: kit.Dict("msg", "Cache updated", "results", []any{}, "rc", int64(0))}, err
	}
	if j.here, err = installed(j.t); err != nil {
		return module.Result{}, err
	}
	lines, r, err := j.lines()
	if err != nil || r.Failed {
		return r, err
	}
	return j.transact(lines)
}

// lines are the commands that the task comes to, without their options.
func (j *job) lines() ([][]string, module.Result, error) {
	var install, upgrade, remove []string
	if j.state == "absent" {
		return j.removal()
	}
	if j.state == "latest" && len(j.names) == 1 && j.names[0] == "*" {
		return [][]string{{"upgrade"}}, module.Result{}, nil
	}
	for _, name := range j.names {
		s, err := j.judge(name)
		switch {
		case err != nil:
			return nil, failed(err.Error(), nil), nil
		case s.upgrade:
			upgrade = append(upgrade, s.spec)
		case s.spec != "":
			install = append(install, s.spec)
		}
	}
	var out [][]string
	for verb, specs := range map[string][]string{"install": install, "upgrade": upgrade, "remove": remove} {
		if len(specs) > 0 {
			out = append(out, append([]string{verb}, specs...))
		}
	}
	slices.SortFunc(out, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return out, module.Result{}, nil
}

// removal is how packages go.
func (j *job) removal() ([][]string, module.Result, error) {
	if len(j.names) == 0 {
		return [][]string{{"autoremove"}}, module.Result{}, nil
	}
	var specs []string
	for _, name := range j.names {
		if strings.HasSuffix(name, ".rpm") {
			return nil, failed("Cannot remove paths -- please specify package name.", nil), nil
		}
		there, err := j.isInstalled(name)
		switch {
		case err != nil:
			return nil, module.Result{}, err
		case there || strings.HasPrefix(name, "@"):
			specs = append(specs, name)
		default:
			j.results = append(j.results, "No match for argument: "+name)
		}
	}
	var out [][]string
	if len(specs) > 0 {
		out = append(out, append([]string{"remove"}, specs...))
	}
	if j.p.Flag("autoremove") {
		out = append(out, []string{"autoremove"})
	}
	return out, module.Result{}, nil
}

// line is a command of dnf's with the options of the task.
func (j *job) line(args ...string) []string {
	p := j.p
	argv := []string{j.dnf}
	flag := func(want bool, words ...string) {
		if want {
			argv = append(argv, words...)
		}
	}
	flag(p.Has("conf_file"), "-c", p.Str("conf_file"))
	flag(p.Has("releasever"), "--releasever="+p.Str("releasever"))
	for option, name := range map[string]string{"--disablerepo=": "disablerepo", "--exclude=": "exclude"} {
		for _, one := range words(p.List(name)) {
			argv = append(argv, option+one)
		}
	}
	for _, name := range words(p.List("enablerepo")) {
		argv = append(argv, "--enablerepo="+name)
	}
	for option, name := range map[string]string{"--disableplugin=": "disable_plugin", "--enableplugin=": "enable_plugin"} {
		for _, one := range p.List(name) {
			argv = append(argv, option+one)
		}
	}
	flag(p.Has("disable_excludes"), "--disableexcludes="+p.Str("disable_excludes"))
	flag(p.Flag("disable_gpg_check"), "--nogpgcheck")
	flag(p.Flag("cacheonly"), "-C")
	flag(p.Flag("update_cache") && args[0] != "makecache", "--refresh")
	flag(p.Flag("allowerasing") && args[0] != "remove" && args[0] != "autoremove", "--allowerasing")
	flag(p.Flag("best") || p.Has("nobest") && !p.Flag("nobest"), "--best")
	flag(p.Flag("nobest") || p.Has("best") && !p.Flag("best"), "--setopt=best=False")
	flag(p.Flag("skip_broken"), "--setopt=strict=0")
	flag(!p.Flag("sslverify") || !p.Flag("validate_certs"), "--setopt=sslverify=0")
	flag(!p.Flag("install_weak_deps"), "--setopt=install_weak_deps=False")
	flag(!p.Flag("autoremove"), "--setopt=clean_requirements_on_remove=False")
	flag(p.Flag("security"), "--security")
	flag(p.Flag("bugfix"), "--bugfix")
	if p.Flag("download_only") {
		argv = append(argv, "--downloadonly")
		flag(p.Has("download_dir"), "--destdir="+p.Str("download_dir"))
	}
	slices.Sort(argv[1:])
	if p.Has("conf_file") { // -c and its word stay together
		argv = slices.DeleteFunc(argv, func(word string) bool { return word == "-c" || word == p.Str("conf_file") })
		argv = append(argv, "-c", p.Str("conf_file"))
	}
	return append(argv, args...)
}

// spec is what a name of the task comes to.
type spec struct {
	spec    string // for dnf, "" when there is nothing to do
	upgrade bool
}

// judge decides for one name: by what is installed, and never back to an older version without leave.
func (j *job) judge(name string) (spec, error) {
	latest := j.state == "latest"
	if strings.HasSuffix(name, ".rpm") {
		return j.judgeFile(kit.Absolute(j.c, kit.Expand(j.c, name)), name)
	}
	if strings.HasPrefix(name, "@") {
		return spec{spec: name}, nil
	}
	there, err := j.isInstalled(name)
	if err != nil {
		return spec{}, err
	}
	newer := j.newerInstalled(name)
	switch {
	case newer && j.p.Flag("allow_downgrade") && !j.p.Flag("update_only"):
		return spec{spec: name}, nil
	case newer:
		return spec{}, nil
	case there && (latest || j.p.Flag("update_only")):
		return spec{name, true}, nil
	case there:
		return spec{}, nil
	case j.p.Flag("update_only"):
		j.results = append(j.results, "Packages providing "+name+" not installed due to update_only specified")
		return spec{}, nil
	}
	return spec{spec: name}, nil
}

func (j *job) judgeFile(path, named string) (spec, error) {
	out, err := j.t.Run([]string{"rpm", "-qp", "--nosignature", "--qf", listFormat, "--", path}, "")
	if err != nil {
		return spec{}, err
	}
	all := parseInstalled(out.Stdout)
	if out.Code != 0 || len(all) != 1 {
		return spec{}, fmt.Errorf("Error occurred attempting remote rpm operation: Could not open: %s", path)
	}
	j.results = append(j.results, "Installed "+named)
	for name, of := range all {
		p := of[0]
		for _, is := range j.here[name] {
			c := compareEVR(is.evr(), p.evr())
			if is.arch == p.arch && (c == 0 || c > 0 && !j.p.Flag("allow_downgrade")) {
				return spec{}, nil
			}
		}
		if len(j.here[name]) == 0 && j.p.Flag("update_only") {
			return spec{}, nil
		}
	}
	return spec{spec: path}, nil
}

// isInstalled tells whether something is there that a name means: a package, with its architecture or version, a file of
// one, or what one provides.
func (j *job) isInstalled(name string) (bool, error) {
	if base, op, version, ok := comparison(name); ok {
		return slices.ContainsFunc(j.here[base], func(p pkg) bool { return holds(compareEVR(p.evr(), version), op) }), nil
	}
	if strings.ContainsAny(name, "*?[") {
		for is := range j.here {
			if ok, _ := filepath.Match(name, is); ok {
				return true, nil
			}
		}
		return false, nil
	}
	for _, argv := range [][]string{{"rpm", "-q", "--", name}, {"rpm", "-q", "--whatprovides", "--", name}} {
		out, err := j.t.Run(argv, "")
		if err != nil || out.Code == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// comparison parts "name >= 1.0".
func comparison(spec string) (name, op, version string, ok bool) {
	i := strings.IndexAny(spec, "<>=")
	if i < 1 {
		return "", "", "", false
	}
	version = strings.TrimLeft(spec[i:], "<>=")
	return strings.TrimSpace(spec[:i]), spec[i : len(spec)-len(version)], strings.TrimSpace(version), true
}

func holds(c int, op string) bool {
	return c == 0 && strings.Contains(op, "=") || c < 0 && strings.Contains(op, "<") || c > 0 && strings.Contains(op, ">")
}

// newerInstalled tells whether a name asks for a version that is older than what is there.
func (j *job) newerInstalled(name string) bool {
	if base, op, version, ok := comparison(name); ok {
		all := j.here[base]
		return len(all) > 0 && !strings.Contains(op, ">") && compareEVR(all[len(all)-1].evr(), version) > 0
	}
	for base, all := range j.here {
		asked, ok := strings.CutPrefix(name, base+"-")
		if !ok || asked == "" || !isDigit(rune(asked[0])) {
			continue
		}
		newest := all[len(all)-1]
		asked = strings.TrimSuffix(asked, "."+newest.arch)
		if strings.HasPrefix(asked, newest.version+"-"+newest.release) {
			continue
		}
		return compareEVR(newest.evr(), asked) > 0
	}
	return false
}

func result(changed bool, msg string, results []string) module.Result {
	return module.Result{Changed: changed, Data: value.DictOf("msg", msg, "results", kit.Items(results), "rc", int64(0))}
}
