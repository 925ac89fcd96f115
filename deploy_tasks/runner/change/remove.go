package change

import (
	"os"
	"path/filepath"

	"runner/fmt"
)

// Remove implements Log.
func (r *Recorder) Remove(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remove(filepath.Clean(path))
}

// remove moves path into the saved folder where it is on the same file system: instant, whatever it holds.
// Elsewhere everything below it is saved by content first.
func (r *Recorder) remove(path string) error {
	st, err := inspect(path)
	if err != nil || st.Kind == Absent {
		return err
	}
	if err := r.mayRemove(path, st); err != nil {
		return err
	}
	r.temps++
	to := filepath.Join(r.saved.dir, fmt.Sprintf("away-%d", r.temps))
	e := entry{Op: opAway, Path: pathText(path), To: pathText(to), Before: &st}
	if err := r.record(e, true); err != nil {
		return err
	}
	step("away")
	err = os.Rename(path, to)
	step("away done")
	if !isCrossDevice(err) {
		return err
	}
	return r.removeTree(path)
}

// removeTree journals all below path with one sync, then removes it, deepest first.
func (r *Recorder) removeTree(path string) error {
	var entries []entry
	if err := r.collect(path, &entries); err != nil {
		return err
	}
	if err := r.saved.flush(); err != nil {
		return err
	}
	if err := r.recordAll(entries, true); err != nil {
		return err
	}
	for _, e := range entries {
		step("remove")
		if err := os.Remove(string(e.Path)); err != nil {
			return err
		}
		step("removed")
	}
	return nil
}

// collect saves path and all below it and appends their entries in the order of removal.
func (r *Recorder) collect(path string, entries *[]entry) error {
	st, err := r.before(path, false)
	if err != nil {
		return err
	}
	if st.Kind == Dir {
		names, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := r.collect(filepath.Join(path, name.Name()), entries); err != nil {
				return err
			}
		}
	}
	*entries = append(*entries, entry{Op: opRemove, Path: pathText(path), Temp: pathText(r.temp(path)), Before: st})
	return nil
}
