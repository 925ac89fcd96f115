package editing

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("find", find) }

var findSpec = kit.Spec{Args: []kit.Arg{
	{Name: "paths", Kind: kit.List, Required: true, Aliases: []string{"name", "path"}},
	{Name: "patterns", Kind: kit.List, Aliases: []string{"pattern"}},
	{Name: "excludes", Kind: kit.List, Aliases: []string{"exclude"}},
	{Name: "contains", Kind: kit.Text},
	{Name: "read_whole_file", Kind: kit.Bool, Default: false},
	{Name: "file_type", Kind: kit.Text, Default: "file", Choices: []string{"any", "directory", "file", "link"}},
	{Name: "age", Kind: kit.Text},
	{Name: "age_stamp", Kind: kit.Text, Default: "mtime", Choices: []string{"atime", "ctime", "mtime"}},
	{Name: "size", Kind: kit.Text},
	{Name: "recurse", Kind: kit.Bool, Default: false},
	{Name: "hidden", Kind: kit.Bool, Default: false},
	{Name: "follow", Kind: kit.Bool, Default: false},
	{Name: "get_checksum", Kind: kit.Bool, Default: false},
	{Name: "use_regex", Kind: kit.Bool, Default: false},
	{Name: "depth", Kind: kit.Int},
	{Name: "mode", Kind: kit.Raw},
	{Name: "exact_mode", Kind: kit.Bool, Default: true},
	{Name: "encoding", Kind: kit.Text, Default: "utf-8"},
	{Name: "limit", Kind: kit.Int},
}}

// mostFound is how many files a result may describe: it is held in memory, sent, and kept as a variable.
var mostFound = 20000

// find lists the files below some folders that fit. It changes nothing, so a check does the same.
func find(c *module.Call) module.Result {
	p, err := findSpec.Parse("find", c)
	if err != nil {
		return kit.Failure(err)
	}
	f, failed := newFilter(p)
	if failed != nil {
		return *failed
	}
	if p.Has("limit") && p.Int("limit") <= 0 {
		return module.Failure(fmt.Sprintf("limit cannot be %d (use None for unlimited)", p.Int("limit")))
	}
	s := &finding{c: c, p: p, filter: f, limit: int(p.Int("limit")), skipped: kit.Dict()}
	for _, path := range p.List("paths") {
		if s.full() {
			break
		}
		if err := s.below(kit.Absolute(c, kit.Expand(c, path))); err != nil {
			return module.Failure(err.Error())
		}
	}
	return s.result()
}

// finding is a search under way.
type finding struct {
	c        *module.Call
	p        *kit.Params
	filter   *filter
	limit    int // 0: none
	files    []any
	examined int
	skipped  *value.Dict // path to reason
	warned   []any
}

func (s *finding) full() bool { return s.limit > 0 && len(s.files) >= s.limit }

func (s *finding) result() module.Result {
	msg := "All paths examined"
	switch {
	case len(s.warned) > 0:
		msg = "Not all paths examined, check warnings for details"
	case s.full():
		msg = "Limit of matches reached"
	}
	files := s.files
	if files == nil {
		files = []any{}
	}
	data := kit.Dict("files", files, "matched", int64(len(files)), "examined", int64(s.examined), "skipped_paths", s.skipped)
	if len(s.warned) > 0 {
		data.Set("warnings", s.warned)
	}
	return module.Result{Msg: msg, Data: data}
}

// tooMany ends a search that found more than a result may hold.
type tooMany struct{}

func (tooMany) Error() string {
	return fmt.Sprintf("more than %d files match; narrow the search down with patterns, depth or limit", mostFound)
}

// below searches one of the paths. What cannot be searched is skipped with a warning; the error is one of the task.
func (s *finding) below(path string) error {
	err := fmt.Errorf("'%s' is not a directory", path)
	if info, found := os.Stat(path); found == nil && info.IsDir() {
		err = s.walk(filepath.Clean(path), 1, []fs.FileInfo{info})
	}
	if _, many := err.(tooMany); many || s.c.Ctx.Err() != nil {
		return err
	}
	if err != nil {
		s.skipped.Set(path, kit.Reason(err))
		s.warned = append(s.warned, fmt.Sprintf("Skipped '%s' path due to this access issue: %s\n", path, kit.Reason(err)))
	}
	return nil
}

