package engine

import (
	"strings"

	"runner/expr"
	"runner/module"
	"runner/value"
)

// outcome turns a module's result into what register gets, and learns its facts.
func (j *job) outcome(m module.Result) outcome {
	d := value.NewDict()
	if m.Data != nil {
		d = m.Data.Copy()
	}
	d.Set("changed", m.Changed)
	if m.Unreachable {
		d.Set("unreachable", true)
		d.Set("msg", m.Msg)
		return outcome{result: d, failed: true, unreachable: true, msg: m.Msg}
	}
	d.Set("failed", m.Failed)
	if m.Skipped {
		d.Set("skipped", true)
	}
	if _, own := d.Get("msg"); m.Msg != "" || !own && m.Failed {
		d.Set("msg", m.Msg)
	}
	for _, name := range []string{"stdout", "stderr"} {
		addLines(d, name)
	}
	if m.Facts != nil {
		if !m.Failed {
			cacheable, _ := j.call.Args.Get("cacheable")
			if err := j.learnFacts(m.Facts, truth(cacheable)); err != nil {
				return failure("delegate_facts: " + err.Error())
			}
		}
		d.Set("ansible_facts", j.told(m.Facts))
	}
	o := outcome{result: d, changed: m.Changed, failed: m.Failed, skipped: m.Skipped, timesOnly: m.TimesOnly, msg: m.Msg}
	o.uncertain = j.call.Check && m.Skipped
	for _, part := range m.Diff {
		o.diff = append(o.diff, Diff(part))
	}
	if _, own := d.Get("diff"); j.call.Diff && !own && len(o.diff) > 0 {
		d.Set("diff", shownDiff(o.diff))
	}
	if m.Irreversible != "" && !j.call.Check {
		_ = j.call.Log.Warn(m.Irreversible) // the remark is for the report only
	}
	return o
}

// shownDiff is what register gets of the changes that a task was told to show.
func shownDiff(parts []Diff) []any {
	shown := make([]any, len(parts))
	for i, part := range parts {
		shown[i] = value.DictOf("before", part.Before, "after", part.After,
			"before_header", part.BeforeHeader, "after_header", part.AfterHeader)
	}
	return shown
}

// addLines adds stdout_lines beside stdout.
func addLines(d *value.Dict, name string) {
	v, _ := d.Get(name)
	text, ok := v.(string)
	if _, has := d.Get(name + "_lines"); !ok || has {
		return
	}
	lines := []any{}
	if text != "" {
		lines = listOf(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
	}
	d.Set(name+"_lines", lines)
}

// told are facts as a result tells them: those of include_vars may hold expressions, and one without a value yet is left
// out.
func (j *job) told(facts *value.Dict) *value.Dict {
	if j.task.Module != "include_vars" {
		return facts
	}
	out, s := value.NewDict(), j.scope()
	for _, name := range facts.Keys() {
		v, _ := facts.Get(name)
		if v, err := expr.Resolve(v, s); err == nil {
			out.Set(name, v)
		}
	}
	return out
}
