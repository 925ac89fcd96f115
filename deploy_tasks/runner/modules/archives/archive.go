package archives

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("archive", archive) }

var archiveSpec = kit.Spec{Shared: [][]kit.Arg{kit.FileArgs}, Args: []kit.Arg{
	{Name: "path", Kind: kit.List, Required: true},
	{Name: "format", Kind: kit.Text, Default: "gz", Choices: []string{"bz2", "gz", "tar", "xz", "zip"}},
	{Name: "dest", Kind: kit.Path},
	{Name: "exclude_path", Kind: kit.List},
	{Name: "exclusion_patterns", Kind: kit.List},
	{Name: "force_archive", Kind: kit.Bool, Default: false},
	{Name: "remove", Kind: kit.Bool, Default: false},
}}

// packing is one call of archive.
type packing struct {
	c        *module.Call
	p        *kit.Params
	attrs    kit.Attributes
	format   string
	dest     string
	expanded []string // what path names
	excluded []string // what exclude_path names
	paths    []string // what is to be packed
	missing  []string
	root     string // what the names in the archive leave out
	several  bool   // an archive is made, not a packed file
	entries  []item
	patterns []string
}

// archive packs files and folders of the host.
func archive(c *module.Call) module.Result {
	p, err := archiveSpec.Parse("archive", c)
	if err != nil {
		return kit.Failure(err)
	}
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return kit.Failure(err)
	}
	a := &packing{c: c, p: p, attrs: attrs, format: p.Str("format"), dest: p.Str("dest"), several: p.Flag("force_archive"),
		patterns: kit.ExpandAll(c, p.List("exclusion_patterns"))}
	if failure := a.find(); failure.Failed {
		return failure
	}
	return a.run()
}

// find settles what is packed, under which names and where.
func (a *packing) find() module.Result {
	var globs bool
	a.expanded, globs = expandPaths(a.c, a.p.List("path"))
	a.excluded, _ = expandPaths(a.c, a.p.List("exclude_path"))
	for _, path := range a.expanded {
		if !slices.Contains(a.excluded, path) {
			a.paths = append(a.paths, path)
		}
	}
	slices.Sort(a.paths)
	a.paths = slices.Compact(a.paths)
	given := strings.Join(kit.ExpandAll(a.c, a.p.List("path")), ", ")
	if len(a.paths) == 0 {
		return kit.Failed("Error, no source paths were found", kit.Dict("path", given,
			"expanded_paths", strings.Join(a.expanded, ", "), "expanded_exclude_paths", strings.Join(a.excluded, ", ")))
	}
	a.root = commonFolder(a.paths)
	a.several = a.several || globs || kit.IsDir(a.paths[0]) || len(a.paths) > 1
	if a.dest == "" && a.several {
		return kit.Failed("Error, must specify \"dest\" when archiving multiple files or trees", kit.Dict("dest", nil, "path", given))
	}
	if a.dest == "" {
		a.dest = a.paths[0] + "." + a.format
	}
	for _, path := range a.paths {
		if a.p.Flag("remove") && kit.IsDir(path) && strings.HasPrefix(a.dest, strings.TrimSuffix(path, "/")+"/") {
			return kit.Failed("Error, created archive can not be contained in source paths when remove=true",
				kit.Dict("path", strings.Join(a.paths, ", ")))
		}
		if _, err := os.Lstat(path); err != nil {
			a.missing = append(a.missing, path)
		}
	}
	return module.Result{}
}

