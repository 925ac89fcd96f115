// Package archives is the part of the runner that unpacks archives.
package archives

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("unarchive", unarchive) }

var unarchiveSpec = kit.Spec{Shared: [][]kit.Arg{kit.FileArgs}, Exclusive: [][]string{{"include", "exclude"}, {"copy", "remote_src"}},
	Args: []kit.Arg{
		{Name: "src", Kind: kit.Text, Required: true},
		{Name: "dest", Kind: kit.Path, Required: true},
		{Name: "remote_src", Kind: kit.Bool},
		{Name: "copy", Kind: kit.Bool},
		{Name: "creates", Kind: kit.Path},
		{Name: "list_files", Kind: kit.Bool, Default: false},
		{Name: "keep_newer", Kind: kit.Bool, Default: false},
		{Name: "exclude", Kind: kit.List},
		{Name: "include", Kind: kit.List},
		{Name: "extra_opts", Kind: kit.List},
		{Name: "validate_certs", Kind: kit.Bool, Default: true},
		{Name: "decrypt", Kind: kit.Bool, Default: true},
		{Name: "io_buffer_size", Kind: kit.Int},
	}}

// unpacking is one call of unarchive.
type unpacking struct {
	c       *module.Call
	p       *kit.Params
	attrs   kit.Attributes
	src     source
	dest    string
	root    bool
	strip   int      // parts of the names that are left out
	names   []string // of the members, as lists show them
	places  []string
	differs map[int]bool    // members by their number
	renewed map[string]bool // places that get another file
	found   map[string]bool
}

// unarchive unpacks an archive into a folder, unless everything in it is there already.
func unarchive(c *module.Call) module.Result {
	p, err := unarchiveSpec.Parse("unarchive", c)
	if err != nil {
		return kit.Failure(err)
	}
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return kit.Failure(err)
	}
	uid, _ := kit.Acting(c)
	u := &unpacking{c: c, p: p, attrs: attrs, dest: filepath.Clean(p.Str("dest")), root: uid == 0,
		differs: map[int]bool{}, renewed: map[string]bool{}, found: map[string]bool{}}
	remote := p.Flag("remote_src") || p.Has("copy") && !p.Flag("copy")
	switch {
	case p.Str("creates") != "" && kit.Exists(p.Str("creates")):
		return module.Result{Skipped: true, Msg: "skipped, since " + p.Str("creates") + " exists"}
	case !kit.IsDir(u.dest):
		return module.Failure("dest '" + p.Str("dest") + "' must be an existing dir")
	}
	if u.strip, err = stripOption(p.List("extra_opts")); err != nil {
		return kit.Failure(err)
	}
	src, err := fetched(c, p, remote)
	if err != nil {
		return kit.Failure(err)
	}
	if u.src, err = sourceOf(c, src, remote); err != nil {
		return kit.Failed(err.Error(), nil)
	}
	if c.Check && !u.src.zipped() {
		return module.Result{Skipped: true, Msg: "remote module (unarchive) does not support check mode when using gtar"}
	}
	return u.run()
}

// fetched is where the archive is: an address that is no path of the host is fetched first.
func fetched(c *module.Call, p *kit.Params, remote bool) (string, error) {
	src := p.Str("src")
	if !remote || !kit.IsURL(src) || kit.Exists(src) {
		return src, nil
	}
	path, err := kit.Fetch(c, src, p.Flag("validate_certs"))
	if err != nil {
		return "", fmt.Errorf("Failure downloading %s, %s", kit.ShownURL(src), kit.Reason(err))
	}
	return path, nil
}

func (u *unpacking) run() module.Result {
	data := kit.Dict("dest", u.p.Str("dest"), "src", u.src.name)
	handler, err := u.pass(u.compare)
	if err == nil {
		err = u.missed()
	}
	if err != nil {
		return kit.Failed(fmt.Sprintf("Failed to find handler for \"%s\". Make sure the archive can be read. %s", u.src.name, kit.Reason(err)), data)
	}
	data.Set("handler", handler)
	changed := len(u.differs) > 0
	if changed && !u.c.Check {
		if _, err := u.pass(u.extract); err != nil {
			return kit.Failed(fmt.Sprintf("failed to unpack %s to %s: %s", u.src.name, u.p.Str("dest"), kit.Reason(err)), data)
		}
	}
	adjusted := false
	if !u.c.Check {
		adjusted, err = u.adjust()
	}
	if err != nil {
		return kit.Failed("Unexpected error when accessing exploded file: "+kit.Reason(err), data)
	}
	if u.p.Flag("list_files") {
		data.Set("files", kit.Items(u.names))
	}
	return kit.Done(changed || adjusted, data, nil)
}

// missed is an error when a name of include is not in the archive.
func (u *unpacking) missed() error {
	for _, name := range u.p.List("include") {
		if !u.found[name] {
			return fmt.Errorf("%s: Not found in archive", name)
		}
	}
	if len(u.places) == 0 {
		return errors.New("no member of the archive is wanted")
	}
	return nil
}

// pass goes over the members that are wanted; their numbers are the same each time.
func (u *unpacking) pass(visit func(n int, m member, place string, in io.Reader) error) (string, error) {
	n := 0
	return u.src.each(u.c, func(m member, in io.Reader) error {
		name, err := local(m.name)
		if err == nil && m.zipped && u.strip > 0 {
			err = errors.New("extra_opts: --strip-components is an option of tar, not of unzip")
		}
		if err != nil {
			return err
		}
		if !u.wanted(m, name) {
			return nil
		}
		if !slices.Contains([]byte{regular, hardlink, symlink, folder}, m.kind) {
			return fmt.Errorf("the archive is refused: its member %s is no file, folder or link", m.name)
		}
		name, ok := stripped(name, u.strip)
		if !ok {
			return nil
		}
		if name == "." && m.kind != folder {
			return fmt.Errorf("the archive is refused: its member %s would take the place of dest", m.name)
		}
		n++
		return visit(n-1, m, filepath.Join(u.dest, name), in)
	})
}

// wanted tells whether a member is to be unpacked, by exclude and include, and notes what of include was found.
func (u *unpacking) wanted(m member, name string) bool {
	if m.zipped {
		return u.zippedWanted(m)
	}
	if excluded(u.p.List("exclude"), name) {
		return false
	}
	wanted := u.p.List("include")
	if len(wanted) == 0 {
		return true
	}
	which := included(wanted, name)
	u.found[which] = true
	return which != ""
}

// adjust gives everything that was in the archive, and the folders at its top, the attributes that the task asks for.
func (u *unpacking) adjust() (bool, error) {
	if u.attrs == (kit.Attributes{}) {
		return false, nil
	}
	changed := false
	places := slices.Clone(u.places)
	for _, place := range u.places {
		if rest, err := filepath.Rel(u.dest, place); err == nil && strings.Contains(rest, "/") {
			top, _, _ := strings.Cut(rest, "/")
			places = append(places, filepath.Join(u.dest, top))
		}
	}
	for _, place := range slices.Compact(places) {
		did, err := u.attrs.Apply(u.c, place, nil)
		if err != nil {
			return changed, err
		}
		changed = changed || did
	}
	return changed, nil
}
