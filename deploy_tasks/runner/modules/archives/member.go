package archives

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

// compare notes a member, and whether what is at its place is otherwise, by what tar --diff looks at.
func (u *unpacking) compare(n int, m member, place string, in io.Reader) error {
	u.names = append(u.names, u.listed(m, place))
	u.places = append(u.places, place)
	if err := within(u.dest, place); err != nil {
		return err
	}
	same, err := u.same(m, place, in)
	if !same {
		u.differs[n], u.renewed[place] = true, true
	}
	return err
}

// listed is a member's name as tar lists it.
func (u *unpacking) listed(m member, place string) string {
	if u.strip == 0 {
		return strings.TrimLeft(m.name, "/")
	}
	name, _ := filepath.Rel(u.dest, place) // it is below
	if m.kind == folder {
		name += "/"
	}
	return name
}

func (u *unpacking) same(m member, place string, in io.Reader) (bool, error) {
	now, err := os.Lstat(place)
	if err != nil {
		return false, nil
	}
	switch m.kind {
	case hardlink:
		to, err := u.linked(m)
		if err != nil {
			return false, err
		}
		other, err := os.Lstat(to)
		return err == nil && os.SameFile(now, other) && !u.renewed[to], nil
	case symlink:
		target, err := os.Readlink(place)
		return err == nil && target == m.link, nil
	case folder: // unzip leaves folders as they are
		return now.IsDir() && (m.zipped || u.sameOwner(m, now) && u.sameMode(m, now)), nil
	}
	if u.zippedNewer(m, now) {
		return true, nil
	}
	if !now.Mode().IsRegular() || now.Size() != m.size || now.ModTime().Unix() != m.mtime.Unix() || !u.sameOwner(m, now) || !u.sameMode(m, now) {
		return false, nil
	}
	return sameContent(place, in)
}

func (u *unpacking) sameOwner(m member, now fs.FileInfo) bool {
	st := kit.StatusOf(now)
	uid, gid := owners(m)
	return !u.root || !st.HasOwner || (u.attrs.Owner != nil || st.UID == uid) && (u.attrs.Group != nil || st.GID == gid)
}

func (u *unpacking) sameMode(m member, now fs.FileInfo) bool {
	return u.attrs.Mode != nil || kit.BitsOf(now.Mode()) == u.bits(m)
}

// bits are a member's mode; who is not root gets it through the umask, unless it comes from a zip archive.
func (u *unpacking) bits(m member) uint32 {
	if u.root || m.zipped {
		return m.mode
	}
	return m.mode & 0o777 &^ 0o022
}

// owners are those whom the archive names, by name where the host knows it.
func owners(m member) (uid, gid int) {
	uid, gid = m.uid, m.gid
	if id, ok := kit.UIDOf(m.user); ok && m.user != "" {
		uid = id
	}
	if id, ok := kit.GIDOf(m.group); ok && m.group != "" {
		gid = id
	}
	return uid, gid
}

func sameContent(place string, in io.Reader) (bool, error) {
	f, err := os.Open(place)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(in, a)
		k, _ := io.ReadFull(f, b[:n])
		if !bytes.Equal(a[:n], b[:k]) {
			return false, nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// linked is the file that a hard link is another name of.
func (u *unpacking) linked(m member) (string, error) {
	name, err := local(m.link)
	if err != nil {
		return "", err
	}
	name, ok := stripped(name, u.strip)
	if !ok {
		return "", fmt.Errorf("%s is another name of %s, which is left out", m.name, m.link)
	}
	to := filepath.Join(u.dest, name)
	return to, within(u.dest, to)
}

// extract puts a member at its place.
func (u *unpacking) extract(n int, m member, place string, in io.Reader) error {
	if !u.differs[n] {
		return nil
	}
	if err := within(u.dest, place); err != nil { // a link may have come since
		return err
	}
	now, err := os.Lstat(place)
	there := err == nil
	if there && u.p.Flag("keep_newer") && !now.IsDir() && !now.ModTime().Before(m.mtime) {
		return nil
	}
	if _, err := kit.MakeFolders(u.c, filepath.Dir(place), kit.Attributes{}); err != nil {
		return err
	}
	if there && now.IsDir() != (m.kind == folder) {
		if inside, err := os.ReadDir(place); now.IsDir() && (err != nil || len(inside) > 0) { // tar and unzip leave it alone too
			return errors.Join(fmt.Errorf("%s is a folder that is not empty, and no folder in the archive", place), err)
		}
		if err := u.c.Log.Remove(place); err != nil {
			return err
		}
		there = false
	}
	switch m.kind {
	case folder:
		return u.folder(m, place, there)
	case symlink:
		return u.symlink(m, place)
	case hardlink:
		to, err := u.linked(m)
		if err != nil {
			return err
		}
		return u.c.Log.Hardlink(to, place)
	}
	return u.file(m, place, in)
}

func (u *unpacking) folder(m member, place string, there bool) error {
	if !there {
		if err := u.c.Log.Mkdir(place, kit.ModeOf(u.bits(m))); err != nil {
			return err
		}
	}
	wanted := kit.Attributes{Mode: int64(u.bits(m))}
	if u.root {
		uid, gid := owners(m)
		user, group := strconv.Itoa(uid), strconv.Itoa(gid)
		wanted.Owner, wanted.Group = &user, &group
	}
	_, err := wanted.Apply(u.c, place, nil)
	return err
}

func (u *unpacking) symlink(m member, place string) error {
	if err := u.c.Log.Symlink(m.link, place); err != nil || !u.root {
		return err
	}
	uid, gid := owners(m)
	return u.c.Log.Chown(place, uid, gid)
}

func (u *unpacking) file(m member, place string, in io.Reader) error {
	mode := kit.ModeOf(u.bits(m))
	meta := change.Meta{Mode: &mode, Mtime: &m.mtime, Size: m.size}
	if u.root {
		uid, gid := owners(m)
		meta.UID, meta.GID = &uid, &gid
	}
	return u.c.Log.WriteFile(place, in, meta)
}
