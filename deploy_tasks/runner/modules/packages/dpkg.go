package packages

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
)

// Where dpkg and apt keep what they know.
const (
	extendedStates = "/var/lib/apt/extended_states"
	largestStates  = 64 << 20 // bytes
)

// Words of dpkg for a package's state.
const (
	installed   = "installed"
	configFiles = "config-files"
	absent      = "not-installed"
)

// pkg is what dpkg knows of a package of one architecture.
type pkg struct {
	name, arch, version string
	status              string // installed, config-files, half-configured…
	hold, auto          bool
}

// there tells whether its files are there, in whatever state.
func (p pkg) there() bool { return p.status != absent && p.status != configFiles }

// database is what dpkg knows, by the name that commands take: with the architecture where it is not the host's own.
type database struct {
	native   string
	packages map[string]pkg
}

const listFormat = `${Package}\t${Architecture}\t${Version}\t${db:Status-Want}\t${db:Status-Status}\n`

// readDatabase asks dpkg for all packages, and apt's marks for which were installed for others' sake.
func readDatabase(t change.Tools) (database, error) {
	text, err := change.Demand(t, "dpkg-query", "-W", "-f", listFormat)
	if err != nil {
		return database{}, err
	}
	marks, err := readBounded(extendedStates)
	return parseDatabase(text, marks), err
}

func parseDatabase(listed, marks string) database {
	db := database{packages: map[string]pkg{}}
	var all []pkg
	for line := range strings.Lines(listed) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || f[4] == absent {
			continue
		}
		all = append(all, pkg{name: f[0], arch: f[1], version: f[2], hold: f[3] == "hold", status: f[4]})
		if f[0] == "dpkg" {
			db.native = f[1]
		}
	}
	auto := parseMarks(marks)
	for _, p := range all {
		arch := p.arch
		if arch == "all" {
			arch = db.native
		}
		p.auto = p.there() && auto[p.name+":"+arch]
		db.packages[db.key(p.name, p.arch)] = p
	}
	return db
}

// key is the name that commands take.
func (db database) key(name, arch string) string {
	if arch == "" || arch == "all" || arch == db.native {
		return name
	}
	return name + ":" + arch
}

// find is the package that a name of a task means.
func (db database) find(name string) pkg {
	base, arch, _ := strings.Cut(name, ":")
	if arch == "any" {
		arch = ""
	}
	if p, ok := db.packages[db.key(base, arch)]; ok {
		return p
	}
	return pkg{name: base, arch: arch, status: absent}
}

// parseMarks reads apt's stanzas: NAME:ARCH of what was installed automatically.
func parseMarks(text string) map[string]bool {
	auto := map[string]bool{}
	for _, s := range parseStanzas(text) {
		if s["Auto-Installed"] == "1" {
			auto[s["Package"]+":"+s["Architecture"]] = true
		}
	}
	return auto
}

// parseStanzas reads fields of one line each; the lines that continue one are left out.
func parseStanzas(text string) []map[string]string {
	var out []map[string]string
	var last map[string]string
	for line := range strings.Lines(text) {
		key, field, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		switch {
		case strings.TrimSpace(line) == "":
			last = nil
		case ok && line[0] != ' ' && line[0] != '\t':
			if last == nil {
				last = map[string]string{}
				out = append(out, last)
			}
			last[key] = strings.TrimSpace(field)
		}
	}
	return out
}

func readBounded(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err == nil && info.Size() > largestStates {
		err = fmt.Errorf("%s has more than %d bytes", path, largestStates)
	}
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// conffiles are the configuration files of packages that are there.
func conffiles(t change.Tools, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	// The status is not 0 when a name is not known: then there is nothing of it.
	out, err := t.Run(append([]string{"dpkg-query", "-W", "-f", `${Conffiles}\n`, "--"}, names...), "")
	if err != nil {
		return nil, err
	}
	return parseConffiles(out.Stdout), nil
}

// parseConffiles reads lines of a path, a sum, and a remark for files that a newer version no longer has.
func parseConffiles(text string) []string {
	var paths []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 1 && words[len(words)-1] == "obsolete" {
			words = words[:len(words)-1]
		}
		if len(words) < 2 || words[0][0] != '/' {
			continue
		}
		paths = append(paths, strings.Join(words[:len(words)-1], " "))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
