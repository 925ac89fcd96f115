package modules

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// attributes are the mode and the owner that a task asks for; nil means as it is.
type attributes struct {
	mode         any
	owner, group *string
}

// fileAttributes takes the common file arguments of a call, and refuses those that only a file system of the
// ext family or SELinux has.
func fileAttributes(p *params) (attributes, error) {
	if p.has("attributes") {
		return attributes{}, errors.New("attributes (chattr flags) are not supported")
	}
	for _, name := range []string{"seuser", "serole", "setype", "selevel"} {
		if p.has(name) && exists("/sys/fs/selinux/enforce") {
			return attributes{}, fmt.Errorf("%s is not supported on a host with SELinux enabled", name)
		}
	}
	return attributes{mode: p.raw("mode"), owner: p.optional("owner"), group: p.optional("group")}, nil
}

// pathError is a failure that belongs to a file; the result describes the file.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// owners resolves the names of user and group; -1 stands for as it is.
func (a attributes) owners(path string) (uid, gid int, err error) {
	uid, gid = -1, -1
	if a.owner != nil {
		id, ok := uidOf(*a.owner)
		if !ok {
			return -1, -1, &pathError{path, fmt.Errorf("chown failed: failed to look up user %s", *a.owner)}
		}
		uid = id
	}
	if a.group != nil {
		id, ok := gidOf(*a.group)
		if !ok {
			return -1, -1, &pathError{path, fmt.Errorf("chgrp failed: failed to look up group %s", *a.group)}
		}
		gid = id
	}
	return uid, gid, nil
}

// bits are the permission bits for a file that has the bits now.
func (a attributes) bits(path string, now uint32, dir bool) (uint32, error) {
	if a.mode == nil {
		return now, nil
	}
	bits, err := parseMode(a.mode, now, dir)
	if err != nil {
		return 0, &pathError{path, err}
	}
	return bits, nil
}

// apply gives a file the wanted attributes; changed tells whether something was or would be different.
func (a attributes) apply(c *module.Call, path string, d *delta) (changed bool, err error) {
	uid, gid, err := a.owners(path)
	if err != nil {
		return false, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		if c.Check {
			return true, nil
		}
		return false, &pathError{path, err}
	}
	owned, err := a.applyOwner(c, path, info, uid, gid, d)
	if err != nil {
		return false, err
	}
	moded, err := a.applyMode(c, path, info, d)
	return owned || moded, err
}

func (a attributes) applyOwner(c *module.Call, path string, info fs.FileInfo, uid, gid int, d *delta) (bool, error) {
	now := statusOf(info)
	if !now.hasOwner {
		return false, nil
	}
	if uid == now.uid {
		uid = -1
	}
	if gid == now.gid {
		gid = -1
	}
	if uid < 0 && gid < 0 {
		return false, nil
	}
	if uid >= 0 {
		d.set("owner", int64(now.uid), int64(uid))
	}
	if gid >= 0 {
		d.set("group", int64(now.gid), int64(gid))
	}
	if c.Check {
		return true, nil
	}
	if err := c.Log.Chown(path, uid, gid); err != nil {
		return false, &pathError{path, fmt.Errorf("chown failed: %w", err)}
	}
	return true, nil
}

// applyMode leaves links alone: Linux gives them no mode of their own.
func (a attributes) applyMode(c *module.Call, path string, info fs.FileInfo, d *delta) (bool, error) {
	now := bitsOf(info.Mode())
	bits, err := a.bits(path, now, info.IsDir())
	if err != nil || bits == now || info.Mode()&fs.ModeSymlink != 0 || noModes {
		return false, err
	}
	d.set("mode", octal(now), octal(bits))
	if c.Check {
		return true, nil
	}
	// A change of owner takes the setuid bits away, so the mode always comes last.
	if err := c.Log.Chmod(path, modeOf(bits)); err != nil {
		return false, &pathError{path, fmt.Errorf("chmod failed: %w", err)}
	}
	return true, nil
}

// meta is what a file is written with, so that it never shows its content under another mode or owner.
// now is nil for a new file.
func (a attributes) meta(path string, now fs.FileInfo) (change.Meta, error) {
	uid, gid, err := a.owners(path)
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
	start := uint32(newFileMode)
	if now != nil {
		start = bitsOf(now.Mode())
	}
	bits, err := a.bits(path, start, false)
	if err != nil {
		return change.Meta{}, err
	}
	mode := modeOf(bits)
	m.Mode = &mode
	return m, nil
}

// orNumber is a name, or the number where there is none.
func orNumber(name string, id int) string {
	if name == "" {
		return strconv.Itoa(id)
	}
	return name
}
