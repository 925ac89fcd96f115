package system

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"runner/facts"
	"runner/modules/kit"
)

// mounted is one line of the kernel's table of mounts.
type mounted struct {
	id, parent int
	device     string
	root, at   string
	opts       string // of the mount
	fstype     string
	source     string
	super      string // options of the file system
}

const mountinfoPath = "/proc/self/mountinfo"

// mountTable is every mount that the process sees, in the order they were made.
func mountTable() ([]mounted, error) {
	text, err := os.ReadFile(mountinfoPath)
	if err != nil {
		return nil, err
	}
	return readMountinfo(string(text)), nil
}

func readMountinfo(text string) []mounted {
	var out []mounted
	for _, line := range strings.Split(text, "\n") {
		head, tail, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(head), strings.Split(tail, " ")
		if !ok || len(left) < 6 || len(right) < 3 {
			continue
		}
		id, _ := strconv.Atoi(left[0])
		parent, _ := strconv.Atoi(left[1])
		out = append(out, mounted{id: id, parent: parent, device: left[2], root: facts.Unescaped(left[3]), at: facts.Unescaped(left[4]),
			opts: left[5], fstype: right[0], source: facts.Unescaped(right[1]), super: right[2]})
	}
	return out
}

// stack are the mounts at exactly this path, the lowest first.
func stack(table []mounted, path string) []mounted {
	var out []mounted
	for _, m := range table {
		if m.at == path {
			out = append(out, m)
		}
	}
	return out
}

// sources tells for every place what is mounted there: a device, or the folder that a bind mount shows. It is worked out
// as Ansible's module does, so that both take the same things for mounted.
func sources(table []mounted) map[string]string {
	byID := map[int]mounted{}
	roots := map[int]string{}
	for _, m := range table {
		byID[m.id], roots[m.id] = m, m.root
	}
	out := map[string]string{}
	for _, m := range table {
		parent, ok := byID[m.parent]
		if m.parent == 1 || !ok {
			out[m.at] = m.source
			continue
		}
		if root := roots[parent.id]; len(root) > 1 && strings.HasPrefix(roots[m.id], root+"/") {
			roots[m.id] = roots[m.id][len(root):]
		}
		if parent.at != "/" {
			roots[m.id] = parent.at + roots[m.id]
		}
		out[m.at] = roots[m.id]
	}
	return out
}

// origin is a path under which the file system of a bind mount could be reached before it was made; "" when the mount is
// no bind mount, or when that is not there any more. Mounts at and below the place itself do not count.
func origin(table []mounted, m mounted) string {
	for _, other := range table {
		if other.id == m.id {
			return ""
		}
		inside := other.at == m.at || strings.HasPrefix(other.at, strings.TrimSuffix(m.at, "/")+"/")
		rest, ok := strings.CutPrefix(m.root, strings.TrimSuffix(other.root, "/"))
		if inside || other.device != m.device || !ok || rest != "" && rest[0] != '/' {
			continue
		}
		return filepath.Join(other.at, rest)
	}
	return ""
}

// options are the words of a list of them, in order.
func options(text string) []string {
	words := strings.Split(text, ",")
	slices.Sort(words)
	return slices.Compact(words)
}

// isMount tells whether something is mounted at a path, in the way that Python's os.path.ismount does: a bind mount from
// the same file system is not seen.
func isMount(path string) bool {
	here, err := os.Lstat(path)
	if err != nil || here.Mode()&os.ModeSymlink != 0 {
		return false
	}
	up, err := filepath.EvalSymlinks(path + "/..")
	if err != nil {
		return false
	}
	above, err := os.Lstat(up)
	if err != nil {
		return false
	}
	return kit.StatusOf(here).Dev != kit.StatusOf(above).Dev || os.SameFile(here, above)
}
