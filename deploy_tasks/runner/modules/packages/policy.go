package packages

import (
	"path"
	"slices"
	"strings"

	"runner/change"
)

// choice is what apt knows of a package: the version it would install, all versions, the newest first, and those of them
// that a repository offers.
type choice struct {
	candidate string
	versions  []string
	offered   []string
}

// readPolicy asks apt for its choices; names it does not know are not in the answer.
func readPolicy(t change.Tools, release string, names []string) (map[string]choice, error) {
	if len(names) == 0 {
		return nil, nil
	}
	argv := []string{"apt-cache", "policy"}
	if release != "" {
		argv = append(argv, "-o", "APT::Default-Release="+release)
	}
	text, err := change.Demand(t, append(append(argv, "--"), names...)...)
	return parsePolicy(text), err
}

func parsePolicy(text string) map[string]choice {
	found := map[string]choice{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line != "" && line[0] != ' ':
			name = strings.TrimSuffix(line, ":")
			found[name] = choice{}
		case strings.HasPrefix(line, "  Candidate: "):
			c := found[name]
			if c.candidate = strings.TrimPrefix(line, "  Candidate: "); c.candidate == "(none)" {
				c.candidate = ""
			}
			found[name] = c
		case strings.HasPrefix(line, " *** ") || strings.HasPrefix(line, "     ") && len(line) > 5 && line[5] != ' ':
			c := found[name]
			c.versions = append(c.versions, strings.Fields(line[5:])[0])
			found[name] = c
		case strings.HasPrefix(line, "      ") && !strings.HasSuffix(line, " /var/lib/dpkg/status"):
			c := found[name]
			if n := len(c.versions); n > 0 && !slices.Contains(c.offered, c.versions[n-1]) {
				c.offered = append(c.offered, c.versions[n-1])
			}
			found[name] = c
		}
	}
	return found
}

// best is the version that a demand of a task would get, "" when there is none.
func (c choice) best(d demand) string {
	if d.relation != "=" {
		return c.candidate
	}
	if i := slices.IndexFunc(c.versions, d.matches); i >= 0 {
		return c.versions[i]
	}
	return ""
}

// demand is a package as a task names it: nginx, nginx=1.18.*, nginx>=1.18.
type demand struct{ spec, name, relation, version string }

func parseDemand(spec string) demand {
	i := strings.IndexByte(spec, '=')
	if i < 0 {
		return demand{spec: spec, name: spec}
	}
	d := demand{spec: spec, name: spec[:i], relation: "=", version: spec[i+1:]}
	if strings.HasSuffix(d.name, ">") {
		d.name, d.relation = d.name[:i-1], ">="
	}
	return d
}

// matches tells whether a version is one that the task is content with.
func (d demand) matches(version string) bool {
	switch d.relation {
	case "=":
		return globs(d.version, version)
	case ">=":
		return compareVersions(version, d.version) >= 0
	}
	return true
}

// globs matches a shell pattern as Python's fnmatch does; names and versions hold no slash.
func globs(pattern, text string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "[!", "[^"), text)
	return ok && err == nil || pattern == text
}

// isPattern tells whether a name stands for several.
func isPattern(name string) bool { return strings.ContainsAny(name, "*?[]!") }

// expandNames replaces patterns by the names that match them; the one that matches none is returned.
func expandNames(t change.Tools, specs []string) (names []string, unmatched string, err error) {
	var known []string
	for _, spec := range specs {
		pattern := parseDemand(spec).name
		if !isPattern(pattern) {
			names = append(names, spec)
			continue
		}
		if known == nil {
			if known, err = knownNames(t); err != nil {
				return nil, "", err
			}
		}
		before := len(names)
		for _, name := range known {
			if strings.Contains(pattern, ":") == strings.Contains(name, ":") && globs(pattern, name) {
				names = append(names, name)
			}
		}
		if len(names) == before {
			return nil, pattern, nil
		}
	}
	return names, "", nil
}

func knownNames(t change.Tools) ([]string, error) {
	text, err := change.Demand(t, "apt-cache", "pkgnames")
	names := strings.Fields(text)
	slices.Sort(names)
	return names, err
}

// providers are the names of the packages that stand in for one that does not exist itself.
func providers(t change.Tools, name string) ([]string, error) {
	out, err := t.Run([]string{"apt-cache", "showpkg", "--", name}, "")
	if err != nil || out.Code != 0 {
		return nil, err
	}
	return parseProviders(out.Stdout), nil
}

func parseProviders(text string) []string {
	var names []string
	_, list, _ := strings.Cut(text, "\nReverse Provides: \n")
	for line := range strings.Lines(list) {
		if words := strings.Fields(line); len(words) > 1 && !slices.Contains(names, words[0]) {
			names = append(names, words[0])
		}
	}
	return names
}
