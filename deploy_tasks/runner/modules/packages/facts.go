package packages

import (
	"slices"
	"strconv"
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
	managers := p.List("manager")
	asked := func(name string) bool {
		return slices.ContainsFunc(managers, func(one string) bool { return strings.EqualFold(one, name) || strings.EqualFold(one, "auto") })
	}
	if !asked("apt") && !asked("rpm") {
		return module.Failure("package_facts reads the packages of apt and rpm, not of " + strings.Join(managers, ", "))
	}
	hasApt, hasRPM := c.Program("dpkg-query") != "" && c.Program("apt-cache") != "", c.Program("rpm") != ""
	out := value.NewDict()
	found := false
	if asked("apt") && hasApt {
		if found, err = true, addDebian(callTools{c, ""}, out); err != nil {
			return kit.Failure(err)
		}
	}
	if asked("rpm") && hasRPM && (!found || p.Str("strategy") == "all") {
		if found, err = true, addRPMs(callTools{c, ""}, out); err != nil {
			return kit.Failure(err)
		}
	}
	if !found {
		return module.Failure("Could not detect a supported package manager: package_facts reads the packages of apt and rpm, and this host has neither, or not the one that was asked for")
	}
	return module.Result{Facts: kit.Dict("packages", out)}
}

// addRPMs adds what rpm knows, keys included.
func addRPMs(t change.Tools, out *value.Dict) error {
	listed, err := change.Demand(t, "rpm", "-qa", "--qf", `%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\n`)
	for line := range strings.Lines(listed) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			continue
		}
		p := kit.Dict("name", f[0], "version", f[1], "release", f[2], "epoch", nil, "arch", nil, "source", "rpm")
		if epoch, err := strconv.ParseInt(f[3], 10, 64); err == nil {
			p.Set("epoch", epoch)
		}
		if f[4] != "(none)" {
			p.Set("arch", f[4])
		}
		before, _ := out.Get(f[0])
		all, _ := value.Items(before)
		out.Set(f[0], append(all, p))
	}
	return err
}

// addDebian adds those that dpkg has installed, by name.
func addDebian(t change.Tools, out *value.Dict) error {
	db, err := readDatabase(t)
	if err != nil {
		return err
	}
	sections, err := change.Demand(t, "dpkg-query", "-W", "-f", `${Package}\t${Architecture}\t${Section}\n`)
	if err != nil {
		return err
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
		return err
	}
	section := db.sections(sections)
	for _, name := range names {
		p := db.packages[name]
		out.Set(name, []any{kit.Dict("name", name, "version", p.version, "arch", p.arch, "category", section[name],
			"origin", origins[name], "source", "apt")})
	}
	return nil
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
