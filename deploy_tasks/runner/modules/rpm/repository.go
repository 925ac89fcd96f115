package rpm

import (
	"cmp"
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

func init() { module.Register("yum_repository", yumRepository) }

// optionArgs become options of the repository.
var optionArgs = []kit.Arg{
	{Name: "async", Kind: kit.Bool},
	{Name: "bandwidth", Kind: kit.Text},
	{Name: "baseurl", Kind: kit.List},
	{Name: "cost", Kind: kit.Text},
	{Name: "countme", Kind: kit.Bool},
	{Name: "deltarpm_metadata_percentage", Kind: kit.Text},
	{Name: "deltarpm_percentage", Kind: kit.Text},
	{Name: "description", Kind: kit.Text},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "enablegroups", Kind: kit.Bool},
	{Name: "exclude", Kind: kit.List, Aliases: []string{"excludepkgs"}},
	{Name: "failovermethod", Kind: kit.Text, Choices: []string{"roundrobin", "priority"}},
	{Name: "gpgcakey", Kind: kit.Text},
	{Name: "gpgcheck", Kind: kit.Bool},
	{Name: "gpgkey", Kind: kit.List},
	{Name: "module_hotfixes", Kind: kit.Bool},
	{Name: "http_caching", Kind: kit.Text, Choices: []string{"all", "packages", "none"}},
	{Name: "include", Kind: kit.Text},
	{Name: "includepkgs", Kind: kit.List},
	{Name: "ip_resolve", Kind: kit.Text, Choices: []string{"4", "6", "IPv4", "IPv6", "whatever"}},
	{Name: "keepalive", Kind: kit.Bool},
	{Name: "keepcache", Kind: kit.Text, Choices: []string{"0", "1"}},
	{Name: "metadata_expire", Kind: kit.Text},
	{Name: "metadata_expire_filter", Kind: kit.Text, Choices: []string{"never", "read-only:past", "read-only:present", "read-only:future"}},
	{Name: "metalink", Kind: kit.Text},
	{Name: "mirrorlist", Kind: kit.Text},
	{Name: "mirrorlist_expire", Kind: kit.Text},
	{Name: "password", Kind: kit.Text},
	{Name: "priority", Kind: kit.Text},
	{Name: "protect", Kind: kit.Bool},
	{Name: "proxy", Kind: kit.Text},
	{Name: "proxy_password", Kind: kit.Text},
	{Name: "proxy_username", Kind: kit.Text},
	{Name: "repo_gpgcheck", Kind: kit.Bool},
	{Name: "retries", Kind: kit.Text},
	{Name: "s3_enabled", Kind: kit.Bool},
	{Name: "skip_if_unavailable", Kind: kit.Bool},
	{Name: "sslcacert", Kind: kit.Text, Aliases: []string{"ca_cert"}},
	{Name: "ssl_check_cert_permissions", Kind: kit.Bool},
	{Name: "sslclientcert", Kind: kit.Text, Aliases: []string{"client_cert"}},
	{Name: "sslclientkey", Kind: kit.Text, Aliases: []string{"client_key"}},
	{Name: "sslverify", Kind: kit.Bool, Aliases: []string{"validate_certs"}},
	{Name: "throttle", Kind: kit.Text},
	{Name: "timeout", Kind: kit.Text},
	{Name: "ui_repoid_vars", Kind: kit.Text},
	{Name: "username", Kind: kit.Text},
}

var repositorySpec = kit.Spec{
	Shared: [][]kit.Arg{optionArgs, kit.FileArgs},
	Args: []kit.Arg{
		{Name: "name", Kind: kit.Text, Required: true},
		{Name: "file", Kind: kit.Text},
		{Name: "reposdir", Kind: kit.Path, Default: "/etc/yum.repos.d"},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"present", "absent"}},
	},
}

// largestRepoFile bounds what is read of a host's file.
const largestRepoFile = 16 << 20

