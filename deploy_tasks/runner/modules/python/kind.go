package python

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"runner/change"
	"runner/fmt"
	"runner/hashing"
	"runner/hex"
	"runner/modules/kit"
	"runner/value"
)

func init() { change.RegisterKind(kindName, fresh{}) }

const (
	kindName = "Python packages"
	inFolder = " in "
	below    = " of "
	besides  = " besides "
)

// fresh is the kind of packages that one step adds. Its name lists them, their folder, whose files they may have besides,
// and the descriptions that were there before, whose files are kept in another way:
// "six in /srv/venv/lib/python3.11/site-packages of /srv/venv besides six-1.15.dist-info".
type fresh struct{}

func kindNameOf(dir, prefix string, names []string) string {
	var old []string
	found, _ := infos(dir)
	for info, name := range found {
		if slices.Contains(names, name) {
			old = append(old, info)
		}
	}
	names = slices.Clone(names)
	slices.Sort(names)
	slices.Sort(old)
	return strings.Join(slices.Compact(names), " ") + inFolder + dir + below + prefix + besides + strings.Join(old, " ")
}

// nameable tells whether the folders can stand in a name of the kind.
func (s site) nameable() bool {
	for _, dir := range append(slices.Clone(s.folders), s.prefix) {
		if strings.Contains(dir, inFolder) || strings.Contains(dir, below) || strings.Contains(dir, besides) {
			return false
		}
	}
	return true
}

// lot is what a name of the kind says.
type lot struct {
	names, old  []string
	dir, prefix string
}

func lotOf(name string) lot {
	names, rest, _ := strings.Cut(name, inFolder)
	rest, old, _ := strings.Cut(rest, besides)
	dir, prefix, _ := strings.Cut(rest, below)
	return lot{strings.Fields(names), strings.Fields(old), dir, prefix}
}

// added are the descriptions of new packages.
func (l lot) added() ([]string, error) {
	found, err := infos(l.dir)
	var out []string
	for info, name := range found {
		if slices.Contains(l.names, name) && !slices.Contains(l.old, info) {
			out = append(out, info)
		}
	}
	slices.Sort(out)
	return out, err
}

// Inspect implements change.Kind: the new packages, with a sum of their lists of files, and what no package's list names.
func (fresh) Inspect(_ change.Tools, name string) (any, error) {
	l := lotOf(name)
	added, err := l.added()
	if err != nil {
		return nil, err
	}
	out := value.NewDict()
	for _, info := range added {
		text, err := readList(filepath.Join(l.dir, info, "RECORD"))
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
		sum := hashing.Sum([]byte(text))
		out.Set(info, hex.EncodeToString(sum[:]))
	}
	strays, err := l.strays()
	if err != nil {
		return nil, err
	}
	return value.DictOf("added", out, "strays", strays), nil
}

// strays are entries of the folder that belong to no package: an installation that was cut off leaves such.
func (l lot) strays() ([]any, error) {
	owned, err := l.owned(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	tops := map[string]bool{}
	for path := range owned {
		tops[top(l.dir, path)] = true
	}
	names, err := os.ReadDir(l.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []any
	for _, n := range names {
		path := filepath.Join(l.dir, n.Name())
		described := strings.HasSuffix(path, ".dist-info") || strings.HasSuffix(path, ".egg-info")
		if !tops[path] && !described && n.Name() != "__pycache__" {
			out = append(out, n.Name())
		}
	}
	return out, nil
}

// straysOf are the entries that belonged to no package before; where one is among the files of a new package, it was kept
// in another way and is back already.
func straysOf(before any) []any {
	was, _ := before.(*value.Dict)
	if was == nil {
		return nil
	}
	old, _ := was.Get("strays")
	kept, _ := value.Items(old)
	return kept
}

// exposed are the strays that a new package of these names may overwrite: files, and folders of such a name.
func exposed(dir string, names []string) ([]string, error) {
	all, err := lot{dir: dir}.strays()
	var out []string
	for _, name := range kit.Texts(all) {
		path := filepath.Join(dir, name)
		if !kit.IsDir(path) || slices.Contains(names, canonical(name)) {
			out = append(out, path)
		}
	}
	return out, err
}

// owned are the files that the lists of packages name, of those packages whose description is wanted.
func (l lot) owned(want func(info string) bool) (map[string]bool, error) {
	found, err := infos(l.dir)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for info := range found {
		if !want(info) {
			continue
		}
		paths, err := listed(l.dir, info)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			out[path] = true
		}
	}
	return out, nil
}

// Restore implements change.Kind: it removes the files of new packages, but for those that another package has too.
func (fresh) Restore(_ change.Tools, name string, before, _ any) error {
	l := lotOf(name)
	added, err := l.added()
	if err != nil {
		return err
	}
	others, err := l.owned(func(info string) bool { return !slices.Contains(added, info) })
	if err != nil {
		return err
	}
	theirs := straysOf(before)
	for _, info := range added {
		paths, err := listed(l.dir, info)
		if err != nil {
			return err
		}
		paths = slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(theirs, any(filepath.Base(top(l.dir, path)))) })
		if err := l.remove(paths, others); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(l.dir, info)); err != nil {
			return err
		}
	}
	return l.sweep(before)
}

// remove removes files, what Python has compiled of them, and folders that are left empty.
func (l lot) remove(paths []string, others map[string]bool) error {
	for _, path := range paths {
		if others[path] {
			continue
		}
		if !l.holds(path) {
			return fmt.Errorf("its list of files names %s, which is not below %s", path, l.prefix)
		}
		doomed := []string{path}
		if base, ok := strings.CutSuffix(filepath.Base(path), ".py"); ok {
			compiled, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "__pycache__", base+".*.pyc"))
			doomed = append(doomed, compiled...)
		}
		for _, path := range doomed {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) && !errors.Is(err, syscall.ENOTDIR) {
				return err
			}
			l.tidy(filepath.Dir(path))
		}
	}
	return nil
}

// holds tells whether a path is below the folders, also where links lead: an undo has root's rights, and the folders may be
// those of a user.
func (l lot) holds(path string) bool {
	real := filepath.Join(kit.RealPath(filepath.Dir(path)), filepath.Base(path))
	return slices.ContainsFunc([]string{l.dir, l.prefix}, func(folder string) bool {
		return strings.HasPrefix(path, folder+"/") && strings.HasPrefix(real, strings.TrimSuffix(kit.RealPath(folder), "/")+"/")
	})
}

// tidy removes empty folders upwards, within the folder of packages.
func (l lot) tidy(dir string) {
	for strings.HasPrefix(dir, l.dir+"/") && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
}

// sweep removes what belongs to no package and was not there before.
func (l lot) sweep(before any) error {
	kept := straysOf(before)
	now, err := l.strays()
	if err != nil {
		return err
	}
	for _, name := range now {
		if slices.Contains(kept, name) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(l.dir, name.(string))); err != nil {
			return err
		}
	}
	return nil
}
