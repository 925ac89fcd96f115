package change

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// accounts is where the files lie that many tools change, each some lines of them.
var accounts = "/etc"

var accountFiles = []string{"passwd", "shadow", "group", "gshadow", "subuid", "subgid", "shells"}

// sharedLines says whether a file is one of lines that belong to many.
func sharedLines(path string) bool {
	return filepath.Dir(path) == accounts && slices.Contains(accountFiles, filepath.Base(path))
}

// backupOfLines says whether a file is the copy of such a one that every change of it makes anew.
func backupOfLines(path string) bool {
	original, ok := strings.CutSuffix(path, "-")
	return ok && sharedLines(original)
}

// takeLinesBack takes out of now what made after of before, and leaves the lines of others. Lines that others have
// changed again stay as they are: touched are their names. Doing it twice is doing it once.
func takeLinesBack(before, after, now string) (text string, touched []string) {
	if now != "" && !strings.HasSuffix(now, "\n") {
		now += "\n"
	}
	was, ours, out := lines(before), lines(after), lines(now)
	removed, added := minus(was, ours), minus(ours, was)
	for _, line := range added {
		i := slices.IndexFunc(removed, func(old string) bool { return nameOf(old) == nameOf(line) })
		at := slices.Index(out, line)
		if count(out, line) <= count(was, line) {
			at = -1 // those that are left were there before
		}
		switch {
		case i >= 0 && at >= 0:
			out[at] = removed[i]
		case i >= 0 && !slices.Contains(out, removed[i]), i < 0 && at < 0 && named(out, line):
			touched = append(touched, nameOf(line))
		case i < 0 && at >= 0:
			out = slices.Delete(out, at, at+1)
		}
		if i >= 0 {
			removed = slices.Delete(removed, i, i+1)
		}
	}
	for _, line := range removed {
		switch {
		case slices.Contains(out, line):
		case named(out, line):
			touched = append(touched, nameOf(line))
		default:
			out = slices.Insert(out, place(was, out, line), line)
		}
	}
	return strings.Join(out, ""), touched
}

// lines are the lines with their ends.
func lines(text string) []string { return slices.Collect(strings.Lines(text)) }

// minus are the lines of a that b does not have as often.
func minus(a, b []string) []string {
	left := map[string]int{}
	for _, line := range b {
		left[line]++
	}
	var out []string
	for _, line := range a {
		if left[line]--; left[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

func count(in []string, line string) (n int) {
	for _, other := range in {
		if other == line {
			n++
		}
	}
	return n
}

// nameOf is what a line is about: an account, or itself.
func nameOf(line string) string {
	name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
	return name
}

func named(in []string, line string) bool {
	return slices.ContainsFunc(in, func(other string) bool { return nameOf(other) == nameOf(line) })
}

// place is where a line comes back: behind the one that it stood behind.
func place(was, out []string, line string) int {
	for i := slices.Index(was, line) - 1; i >= 0; i-- {
		if at := slices.Index(out, was[i]); at >= 0 {
			return at + 1
		}
	}
	return 0
}

// content is a saved content as text.
func (s *saved) content(digest string) (string, error) {
	var out strings.Builder
	err := s.fetch(digest, &out)
	return out.String(), err
}

var errAccountsHeld = errors.New("another tool has held the lock of the accounts for too long")
