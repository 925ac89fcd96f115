package packages

import (
	"slices"
	"strings"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("package_facts", packageFacts) }

var factsSpec = kit.Spec{Args: []kit.Arg{
	{Name: "manager", Kind: kit.List, Default: []string{"auto"}},
	{Name: "strategy", Kind: kit.Text, Default: "first", Choices: []string{"first", "all"}},
}}

// packageFacts tells which packages are there. It changes nothing, so a check does the same.
func packageFacts(c *module.Call) module.Result {
	p, err := factsSpec.Parse("package_facts", c)
	if err != nil {
		return kit.Failure(err)
	}
	if !slices.ContainsFunc(p.List("manager"), func(name string) bool { return strings.EqualFold(name, "apt") || strings.EqualFold(name, "auto") }) {
		return module.Failure("package_facts reads the packages of apt alone, not of " + strings.Join(p.List("manager"), ", "))
	}
	if c.Program("dpkg-query") == "" || c.Program("apt-cache") == "" {
		return module.Failure("Could not detect a supported package manager: package_facts reads the packages of apt alone, and this host has no dpkg and apt")
	}
	packages, err := allPackages(callTools{c, ""})
	if err != nil {
		return kit.Failure(err)
	}
	return module.Result{Facts: kit.Dict("packages", packages)}
}

// allPackages are those that are there, by name.
func allPackages(t change.Tools) (*value.Dict, error) {
	db, err := readDatabase(t)
	if err != nil {
		return nil, err
	}
	sections, err := change.Demand(t, "dpkg-query", "-W", "-f", `${Package}\t${Architecture}\t${Section}\n`)
	if err != nil {
		return nil, err
	}
	var names []string
	for name, p := range db.packages {
		if p.there() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	origins, err := readOrigins(t, names)
	if err != nil {
		return nil, err
	}
	section := db.sections(sections)
	out := value.NewDict()
	for _, name := range names {
		p := db.packages[name]
		out.Set(name, []any{kit.Dict("name", name, "version", p.version, "arch", p.arch, "category", section[name],
			"origin", origins[name], "source", "apt")})
	}
	return out, nil
}

func (db database) sections(listed string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(listed) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 3 {
			found[db.key(f[0], f[1])] = f[2]
		}
	}
	return found
}

// readOrigins asks apt who publishes the versions that are there.
func readOrigins(t change.Tools, names []string) (map[string]string, error) {
	sources, err := change.Demand(t, "apt-cache", "policy")
	if err != nil {
		return nil, err
	}
	versions, err := change.Demand(t, append([]string{"apt-cache", "policy", "--"}, names...)...)
	return parseOrigins(sources, versions), err
}

// parseOrigins reads the sources with their release ("o=Debian") and, below the version that is there, where it is found.
func parseOrigins(sources, versions string) map[string]string {
	publisher := map[string]string{}
	last := ""
	for line := range strings.Lines(sources) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "release":
			publisher[last] = releaseField(strings.Join(words[1:], " "), "o")
		case len(words) > 1 && strings.Trim(words[0], "-0123456789") == "":
			last = strings.Join(words[1:], " ")
		}
	}
	found := map[string]string{}
	name, here := "", false
	for line := range strings.Lines(versions) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line != "" && line[0] != ' ':
			name, here = strings.TrimSuffix(line, ":"), false
		case strings.HasPrefix(line, " *** "):
			here = true
		case strings.HasPrefix(line, "     ") && len(line) > 5 && line[5] != ' ':
			here = false
		case here && strings.HasPrefix(line, "      "):
			if _, known := found[name]; !known {
				_, source, _ := strings.Cut(strings.TrimSpace(line), " ")
				found[name] = publisher[source]
			}
		}
	}
	return found
}

// releaseField is one field of "v=12.11,o=Debian,a=stable".
func releaseField(release, key string) string {
	for _, field := range strings.Split(release, ",") {
		if text, ok := strings.CutPrefix(field, key+"="); ok {
			return text
		}
	}
	return ""
}
