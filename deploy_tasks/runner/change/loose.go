package change

import (
	"os"
	"path/filepath"
	"strings"
)

// loose are the paths that an undo has judged and whose lines may not be on the disk yet. Should the host lose its
// power, those entries are judged again: that works as long as nothing older has come back at the same place.
type loose struct{ paths, above map[string]bool }

func (l *loose) add(path string) {
	if path == "" {
		return
	}
	if l.paths == nil {
		l.paths, l.above = map[string]bool{}, map[string]bool{}
	}
	l.paths[path] = true
	for dir := filepath.Dir(path); !l.above[dir]; dir = filepath.Dir(dir) {
		l.above[dir] = true
	}
}

// meets says whether one of them is path, or above or below it.
func (l *loose) meets(path string) bool {
	if path == "" || len(l.paths) == 0 {
		return false
	}
	if l.above[path] {
		return true
	}
	for ; !l.paths[path]; path = filepath.Dir(path) {
		if path == filepath.Dir(path) {
			return false
		}
	}
	return true
}

// settle brings what is back to the disk when it and what comes next are at the same place.
func (u *undoing) settle(paths ...string) error {
	for _, path := range paths {
		if u.loose.meets(path) {
			return u.sync()
		}
	}
	return nil
}

// sync brings what is back to the disk, then the lines that say so: they must not be there alone.
func (u *undoing) sync() error {
	if len(u.loose.paths) == 0 || u.dry != nil {
		return nil
	}
	synced := map[string]bool{}
	for path := range u.loose.paths {
		if dir := filepath.Dir(path); !synced[dir] {
			synced[dir] = true
			_ = SyncDir(dir) // it may be gone by now
		}
	}
	u.loose = loose{}
	err := SyncData(u.j.f)
	step("journal synced")
	return err
}

// sweep removes the temporary files that a run which was cut off has left in a folder.
func (u *undoing) sweep(e entry) error {
	if u.dry != nil {
		return nil
	}
	names, err := os.ReadDir(string(e.Path))
	if err != nil {
		return nil // the folder has gone, with what was in it
	}
	for _, name := range names {
		if strings.HasPrefix(name.Name(), e.Name+"-") {
			if err := removeTemp(e.Path + "/" + pathText(name.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
