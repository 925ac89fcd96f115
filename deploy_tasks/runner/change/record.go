package change

import (
	"runner/base64"
	"runner/record"
	"runner/value"
)

// Fields is how an entry stands in the journal; what is empty is left out.
func (e entry) Fields() *value.Dict {
	d := value.DictOf("op", string(e.Op))
	record.Optional(d, "format", e.Format)
	record.Optional(d, "task", e.Task)
	record.Optional(d, "path", e.Path.text())
	record.Optional(d, "to", e.To.text())
	record.Optional(d, "temp", e.Temp.text())
	for _, s := range []struct {
		key   string
		state *State
	}{{"before", e.Before}, {"after", e.After}, {"replaced", e.Replaced}} {
		if s.state != nil {
			d.Set(s.key, s.state.Fields())
		}
	}
	record.Optional(d, "folders", record.List(e.Folders))
	record.Optional(d, "name", e.Name)
	record.Optional(d, "kind", e.Kind)
	if e.Value != nil {
		d.Set("value", e.Value)
	}
	record.Optional(d, "handler", e.Handler)
	record.Optional(d, "what", e.What)
	record.Optional(d, "argv", record.Texts(e.Argv))
	record.Optional(d, "args", e.Args)
	record.Optional(d, "by", numbers(e.By))
	record.Optional(d, "ref", e.Ref)
	record.Optional(d, "conflict", e.Conflict)
	record.Optional(d, "kept", e.Kept)
	record.Optional(d, "count", e.Count)
	return d
}

func readEntry(text []byte) (entry, error) {
	r, err := record.Parse(text)
	if err != nil {
		return entry{}, err
	}
	e := entry{Op: Op(r.Text("op")), Format: r.Int("format"), Task: r.Int("task"), Path: readPath(r, "path"),
		To: readPath(r, "to"), Temp: readPath(r, "temp"), Before: readState(r, "before"), After: readState(r, "after"),
		Replaced: readState(r, "replaced"), Name: r.Text("name"), Kind: r.Text("kind"), Value: r.Value("value"), Handler: r.Flag("handler"), What: r.Text("what"),
		Argv: r.Texts("argv"), Args: r.Value("args"), By: r.Ints("by"), Ref: r.Int("ref"), Conflict: r.Flag("conflict"),
		Kept: r.Flag("kept"), Count: r.Int("count")}
	for _, f := range r.Records("folders") {
		e.Folders = append(e.Folders, folderTime{readPath(f, "path"), f.Int64("mtime")})
	}
	return e, r.Err()
}

func numbers(list []int) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

// Fields implements record.Record.
func (f folderTime) Fields() *value.Dict {
	return value.DictOf("path", f.Path.text(), "mtime", f.Mtime)
}

// Fields implements record.Record.
func (st State) Fields() *value.Dict {
	d := value.DictOf("kind", string(st.Kind))
	record.Optional(d, "mode", int64(st.Mode))
	d.Set("uid", st.UID)
	d.Set("gid", st.GID)
	record.Optional(d, "size", st.Size)
	record.Optional(d, "digest", st.Digest)
	record.Optional(d, "target", st.Target.text())
	record.Optional(d, "mtime", st.Mtime)
	record.Optional(d, "atime", st.Atime)
	record.Optional(d, "links", int64(st.Links))
	record.Optional(d, "rdev", int64(st.Rdev))
	if len(st.Xattrs) > 0 {
		xattrs := value.NewDict()
		for name, content := range st.Xattrs {
			xattrs.Set(name, base64.EncodeToString(content))
		}
		d.Set("xattrs", xattrs)
	}
	return d
}

func readState(from record.Reader, key string) *State {
	if !from.Has(key) {
		return nil
	}
	r := from.Record(key)
	st := &State{Kind: Shape(r.Text("kind")), Mode: uint32(r.Int64("mode")), UID: r.Int("uid"), GID: r.Int("gid"),
		Size: r.Int64("size"), Digest: r.Text("digest"), Target: readPath(r, "target"), Mtime: r.Int64("mtime"),
		Atime: r.Int64("atime"), Links: uint64(r.Int64("links")), Rdev: uint64(r.Int64("rdev"))}
	xattrs := r.Record("xattrs")
	for _, name := range r.Dict("xattrs").Keys() {
		if st.Xattrs == nil {
			st.Xattrs = map[string][]byte{}
		}
		// The line's checksum has told that this is what was written.
		st.Xattrs[name], _ = base64.DecodeString(xattrs.Text(name))
	}
	return st
}

func readPath(r record.Reader, key string) pathText { return parsePath(r.Text(key)) }

// Fields implements record.Record.
func (c Conflict) Fields() *value.Dict { return value.DictOf("path", c.Path, "why", c.Why) }

// Fields implements record.Record.
func (i Irreversible) Fields() *value.Dict { return value.DictOf("task", i.Task, "what", i.What) }

// Fields implements record.Record.
func (r *UndoReport) Fields() *value.Dict {
	return value.DictOf("undone", record.Texts(r.Undone), "conflicted", record.List(r.Conflicted),
		"irreversible", record.List(r.Irreversible))
}

// ReadUndoReport reads a kept report of an undo.
func ReadUndoReport(r record.Reader) *UndoReport {
	u := NothingUndone()
	u.Undone = append(u.Undone, r.Texts("undone")...)
	for _, c := range r.Records("conflicted") {
		u.Conflicted = append(u.Conflicted, Conflict{c.Text("path"), c.Text("why")})
	}
	for _, i := range r.Records("irreversible") {
		u.Irreversible = append(u.Irreversible, Irreversible{i.Text("task"), i.Text("what")})
	}
	return &u
}
