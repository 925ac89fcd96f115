package system

import (
	"slices"
	"strings"
)

// fstab is a table of file systems, line by line with their ends.
type fstab []string

// row is what a line of the table says.
type row struct{ src, name, fstype, opts, dump, passno string }

func readFstab(text string) fstab {
	var out fstab
	for _, line := range strings.SplitAfter(text, "\n") {
		if line != "" && !strings.HasSuffix(line, "\n") {
			line += "\n"
		}
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (f fstab) String() string { return strings.Join(f, "") }

// entry reads a line; fields are how many there have to be.
func entry(line string, fields ...int) (row, bool) {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") || !slices.Contains(fields, len(words)) {
		return row{}, false
	}
	words = append(words, "", "")
	r := row{words[0], words[1], words[2], words[3], words[4], words[5]}
	return r, true
}

// escaped is a field as the table holds it.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`, "&", `\046`).Replace(s)
}

func (r row) escaped() row {
	return row{escaped(r.src), escaped(r.name), escaped(r.fstype), escaped(r.opts), escaped(r.dump), escaped(r.passno)}
}

func (r row) line() string {
	return strings.Join([]string{r.src, r.name, r.fstype, r.opts, r.dump, r.passno}, " ") + "\n"
}

// same tells whether a line is about the same as wanted. Swap areas have no place: they are told apart by what they lie on.
func (r row) same(wanted, raw row) bool {
	return r.name == wanted.name && !(raw.src != "" && r.name == "none" && r.fstype == "swap" && r.src != raw.src)
}

// with is the table with a line for a mount, and whether that is another one than before.
func (f fstab) with(raw row) (fstab, bool) {
	wanted, out := raw.escaped(), make(fstab, 0, len(f)+1)
	there, changed := false, false
	for _, line := range f {
		is, ok := entry(line, 4, 5, 6)
		if !ok || !is.same(wanted, raw) {
			out = append(out, line)
			continue
		}
		there = true
		if is != wanted {
			changed = true
		}
		if changed {
			line = wanted.line()
		}
		out = append(out, line)
	}
	if !there {
		return append(out, wanted.line()), true
	}
	return out, changed
}

// without is the table without the lines of a mount, and whether there were any. As Ansible's module does, it leaves lines
// that do not have all six fields.
func (f fstab) without(raw row) (fstab, bool) {
	wanted := raw.escaped()
	var out fstab
	for _, line := range f {
		if is, ok := entry(line, 6); !ok || !is.same(wanted, raw) {
			out = append(out, line)
		}
	}
	return out, len(out) != len(f)
}
