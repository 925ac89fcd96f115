package accounts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/modules/kit"
)

// newPaths are what useradd may make besides the lines of the account.
func (t *userTask) newPaths() []string {
	paths := []string{}
	if mail := t.mailbox(); !exists(mail) {
		paths = append(paths, mail)
	}
	home := t.p.Str("home")
	if home == "" {
		home = filepath.Join(defaultHomes(readDatabase("default/useradd")), t.name)
	}
	if t.p.Flag("create_home") && !exists(home) {
		paths = append(paths, topMissing(home))
	}
	return paths
}

// defaultHomes is the folder of new homes.
func defaultHomes(settings string) string {
	if dir := setting(settings, "HOME"); strings.HasPrefix(dir, "/") {
		return dir
	}
	return "/home"
}

// topMissing is path, or the folder above it that has to be made first.
func topMissing(path string) string {
	for parent := filepath.Dir(path); !exists(parent) && parent != path; parent = filepath.Dir(path) {
		path = parent
	}
	return path
}

// mailbox is where the user's mail lies.
func (t *userTask) mailbox() string {
	dir := loginDefs("MAIL_DIR")
	if !strings.HasPrefix(dir, "/") {
		dir = "/var/mail"
	}
	return filepath.Join(dir, t.name)
}

// makeHome makes a home with its parents and fills it with what new homes hold.
func (t *userTask) makeHome(home string) error {
	if exists(home) {
		return nil
	}
	if _, err := kit.MakeFolders(t.c, filepath.Dir(home), kit.Attributes{}); err != nil {
		return err
	}
	skeleton := "/etc/skel"
	if t.p.Has("skeleton") {
		skeleton = t.p.Str("skeleton")
	}
	var err error
	if kit.IsDir(skeleton) {
		err = t.copyTree(skeleton, home)
	} else {
		err = t.c.Log.Mkdir(home, 0o755)
	}
	if mode, known := homeMode(readDatabase("login.defs")); known && err == nil {
		err = t.c.Log.Chmod(home, kit.ModeOf(mode))
	}
	return err
}

// homeMode is the mode of new homes; false when the tools have no settings.
func homeMode(settings string) (uint32, bool) {
	if settings == "" {
		return 0, false
	}
	if mode, err := strconv.ParseUint(setting(settings, "HOME_MODE"), 8, 12); err == nil {
		return uint32(mode), true
	}
	if umask, err := strconv.ParseUint(setting(settings, "UMASK"), 8, 12); err == nil {
		return 0o777 &^ uint32(umask), true
	}
	return 0o755, true
}

// copyTree copies a folder with all in it; modes and times too, links as links.
func (t *userTask) copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := t.c.Log.Mkdir(to, kit.ModeOf(kit.BitsOf(info.Mode()))); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	for _, entry := range entries {
		if err == nil {
			err = t.copyEntry(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()), entry.Type())
		}
	}
	return err
}

func (t *userTask) copyEntry(from, to string, kind fs.FileMode) error {
	switch {
	case kind.IsDir():
		return t.copyTree(from, to)
	case kind&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return t.c.Log.Symlink(target, to)
	case !kind.IsRegular():
		return errors.New(from + " is no file: it cannot be copied into a home")
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	mode, mtime := kit.ModeOf(kit.BitsOf(info.Mode())), info.ModTime()
	return t.c.Log.WriteFile(to, in, change.Meta{Mode: &mode, Mtime: &mtime, Size: info.Size()})
}

// giveHome gives a home with all in it to its user.
func (t *userTask) giveHome(to account, home string) error {
	return filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return t.c.Log.Chown(path, to.uid, to.gid)
	})
}
