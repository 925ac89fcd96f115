package basics

import (
	"errors"

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
	edit   *kit.Edit
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
	if kit.IsDir(t.edit.Path) {
		return kit.Failed(fmt.Sprintf("Path %s is a directory !", t.edit.Path), kit.Dict("rc", int64(256)))
	}
	if p.Str("state") == "absent" {
		return t.absent()
	}
	return t.present()
}

func newLineTask(c *module.Call, p *kit.Params) (*lineTask, error) {
	edit, err := kit.NewEdit(c, p)
	if err != nil {
		return nil, err
	}
	t := &lineTask{c: c, p: p, edit: edit}
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
	before, err := t.edit.Read()
	if err != nil {
		return kit.Failure(err)
	}
	if !t.edit.There && !t.p.Flag("create") {
		return kit.Failed(fmt.Sprintf("Destination %s does not exist !", t.edit.Path), kit.Dict("rc", int64(257)))
	}
	after, msg, err := t.edited(before)
	if err != nil {
		return kit.Failure(kit.AtPath(t.edit.Path, err))
	}
	return t.finish(before, after, msg)
}

// finish writes what changed, gives the file its attributes and words the result.
func (t *lineTask) finish(before, after []byte, msg string) module.Result {
	data := kit.Dict("backup", "")
	changed := msg != ""
	if changed && !t.c.Check {
		backup, err := t.edit.Write(after)
		if err != nil {
			return t.edit.Failure(err)
		}
		data.Set("backup", backup)
	}
	moded, err := t.edit.Own(nil)
	if err != nil {
		return kit.Failure(err)
	}
	msg = kit.Owned(msg, moded)
	data.Set("msg", msg)
	return module.Result{Changed: changed || moded, Msg: msg, Data: data, Diff: t.edit.ContentDiff(before, after, t.edit.Path+" (content)")}
}
