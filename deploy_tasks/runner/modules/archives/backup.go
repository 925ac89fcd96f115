package archives

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("backup", backup) }

// backupSpec: the module is ours, Ansible has none like it. docs/backup.md describes it.
var backupSpec = kit.Spec{Args: []kit.Arg{
	{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"src"}},
	{Name: "dest", Kind: kit.Path, Required: true},
	{Name: "name", Kind: kit.Text},
	{Name: "format", Kind: kit.Text, Default: "gz", Choices: []string{"bz2", "copy", "gz", "tar", "xz"}},
	{Name: "keep", Kind: kit.Int},
}}

// stamp is the time in the name of a backup, always as long, so that names are in the order of times.
const stamp = "20060102T150405.000000Z"

const justMine = fs.FileMode(0o600) // a copy of who knows what

// keeping is one call of backup.
type keeping struct {
	packing
	path, folder, name string
	keep               int
	info               os.FileInfo
}

// backup keeps a copy of a file or folder under a name with the time, unless the newest one holds the same.
func backup(c *module.Call) module.Result {
	p, err := backupSpec.Parse("backup", c)
	if err != nil {
		return kit.Failure(err)
	}
	k := &keeping{path: kit.RealPath(p.Str("path")), folder: p.Str("dest"), name: p.Str("name"), keep: int(p.Int("keep"))}
	k.packing = packing{c: c, p: p, format: p.Str("format"), several: true, paths: []string{k.path}, root: filepath.Dir(k.path)}
	if k.name == "" {
		k.name = filepath.Base(p.Str("path"))
	}
	if err := k.refused(p); err != nil {
		return kit.Failure(err)
	}
	result, err := k.run()
	if err != nil {
		return kit.Failed(fmt.Sprintf("%s could not be backed up: %s", k.path, kit.Reason(err)), nil)
	}
	return result
}

func (k *keeping) refused(p *kit.Params) (err error) {
	k.info, err = os.Stat(k.path)
	inside := strings.HasPrefix(kit.RealPath(k.folder)+"/", strings.TrimSuffix(k.path, "/")+"/")
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("there is nothing at %s", k.path)
	case err != nil:
		return err
	case strings.ContainsAny(k.name, "/\\\x00") || k.name[0] == '.' && strings.Trim(k.name, ".") == "":
		return fmt.Errorf("name is the name of a file without its folder, not %s", k.name)
	case p.Has("keep") && k.keep < 1:
		return errors.New("keep is how many backups stay: at least 1; without it all do")
	case k.info.IsDir() && inside:
		return fmt.Errorf("dest %s lies in %s: a backup would hold the backups", k.folder, k.path)
	case k.info.IsDir() && k.format == "copy":
		return fmt.Errorf("%s is a folder, which is kept as an archive: format is gz, bz2, xz or tar", k.path)
	case !k.info.IsDir() && !k.info.Mode().IsRegular():
		return fmt.Errorf("%s is neither a file nor a folder", k.path)
	}
	return nil
}

func (k *keeping) run() (module.Result, error) {
	older, err := k.older()
	if err == nil && k.format != "copy" {
		err = k.gather()
	}
	if err != nil {
		return module.Result{}, err
	}
	newest := ""
	if len(older) > 0 {
		newest = older[len(older)-1]
	}
	same, err := k.holds(newest)
	if err != nil {
		return module.Result{}, err
	}
	if !same {
		newest = filepath.Join(k.folder, k.name+"-"+time.Now().UTC().Format(stamp)+k.ending())
		older = append(older, newest)
	}
	var going []string
	if k.keep > 0 && len(older) > k.keep {
		going = older[:len(older)-k.keep]
	}
	data := kit.Dict("path", k.path, "dest", k.folder, "backup_file", newest, "removed", kit.Items(going))
	result := module.Result{Changed: !same || len(going) > 0, Data: data}
	if k.c.Check {
		return result, nil
	}
	if !same {
		if err := k.put(newest); err != nil {
			return module.Result{}, err
		}
	}
	for _, path := range going {
		if err := k.c.Log.Remove(path); err != nil {
			return module.Result{}, err
		}
	}
	return result, nil
}

