package synchronize

import (
	"os"
	"path"
	"slices"
)

// prune removes what a folder holds too much, and then what those within it do.
func (s *syncing) prune(folder string) error {
	if s.made[folder] {
		return nil // nothing was in it
	}
	here := s.below[folder]
	names, err := listed(s.place(folder))
	if err != nil {
		if os.IsNotExist(err) {
			return nil // it is new, and existing_only
		}
		return err
	}
	for _, each := range names {
		name := path.Join(folder, each.name)
		if s.files[name].Name != "" || s.below[name] != nil {
			continue
		}
		if _, err := s.delete(name, each.folder); err != nil {
			return err
		}
	}
	for _, name := range here.folders {
		if err := s.prune(name); err != nil {
			return err
		}
	}
	return nil
}

type found struct {
	name   string
	folder bool
}

// listed is what a folder holds, in the order in which rsync removes it: folders first, the last ones first.
func listed(place string) ([]found, error) {
	entries, err := os.ReadDir(place) // by name
	if err != nil {
		return nil, err
	}
	var files, folders []found
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, found{e.Name(), true})
		} else {
			files = append(files, found{e.Name(), false})
		}
	}
	all := append(files, folders...)
	slices.Reverse(all)
	return all, nil
}

// delete removes a file or a folder with all in it; false when something in it, or itself, is kept by an --exclude.
func (s *syncing) delete(name string, folder bool) (whole bool, err error) {
	if excludes(s.rules, name, folder) {
		return false, nil
	}
	shown := name
	if folder {
		if whole, err := s.clear(name); err != nil || !whole {
			if err == nil {
				s.output = append(s.output, "cannot delete non-empty directory: "+name)
			}
			return false, err
		}
		shown += "/"
	}
	s.tell("*deleting   " + shown)
	if s.c.Check {
		return true, nil
	}
	return true, s.c.Log.Remove(s.place(name))
}

// clear empties a folder.
func (s *syncing) clear(folder string) (whole bool, err error) {
	names, err := listed(s.place(folder))
	if err != nil {
		return false, err
	}
	whole = true
	for _, each := range names {
		gone, err := s.delete(path.Join(folder, each.name), each.folder)
		if err != nil {
			return false, err
		}
		whole = whole && gone
	}
	return whole, nil
}
