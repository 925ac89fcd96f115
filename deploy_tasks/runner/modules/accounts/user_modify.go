package accounts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"runner/modules/kit"
)

// usermod changes the account. What the tool would do to the files of a home is done here, so that an undo needs no copy
// of the whole home.
func (t *userTask) usermod(argv []string) error {
	moves := slices.Contains(argv, "-d") && t.p.Flag("move_home")
	old, new := t.now.home, t.p.Str("home")
	moves = moves && kit.IsDir(old)
	if moves && exists(new) {
		t.out = said{12, "", "usermod: directory " + new + " exists\n"}
		return nil
	}
	if moves {
		if err := t.moveHome(old, new); err != nil {
			return err
		}
	}
	var passed []owner
	err := t.passOn(argv, &passed)
	if err == nil {
		_, err = t.run("usermod", argv, t.mailPaths())
	}
	if err == nil && t.out.code == 0 {
		return nil
	}
	for _, o := range slices.Backward(passed) {
		err = errors.Join(err, t.c.Log.Chown(o.path, o.uid, o.gid))
	}
	if moves {
		err = errors.Join(err, t.moveHome(new, old))
	}
	return err
}

// mailPaths is the mailbox when it gets another owner.
func (t *userTask) mailPaths() []string {
	if t.p.Has("uid") && t.p.Int("uid") != int64(t.now.uid) {
		return []string{t.mailbox()}
	}
	return nil
}

// moveHome puts the home at its new place.
func (t *userTask) moveHome(old, new string) error {
	err := t.c.Log.Rename(old, new)
	if errors.Is(err, syscall.EXDEV) {
		return errors.New("cannot move " + old + " to " + new + ": that is another file system; copy it, and set home without move_home")
	}
	return err
}

// owner is whom a path belonged to.
type owner struct {
	path     string
	uid, gid int
}

// passOn gives the files of a home to the user's new number and group, as usermod does to a home of the user's own, and
// notes whose they were.
func (t *userTask) passOn(argv []string, passed *[]owner) error {
	home, uid, gid := t.now.home, t.now.uid, t.now.gid
	if slices.Contains(argv, "-d") {
		home = t.p.Str("home")
	}
	if slices.Contains(argv, "-u") {
		uid = int(t.p.Int("uid"))
	}
	if own, there := teamOf(t.c, t.p.Str("group")); there && slices.Contains(argv, "-g") {
		gid = own.gid
	}
	info, err := os.Lstat(home)
	if err != nil || uid == t.now.uid && gid == t.now.gid {
		return nil
	}
	if has := kit.StatusOf(info).UID; has != t.now.uid && has != uid {
		return nil
	}
	return filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		st := kit.StatusOf(info)
		to := owner{path, swapped(st.UID, t.now.uid, uid), swapped(st.GID, t.now.gid, gid)}
		if to.uid == st.UID && to.gid == st.GID {
			return nil
		}
		*passed = append(*passed, owner{path, st.UID, st.GID})
		return t.c.Log.Chown(path, to.uid, to.gid)
	})
}

// swapped is new where now is old.
func swapped(now, old, new int) int {
	if now == old {
		return new
	}
	return now
}
