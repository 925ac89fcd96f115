package modules

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

var lineSpec = spec{
	shared: [][]arg{fileArgs},
	args: []arg{
		{name: "path", kind: path_, required: true, aliases: []string{"dest", "destfile", "name"}},
		{name: "state", kind: text, def: "present", choices: []string{"absent", "present"}},
		{name: "regexp", kind: text, aliases: []string{"regex"}},
		{name: "search_string", kind: text},
		{name: "line", kind: text, aliases: []string{"value"}},
		{name: "insertafter", kind: text},
		{name: "insertbefore", kind: text},
		{name: "backrefs", kind: boolean, def: false},
		{name: "create", kind: boolean, def: false},
		{name: "backup", kind: boolean, def: false},
		{name: "firstmatch", kind: boolean, def: false},
		{name: "validate", kind: text},
		{name: "encoding", kind: text, def: "utf-8"},
	},
	exclusive: [][]string{{"insertbefore", "insertafter"}, {"regexp", "search_string"}, {"backrefs", "search_string"}},
}

// lineTask is a call of lineinfile whose arguments passed the checks.
type lineTask struct {
	c      *module.Call
	p      *params
	path   string
	attrs  attributes
	regexp *pattern
	place  place
}

// lineInFile makes sure that a file has a line, or that it has none like it.
func lineInFile(c *module.Call) module.Result {
	p, err := lineSpec.parse("lineinfile", c)
	if err != nil {
		return failure(err)
	}
	t, err := newLineTask(c, p)
	if err != nil {
		return failure(err)
	}
	if isDir(t.path) {
		return failed(fmt.Sprintf("Path %s is a directory !", t.path), dict("rc", int64(256)))
	}
	if p.str("state") == "absent" {
		return t.absent()
	}
	return t.present()
}

func newLineTask(c *module.Call, p *params) (*lineTask, error) {
	attrs, err := fileAttributes(p)
	if err != nil {
		return nil, err
	}
	t := &lineTask{c: c, p: p, path: p.str("path"), attrs: attrs}
	if p.has("regexp") {
		if t.regexp, err = compilePattern(p.str("regexp"), false); err != nil {
			return nil, err
		}
	}
	if p.str("state") == "present" {
		if p.flag("backrefs") && t.regexp == nil {
			return nil, errors.New("regexp is required with backrefs=true")
		}
		if !p.has("line") {
			return nil, errors.New("line is required with state=present")
		}
		t.place, err = placeOf(p)
		return t, err
	}
	if !p.has("regexp") && !p.has("search_string") && !p.has("line") {
		return nil, errors.New("one of line, search_string, or regexp is required with state=absent")
	}
	return t, nil
}

func (t *lineTask) present() module.Result {
	before, err := os.ReadFile(t.path)
	there := !errors.Is(err, os.ErrNotExist)
	if !there && !t.p.flag("create") {
		return failed(fmt.Sprintf("Destination %s does not exist !", t.path), dict("rc", int64(257)))
	}
	if there && err != nil {
		return failure(&pathError{t.path, err})
	}
	after, msg, err := t.edited(before)
	if err != nil {
		return failure(&pathError{t.path, err})
	}
	return t.finish(before, after, msg, there)
}

// finish writes what changed, gives the file its attributes and words the result.
func (t *lineTask) finish(before, after []byte, msg string, there bool) module.Result {
	data := dict("backup", "")
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
	if t.c.Check && !exists(t.path) {
		return r
	}
	moded, err := t.attrs.apply(t.c, t.path, nil)
	if err != nil {
		return failure(err)
	}
	moded = moded || !there && t.attrs.mode != nil && !hasMode(t.path, newFileMode)
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
	return err == nil && bitsOf(info.Mode()) == bits
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
	real := realPath(t.path)
	if command := t.p.str("validate"); command != "" {
		if err := t.validate(command, content); err != nil {
			return "", err
		}
	}
	if there && t.p.flag("backup") {
		if backup, err = keepBackup(t.c, t.path); err != nil {
			return "", err
		}
	}
	var meta change.Meta
	if !there {
		if _, err := makeFolders(t.c, filepath.Dir(real), attributes{}); err != nil {
			return "", fmt.Errorf("Error creating %s (%s)", filepath.Dir(real), reason(err))
		}
		if meta, err = t.attrs.meta(real, nil); err != nil {
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
	return validateFile(t.c, command, temp.Name())
}

func (t *lineTask) writeFailure(err error) module.Result {
	if rejected, ok := err.(*rejection); ok {
		return module.Failure(fmt.Sprintf("failed to validate: rc:%d error:%s", rejected.code, rejected.stderr))
	}
	return failure(&pathError{t.path, err})
}
