package rpm

import (
	"slices"
	"strings"
)

// step is one line of what dnf would do.
type step struct {
	section string // Installing, Upgrading, Removing…
	pkg
}

func (s step) removes() bool { return strings.HasPrefix(s.section, "Remov") }

// parseTable reads the table that dnf shows before it asks: sections of packages with architecture, version, repository and
// size. A line that is too long for dnf goes on in the next one.
func parseTable(text string) []step {
	var steps []step
	section, pending := "", ""
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "=") || strings.HasPrefix(line, "Transaction Summary"):
			section = ""
		case line[0] != ' ':
			section = ""
			if title, ok := strings.CutSuffix(strings.TrimSpace(line), ":"); ok && changes(title) {
				section = title
			}
		case section == "":
		case words[0] == "replacing" && len(words) > 1:
			name, arch := cutArch(words[1])
			steps = append(steps, step{"Removing replaced", pkg{name: name, arch: arch}})
		case pending == "" && len(words) == 1:
			pending = words[0]
		default:
			if pending != "" {
				words, pending = append([]string{pending}, words...), ""
			}
			if len(words) >= 4 {
				epoch, version, release := splitEVR(words[2])
				steps = append(steps, step{section, pkg{words[0], epoch, version, release, words[1]}})
			}
		}
	}
	return steps
}

func changes(title string) bool {
	return slices.ContainsFunc([]string{"Install", "Upgrad", "Downgrad", "Remov", "Reinstall"}, func(word string) bool { return strings.HasPrefix(title, word) })
}

func cutArch(word string) (name, arch string) {
	if i := strings.LastIndexByte(word, '.'); i > 0 {
		return word[:i], word[i+1:]
	}
	return word, ""
}

// going are the packages that these steps remove or replace with another version.
func going(steps []step, here map[string][]pkg) []pkg {
	var out []pkg
	for _, s := range steps {
		for _, p := range here[s.name] {
			replaced := !s.removes() && !strings.HasPrefix(s.section, "Install") && (p.arch == s.arch || p.arch == "noarch" || s.arch == "noarch")
			if (replaced || s.removes() && (s.arch == "" || p.arch == s.arch) && (s.version == "" || p.evr() == s.evr())) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// told are the results of these steps, as Ansible words them.
func told(steps []step, gone []pkg, download bool) []string {
	var out []string
	verb := "Installed: "
	if download {
		verb = "Downloaded: "
	}
	for _, s := range steps {
		if !s.removes() {
			out = append(out, verb+s.full())
		}
	}
	for _, p := range gone {
		out = append(out, "Removed: "+p.full())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namesOf are the names that these steps are about.
func namesOf(steps []step) []string {
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
