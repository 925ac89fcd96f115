package git

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/modules/kit"
)

// stores are the folders of a repository that only grow, and may be of any size.
var stores = []string{"objects", "lfs"}

// still are the parts of a repository that none of the commands here change.
var still = []string{"hooks", "branches", "description", "worktrees"}

// comeAndGo are files that git may make in a repository.
var comeAndGo = []string{"HEAD", "config", "index", "refs", "logs", "info", "packed-refs", "shallow", "FETCH_HEAD", "ORIG_HEAD", "AUTO_MERGE"}

// metadata are the parts of a repository that change their content.
func metadata(dir string) []string {
	var out []string
	for _, name := range comeAndGo {
		out = append(out, filepath.Join(dir, name))
	}
	names, _ := os.ReadDir(dir) // a repository that cannot be read fails at the first command
	for _, name := range names {
		if n := name.Name(); !slices.Contains(stores, n) && !slices.Contains(still, n) && n != "modules" {
			out = append(out, filepath.Join(dir, n))
		}
	}
	return out
}

// places are what git may change in the work tree when these files, named as git does, become others: a file, the folder
// that has to be made for it, or the folder that goes with the last of its files.
func (j *job) places(files []string) []string {
	going := map[string]bool{}
	for _, name := range files {
		if inside(name) {
			going[filepath.Join(j.dest, name)] = true
		}
	}
	for path := range going {
		for dir := filepath.Dir(path); dir != j.dest && !going[dir] && emptied(dir, going); dir = filepath.Dir(dir) {
			going[dir] = true
		}
	}
	var out []string
	for path := range going {
		out = append(out, kit.Missing(path))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inside tells whether a name of git's stays in the work tree.
func inside(name string) bool {
	return name != "" && !filepath.IsAbs(name) && filepath.Clean(name) != "." && !slices.Contains(strings.Split(name, "/"), "..")
}

// emptied tells whether nothing stays in a folder when these paths go.
func emptied(dir string, going map[string]bool) bool {
	names, err := os.ReadDir(dir)
	if err != nil || len(names) == 0 {
		return false
	}
	for _, name := range names {
		path := filepath.Join(dir, name.Name())
		if going[path] {
			continue
		}
		if kit.IsLink(path) || !kit.IsDir(path) || !emptied(path, going) {
			return false
		}
	}
	return true
}
