package packages

import (
	"cmp"
	"strings"
)

// compareVersions compares as dpkg does: epoch, upstream version, revision. Debian Policy, 5.6.12.
func compareVersions(a, b string) int {
	epochA, upA, revA := splitVersion(a)
	epochB, upB, revB := splitVersion(b)
	return cmp.Or(compareNumbers(epochA, epochB), comparePart(upA, upB), comparePart(revA, revB))
}

func splitVersion(v string) (epoch, upstream, revision string) {
	if before, after, ok := strings.Cut(v, ":"); ok {
		epoch, v = before, after
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// comparePart compares runs of other characters and runs of digits in turn.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		var restA, restB string
		restA, a = cutRun(a, false)
		restB, b = cutRun(b, false)
		if c := compareTexts(restA, restB); c != 0 {
			return c
		}
		restA, a = cutRun(a, true)
		restB, b = cutRun(b, true)
		if c := compareNumbers(restA, restB); c != 0 {
			return c
		}
	}
	return 0
}

func cutRun(s string, digits bool) (run, rest string) {
	i := 0
	for i < len(s) && ('0' <= s[i] && s[i] <= '9') == digits {
		i++
	}
	return s[:i], s[i:]
}

func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// compareTexts: a tilde sorts before the end, letters before everything else.
func compareTexts(a, b string) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		if c := cmp.Compare(weight(a, i), weight(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func weight(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case 'a' <= s[i] && s[i] <= 'z' || 'A' <= s[i] && s[i] <= 'Z':
		return int(s[i])
	}
	return int(s[i]) + 256
}
