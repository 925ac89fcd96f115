package archives

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// Who made a member of a zip archive; the others know no modes.
const (
	madeByUnix = 3
	madeByMac  = 19
)

const (
	encrypted  = 1 << 0 // flag of a member
	maxTarget  = 4096   // bytes of a link's target
	usualUmask = 0o022
)

// Types of files in the modes that Unix gives members.
const (
	typeBits    = 0o170000
	typeFolder  = 0o040000
	typeRegular = 0o100000
	typeLink    = 0o120000
)

// eachZipped calls with every member of a zip archive, in the order of its directory, which stands at the end: an archive
// of the plan is put into a file first.
func eachZipped(c *module.Call, raw io.Reader, visit func(member, io.Reader) error) error {
	file, ok := raw.(*os.File)
	if !ok {
		made, err := fileOf(c, raw)
		if err != nil {
			return err
		}
		defer func() { _ = errors.Join(made.Close(), os.Remove(made.Name())) }() // the folder goes with the run anyway
		file = made
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := readZip(file, info.Size())
	if err == nil && len(archive.entries) == 0 {
		err = errors.New("the archive is empty")
	}
	if err != nil {
		return err
	}
	for _, e := range archive.entries {
		if err = visitZipped(c, archive, e, visit); err == nil {
			err = c.Ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func fileOf(c *module.Call, raw io.Reader) (*os.File, error) {
	file, err := os.CreateTemp(c.TempDir(), "archive-")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, raw); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, nil
}

func visitZipped(c *module.Call, archive *zipReader, e zipEntry, visit func(member, io.Reader) error) error {
	if e.flags&encrypted != 0 {
		return fmt.Errorf("the archive is refused: its member %s needs a password", e.name)
	}
	content, err := archive.open(e)
	if err != nil {
		return err
	}
	m := e.member()
	m.uid, m.gid = kit.Acting(c)
	if m.kind == symlink {
		target, err := io.ReadAll(io.LimitReader(content, maxTarget+1))
		if err != nil || len(target) > maxTarget || len(target) == 0 {
			return errors.Join(fmt.Errorf("%s has no usable target", e.name), err)
		}
		m.link = string(target)
	}
	return visit(m, content)
}

// member is an entry in the words of tar. Users are not in zip archives: everything belongs to who unpacks it.
func (e zipEntry) member() member {
	m := member{name: e.name, zipped: true, kind: regular, size: e.size, mtime: e.time()}
	if e.madeBy == 0 && !strings.Contains(m.name, "/") {
		m.name = strings.ReplaceAll(m.name, `\`, "/") // as unzip reads what some programs of Windows write
	}
	isFolder := strings.HasSuffix(m.name, "/")
	switch {
	case e.madeBy != madeByUnix && e.madeBy != madeByMac:
		m.mode = 0o444
		if e.attributes&1 == 0 { // it may be written
			m.mode |= 0o222
		}
		if isFolder {
			m.mode |= 0o111
		}
		m.mode &^= usualUmask
	default:
		m.mode = e.attributes >> 16 & 0o777 // unzip gives nobody the rights of an archive's owner
		switch e.attributes >> 16 & typeBits {
		case 0, typeRegular, typeFolder:
		case typeLink:
			m.kind = symlink
		default:
			m.kind = 0
		}
	}
	if isFolder {
		m.kind, m.size = folder, 0
	}
	return m
}

// time is when an entry was changed: in seconds of UTC where an extra field has that, else as clocks showed it where the
// archive was made.
func (e zipEntry) time() time.Time {
	if more := e.field(0x5455); len(more) >= 5 && more[0]&1 != 0 {
		return time.Unix(int64(int32(more.u32(1))), 0)
	}
	return time.Date(e.date>>9+1980, time.Month(e.date>>5&15), e.date&31, e.clock>>11, e.clock>>5&63, e.clock&31*2, 0, time.Local)
}

// zippedWanted tells whether a member is to be unpacked: patterns of include and exclude stand for whole names.
func (u *unpacking) zippedWanted(m member) bool {
	for _, p := range u.p.List("exclude") {
		if matches(p, m.name) {
			return false
		}
	}
	wanted := u.p.List("include")
	fits := len(wanted) == 0
	for _, p := range wanted {
		if matches(p, m.name) {
			u.found[p], fits = true, true
		}
	}
	return fits
}

// zippedNewer tells whether a file stays as it is because it is newer than the member.
func (u *unpacking) zippedNewer(m member, now os.FileInfo) bool {
	return m.zipped && m.kind == regular && u.p.Flag("keep_newer") && now.Mode().IsRegular() && now.ModTime().After(m.mtime)
}
