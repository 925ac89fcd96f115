package kit

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// Attributes are the mode and the owner that a task asks for; nil means as it is.
type Attributes struct {
	Mode         any
	Owner, Group *string
}

// FileAttributes takes the common file arguments of a call, and refuses those that only a file system of the
// ext family or SELinux has.
func FileAttributes(p *Params) (Attributes, error) {
	if p.Has("attributes") {
		return Attributes{}, errors.New("attributes (chattr flags) are not supported")
	}
	for _, name := range []string{"seuser", "serole", "setype", "selevel"} {
		if p.Has(name) && Exists("/sys/fs/selinux/enforce") {
			return Attributes{}, fmt.Errorf("%s is not supported on a host with SELinux enabled", name)
		}
	}
	return Attributes{Mode: p.Raw("mode"), Owner: p.Optional("owner"), Group: p.Optional("group")}, nil
}

// PathError is a failure that belongs to a file; the result that Failure makes of it describes the file.
type PathError struct {
	Path string
	Err  error
}

// AtPath makes an error one of the file at path.
func AtPath(path string, err error) error { return &PathError{path, err} }

// Error is the error's own text.
func (e *PathError) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *PathError) Unwrap() error { return e.Err }

// Owners resolves the names of user and group; -1 stands for as it is.
func (a Attributes) Owners(path string) (uid, gid int, err error) {
	uid, gid = -1, -1
	if a.Owner != nil {
		id, ok := UIDOf(*a.Owner)
		if !ok {
			return -1, -1, AtPath(path, fmt.Errorf("chown failed: failed to look up user %s", *a.Owner))
		}
		uid = id
	}
	if a.Group != nil {
		id, ok := GIDOf(*a.Group)
		if !ok {
			return -1, -1, AtPath(path, fmt.Errorf("chgrp failed: failed to look up group %s", *a.Group))
		}
		gid = id
	}
	return uid, gid, nil
}

// Bits are the permission bits for a file that has the bits now.
func (a Attributes) Bits(path string, now uint32, dir bool) (uint32, error) {
	if a.Mode == nil {
		return now, nil
	}
	bits, err := ParseMode(a.Mode, now, dir)
	if err != nil {
		return 0, AtPath(path, err)
	}
	return bits, nil
}

// Apply gives a file the wanted attributes; changed tells whether something was or would be different.
func (a Attributes) Apply(c *module.Call, path string, d *Delta) (changed bool, err error) {
	uid, gid, err := a.Owners(path)
	if err != nil {
		return false, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		if c.Check {
			return true, nil
		}
		return false, AtPath(path, err)
	}
	owned, err := a.applyOwner(c, path, info, uid, gid, d)
	if err == nil && owned && !c.Check {
		info, err = os.Lstat(path) // the change of owner may have taken the setuid bits away
	}
	if err != nil {
		return false, err
	}
	moded, err := a.applyMode(c, path, info, d)
	return owned || moded, err
}

func (a Attributes) applyOwner(c *module.Call, path string, info fs.FileInfo, uid, gid int, d *Delta) (bool, error) {
	now := StatusOf(info)
	if !now.HasOwner {
		return false, nil
	}
	if uid == now.UID {
		uid = -1
	}
	if gid == now.GID {
		gid = -1
	}
	if uid < 0 && gid < 0 {
		return false, nil
	}
	if uid >= 0 {
		d.Set("owner", int64(now.UID), int64(uid))
	}
	if gid >= 0 {
		d.Set("group", int64(now.GID), int64(gid))
	}
	if c.Check {
		return true, nil
	}
	if err := c.Log.Chown(path, uid, gid); err != nil {
		return false, AtPath(path, fmt.Errorf("chown failed: %w", err))
	}
	return true, nil
}

// applyMode leaves links alone: Linux gives them no mode of their own.
func (a Attributes) applyMode(c *module.Call, path string, info fs.FileInfo, d *Delta) (bool, error) {
	now := BitsOf(info.Mode())
	bits, err := a.Bits(path, now, info.IsDir())
	if err != nil || bits == now || info.Mode()&fs.ModeSymlink != 0 || noModes {
		return false, err
	}
	d.Set("mode", Octal(now), Octal(bits))
	if c.Check {
		return true, nil
	}
	// A change of owner takes the setuid bits away, so the mode always comes last.
	if err := c.Log.Chmod(path, ModeOf(bits)); err != nil {
		return false, AtPath(path, fmt.Errorf("chmod failed: %w", err))
	}
	return true, nil
}

// Meta is what a file is written with, so that it never shows its content under another mode or owner.
// now is nil for a new file.
func (a Attributes) Meta(path string, now fs.FileInfo) (change.Meta, error) {
	uid, gid, err := a.Owners(path)
	if err != nil {
		return change.Meta{}, err
	}
	var m change.Meta
	if uid >= 0 {
		m.UID = &uid
	}
	if gid >= 0 {
		m.GID = &gid
	}
	start := uint32(NewFileMode)
	if now != nil {
		start = BitsOf(now.Mode())
	}
	bits, err := a.Bits(path, start, false)
	if err != nil {
		return change.Meta{}, err
	}
	mode := ModeOf(bits)
	m.Mode = &mode
	return m, nil
}

// OwnerOnly are the same without a mode.
func (a Attributes) OwnerOnly() Attributes { return Attributes{Owner: a.Owner, Group: a.Group} }

// OrNumber is a name, or the number where there is none.
func OrNumber(name string, id int) string {
	if name == "" {
		return strconv.Itoa(id)
	}
	return name
}
