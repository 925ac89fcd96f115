package modules

import (
	"runner/module"
	"runner/value"
)

// delta collects what a task changes about one file, for the diff of its result. A nil delta collects nothing.
type delta struct{ before, after *value.Dict }

// newDelta starts a delta that names the file, when the call wants a diff.
func newDelta(c *module.Call, path string) *delta {
	if !c.Diff {
		return nil
	}
	return &delta{dict("path", path), dict("path", path)}
}

func (d *delta) set(key string, before, after any) {
	if d != nil {
		d.before.Set(key, before)
		d.after.Set(key, after)
	}
}

// diffs is the delta as JSON texts, the way Ansible shows it.
func (d *delta) diffs() []module.Diff {
	if d == nil || d.before.Len() < 2 && d.after.Len() < 2 {
		return nil
	}
	return []module.Diff{{Before: indented(d.before), After: indented(d.after)}}
}

func indented(v any) string {
	style := value.Style{ItemSep: ",", KeySep: ": ", Indent: "    ", Pretty: true, SortKeys: true}
	return string(value.EncodeStyle(v, style)) + "\n"
}
