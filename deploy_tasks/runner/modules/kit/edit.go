package kit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/value"
)

// Edit is a text file that a module reads, changes and writes again: validated, with a backup, through links, and with the
// file arguments of the task.
type Edit struct {
	Call     *module.Call
	Path     string
	Attrs    Attributes
	Validate string
	Backup   bool
	There    bool // there is such a file
	Unlink   bool // a link at the path is replaced by the file, and not what it points to
}

// NewEdit takes the file arguments, validate and backup of a call.
func NewEdit(c *module.Call, p *Params) (*Edit, error) {
	attrs, err := FileAttributes(p)
	return &Edit{Call: c, Path: p.Str("path"), Attrs: attrs, Validate: p.Str("validate"), Backup: p.Flag("backup")}, err
}

// Read is the content of the file, nil when there is none, and notes which it is.
func (e *Edit) Read() ([]byte, error) {
	b, err := ReadAll(e.Path)
	e.There = b != nil
	if err != nil {
		return nil, AtPath(e.Path, err)
	}
	return b, nil
}

// Write replaces the file, or what the link at its path points to, after validate and backup. A new file gets its missing
// folders. The name of the backup is empty when none is wanted.
func (e *Edit) Write(content []byte) (backup string, err error) {
	real := e.Path
	if !e.Unlink {
		real = RealPath(e.Path)
	}
	if e.Validate != "" {
		if err := e.validated(content); err != nil {
			return "", err
		}
	}
	if e.There && e.Backup {
		if backup, err = KeepBackup(e.Call, e.Path); err != nil {
			return "", err
		}
	}
	meta, err := e.meta(real)
	if err != nil {
		return "", err
	}
	return backup, e.Call.Log.WriteFile(real, bytes.NewReader(content), meta)
}

// meta is what the file is written with; the folder of a new one is made.
func (e *Edit) meta(real string) (change.Meta, error) {
	info, err := os.Stat(real)
	switch {
	case e.There && (err != nil || !IsLink(real)):
		return change.Meta{}, err
	case e.There:
		st, mode := StatusOf(info), ModeOf(BitsOf(info.Mode()))
		return change.Meta{Mode: &mode, UID: &st.UID, GID: &st.GID}, nil
	}
	if _, err := MakeFolders(e.Call, filepath.Dir(real), Attributes{}); err != nil {
		return change.Meta{}, fmt.Errorf("Error creating %s (%s)", filepath.Dir(real), Reason(err))
	}
	return e.Attrs.Meta(real, nil)
}

func (e *Edit) validated(content []byte) error {
	temp, err := os.CreateTemp(e.Call.TempDir(), "validate-*"+filepath.Ext(e.Path))
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return ValidateFile(e.Call, e.Validate, temp.Name())
}

// Put writes content where it changes the file, notes a backup in data and gives the file its attributes; moded tells
// whether those are or would be other ones. A check writes nothing. The result is a failure where Failed is set.
func (e *Edit) Put(content []byte, changed bool, data *value.Dict) (moded bool, failure module.Result) {
	if changed && !e.Call.Check {
		backup, err := e.Write(content)
		if err != nil {
			return false, e.Failure(err)
		}
		if backup != "" {
			data.Set("backup_file", backup)
		}
	}
	moded, err := e.Own(nil)
	if err != nil {
		return false, Failure(err)
	}
	return moded, module.Result{}
}

// Failure words an error of Write.
func (e *Edit) Failure(err error) module.Result {
	if rejected, ok := err.(*Rejection); ok {
		return module.Failure(fmt.Sprintf("failed to validate: rc:%d error:%s", rejected.Code, rejected.Stderr))
	}
	return Failure(AtPath(e.Path, err))
}

// Own gives the file its attributes, and tells whether they are or would be other ones. In a check there may be no file.
func (e *Edit) Own(d *Delta) (bool, error) {
	if e.Call.Check && !Exists(e.Path) {
		return false, nil
	}
	moded, err := e.Attrs.Apply(e.Call, e.Path, d)
	return moded || !e.There && e.Attrs.Mode != nil && !hasMode(e.Path, NewFileMode), err
}

// hasMode tells whether a new file has the mode that it would have had anyway.
func hasMode(path string, bits uint32) bool {
	info, err := os.Lstat(path)
	return err == nil && BitsOf(info.Mode()) == bits
}

// Owned is a message with what Ansible adds when Own changed something.
func Owned(msg string, moded bool) string {
	if moded && msg != "" {
		msg += " and "
	}
	if moded {
		msg += "ownership, perms or SE linux context changed"
	}
	return msg
}

// ContentDiff is what becomes of the text of a file, when the call wants to know and it changes.
func (e *Edit) ContentDiff(before, after []byte, headers string) []module.Diff {
	if !e.Call.Diff || bytes.Equal(before, after) {
		return nil
	}
	return []module.Diff{{Before: string(before), After: string(after), BeforeHeader: headers, AfterHeader: headers}}
}
