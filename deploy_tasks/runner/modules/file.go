package modules

import (
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

var fileSpec = spec{shared: [][]arg{fileArgs}, args: []arg{
	{name: "path", kind: path_, required: true, aliases: []string{"dest", "name"}},
	{name: "state", kind: text, choices: []string{"absent", "directory", "file", "hard", "link", "touch"}},
	{name: "src", kind: text},
	{name: "recurse", kind: boolean, def: false},
	{name: "force", kind: boolean, def: false},
	{name: "follow", kind: boolean, def: true},
	{name: "modification_time", kind: text},
	{name: "modification_time_format", kind: text, def: defaultTimeFormat},
	{name: "access_time", kind: text},
	{name: "access_time_format", kind: text, def: defaultTimeFormat},
}}

// fileTask is a call of the file module whose arguments passed the checks.
type fileTask struct {
	c                      *module.Call
	path                   string
	src                    *string
	state                  string
	follow, force, recurse bool
	attrs                  attributes
	times                  times
}

// file manages one path: a file, a folder, a link, or its absence.
func file(c *module.Call) module.Result {
	p, err := fileSpec.parse("file", c)
	if err != nil {
		return failure(err)
	}
	t, err := newFileTask(c, p)
	if err != nil {
		return failure(err)
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

func newFileTask(c *module.Call, p *params) (*fileTask, error) {
	attrs, err := fileAttributes(p)
	if err != nil {
		return nil, err
	}
	t := &fileTask{c: c, path: p.str("path"), state: p.str("state"), attrs: attrs,
		follow: p.flag("follow"), force: p.flag("force"), recurse: p.flag("recurse")}
	if p.has("src") {
		src := expand(c, p.str("src"))
		t.src = &src
	}
	if t.src != nil && t.state != "link" && t.state != "absent" && isDir(t.path) {
		t.path = filepath.Join(t.path, filepath.Base(*t.src))
	}
	if t.state == "" {
		t.state = defaultState(fileState(t.path), t.recurse)
	}
	if t.recurse && t.state != "directory" {
		return nil, &pathError{t.path, fmt.Errorf("recurse option requires state to be 'directory'")}
	}
	if t.src != nil && t.state != "link" && t.state != "hard" {
		return nil, &pathError{t.path, fmt.Errorf("src option requires state to be 'link' or 'hard'")}
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
	if t.follow && isLink(t.path) {
		return realPath(t.path)
	}
	return t.path
}

// finish applies attributes and times to a path, as the last step of most states.
func (t *fileTask) finish(changed bool, at string, data *value.Dict, d *delta) module.Result {
	moded, err := t.attrs.apply(t.c, at, d)
	if err != nil {
		return failure(err)
	}
	timed, err := t.times.apply(t.c, at, d)
	if err != nil {
		return failure(err)
	}
	r := done(changed || moded || timed, data, d)
	r.TimesOnly = timed && !changed && !moded
	return r
}

// present gives an existing file its attributes; it never creates one.
func (t *fileTask) present() module.Result {
	at := t.path
	if fileState(at) != "file" {
		at = t.target()
	}
	if state := fileState(at); state != "file" && state != "hard" {
		return failed(fmt.Sprintf("file (%s) is %s, cannot continue", at, state), dict("path", at, "state", state))
	}
	return t.finish(false, at, dict("path", at), newDelta(t.c, at))
}

// absent removes a file, a link, or a folder with everything in it.
func (t *fileTask) absent() module.Result {
	data := dict("path", t.path, "state", "absent")
	state := fileState(filepath.Clean(t.path))
	if state == "absent" {
		return module.Result{Data: data}
	}
	d := newDelta(t.c, t.path)
	d.set("state", state, "absent")
	if !t.c.Check {
		if err := t.c.Log.Remove(filepath.Clean(t.path)); err != nil {
			return failed(removeError(state)+reason(err), dict("path", t.path))
		}
	}
	return done(true, data, d)
}

func removeError(state string) string {
	if state == "directory" {
		return "rmtree failed: "
	}
	return "unlinking failed: "
}

// touch creates an empty file or brings the times of what is there up to date.
func (t *fileTask) touch() module.Result {
	data, d := dict("dest", t.path), newDelta(t.c, t.path)
	state := fileState(t.path)
	d.set("state", state, "touch")
	if state != "absent" {
		return t.finish(false, t.target(), data, d)
	}
	if t.c.Check {
		return module.Result{Changed: true, Data: data, Diff: d.diffs()}
	}
	meta, err := t.attrs.meta(t.path, nil)
	if err == nil {
		err = t.c.Log.WriteFile(t.path, noBytes{}, meta)
	}
	if err != nil {
		return failed("Error, could not touch target: "+reasonAt(err, t.path), dict("path", t.path))
	}
	t.times = t.times.withoutNow()
	r := t.finish(true, t.path, data, d)
	r.TimesOnly = false
	return r
}

// realPath resolves every link on the way, also when the last element does not exist.
func realPath(path string) string {
	for range 40 {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		target, err := os.Readlink(path)
		if err != nil {
			return path
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return path
}