func (a *packing) run() module.Result {
	data := kit.Dict("archived", []any{}, "dest", a.dest, "dest_state", "absent", "arcroot", a.root, "missing", kit.Items(a.missing),
		"expanded_paths", kit.Items(a.expanded), "expanded_exclude_paths", kit.Items(a.excluded))
	changed := false
	if len(a.missing) < len(a.paths) {
		var failure module.Result
		if changed, failure = a.pack(data); failure.Failed {
			return failure
		}
	} else if kit.Exists(a.dest) {
		data.Set("dest_state", stateOf(a.dest))
	}
	d := kit.NewDelta(a.c, a.dest)
	if kit.Exists(a.dest) {
		moded, err := a.attrs.Apply(a.c, a.dest, d)
		if err != nil {
			return kit.Failure(err)
		}
		changed = changed || moded
	}
	return kit.Done(changed, data, d)
}

// pack writes the archive unless the one that is there holds the same, and removes the sources if that is asked for.
func (a *packing) pack(data *value.Dict) (bool, module.Result) {
	if errs := a.collect(); len(errs) > 0 {
		return false, kit.Failed(fmt.Sprintf("Errors when writing archive at %s: %s", a.dest, strings.Join(errs, "; ")), nil)
	}
	archived := make([]string, 0, len(a.entries))
	for _, e := range a.entries {
		if a.format != "zip" || e.kind != folder { // as Ansible has it
			archived = append(archived, e.path)
		}
	}
	data.Set("archived", kit.Items(archived))
	data.Set("dest_state", a.state())
	changed, err := a.write()
	if err != nil {
		return false, kit.Failed(fmt.Sprintf("Error when writing %s archive at %s: %s", a.form(), a.dest, kit.Reason(err)), nil)
	}
	if !a.p.Flag("remove") {
		return changed, module.Result{}
	}
	return true, a.remove(archived)
}

// write replaces the archive when it holds something else.
func (a *packing) write() (bool, error) {
	same, err := a.same()
	if same || err != nil || a.c.Check {
		return !same, err
	}
	real := a.dest
	if kit.Exists(real) {
		real = kit.RealPath(real)
	}
	if folder := filepath.Dir(real); !kit.IsDir(folder) {
		return false, &os.PathError{Op: "open", Path: folder, Err: syscall.ENOENT}
	}
	meta, err := a.attrs.Meta(real, infoOf(real))
	if err != nil {
		return false, err
	}
	out, end, err := a.stream()
	if err != nil {
		return false, err
	}
	err = a.c.Log.WriteFile(real, out, meta)
	if ended := end(); err == nil {
		err = ended
	}
	return true, err
}

func infoOf(path string) os.FileInfo {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	return info
}

// state is what has become of dest.
func (a *packing) state() string {
	switch {
	case a.several && len(a.missing) > 0:
		return "incomplete"
	case a.several || a.format == "zip" || a.format == "tar":
		return "archive"
	}
	return "compress"
}

// stateOf tells by its name what a file is that was made before.
func stateOf(dest string) string {
	name := strings.ToLower(kit.LastOf(dest))
	for _, end := range []string{".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".zip"} {
		if strings.HasSuffix(name, end) {
			return "archive"
		}
	}
	return "compress"
}

func (a *packing) form() string {
	if a.format == "zip" || a.format == "tar" {
		return a.format
	}
	return "tar." + a.format
}

// remove removes what was packed, and the folders that were named, whole.
func (a *packing) remove(archived []string) module.Result {
	if a.c.Check {
		return module.Result{}
	}
	var failed []string
	for _, path := range archived {
		if !a.several || kit.Exists(path) {
			if err := a.removed(path); err != nil {
				failed = append(failed, path)
			}
		}
	}
	for _, path := range a.paths {
		if kit.IsDir(path) {
			if err := a.removed(path); err != nil {
				failed = append(failed, path)
			}
		}
	}
	if len(failed) > 0 {
		return kit.Failed("Error deleting some source files: ", kit.Dict("dest", a.dest, "files", kit.Items(failed)))
	}
	return module.Result{}
}

func (a *packing) removed(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 && kit.IsDir(path) {
		return fmt.Errorf("%s is a link to a folder", path)
	}
	return a.c.Log.Remove(strings.TrimRight(path, "/"))
}
