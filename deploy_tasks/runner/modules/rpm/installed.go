package rpm

import (
	"cmp"
	"slices"
	"strings"

	"runner/change"
)

// pkg is one package of one version.
type pkg struct{ name, epoch, version, release, arch string }

// full is the package as dnf names it: the epoch only where there is one.
func (p pkg) full() string { return p.name + "-" + p.evr() + "." + p.arch }

func (p pkg) evr() string {
	evr := p.version + "-" + p.release
	if p.epoch != "" && p.epoch != "0" {
		evr = p.epoch + ":" + evr
	}
	return evr
}

// file is what the file of the package is called.
func (p pkg) file() string { return p.name + "-" + p.version + "-" + p.release + "." + p.arch + ".rpm" }

const listFormat = `%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n`

// installed asks rpm for all packages, by name. The keys that rpm keeps among them are of no architecture.
func installed(t change.Tools) (map[string][]pkg, error) {
	text, err := change.Demand(t, "rpm", "-qa", "--qf", listFormat)
	return parseInstalled(text), err
}

func parseInstalled(text string) map[string][]pkg {
	out := map[string][]pkg{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) == 5 {
			out[f[0]] = append(out[f[0]], pkg{f[0], f[1], f[2], f[3], f[4]})
		}
	}
	for _, all := range out {
		slices.SortFunc(all, func(a, b pkg) int { return cmp.Or(compareEVR(a.evr(), b.evr()), cmp.Compare(a.arch, b.arch)) })
	}
	return out
}

// splitEVR parts [EPOCH:]VERSION[-RELEASE].
func splitEVR(evr string) (epoch, version, release string) {
	epoch, rest, ok := strings.Cut(evr, ":")
	if !ok {
		epoch, rest = "0", evr
	}
	version, release, _ = strings.Cut(rest, "-")
	return epoch, version, release
}

// compareEVR compares two versions; a release that one of them lacks does not count.
func compareEVR(a, b string) int {
	epochA, versionA, releaseA := splitEVR(a)
	epochB, versionB, releaseB := splitEVR(b)
	c := cmp.Or(compareVersions(epochA, epochB), compareVersions(versionA, versionB))
	if c == 0 && releaseA != "" && releaseB != "" {
		c = compareVersions(releaseA, releaseB)
	}
	return c
}

// compareVersions compares as rpm does: runs of digits as numbers, runs of letters as texts, a tilde before the end and a
// caret after it. rpm-version(7).
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		a, b = strings.TrimLeftFunc(a, between), strings.TrimLeftFunc(b, between)
		if tilde, other := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~"); tilde || other {
			if !tilde || !other {
				return truth(other, tilde)
			}
			a, b = a[1:], b[1:]
			continue
		}
		if caret, other := strings.HasPrefix(a, "^"), strings.HasPrefix(b, "^"); caret || other {
			switch {
			case !caret:
				return truth(a != "", a == "")
			case !other:
				return truth(b == "", b != "")
			}
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		var runA, runB string
		number := isDigit(rune(a[0]))
		runA, a = cutRun(a, number)
		runB, b = cutRun(b, number)
		switch {
		case runB == "":
			return truth(number, !number)
		case number:
			runA, runB = strings.TrimLeft(runA, "0"), strings.TrimLeft(runB, "0")
			if c := cmp.Compare(len(runA), len(runB)); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(runA, runB); c != 0 {
			return c
		}
	}
	return truth(a != "", b != "")
}

// truth is 1 when the first alone holds, -1 when the second alone does.
func truth(first, second bool) int {
	switch {
	case first == second:
		return 0
	case first:
		return 1
	}
	return -1
}

func isDigit(r rune) bool  { return '0' <= r && r <= '9' }
func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
func between(r rune) bool  { return !isDigit(r) && !isLetter(r) && r != '~' && r != '^' }

func cutRun(s string, number bool) (run, rest string) {
	is := isLetter
	if number {
		is = isDigit
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !is(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}
