// Package python is the part of the runner with the module that installs Python's packages.
//
// Before pip changes anything it is asked, without changing anything, which distributions it would install. Of those that
// are there the files are kept; of those that are new, their own lists of files tell an undo what to remove.
package python

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("pip", pip) }

var pipSpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "forcereinstall", "latest", "present"}},
		{Name: "name", Kind: kit.List},
		{Name: "version", Kind: kit.Text},
		{Name: "requirements", Kind: kit.Text},
		{Name: "virtualenv", Kind: kit.Raw},
		{Name: "virtualenv_site_packages", Kind: kit.Bool, Default: false},
		{Name: "virtualenv_command", Kind: kit.Text, Default: "virtualenv"},
		{Name: "virtualenv_python", Kind: kit.Text},
		{Name: "extra_args", Kind: kit.Text},
		{Name: "editable", Kind: kit.Bool, Default: false},
		{Name: "chdir", Kind: kit.Path},
		{Name: "executable", Kind: kit.Text},
		{Name: "umask", Kind: kit.Text},
		{Name: "break_system_packages", Kind: kit.Bool, Default: false},
	},
	Exclusive: [][]string{{"name", "requirements"}, {"executable", "virtualenv"}},
}

// job is one call of the module whose arguments passed the checks.
type job struct {
	c              *module.Call
	p              *kit.Params
	state          string
	packages       []string // with what is asked of their versions
	extra          []string // what the task gives pip besides
	env            string   // the virtual environment, "" for none
	dir            string   // where commands run
	umask          string
	python         string   // the host's own interpreter
	pip            []string // how pip is called
	interpreter    string   // whose packages pip changes
	created        bool     // the virtual environment is made now
	stdout, stderr strings.Builder
}

// problem is a failure with return values.
type problem struct {
	msg  string
	data *value.Dict
}

func (p *problem) Error() string { return p.msg }

