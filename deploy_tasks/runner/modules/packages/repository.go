package packages

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("apt_repository", aptRepository) }

// repositorySpec: install_python_apt and validate_certs have nothing to do here, where neither Python nor the web is used.
var repositorySpec = kit.Spec{Args: []kit.Arg{
	{Name: "repo", Kind: kit.Text, Required: true},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	{Name: "mode", Kind: kit.Raw},
	{Name: "update_cache", Kind: kit.Bool, Default: true, Aliases: []string{"update-cache"}},
	{Name: "update_cache_retries", Kind: kit.Int, Default: int64(5)},
	{Name: "update_cache_retry_max_delay", Kind: kit.Int, Default: int64(12)},
	{Name: "filename", Kind: kit.Text},
	{Name: "install_python_apt", Kind: kit.Bool, Default: true},
	{Name: "validate_certs", Kind: kit.Bool, Default: true},
	{Name: "codename", Kind: kit.Text},
}}

// aptRepository adds a line to apt's lists of repositories, or removes it.
func aptRepository(c *module.Call) module.Result {
	p, err := repositorySpec.Parse("apt_repository", c)
	if err != nil {
		return kit.Failure(err)
	}
	switch {
	case p.Str("repo") == "":
		return module.Failure("Please set argument 'repo' to a non-empty value")
	case c.Program("apt-get") == "":
		return module.Failure("Module apt_repository is not supported on target.")
	}
	paths, err := sourcePaths()
	if err != nil {
		return kit.Failure(err)
	}
	list, err := readSources(paths)
	if err == nil {
		err = edit(c, p, list)
	}
	if err != nil {
		return kit.Failure(err)
	}
	return applied(c, p, list)
}

// edit makes the list what the task wants.
func edit(c *module.Call, p *kit.Params, list *sourceList) error {
	line := p.Str("repo")
	ppa := strings.HasPrefix(line, "ppa:")
	if ppa {
		line = ppaLine(line, p.Str("codename"), c)
	}
	s, rest := parseSource(line)
	if !s.valid || !s.enabled {
		return fmt.Errorf("Invalid repository string: %s", rest)
	}
	if p.Str("state") == "absent" {
		list.remove(s.text)
		return nil
	}
	if ppa && !list.has(s.text) {
		return fmt.Errorf("%s: its key is asked of Launchpad over the web, which this module does not do: "+
			"bring the key with copy to /etc/apt/keyrings and name the repository as '%s' with [signed-by=…]", p.Str("repo"), s.text)
	}
	if ppa {
		return nil
	}
	path, err := fileFor(s.text, p.Str("filename"))
	if err == nil {
		list.add(s.text, path)
	}
	return err
}

// ppaLine is the line that ppa:OWNER/NAME stands for.
func ppaLine(line, codename string, c *module.Call) string {
	owner, name, ok := strings.Cut(strings.TrimPrefix(line, "ppa:"), "/")
	if !ok {
		name = "ppa"
	}
	if codename == "" {
		found, _ := c.Facts([]string{"!all", "!min", "distribution"}).Get("ansible_distribution_release")
		codename, _ = found.(string)
	}
	return fmt.Sprintf("deb https://ppa.launchpadcontent.net/%s/%s/ubuntu %s main", owner, name, codename)
}

// applied writes the files that differ and refreshes apt's lists; when that fails, the files are put back.
func applied(c *module.Call, p *kit.Params, list *sourceList) module.Result {
	after := list.dump()
	var paths, added, removed []string
	for path := range list.files {
		was, before := list.before[path]
		is, now := after[path]
		if before == now && was == is {
			continue
		}
		paths = append(paths, path)
		if !before {
			added = append(added, path)
		}
		if !now {
			removed = append(removed, path)
		}
	}
	for _, names := range [][]string{paths, added, removed} {
		slices.Sort(names)
	}
	r := module.Result{Changed: len(paths) > 0, Data: kit.Dict("repo", p.Str("repo"), "sources_added", kit.Items(added),
		"sources_removed", kit.Items(removed), "state", p.Str("state"))}
	if c.Diff {
		r.Diff = sourceDiff(list.before, after, slices.Concat(added, removed))
	}
	if c.Check || len(paths) == 0 {
		return r
	}
	if err := writeSources(c, p, paths, added, after); err != nil {
		return kit.Failure(err)
	}
	if why := refreshed(c, p); why != nil {
		return kit.Failure(errors.Join(why, putBack(c, paths, list.before)))
	}
	return r
}

func sourceDiff(before, after map[string]string, paths []string) []module.Diff {
	var out []module.Diff
	for _, path := range paths {
		d := module.Diff{Before: before[path], After: after[path], BeforeHeader: path, AfterHeader: path}
		if _, ok := before[path]; !ok {
			d.BeforeHeader = "/dev/null"
		}
		if _, ok := after[path]; !ok {
			d.AfterHeader = "/dev/null"
		}
		out = append(out, d)
	}
	return out
}

func writeSources(c *module.Call, p *kit.Params, paths, added []string, after map[string]string) error {
	for _, path := range paths {
		text, stays := after[path]
		if !stays {
			if err := c.Log.Remove(path); err != nil {
				return err
			}
			continue
		}
		attrs := kit.Attributes{}
		if slices.Contains(added, path) {
			attrs.Mode = p.Raw("mode")
		}
		if err := writeSource(c, path, text, attrs); err != nil {
			return err
		}
	}
	return nil
}

// writeSource writes a file, or the one that a link there leads to.
func writeSource(c *module.Call, path, text string, attrs kit.Attributes) error {
	real := kit.RealPath(path)
	if _, err := kit.MakeFolders(c, filepath.Dir(real), kit.Attributes{}); err != nil {
		return err
	}
	if err := c.Log.WriteFile(real, strings.NewReader(text), change.Meta{}); err != nil {
		return err
	}
	_, err := attrs.Apply(c, real, nil)
	return err
}

func refreshed(c *module.Call, p *kit.Params) error {
	if !p.Flag("update_cache") {
		return nil
	}
	j := &job{c: c, p: p, t: callTools{c, ""}}
	return j.update()
}

func putBack(c *module.Call, paths []string, before map[string]string) error {
	var failed error
	for _, path := range paths {
		text, was := before[path]
		var err error
		if was {
			err = writeSource(c, path, text, kit.Attributes{})
		} else if _, gone := os.Lstat(path); gone == nil {
			err = c.Log.Remove(path)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
