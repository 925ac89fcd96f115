package basics

import (
	"path/filepath"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var fileSpec = kit.Spec{Shared: [][]kit.Arg{kit.FileArgs}, Args: []kit.Arg{
	{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest", "name"}},
	{Name: "state", Kind: kit.Text, Choices: []string{"absent", "directory", "file", "hard", "link", "touch"}},
	{Name: "src", Kind: kit.Text},
	{Name: "recurse", Kind: kit.Bool, Default: false},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "follow", Kind: kit.Bool, Default: true},
	{Name: "modification_time", Kind: kit.Text},
	{Name: "modification_time_format", Kind: kit.Text, Default: defaultTimeFormat},
	{Name: "access_time", Kind: kit.Text},
	{Name: "access_time_format", Kind: kit.Text, Default: defaultTimeFormat},
}}

// fileTask is a call of the file module whose arguments passed the checks.
type fileTask struct {
	c                      *module.Call
	path                   string
	src                    *string
	state                  string
	follow, force, recurse bool
	attrs                  kit.Attributes
	times                  times
}

// file manages one path: a file, a folder, a link, or its absence.
func file(c *module.Call) module.Result {
	p, err := fileSpec.Parse("file", c)
	if err != nil {
		return kit.Failure(err)
	}
	t, err := newFileTask(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	switch t.state {
	case "absent":
		return t.absent()
	case "directory":
		return t.directory()
	case "touch":
		return t.touch()
	case "link":
		return t.link()
	case "hard":
		return t.hardlink()
	}
	return t.present()
}

func newFileTask(c *module.Call, p *kit.Params) (*fileTask, error) {
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return nil, err
	}
	t := &fileTask{c: c, path: p.Str("path"), state: p.Str("state"), attrs: attrs,
		follow: p.Flag("follow"), force: p.Flag("force"), recurse: p.Flag("recurse")}
	if p.Has("src") {
		src := kit.Expand(c, p.Str("src"))
		t.src = &src
	}
	if t.src != nil && t.state != "link" && t.state != "absent" && kit.IsDir(t.path) {
		t.path = filepath.Join(t.path, filepath.Base(*t.src))
	}
	if t.state == "" {
		t.state = defaultState(kit.FileState(t.path), t.recurse)
	}
	if t.recurse && t.state != "directory" {
		return nil, kit.AtPath(t.path, fmt.Errorf("recurse option requires state to be 'directory'"))
	}
	if t.src != nil && t.state != "link" && t.state != "hard" {
		return nil, kit.AtPath(t.path, fmt.Errorf("src option requires state to be 'link' or 'hard'"))
	}
	t.times, err = timesOf(p, t.state == "touch")
	return t, err
}

// defaultState: what is there stays what it is.
func defaultState(now string, recurse bool) string {
	switch {
	case now != "absent":
		return now
	case recurse:
		return "directory"
	}
	return "file"
}

// target is the path, or what it points to when links are followed.
func (t *fileTask) target() string {
	if t.follow && kit.IsLink(t.path) {
		return kit.RealPath(t.path)
	}
	return t.path
}

// finish applies attributes and times to a path, as the last step of most states.
func (t *fileTask) finish(changed bool, at string, data *value.Dict, d *kit.Delta) module.Result {
	moded, err := t.attrs.Apply(t.c, at, d)
	if err != nil {
		return kit.Failure(err)
	}
	timed, err := t.times.apply(t.c, at, d)
	if err != nil {
		return kit.Failure(err)
	}
	r := kit.Done(changed || moded || timed, data, d)
	r.TimesOnly = timed && !changed && !moded
	return r
}

// present gives an existing file its attributes; it never creates one.
func (t *fileTask) present() module.Result {
	at := t.path
	if kit.FileState(at) != "file" {
		at = t.target()
	}
	if state := kit.FileState(at); state != "file" && state != "hard" {
		return kit.Failed(fmt.Sprintf("file (%s) is %s, cannot continue", at, state), kit.Dict("path", at, "state", state))
	}
	return t.finish(false, at, kit.Dict("path", at), kit.NewDelta(t.c, at))
}

// absent removes a file, a link, or a folder with everything in it.
func (t *fileTask) absent() module.Result {
	data := kit.Dict("path", t.path, "state", "absent")
	state := kit.FileState(filepath.Clean(t.path))
	if state == "absent" {
		return module.Result{Data: data}
	}
	d := kit.NewDelta(t.c, t.path)
	d.Set("state", state, "absent")
	if !t.c.Check {
		if err := t.c.Log.Remove(filepath.Clean(t.path)); err != nil {
			return kit.Failed(removeError(state)+kit.Reason(err), kit.Dict("path", t.path))
		}
	}
	return kit.Done(true, data, d)
}

func removeError(state string) string {
	if state == "directory" {
		return "rmtree failed: "
	}
	return "unlinking failed: "
}

// touch creates an empty file or brings the times of what is there up to date.
func (t *fileTask) touch() module.Result {
	data, d := kit.Dict("dest", t.path), kit.NewDelta(t.c, t.path)
	state := kit.FileState(t.path)
	d.Set("state", state, "touch")
	if state != "absent" {
		return t.finish(false, t.target(), data, d)
	}
	if t.c.Check {
		return module.Result{Changed: true, Data: data, Diff: d.Diffs()}
	}
	meta, err := t.attrs.Meta(t.path, nil)
	if err == nil {
		err = t.c.Log.WriteFile(t.path, noBytes{}, meta)
	}
	if err != nil {
		return kit.Failed("Error, could not touch target: "+kit.ReasonAt(err, t.path), kit.Dict("path", t.path))
	}
	t.times = t.times.withoutNow()
	r := t.finish(true, t.path, data, d)
	r.TimesOnly = false
	return r
}