// pip makes sure that packages are there, of the wanted version, or not there.
func pip(c *module.Call) module.Result {
	p, err := pipSpec.Parse("pip", c)
	if err != nil {
		return kit.Failure(err)
	}
	if !p.Has("name") && !p.Has("requirements") {
		return module.Failure("one of the following is required: name, requirements")
	}
	j := &job{c: c, p: p, state: p.Str("state")}
	r := module.Result{}
	if err = j.prepare(); err == nil {
		r, err = j.run()
	}
	var told *problem
	if errors.As(err, &told) {
		return module.Result{Failed: true, Msg: told.msg, Data: told.data}
	}
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

func (j *job) prepare() error {
	p := j.p
	if j.dir = p.Str("chdir"); j.dir == "" {
		j.dir = os.TempDir()
	}
	if given, ok := p.Raw("virtualenv").(string); ok && given != "" {
		if j.env = kit.Expand(j.c, given); !filepath.IsAbs(j.env) {
			j.env = filepath.Join(j.dir, j.env)
		}
	}
	if j.umask = strings.TrimPrefix(p.Str("umask"), "0o"); len(j.umask) > 5 || strings.Trim(j.umask, "01234567") != "" {
		return errors.New("umask must be an octal integer")
	}
	if j.state == "latest" && p.Has("version") {
		return errors.New("version is incompatible with state=latest")
	}
	extra, err := kit.SplitWords(p.Str("extra_args"))
	if err != nil {
		return fmt.Errorf("extra_args: %w", err)
	}
	if j.extra = extra; p.Flag("editable") && !slices.Contains(extra, "-e") {
		j.extra = append(j.extra, "-e")
	}
	if err := j.name(); err != nil {
		return err
	}
	return j.findPython()
}

// name takes the packages that the task names, each with what is asked of its version.
func (j *job) name() error {
	if len(j.p.List("name")) == 0 {
		return nil
	}
	j.packages = joined(j.p.List("name"))
	for _, one := range j.packages {
		if strings.HasPrefix(strings.TrimSpace(one), "-") {
			return fmt.Errorf("name has %q, which pip would read as an option: options belong into extra_args", one)
		}
	}
	version := strings.TrimSpace(j.p.Str("version"))
	if version == "" {
		for i, one := range j.packages {
			j.packages[i] = plain(one)
		}
		return nil
	}
	if len(j.packages) > 1 {
		return errors.New("'version' argument is ambiguous when installing multiple package distributions. " +
			"Please specify version restrictions next to each package in 'name' argument.")
	}
	if strings.ContainsAny(j.packages[0], "<>=!~") {
		return errors.New("The 'version' argument conflicts with any version specifier provided along with a package name. " +
			"Please keep the version specifier, but remove the 'version' argument.")
	}
	if '0' <= version[0] && version[0] <= '9' {
		version = "==" + version
	}
	j.packages[0] = plain(j.packages[0] + version)
	return nil
}

// plain is a requirement as Python's own library writes it: without blanks, what it asks of the version in order.
func plain(requirement string) string {
	at := strings.IndexAny(requirement, "<>=!~")
	if at < 0 || nameOf(requirement) == "" || strings.ContainsAny(requirement, "[;(@") {
		return requirement
	}
	asked := strings.Split(strings.ReplaceAll(requirement[at:], " ", ""), ",")
	slices.Sort(asked)
	return strings.TrimSpace(requirement[:at]) + strings.Join(asked, ",")
}

// joined puts what was split at commas together again: "a>1", "<2" and "b[x", "y]" are two packages.
func joined(names []string) []string {
	var out []string
	open := false
	for _, name := range strings.Split(strings.Join(names, ","), ",") {
		more := open || len(out) > 0 && strings.ContainsRune("<>=!~", rune((strings.TrimSpace(name) + " ")[0]))
		if more {
			out[len(out)-1] += "," + name
		} else {
			out = append(out, name)
		}
		open = (open || strings.Contains(name, "[")) && !strings.Contains(name, "]")
	}
	return out
}

func (j *job) run() (module.Result, error) {
	if j.env != "" && !kit.Exists(filepath.Join(j.env, "bin", "activate")) {
		if j.c.Check {
			return module.Result{Changed: true}, nil
		}
		j.created = true
		changed := false
		err := j.c.Log.Around([]string{kit.Missing(j.env)}, "pip in a new virtual environment", func() error {
			err := j.create()
			if err == nil {
				if err = j.findPip(); err == nil {
					changed, err = j.perform()
				}
			}
			return err
		})
		if option := j.elsewhere(); option != "" {
			changed, err = j.warned(option, func() (bool, error) { return changed, err })
		}
		return j.result(changed), err
	}
	if err := j.findPip(); err != nil {
		return module.Result{}, err
	}
	if j.c.Check {
		return j.foretell()
	}
	changed, err := j.change()
	return j.result(changed), err
}

var verbs = map[string][]string{"present": {"install"}, "absent": {"uninstall", "-y"}, "latest": {"install", "-U"},
	"forcereinstall": {"install", "-U", "--force-reinstall"}}

// command is how pip is called for what the task wants.
func (j *job) command(more ...string) []string {
	argv := slices.Concat(j.pip, verbs[j.state], more, j.extra, j.packages)
	if at := j.p.Str("requirements"); at != "" {
		argv = append(argv, "-r", at)
	}
	return argv
}

// perform runs pip, and tells whether it has changed something.
func (j *job) perform() (bool, error) {
	before := ""
	byList := j.p.Has("requirements") || slices.ContainsFunc(j.p.List("name"), ofRepository)
	if byList {
		out, err := j.list()
		if err != nil {
			return false, err
		}
		before = out
	}
	argv := j.command()
	f, err := j.exec(argv, "")
	if err != nil {
		return false, err
	}
	j.say(f)
	nothing := j.state == "absent" && f.Code == 1 && strings.Contains(f.Stdout+f.Stderr, "not installed")
	switch {
	case f.Code != 0 && !nothing:
		return false, j.failed(argv)
	case j.state == "absent":
		return strings.Contains(f.Stdout, "Successfully uninstalled"), nil
	case !byList:
		return strings.Contains(f.Stdout, "Successfully installed"), nil
	}
	after, err := j.list()
	return before != after, err
}

// ofRepository tells whether a package comes from a repository of sources.
func ofRepository(name string) bool {
	return slices.ContainsFunc([]string{"git+", "svn+", "hg+", "bzr+"}, func(p string) bool { return strings.HasPrefix(name, p) })
}

func (j *job) result(changed bool) module.Result {
	data := kit.Dict("cmd", kit.ShownItems(j.command()), "name", nil, "version", kit.Nullable(j.p.Optional("version")), "state", j.state,
		"requirements", kit.Nullable(j.p.Optional("requirements")), "virtualenv", nil)
	if j.p.Has("name") {
		data.Set("name", kit.ShownItems(j.p.List("name")))
	}
	if j.env != "" {
		data.Set("virtualenv", j.env)
	}
	kit.SetOutput(data, "stdout", kit.ShownText(j.stdout.String()))
	kit.SetOutput(data, "stderr", kit.ShownText(j.stderr.String()))
	return module.Result{Changed: changed || j.created, Data: data}
}

// foretell says what a run would do. Where only pip itself could say it, something counts as changed.
func (j *job) foretell() (module.Result, error) {
	if len(j.extra) > 0 || j.p.Has("requirements") || j.state == "latest" || len(j.packages) == 0 {
		return module.Result{Changed: true}, nil
	}
	out, err := j.list()
	if err != nil {
		return module.Result{}, err
	}
	data := kit.Dict("cmd", strings.Join(j.listCommand(), " "))
	kit.SetOutput(data, "stdout", out)
	kit.SetOutput(data, "stderr", "")
	satisfied, err := j.satisfied(out)
	due := j.state == "present" && slices.Contains(satisfied, false) || j.state == "absent" && slices.Contains(satisfied, true)
	return module.Result{Changed: due, Data: data}, err
}