// walk searches a folder, files before folders, and then those below it; depth is that of its entries, way the folders
// that lead to it.
func (s *finding) walk(folder string, depth int64, way []fs.FileInfo) error {
	if err := s.c.Ctx.Err(); err != nil {
		return err
	}
	files, folders, err := s.entries(folder)
	if err != nil {
		return err
	}
	s.examined += len(files) + len(folders)
	if most := s.p.Int("depth"); most != 0 && depth > most {
		return nil
	}
	for _, name := range append(files, folders...) {
		if strings.HasPrefix(name, ".") && !s.p.Flag("hidden") {
			continue
		}
		if err := s.look(filepath.Join(folder, name), name); err != nil {
			return err
		}
		if s.full() {
			return nil
		}
	}
	if !s.p.Flag("recurse") {
		return nil
	}
	for _, name := range folders {
		if err := s.enter(filepath.Join(folder, name), depth+1, way); err != nil || s.full() {
			return err
		}
	}
	return nil
}

// entries are the names in a folder; links to folders are folders. One that may not be read is skipped.
func (s *finding) entries(folder string) (files, folders []string, err error) {
	entries, err := os.ReadDir(folder)
	switch no, _ := kit.ErrnoOf(err); {
	case no == syscall.EPERM || no == syscall.EACCES || no == syscall.ENOENT:
		s.skipped.Set(folder, kit.ReasonAt(err, folder))
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() || entry.Type()&fs.ModeSymlink != 0 && kit.IsDir(filepath.Join(folder, entry.Name())) {
			folders = append(folders, entry.Name())
		} else {
			files = append(files, entry.Name())
		}
	}
	return files, folders, nil
}

// enter searches a folder below. A link is followed when that is wanted and it does not lead back to where we come from.
func (s *finding) enter(folder string, depth int64, way []fs.FileInfo) error {
	if kit.IsLink(folder) && !s.p.Flag("follow") {
		return nil
	}
	info, err := os.Stat(folder)
	if err != nil {
		s.skipped.Set(folder, kit.ReasonAt(err, folder))
		return nil
	}
	for _, above := range way {
		if os.SameFile(above, info) {
			return nil
		}
	}
	return s.walk(folder, depth, append(way[:len(way):len(way)], info))
}

// look adds what is at a path when it fits.
func (s *finding) look(path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		reason := kit.ReasonAt(err, path)
		s.warned = append(s.warned, fmt.Sprintf("Skipped entry '%s' due to this access issue: %s\n", path, reason))
		s.skipped.Set(path, reason)
		return nil
	}
	fits, err := s.filter.fits(path, name, info)
	if err != nil || !fits {
		return err
	}
	if len(s.files) >= mostFound {
		return tooMany{}
	}
	found := kit.Dict("path", path)
	addStatus(found, info)
	if s.p.Flag("get_checksum") && info.Mode().IsRegular() {
		sums, err := kit.Checksums(path, "sha1")
		if err != nil {
			return err
		}
		found.Set("checksum", sums[0])
	}
	s.files = append(s.files, found)
	return nil
}

// addStatus describes a found file as Ansible's find does.
func addStatus(out *value.Dict, info fs.FileInfo) {
	st := kit.StatusOf(info)
	kit.AddType(out, info)
	out.Set("uid", int64(st.UID))
	out.Set("gid", int64(st.GID))
	out.Set("inode", int64(st.Inode))
	out.Set("dev", int64(st.Dev))
	out.Set("nlink", int64(st.Nlink))
	for key, at := range map[string]time.Time{"atime": st.Atime, "mtime": st.Mtime, "ctime": st.Ctime} {
		out.Set(key, kit.Seconds(at))
	}
	out.Set("gr_name", kit.GroupName(st.GID))
	out.Set("pw_name", kit.UserName(st.UID))
	kit.AddPermissions(out, kit.BitsOf(info.Mode()))
}