// yumRepository writes a repository into its file, or removes it from there; a file without one goes.
func yumRepository(c *module.Call) module.Result {
	p, err := repositorySpec.Parse("yum_repository", c)
	if err == nil {
		err = checkRepository(p)
	}
	if err != nil {
		return kit.Failure(err)
	}
	edit, err := kit.NewEdit(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	edit.Path = repoPath(p)
	file, err := readRepoFile(edit)
	if err != nil {
		return kit.Failure(err)
	}
	name := p.Str("name")
	before, masked := file.sorted(), file.masked()
	if p.Str("state") == "present" {
		file.set(name, repoOptions(p))
	} else {
		file.remove(name)
	}
	changed := file.sorted() != before
	data := kit.Dict("repo", name, "state", p.Str("state"))
	r := writeRepoFile(edit, file, changed, data)
	if c.Diff && changed && !r.Failed {
		r.Diff = []module.Diff{{Before: masked, After: file.masked(), BeforeHeader: edit.Path, AfterHeader: edit.Path}}
	}
	return r
}

// checkRepository is what the arguments must have together.
func checkRepository(p *kit.Params) error {
	name, given := p.Str("name"), p.Has("baseurl") || p.Has("mirrorlist") || p.Has("metalink")
	switch {
	case name == "" || name == "DEFAULT" || strings.ContainsAny(name, "\r\n"):
		return errors.New("name is that of a section: one line with something in it, and not DEFAULT")
	case p.Str("state") == "present" && !given:
		return errors.New("state is present but any of the following are missing: baseurl, mirrorlist, metalink")
	case p.Str("state") == "present" && !p.Has("description"):
		return errors.New("state is present but all of the following are missing: description")
	case !kit.IsDir(p.Str("reposdir")):
		return fmt.Errorf("Repo directory '%s' does not exist.", p.Str("reposdir"))
	}
	return nil
}

func repoPath(p *kit.Params) string {
	file := p.Str("name")
	if p.Has("file") {
		file = p.Str("file")
	}
	if filepath.IsAbs(file) {
		return file + ".repo"
	}
	return filepath.Join(p.Str("reposdir"), file+".repo")
}

// readRepoFile reads what is there; what is no file holds nothing.
func readRepoFile(e *kit.Edit) (*repoFile, error) {
	info, err := os.Stat(e.Path)
	if err != nil || !info.Mode().IsRegular() {
		return &repoFile{}, nil
	}
	if info.Size() > largestRepoFile {
		return nil, fmt.Errorf("%s has more than %d bytes", e.Path, largestRepoFile)
	}
	text, err := e.Read()
	if err != nil {
		return nil, err
	}
	file, err := parseRepoFile(string(text))
	if err != nil {
		err = fmt.Errorf("%s, %w", e.Path, err)
	}
	return file, err
}

// repoOptions are the options that the task names, by their names.
func repoOptions(p *kit.Params) []repoOption {
	var out []repoOption
	for _, a := range optionArgs {
		if !p.Has(a.Name) {
			continue
		}
		name, between := a.Name, "\n"
		switch name {
		case "description":
			name = "name"
		case "exclude", "includepkgs":
			between = " "
		}
		out = append(out, repoOption{name, optionText(p.Raw(a.Name), between)})
	}
	slices.SortFunc(out, func(a, b repoOption) int { return cmp.Compare(a.name, b.name) })
	return out
}

func optionText(v any, between string) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	case []string:
		return strings.Join(v, between)
	}
	return value.Str(v)
}

// masked is the file as a diff shows it.
func (f *repoFile) masked() string {
	shown := &repoFile{}
	for _, s := range f.sections {
		options := slices.Clone(s.options)
		for i, o := range options {
			options[i].value = kit.ShownText(o.value)
			if o.name == "password" || o.name == "proxy_password" {
				options[i].value = "********"
			}
		}
		shown.sections = append(shown.sections, &repoSection{s.name, options})
	}
	return shown.sorted()
}

// writeRepoFile writes the file where it changes, and gives it its attributes.
func writeRepoFile(e *kit.Edit, file *repoFile, changed bool, data *value.Dict) module.Result {
	r := module.Result{Changed: changed, Data: data}
	if changed && len(file.sections) == 0 && !e.Call.Check {
		if err := e.Call.Log.Remove(e.Path); err != nil {
			return kit.Failed(fmt.Sprintf("Cannot remove empty repo file %s. %s", e.Path, kit.Reason(err)), data)
		}
		return r
	}
	if !changed && !e.There {
		return r
	}
	moded, failure := e.Put([]byte(file.text()), changed, data)
	if failure.Failed {
		return failure
	}
	r.Changed = changed || moded
	return r
}
