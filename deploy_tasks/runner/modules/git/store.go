package git

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

func init() { change.RegisterKind(kindName, store{}) }

const (
	kindName = "git store"
	// mostNames is how many files the stores of one repository may have: more than that are packed by git itself.
	mostNames = 200_000
)

// store is the kind of the objects of a repository, whose name is the repository's folder. Objects never change: those
// that are new go with an undo, and nothing of the others has to be kept. Submodules have their repositories within.
type store struct{}

// Inspect implements change.Kind: the files of the stores by name, their folders with times, and the same for submodules.
func (store) Inspect(_ change.Tools, dir string) (any, error) {
	left := mostNames
	v, err := inspectStore(dir, &left)
	if v == nil {
		return nil, err
	}
	return v, err
}

func inspectStore(dir string, left *int) (*value.Dict, error) {
	if _, err := os.Lstat(dir); os.IsNotExist(err) {
		return nil, nil
	}
	out := value.NewDict()
	for _, name := range stores {
		if err := list(dir, name, out, left); err != nil {
			return nil, err
		}
	}
	found, err := repositories(filepath.Join(dir, "modules"), "")
	if err != nil {
		return nil, err
	}
	modules := value.NewDict()
	for _, name := range found {
		inner, err := inspectStore(filepath.Join(dir, "modules", name), left)
		if err != nil {
			return nil, err
		}
		modules.Set(name, inner)
	}
	out.Set("modules", modules)
	return out, nil
}

// list notes all files below a folder of a repository: for each folder its time and the names in it, a folder's with a slash.
func list(dir, name string, out *value.Dict, left *int) error {
	path := filepath.Join(dir, name)
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return nil
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	var files []any
	for _, n := range names {
		if n.IsDir() {
			if err := list(dir, name+"/"+n.Name(), out, left); err != nil {
				return err
			}
			continue
		}
		if *left--; *left < 0 {
			return fmt.Errorf("%s has more than %d files of objects: run git gc there first", dir, mostNames)
		}
		files = append(files, n.Name())
	}
	out.Set(name, value.DictOf("time", info.ModTime().UnixNano(), "files", files))
	return nil
}

// repositories are the folders below one that hold repositories, however deep their names go.
func repositories(root, at string) ([]string, error) {
	path := filepath.Join(root, at)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil, nil // there are no submodules
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return nil, nil // nor any that could be seen
	}
	var out []string
	for _, n := range names {
		name := filepath.Join(at, n.Name())
		if !n.IsDir() {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, name, "HEAD")); err == nil {
			out = append(out, name)
			continue
		}
		deeper, err := repositories(root, name)
		if err != nil {
			return nil, err
		}
		out = append(out, deeper...)
	}
	return out, nil
}

// Restore implements change.Kind: it removes what was not there.
func (store) Restore(_ change.Tools, dir string, before, _ any) error {
	was, _ := before.(*value.Dict)
	if was == nil {
		return os.RemoveAll(dir)
	}
	return shrink(dir, was)
}

func shrink(dir string, was *value.Dict) error {
	for _, name := range stores {
		if err := shrinkFolder(dir, name, was); err != nil {
			return err
		}
	}
	modules := value.NewDict()
	modules.Update(record.Of(was).Dict("modules"))
	found, err := repositories(filepath.Join(dir, "modules"), "")
	if err != nil {
		return err
	}
	for _, name := range found {
		path := filepath.Join(dir, "modules", name)
		inner, _ := modules.Get(name)
		if known, ok := inner.(*value.Dict); ok {
			err = shrink(path, known)
		} else {
			err = removeUp(path, dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeUp removes a repository, and the folders above it that are left empty.
func removeUp(path, dir string) error {
	err := os.RemoveAll(path)
	for path = filepath.Dir(path); err == nil && path != dir && os.Remove(path) == nil; path = filepath.Dir(path) {
	}
	return err
}

func shrinkFolder(dir, name string, was *value.Dict) error {
	path := filepath.Join(dir, name)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() { // where a link leads nothing is ours
		return nil
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	kept, known := was.Get(name)
	if !known {
		return os.RemoveAll(path)
	}
	files := record.Of(kept).Texts("files")
	for _, n := range names {
		if n.IsDir() {
			err = shrinkFolder(dir, name+"/"+n.Name(), was)
		} else if !slices.Contains(files, n.Name()) {
			err = os.Remove(filepath.Join(path, n.Name()))
		}
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	when := time.Unix(0, record.Of(kept).Int64("time"))
	return os.Chtimes(path, when, when)
}

// within are the repositories of submodules in one, itself first.
func within(dir string) []string {
	out := []string{dir}
	found, _ := repositories(filepath.Join(dir, "modules"), "")
	for _, name := range found {
		out = append(out, within(filepath.Join(dir, "modules", name))...)
	}
	return out
}

// readSmall reads a file that is a few lines long.
func readSmall(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > 1<<20 {
		return "", &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("has more than 1 MiB")}
	}
	text, err := os.ReadFile(path)
	return strings.TrimRight(string(text), "\n"), err
}
