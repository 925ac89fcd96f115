package kit

import (
	"runner/module"
	"runner/value"
)

// Delta collects what a task changes about one file, for the diff of its result. A nil delta collects nothing.
type Delta struct{ before, after *value.Dict }

// NewDelta starts a delta that names the file, when the call wants a diff.
func NewDelta(c *module.Call, path string) *Delta {
	if !c.Diff {
		return nil
	}
	return &Delta{Dict("path", path), Dict("path", path)}
}

// Set notes what an attribute was and what it becomes.
func (d *Delta) Set(key string, before, after any) {
	if d != nil {
		d.before.Set(key, before)
		d.after.Set(key, after)
	}
}

// Diffs is the delta as JSON texts, the way Ansible shows it.
func (d *Delta) Diffs() []module.Diff {
	if d == nil || d.before.Len() < 2 && d.after.Len() < 2 {
		return nil
	}
	return []module.Diff{{Before: indented(d.before), After: indented(d.after)}}
}

func indented(v any) string {
	style := value.Style{ItemSep: ",", KeySep: ": ", Indent: "    ", Pretty: true, SortKeys: true}
	return string(value.EncodeStyle(v, style)) + "\n"
}
