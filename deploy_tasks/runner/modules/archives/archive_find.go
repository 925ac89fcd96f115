package archives

import (
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// item is a file, folder or link on its way into an archive.
type item struct {
	path, name string
	kind       byte
	link       string // target of a symbolic link, or the name of the member that a hard link is another name of
	info       fs.FileInfo
	sum        uint32 // of a file's content
}

// expandPaths replaces patterns by what they match. globs: there was one.
func expandPaths(c *module.Call, paths []string) (found []string, globs bool) {
	for _, path := range kit.ExpandAll(c, paths) {
		path = kit.Absolute(c, path)
		if !strings.ContainsAny(path, "*?") {
			found = append(found, path)
			continue
		}
		globs = true
		matched, _ := filepath.Glob(strings.ReplaceAll(path, "[!", "[^")) // a broken pattern matches nothing
		for _, each := range matched {
			if shownBy(path, each) {
				found = append(found, each)
			}
		}
	}
	return found, globs
}

// shownBy tells whether a match is one for Python too: a name that begins with a dot is only matched by one.
func shownBy(pattern, path string) bool {
	patterns, names := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i := range min(len(patterns), len(names)) {
		if strings.HasPrefix(names[i], ".") && !strings.HasPrefix(patterns[i], ".") {
			return false
		}
	}
	return true
}

// commonFolder is the nearest folder that all paths are in, with a slash at its end.
func commonFolder(paths []string) string {
	common := ""
	for i, path := range paths {
		dir := strings.TrimSuffix(path[:strings.LastIndexByte(path, '/')+1], "/") + "/"
		if i == 0 {
			common = dir
		}
		for !strings.HasPrefix(dir, common) {
			common = common[:len(common)-1]
		}
	}
	return common[:strings.LastIndexByte(common, '/')+1]
}

// collect lists what is packed, in the order of names, and words what cannot be.
func (a *packing) collect() []string {
	w := &collecting{packing: a, first: map[[2]uint64]string{}}
	for _, path := range a.paths {
		if _, err := os.Lstat(path); err != nil {
			continue // it is among those that are missing
		}
		if a.several && kit.IsDir(path) {
			w.folder(path)
			continue
		}
		w.add(path)
	}
	return w.errs
}

type collecting struct {
	*packing
	first map[[2]uint64]string // the name of the first member for a file with several names
	errs  []string
}

// folder adds everything below path, which itself gets no entry.
func (w *collecting) folder(path string) {
	names, err := os.ReadDir(path)
	if err != nil || w.c.Ctx.Err() != nil {
		return // as with Ansible, which passes over what it cannot list
	}
	sort.SliceStable(names, func(i, j int) bool { return names[i].IsDir() && !names[j].IsDir() })
	for _, name := range names {
		w.add(filepath.Join(path, name.Name()))
	}
	for _, name := range names {
		if name.IsDir() {
			w.folder(filepath.Join(path, name.Name()))
		}
	}
}

func (w *collecting) add(path string) {
	if path == w.dest {
		return // an archive does not hold itself
	}
	e := item{path: path, name: strings.TrimLeft(strings.TrimPrefix(path, w.root), "/")}
	judged := e.name
	if w.format == "zip" {
		judged = path
	}
	for _, p := range w.patterns {
		if matches(p, judged) && (w.several || w.format == "zip" || w.format == "tar") {
			return
		}
	}
	if len(w.entries) >= maxMembers {
		w.errs = append(w.errs, fmt.Sprintf("%s: the archive has more than %d members", path, maxMembers))
		w.entries = w.entries[:0]
	}
	ok, err := w.describe(&e)
	if err != nil {
		w.errs = append(w.errs, path+": "+kit.Reason(err))
	}
	if ok && err == nil {
		w.entries = append(w.entries, e)
	}
}

// describe looks at a path; false: nothing of the kind goes into an archive.
func (w *collecting) describe(e *item) (bool, error) {
	look := os.Lstat
	if w.format == "zip" || !w.several && w.format != "tar" {
		look = os.Stat // links are followed
	}
	var err error
	if e.info, err = look(e.path); err != nil {
		return false, err
	}
	switch mode := e.info.Mode(); {
	case mode.IsDir():
		e.kind = folder
	case mode&fs.ModeSymlink != 0:
		e.kind = symlink
		e.link, err = os.Readlink(e.path)
	case mode.IsRegular():
		e.kind = regular
		if e.link = w.twin(e); e.link != "" {
			e.kind = hardlink
			return true, nil
		}
		e.sum, err = e.content()
	case mode&fs.ModeSocket != 0:
		return false, nil
	default:
		err = errors.New("is neither a file, nor a folder, nor a link")
	}
	return true, err
}

// twin is the name of the member that already has the content of this file, of a tar archive.
func (w *collecting) twin(e *item) string {
	st := kit.StatusOf(e.info)
	if w.format == "zip" || !w.several || st.Nlink < 2 {
		return ""
	}
	key := [2]uint64{st.Dev, st.Inode}
	if name := w.first[key]; name != "" {
		return name
	}
	w.first[key] = e.name
	return ""
}

// open opens the file that was looked at. It is read first with the rights of the task and packed later with those of
// the runner, so another file in its place is refused: its owner might have put a link to somebody else's there. A pipe
// in its place does not make the opening wait.
func (e *item) open() (*os.File, error) {
	f, err := os.OpenFile(e.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(e.info, info) {
		err = fmt.Errorf("%s was replaced while it was packed", e.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// content is the sum of the file's content.
func (e *item) content() (uint32, error) {
	f, err := e.open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, f)
	return sum.Sum32(), err
}
