package change

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
)

// MaxWatched is how many files and folders one Around may name, with all below them.
const MaxWatched = 10_000

var maxWatched = MaxWatched // less in a test

// Around implements Log.
func (r *Recorder) Around(paths []string, what string, act func() error) error {
	tops := topmost(paths)
	entries, err := r.watch(tops, what)
	if err != nil {
		return err
	}
	head, err := r.announce(entries...)
	if err != nil {
		return err
	}
	step("around")
	err = r.do(act)
	step("around done")
	known := map[string]bool{}
	for i := range entries {
		entries[i].Seq = head + i
		known[string(entries[i].Path)] = true
	}
	became, looked := r.became(entries, tops, known)
	if looked == nil {
		looked = r.conclude(append(became, entry{Op: opActed, Ref: head})...)
	}
	if err == nil {
		err = looked
	}
	return err
}

// topmost are the paths without those that lie below another one.
func topmost(paths []string) []string {
	var out []string
	for _, path := range paths {
		out = append(out, filepath.Clean(path))
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(slices.Clone(out), func(path string) bool {
		return slices.ContainsFunc(out, func(other string) bool { return path != other && below(path, other) })
	})
}

func below(path, top string) bool {
	return path == top || strings.HasPrefix(path, strings.TrimSuffix(top, "/")+"/")
}

// watch are the entries that say how everything below the paths is, contents saved, parents before what is in them.
func (r *Recorder) watch(tops []string, what string) ([]entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.temps++
	entries := []entry{{Op: opAround, What: what, Name: fmt.Sprintf("%s-%d", r.prefix, r.temps)}}
	for _, top := range tops {
		found, err := tree(top, maxWatched+2-len(entries))
		if err != nil {
			return nil, err
		}
		if len(entries)+len(found) > maxWatched+1 {
			return nil, fmt.Errorf("%s holds too much to be kept for an undo: more than %d files and folders", top, maxWatched)
		}
		for _, path := range found {
			st, err := r.before(path, false)
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry{Op: opWatched, Path: pathText(path), Before: st})
		}
	}
	entries[0].Count = len(entries) - 1
	return entries, nil
}

// tree lists path and all below it, parents first; it stops after so many.
func tree(path string, most int) ([]string, error) {
	out := []string{path}
	for i := 0; i < len(out) && len(out) <= most; i++ {
		info, err := os.Lstat(out[i])
		if err != nil || !info.IsDir() {
			continue
		}
		names, err := os.ReadDir(out[i])
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			out = append(out, filepath.Join(out[i], name.Name()))
		}
	}
	return out, nil
}

// became are the entries that say what is otherwise now.
func (r *Recorder) became(entries []entry, tops []string, known map[string]bool) ([]entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []entry
	for _, e := range entries[1:] {
		now, err := inspectAll(string(e.Path))
		if err != nil {
			return nil, err
		}
		if !now.exactly(*e.Before) {
			out = append(out, entry{Op: opBecame, Ref: e.Seq, Path: e.Path, After: &now})
			err = r.keepLines(string(e.Path), now)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, path := range appeared(tops, known) {
		now, err := inspectAll(path)
		if err != nil {
			return nil, err
		}
		out = append(out, entry{Op: opBecame, Ref: entries[0].Seq, Path: pathText(path), After: &now})
	}
	return out, r.saved.flush()
}

// keepLines saves what a tool has made of a file that others change too: an undo then knows our lines.
func (r *Recorder) keepLines(path string, now State) error {
	if now.Kind != File || !sharedLines(path) {
		return nil
	}
	_, _, err := r.saved.keep(path, false)
	return err
}

// appeared lists what is below the paths and was not known, parents first.
func appeared(tops []string, known map[string]bool) []string {
	var out []string
	for _, top := range tops {
		found, _ := tree(top, 1<<30) // a folder that cannot be listed now was removed since
		for _, path := range found {
			if !known[path] {
				out = append(out, path)
			}
		}
	}
	return out
}

// exactly compares everything that is brought back, but when a file was read.
func (st State) exactly(want State) bool {
	return st.differs(want) == "" && sameXattrs(st.Xattrs, want.Xattrs) && (st.Mtime == want.Mtime || st.Kind == Dir)
}

func sameXattrs(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }
