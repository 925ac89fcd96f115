package synchronize

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

const (
	newFolder  = 0o755
	usualUmask = 0o022
)

// run sends everything, files before the folders beside them, and then removes what is too much.
func (s *syncing) run() error {
	if err := s.send("."); err != nil {
		return err
	}
	if !s.p.Flag("delete") {
		return nil
	}
	if s.isTop() {
		return s.prune(".")
	}
	for _, folder := range s.below["."].folders {
		if err := s.prune(folder); err != nil {
			return err
		}
	}
	return nil
}

// send brings what a folder holds.
func (s *syncing) send(folder string) error {
	in := s.below[folder]
	slices.Sort(in.files)
	slices.Sort(in.folders)
	for _, name := range in.files {
		if err := s.file(name, s.files[name]); err != nil {
			return err
		}
	}
	for _, name := range in.folders {
		there, err := s.mkdir(name)
		if err == nil && (there || !s.p.Flag("existing_only")) {
			err = s.send(name)
		}
		if err == nil {
			err = s.c.Ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look is what is at a name's place; nil where a check only thinks of its folder.
func (s *syncing) look(name string) (fs.FileInfo, error) {
	if s.c.Check && s.made[filepath.Dir(name)] {
		return nil, nil
	}
	info, err := os.Lstat(s.place(name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return info, err
}

// mkdir makes a folder; there: it was one already.
func (s *syncing) mkdir(name string) (there bool, err error) {
	info, err := s.look(name)
	if err != nil {
		return false, err
	}
	if info != nil && info.IsDir() {
		return true, nil
	}
	if info == nil && s.p.Flag("existing_only") {
		return false, nil
	}
	s.tell("cd+++++++++ " + name + "/")
	s.made[name] = true
	if s.c.Check {
		return false, nil
	}
	if info != nil {
		if err := s.c.Log.Remove(s.place(name)); err != nil {
			return false, err
		}
	}
	return false, s.c.Log.Mkdir(s.place(name), newFolder)
}

func (s *syncing) file(name string, e module.Entry) error {
	info, err := s.look(name)
	if err != nil {
		return err
	}
	if info == nil && s.p.Flag("existing_only") {
		return nil
	}
	if info != nil && info.IsDir() {
		if err := s.makeWay(name); err != nil {
			return err
		}
		info = nil
	}
	if info == nil || !info.Mode().IsRegular() {
		s.tell("<f+++++++++ " + name)
		return s.write(name, e, nil)
	}
	mode := "."
	if s.perms && kit.BitsOf(info.Mode()) != kit.BitsOf(e.Mode) {
		mode = "p"
	}
	same, err := s.same(name, e, info)
	if err != nil {
		return err
	}
	if !same {
		size := "."
		if info.Size() != e.Size {
			size = "s"
		}
		s.tell("<fc" + size + "T" + mode + "..... " + name)
		return s.write(name, e, info)
	}
	if mode == "." {
		return nil
	}
	s.tell(".f...p..... " + name)
	if s.c.Check {
		return nil
	}
	return s.c.Log.Chmod(s.place(name), e.Mode)
}

func (s *syncing) same(name string, e module.Entry, info fs.FileInfo) (bool, error) {
	if info.Size() != e.Size {
		return false, nil
	}
	sums, err := kit.Checksums(s.place(name), "sha256")
	return err == nil && sums[0] == e.Digest, err
}

// write puts a file at its place. It belongs to who deploys, as every file that rsync makes without --owner.
func (s *syncing) write(name string, e module.Entry, now fs.FileInfo) error {
	if s.c.Check {
		return nil
	}
	mode := e.Mode
	switch {
	case s.perms:
	case now != nil:
		mode = kit.ModeOf(kit.BitsOf(now.Mode()))
	default:
		mode = kit.ModeOf(kit.BitsOf(e.Mode) &^ usualUmask)
	}
	meta := change.Meta{Mode: &mode, Size: e.Size}
	if uid, gid := kit.Acting(s.c); uid >= 0 {
		meta.UID, meta.GID = &uid, &gid
	}
	in, err := s.c.Files.Open(e)
	if err != nil {
		return err
	}
	err = s.c.Log.WriteFile(s.place(name), in, meta)
	if closed := in.Close(); err == nil {
		err = closed
	}
	return err
}

// makeWay removes a folder where a file is to come: an empty one, or with delete any.
func (s *syncing) makeWay(name string) error {
	names, err := os.ReadDir(s.place(name))
	if err != nil {
		return err
	}
	whole := true
	if len(names) > 0 && s.p.Flag("delete") {
		whole, err = s.clear(name)
	} else if len(names) > 0 {
		whole = false
	}
	if err == nil && !whole {
		err = fmt.Errorf("could not make way for new regular file: %s", name)
	}
	if err != nil || s.c.Check {
		return err
	}
	return s.c.Log.Remove(s.place(name))
}
