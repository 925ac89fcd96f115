package change

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"runner/fmt"
)

// revert brings back what was before one entry. why names the conflict that prevents it; did tells that there
// was something to bring back.
func (u *undoing) revert(e entry) (why string, did bool, err error) {
	if err := u.clear(e.Temp); err != nil {
		return "", false, err
	}
	switch e.Op {
	case opWrite, opSymlink, opHardlink:
		return u.revertReplaced(string(e.Path), string(e.Temp), *e.Before, *e.After)
	case opRemove:
		return u.revertReplaced(string(e.Path), string(e.Temp), *e.Before, State{Kind: Absent})
	case opMkdir:
		return u.revertMkdir(string(e.Path))
	case opAway:
		return u.revertAway(string(e.Path), string(e.To))
	case opRename:
		return u.revertRename(e)
	}
	return u.revertAttribute(e)
}

// revertReplaced brings back a file, link or special file where after stands now.
func (u *undoing) revertReplaced(path, temp string, before, after State) (string, bool, error) {
	now, err := u.inspectAll(path)
	if err != nil {
		return "", false, err
	}
	if now.differs(before) == "" {
		return "", false, u.keepTimes(path, now, before)
	}
	if why := now.differs(after); why != "" {
		return why, false, nil
	}
	return "", true, u.restore(path, temp, before)
}

// keepTimes repairs the times of what is back already: the undo may have been killed before it set them.
func (u *undoing) keepTimes(path string, now, before State) error {
	if before.Kind == Absent || before.Kind == Dir || now.Mtime == before.Mtime {
		return nil
	}
	return u.act(effect{path: path, st: before}, func() error { return setTimes(path, before.Atime, before.Mtime) })
}

// restore puts a saved state at path, atomically and with its times.
func (u *undoing) restore(path, temp string, st State) error {
	if u.dry != nil {
		if err := u.restorable(st); err != nil {
			return err
		}
	}
	return u.act(effect{path: path, st: st}, func() error { return u.putBack(path, temp, st) })
}

func (u *undoing) putBack(path, temp string, st State) error {
	step("restore")
	if st.Kind == Absent {
		return os.Remove(path)
	}
	if err := u.make(temp, st); err != nil {
		return errors.Join(err, removeTemp(pathText(temp)))
	}
	step("restored beside")
	return os.Rename(temp, path)
}

var errSocket = errors.New("a socket cannot be restored, only its owner makes it")

// make makes a saved file, link or special file under a temporary name.
func (u *undoing) make(temp string, st State) error {
	switch st.Kind {
	case File:
		if err := u.makeFile(temp, st); err != nil {
			return err
		}
	case Link:
		if err := os.Symlink(string(st.Target), temp); err != nil {
			return err
		}
		if err := chown(temp, st.UID, st.GID); err != nil {
			return err
		}
	case Dir: // its time comes last, in folderTimes
		if err := os.Mkdir(temp, 0o700); err != nil {
			return err
		}
		step("folder made")
		return dress(temp, st)
	case Socket:
		return errSocket
	default:
		if err := makeNode(temp, st); err != nil {
			return err
		}
		if err := dress(temp, st); err != nil {
			return err
		}
	}
	step("times")
	return setTimes(temp, st.Atime, st.Mtime)
}

func (u *undoing) makeFile(temp string, st State) error {
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY|noFollow, 0o600)
	if err != nil {
		return err
	}
	err = u.saved.fetch(st.Digest, f)
	step("original fetched")
	if err == nil {
		err = dress(temp, st)
	}
	if err == nil {
		err = SyncData(f)
	}
	return errors.Join(err, f.Close())
}

func (u *undoing) revertMkdir(path string) (string, bool, error) {
	now, err := u.inspect(path)
	switch {
	case err != nil || now.Kind == Absent:
		return "", false, err
	case now.Kind != Dir:
		return "is a " + string(now.Kind) + " now", false, nil
	}
	names, err := u.names(path)
	if err != nil {
		return "", false, err
	}
	if len(names) > 0 {
		return "holds what is not ours: " + listNames(names) + u.dry.unsure(), false, nil
	}
	return "", true, u.act(effect{path: path, st: State{Kind: Absent}}, func() error { return os.Remove(path) })
}

func listNames(names []string) string {
	if more := len(names) - 3; more > 0 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(", and %d more", more)
	}
	return strings.Join(names, ", ")
}

// revertAway moves back what was moved into the saved folder.
func (u *undoing) revertAway(path, to string) (string, bool, error) {
	kept, err := u.inspect(to)
	if err != nil {
		return "", false, err
	}
	now, err := u.inspect(path)
	switch {
	case err != nil:
		return "", false, err
	case kept.Kind == Absent && now.Kind == Absent:
		return "the saved original is gone", false, nil
	case kept.Kind == Absent:
		return "", false, nil
	case now.Kind != Absent:
		return "was made again since", false, nil
	}
	return "", true, u.move(to, path)
}