func (k *keeping) ending() string {
	switch k.format {
	case "copy":
		return ""
	case "tar":
		return ".tar"
	}
	return ".tar." + k.format
}

// older are the backups of this name, the oldest first.
func (k *keeping) older() (found []string, err error) {
	names, err := os.ReadDir(k.folder)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, name := range names {
		if rest, ours := strings.CutPrefix(name.Name(), k.name+"-"); ours && isBackup(rest) && name.Type().IsRegular() {
			found = append(found, filepath.Join(k.folder, name.Name()))
		}
	}
	slices.Sort(found)
	return found, nil
}

// isBackup tells whether the rest of a name is a time and the ending of one of the formats.
func isBackup(rest string) bool {
	if len(rest) < len(stamp) {
		return false
	}
	_, err := time.Parse(stamp, rest[:len(stamp)])
	return err == nil && slices.Contains([]string{"", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"}, rest[len(stamp):])
}

// gather lists all there is at the path, itself first; unlike archive it passes over nothing.
func (k *keeping) gather() error {
	w := &collecting{packing: &k.packing, first: map[[2]uint64]string{}}
	err := filepath.WalkDir(k.path, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = k.c.Ctx.Err()
		}
		if err == nil {
			w.add(path)
		}
		return err
	})
	if err == nil && len(w.errs) > 0 {
		err = errors.New(strings.Join(w.errs, "; "))
	}
	return err
}

// holds tells whether a backup is what would be written now.
func (k *keeping) holds(path string) (bool, error) {
	if path == "" || k.ending() == "" && !isCopy(path) || !strings.HasSuffix(path, k.ending()) {
		return false, nil
	}
	if k.format == "copy" {
		return k.sameFile(path)
	}
	wanted := kit.NewHashes("sha256")
	if err := k.plain(wanted); err != nil {
		return false, err
	}
	found, err := k.unpackedSum(path)
	return err == nil && found == wanted.Sums()[0], k.c.Ctx.Err() // one that cannot be read is no backup
}

func isCopy(path string) bool {
	at := len(path) - len(stamp)
	return at > 0 && isBackup(path[at:])
}

// sameFile compares content, mode, owner and time with a copy.
func (k *keeping) sameFile(path string) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return false, err
	}
	was := kit.StatusOf(info)
	uid, gid := k.owner()
	if info.Size() != k.info.Size() || !info.ModTime().Equal(k.info.ModTime()) || info.Mode() != k.info.Mode() || was.UID != uid || was.GID != gid {
		return false, nil
	}
	one, err := kit.Checksums(path, "sha256")
	if err != nil {
		return false, err
	}
	other, err := kit.Checksums(k.path, "sha256")
	return err == nil && one[0] == other[0], err
}

// owner is whom a copy belongs to: as the file does, where root makes it; nobody else can give files away.
func (k *keeping) owner() (uid, gid int) {
	if uid, gid = kit.Acting(k.c); uid != 0 || !kit.StatusOf(k.info).HasOwner {
		return uid, gid
	}
	st := kit.StatusOf(k.info)
	return st.UID, st.GID
}

// put writes the backup, in a folder that is made where it is missing.
func (k *keeping) put(path string) error {
	if _, err := kit.MakeFolders(k.c, k.folder, kit.Attributes{}); err != nil {
		return err
	}
	if k.format == "copy" {
		in, err := os.Open(k.path)
		if err != nil {
			return err
		}
		defer in.Close()
		mode, mtime := kit.ModeOf(kit.BitsOf(k.info.Mode())), k.info.ModTime()
		uid, gid := k.owner()
		return k.c.Log.WriteFile(path, in, change.Meta{Mode: &mode, UID: &uid, GID: &gid, Mtime: &mtime, Size: k.info.Size()})
	}
	mode := justMine
	out, end, err := k.stream()
	if err != nil {
		return err
	}
	err = k.c.Log.WriteFile(path, out, change.Meta{Mode: &mode})
	return errors.Join(err, end())
}
