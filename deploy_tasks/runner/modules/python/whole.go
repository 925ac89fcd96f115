package python

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"runner/modules/kit"
)

// elsewhere is the option of the task by which packages go where no list of packages is kept, "" when there is none.
func (j *job) elsewhere() string {
	for _, option := range [][2]string{{"t", "--target"}, {"", "--prefix"}, {"", "--root"}} {
		if slices.ContainsFunc(j.extra, func(word string) bool { return isOption(word, option[0], option[1]) }) {
			return option[1]
		}
	}
	return ""
}

// warned does what cannot be taken back, and says so in the journal.
func (j *job) warned(option string, act func() (bool, error)) (bool, error) {
	changed, err := act()
	if err != nil || changed {
		err = errors.Join(err, j.c.Log.Warn("pip with "+option+": what it has put there stays"))
	}
	return changed, err
}

// isOption tells whether a word is an option of pip, which also reads its value without a blank (-tDIR, --target=DIR), short
// options in one word (-Ut) and the beginning of a long name (--targ).
func isOption(word, short, long string) bool {
	name, _, _ := strings.Cut(word, "=")
	if strings.HasPrefix(word, "--") {
		return len(name) > 3 && name != "--pre" && strings.HasPrefix(long, name)
	}
	letters, ok := strings.CutPrefix(word, "-")
	return ok && short != "" && strings.HasPrefix(strings.TrimLeft(letters, withoutValue), short)
}

// withoutValue are the short options of pip that take no value.
const withoutValue = "IUhqvV"

// whole runs pip with all that is installed kept: for what pip cannot tell before. What a new package puts into other
// folders is told by its list of files only afterwards.
func (j *job) whole(s site, err error) (changed bool, _ error) {
	if err != nil {
		return false, err
	}
	paths := append(slices.Clone(s.folders), s.scripts, filepath.Join(j.dir, "src"))
	if j.env != "" || kit.Exists(filepath.Join(s.prefix, "pyvenv.cfg")) {
		paths[len(paths)-1] = filepath.Join(s.prefix, "src")
		for _, name := range []string{"etc", "include", "man", "share"} {
			paths = append(paths, filepath.Join(s.prefix, name))
		}
	}
	before, err := s.outside(paths)
	if err != nil {
		return false, err
	}
	err = j.c.Log.Around(append(paths, before...), "pip "+j.state, func() error {
		var err error
		changed, err = j.perform()
		return err
	})
	return changed, errors.Join(err, j.remark(s, paths, before))
}

// remark notes which files of packages an undo will leave.
func (j *job) remark(s site, paths, before []string) error {
	now, err := s.outside(paths)
	left := slices.DeleteFunc(now, func(path string) bool { return slices.Contains(before, path) })
	if err != nil || len(left) == 0 {
		return err
	}
	shown := strings.Join(left[:min(len(left), 3)], ", ")
	if more := len(left) - 3; more > 0 {
		shown += ", and " + strconv.Itoa(more) + " more"
	}
	return j.c.Log.Warn("pip " + j.state + ": what it has put elsewhere stays: " + shown)
}

// outside are the files of all packages that are below none of these folders.
func (s site) outside(folders []string) ([]string, error) {
	var out []string
	for _, dir := range s.folders {
		owned, err := lot{dir: dir}.owned(func(string) bool { return true })
		if err != nil {
			return nil, err
		}
		for path := range owned {
			if !slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(path, folder+"/") }) {
				out = append(out, path)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}
