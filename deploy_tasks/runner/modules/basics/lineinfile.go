package basics

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

var lineSpec = kit.Spec{
	Shared: [][]kit.Arg{kit.FileArgs},
	Args: []kit.Arg{
		{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest", "destfile", "name"}},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
		{Name: "regexp", Kind: kit.Text, Aliases: []string{"regex"}},
		{Name: "search_string", Kind: kit.Text},
		{Name: "line", Kind: kit.Text, Aliases: []string{"value"}},
		{Name: "insertafter", Kind: kit.Text},
		{Name: "insertbefore", Kind: kit.Text},
		{Name: "backrefs", Kind: kit.Bool, Default: false},
		{Name: "create", Kind: kit.Bool, Default: false},
		{Name: "backup", Kind: kit.Bool, Default: false},
		{Name: "firstmatch", Kind: kit.Bool, Default: false},
		{Name: "validate", Kind: kit.Text},
		{Name: "encoding", Kind: kit.Text, Default: "utf-8"},
	},
	Exclusive: [][]string{{"insertbefore", "insertafter"}, {"regexp", "search_string"}, {"backrefs", "search_string"}},
}

// lineTask is a call of lineinfile whose arguments passed the checks.
type lineTask struct {
	c      *module.Call
	p      *kit.Params
	path   string
	attrs  kit.Attributes
	regexp *kit.Pattern
	place  place
}

// lineInFile makes sure that a file has a line, or that it has none like it.
func lineInFile(c *module.Call) module.Result {
	p, err := lineSpec.Parse("lineinfile", c)
	if err != nil {
		return kit.Failure(err)
	}
	t, err := newLineTask(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	if kit.IsDir(t.path) {
		return kit.Failed(fmt.Sprintf("Path %s is a directory !", t.path), kit.Dict("rc", int64(256)))
	}
	if p.Str("state") == "absent" {
		return t.absent()
	}
	return t.present()
}

func newLineTask(c *module.Call, p *kit.Params) (*lineTask, error) {
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return nil, err
	}
	t := &lineTask{c: c, p: p, path: p.Str("path"), attrs: attrs}
	if p.Has("regexp") {
		if t.regexp, err = kit.CompilePattern(p.Str("regexp"), false); err != nil {
			return nil, err
		}
	}
	if p.Str("state") == "present" {
		if p.Flag("backrefs") && t.regexp == nil {
			return nil, errors.New("regexp is required with backrefs=true")
		}
		if !p.Has("line") {
			return nil, errors.New("line is required with state=present")
		}
		t.place, err = placeOf(p)
		return t, err
	}
	if !p.Has("regexp") && !p.Has("search_string") && !p.Has("line") {
		return nil, errors.New("one of line, search_string, or regexp is required with state=absent")
	}
	return t, nil
}

func (t *lineTask) present() module.Result {
	before, err := os.ReadFile(t.path)
	there := !errors.Is(err, os.ErrNotExist)
	if !there && !t.p.Flag("create") {
		return kit.Failed(fmt.Sprintf("Destination %s does not exist !", t.path), kit.Dict("rc", int64(257)))
	}
	if there && err != nil {
		return kit.Failure(kit.AtPath(t.path, err))
	}
	after, msg, err := t.edited(before)
	if err != nil {
		return kit.Failure(kit.AtPath(t.path, err))
	}
	return t.finish(before, after, msg, there)
}

// finish writes what changed, gives the file its attributes and words the result.
func (t *lineTask) finish(before, after []byte, msg string, there bool) module.Result {
	data := kit.Dict("backup", "")
	changed := msg != ""
	if changed && !t.c.Check {
		backup, err := t.write(after, there)
		if err != nil {
			return t.writeFailure(err)
		}
		data.Set("backup", backup)
	}
	r := module.Result{Changed: changed, Msg: msg, Data: data, Diff: t.diff(before, after)}
	data.Set("msg", msg)
	if t.c.Check && !kit.Exists(t.path) {
		return r
	}
	moded, err := t.attrs.Apply(t.c, t.path, nil)
	if err != nil {
		return kit.Failure(err)
	}
	moded = moded || !there && t.attrs.Mode != nil && !hasMode(t.path, kit.NewFileMode)
	if moded && changed {
		r.Msg += " and "
	}
	if moded {
		r.Changed = true
		r.Msg += "ownership, perms or SE linux context changed"
	}
	data.Set("msg", r.Msg)
	return r
}

// hasMode tells whether a new file has the mode that it would have had anyway.
func hasMode(path string, bits uint32) bool {
	info, err := os.Lstat(path)
	return err == nil && kit.BitsOf(info.Mode()) == bits
}

func (t *lineTask) diff(before, after []byte) []module.Diff {
	if !t.c.Diff || bytes.Equal(before, after) {
		return nil
	}
	header := t.path + " (content)"
	return []module.Diff{{Before: string(before), After: string(after), BeforeHeader: header, AfterHeader: header}}
}

// write replaces the file, or what the link at its path points to, after validate and backup.
func (t *lineTask) write(content []byte, there bool) (backup string, err error) {
	real := kit.RealPath(t.path)
	if command := t.p.Str("validate"); command != "" {
		if err := t.validate(command, content); err != nil {
			return "", err
		}
	}
	if there && t.p.Flag("backup") {
		if backup, err = kit.KeepBackup(t.c, t.path); err != nil {
			return "", err
		}
	}
	var meta change.Meta
	if !there {
		if _, err := kit.MakeFolders(t.c, filepath.Dir(real), kit.Attributes{}); err != nil {
			return "", fmt.Errorf("Error creating %s (%s)", filepath.Dir(real), kit.Reason(err))
		}
		if meta, err = t.attrs.Meta(real, nil); err != nil {
			return "", err
		}
	}
	return backup, t.c.Log.WriteFile(real, bytes.NewReader(content), meta)
}

func (t *lineTask) validate(command string, content []byte) error {
	temp, err := os.CreateTemp(t.c.TempDir(), "validate-*"+filepath.Ext(t.path))
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return kit.ValidateFile(t.c, command, temp.Name())
}

func (t *lineTask) writeFailure(err error) module.Result {
	if rejected, ok := err.(*kit.Rejection); ok {
		return module.Failure(fmt.Sprintf("failed to validate: rc:%d error:%s", rejected.Code, rejected.Stderr))
	}
	return kit.Failure(kit.AtPath(t.path, err))
}
