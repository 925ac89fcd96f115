package modules

import (
	"path/filepath"
	"sort"
	"strings"

	"runner/module"
)

// tree copies an embedded folder: its contents when src ends with a slash, else the folder itself.
func (t *placement) tree(src string, entries []module.Entry) module.Result {
	name := strings.TrimSuffix(strings.TrimPrefix(src, "./"), "/")
	cut := len(name) + 1
	if !strings.HasSuffix(src, "/") {
		cut = strings.LastIndexByte(name, '/') + 1
	}
	if !strings.HasSuffix(t.dest, "/") {
		t.dest += "/"
	}
	var last module.Result
	var diffs []module.Diff
	changed := false
	for _, e := range entries {
		last = t.file(embeddedSource(t.c, e), filepath.Join(t.dest, e.Name[cut:]), t.follow)
		if last.Failed {
			return last
		}
		changed = changed || last.Changed
		diffs = append(diffs, last.Diff...)
	}
	moded, err := t.folders(entries, cut)
	if err != nil {
		return failure(err)
	}
	if len(entries) == 1 {
		last.Changed = last.Changed || moded
		return last
	}
	r := describeTree(changed || moded, t.dest, src)
	r.Diff = diffs
	return r
}

// folders gives the folders of the source their attributes, those that were there before too.
func (t *placement) folders(entries []module.Entry, cut int) (bool, error) {
	changed := false
	for _, name := range foldersOf(entries, cut) {
		path := filepath.Join(t.dest, name)
		if !isDir(path) {
			changed = true
			continue
		}
		moded, err := t.folderAttributes().apply(t.c, path, nil)
		if err != nil {
			return false, err
		}
		changed = changed || moded
	}
	return changed, nil
}

func foldersOf(entries []module.Entry, cut int) []string {
	seen := map[string]bool{}
	for _, e := range entries {
		for dir := filepath.ToSlash(filepath.Dir(e.Name[cut:])); dir != "."; dir = filepath.ToSlash(filepath.Dir(dir)) {
			seen[dir] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