func (u *undoing) move(from, to string) error {
	return u.act(effect{path: to, from: from}, func() error { return os.Rename(from, to) })
}

func (u *undoing) revertRename(e entry) (string, bool, error) {
	path, to := string(e.Path), string(e.To)
	old, err := u.inspectAll(path)
	if err != nil {
		return "", false, err
	}
	at, err := u.inspectAll(to)
	if err != nil {
		return "", false, err
	}
	if old.differs(*e.Before) == "" {
		if at.differs(*e.Replaced) == "" {
			return "", false, nil
		}
		if at.Kind != Absent {
			return to + " " + at.differs(*e.Replaced), false, nil
		}
		return "", true, u.restore(to, string(e.Temp), *e.Replaced)
	}
	if old.Kind != Absent {
		return old.differs(State{Kind: Absent}), false, nil
	}
	if why := at.differs(*e.Before); why != "" {
		return to + " " + why, false, nil
	}
	if err := u.move(to, path); err != nil {
		return "", false, err
	}
	step("renamed back")
	if e.Replaced.Kind == Absent {
		return "", true, nil
	}
	return "", true, u.restore(to, string(e.Temp), *e.Replaced)
}

// revertAttribute brings back mode, owner or times.
func (u *undoing) revertAttribute(e entry) (string, bool, error) {
	path := string(e.Path)
	now, err := u.inspect(path)
	if err != nil {
		return "", false, err
	}
	if now.Kind != e.Before.Kind {
		return now.differs(*e.Before), false, nil
	}
	want := now
	want.Mode = e.Before.Mode
	chmod := func() error {
		return u.act(effect{path: path, st: want}, func() error { return os.Chmod(path, fileMode(want.Mode)) })
	}
	switch e.Op {
	case opChmod:
		return back(now.Mode, e.Before.Mode, e.After.Mode, "mode changed since", chmod)
	case opChown:
		is, was, ours := [2]int{now.UID, now.GID}, [2]int{e.Before.UID, e.Before.GID}, [2]int{e.After.UID, e.After.GID}
		why, did, err := back(is, was, ours, "owner changed since", func() error {
			st := now
			st.UID, st.GID = was[0], was[1]
			return u.act(effect{path: path, st: st}, func() error { return os.Lchown(path, was[0], was[1]) })
		})
		// Changing an owner clears setuid and setgid, on the way there as on the way back.
		const special = 0o6000
		if err == nil && why == "" && now.Kind != Link && now.Mode&^special == e.Before.Mode&^special {
			want.UID, want.GID = was[0], was[1]
			err = chmod()
		}
		return why, did, err
	}
	if now.Kind == Dir { // folderTimes
		return "", true, nil
	}
	if now.Mtime != e.After.Mtime { // used since: its time is right as it is
		return "", false, nil
	}
	want = now
	want.Mtime = e.Before.Mtime
	return "", true, u.act(effect{path: path, st: want}, func() error { return setTimes(path, e.Before.Atime, e.Before.Mtime) })
}

func back[T comparable](now, before, after T, conflict string, act func() error) (string, bool, error) {
	switch now {
	case before:
		return "", false, nil
	case after:
		return "", true, act()
	}
	return conflict, false, nil
}

// clear removes a temporary file that a killed run may have left.
func (u *undoing) clear(temp pathText) error {
	if u.dry != nil {
		return nil
	}
	return removeTemp(temp)
}

func removeTemp(temp pathText) error {
	if temp == "" {
		return nil
	}
	err := os.Remove(string(temp))
	if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
		return nil
	}
	return err
}

// folderTimes gives the folders in which things came and went their times back, except where somebody else was at work.
func (u *undoing) folderTimes() {
	want := map[string]int64{}
	changed := map[string]bool{} // by what is left there
	for path := range u.stuck {
		changed[filepath.Dir(path)] = true
	}
	first := func(path pathText, mtime int64) {
		if _, ok := want[string(path)]; !ok && !u.foreign[path] && !changed[string(path)] {
			want[string(path)] = mtime
		}
	}
	for _, e := range u.entries {
		if e.Op == opEnd || e.Op == opUndoBegin {
			continue
		}
		for _, f := range e.Folders {
			first(f.Path, f.Mtime)
		}
		if (e.Op == opChtimes || e.Op == opRemove || e.Op == opRename) && e.Before.Kind == Dir {
			first(e.Path, e.Before.Mtime)
		}
	}
	paths := make([]string, 0, len(want))
	for path := range want {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for i := len(paths) - 1; i >= 0; i-- {
		step("folder time")
		restoreFolderTime(filepath.Clean(paths[i]), want[paths[i]])
	}
}

// restoreFolderTime is best effort: a time that cannot be set is not worth failing an undo.
func restoreFolderTime(path string, mtime int64) {
	st, err := inspect(path)
	if err != nil || st.Kind != Dir {
		return
	}
	if st.Mtime != mtime {
		_ = setTimes(path, st.Atime, mtime)
	}
	_ = SyncDir(path)
}
