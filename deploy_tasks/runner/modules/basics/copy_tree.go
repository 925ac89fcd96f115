package basics

import (
	"path/filepath"
	"sort"
	"strings"

	"runner/module"
	"runner/modules/kit"
)

// tree copies an embedded folder: its contents when src ends with a slash, else the folder itself.
func (t copying) tree(src string, entries []module.Entry) module.Result {
	name := strings.TrimSuffix(strings.TrimPrefix(src, "./"), "/")
	cut := len(name) + 1
	if !strings.HasSuffix(src, "/") {
		cut = strings.LastIndexByte(name, '/') + 1
	}
	if !strings.HasSuffix(t.Dest, "/") {
		t.Dest += "/"
	}
	var last module.Result
	var diffs []module.Diff
	changed := false
	for _, e := range entries {
		last = t.Put(kit.EmbeddedSource(t.Call, e), filepath.Join(t.Dest, e.Name[cut:]), t.Follow)
		if last.Failed {
			return last
		}
		changed = changed || last.Changed
		diffs = append(diffs, last.Diff...)
	}
	moded, err := t.folders(entries, cut, name[min(cut, len(name)):])
	if err != nil {
		return kit.Failure(err)
	}
	if len(entries) == 1 {
		last.Changed = last.Changed || moded
		return last
	}
	r := describeTree(changed || moded, t.Dest, src)
	r.Diff = diffs
	return r
}

// folders gives the folders in the source their attributes, those that were there before too. The source itself, where its
// name is copied as well, gets them only when it is made, as with Ansible.
func (t copying) folders(entries []module.Entry, cut int, top string) (bool, error) {
	changed := false
	for _, name := range foldersOf(entries, cut) {
		if name == top {
			continue
		}
		path := filepath.Join(t.Dest, name)
		if !kit.IsDir(path) {
			changed = true
			continue
		}
		moded, err := t.FolderAttributes().Apply(t.Call, path, nil)
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

// describeTree is the result of a copy of many files.
func describeTree(changed bool, dest, src string) module.Result {
	data := kit.Dict("dest", dest, "src", src)
	return module.Result{Changed: changed, Data: data}
}
