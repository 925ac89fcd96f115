package engine

import (
	"runner/change"
	"runner/record"
	"runner/value"
)

// Fields implements record.Record.
func (p Phase) Fields() *value.Dict { return value.DictOf("event", p.Event, "phase", p.Phase) }

// Fields implements record.Record.
func (t TaskStart) Fields() *value.Dict {
	return value.DictOf("event", t.Event, "index", t.Index, "total", t.Total, "id", t.ID, "name", t.Name, "module", t.Module)
}

// Fields implements record.Record.
func (d Diff) Fields() *value.Dict {
	out := value.DictOf("before", d.Before, "after", d.After)
	record.Optional(out, "before_header", d.BeforeHeader)
	record.Optional(out, "after_header", d.AfterHeader)
	return out
}

// Fields implements record.Record.
func (t TaskEnd) Fields() *value.Dict {
	d := t.TaskStart.Fields()
	d.Set("status", t.Status)
	d.Set("duration_s", t.Duration)
	d.Set("msg", t.Msg)
	record.Optional(d, "result", t.Result)
	record.Optional(d, "diff", record.List(t.Diff))
	d.Set("handler", t.Handler)
	d.Set("where", t.Where)
	record.Optional(d, "line", t.Line)
	return d
}

// Fields implements record.Record.
func (f *Failure) Fields() *value.Dict {
	d := value.DictOf("task", f.Task, "module", f.Module, "msg", f.Msg, "tail", record.Texts(f.Tail), "where", f.Where)
	record.Optional(d, "line", f.Line)
	return d
}

// Fields implements record.Record.
func (v *Verdict) Fields() *value.Dict {
	return value.DictOf("digest", v.Digest, "drift", record.Texts(v.Drift), "failed", record.Texts(v.Failed))
}

// Fields implements record.Record.
func (s Summary) Fields() *value.Dict {
	d := value.DictOf("event", s.Event)
	record.Optional(d, "deployment", s.Deployment)
	d.Update(value.DictOf("status", s.Status, "phase", s.Phase, "ok", s.OK, "changed", s.Changed, "failed", s.Failed,
		"skipped", s.Skipped, "ignored", s.Ignored, "rescued", s.Rescued, "duration_s", s.Duration, "cpu_s", s.CPU,
		"max_rss_kb", s.MaxRSS, "error", nil, "verify", nil, "undo", nil))
	record.Optional(d, "unreachable", s.Unreachable)
	if s.Error != nil {
		d.Set("error", s.Error.Fields())
	}
	if s.Verify != nil {
		d.Set("verify", s.Verify.Fields())
	}
	if s.Undo != nil {
		d.Set("undo", s.Undo.Fields())
	}
	record.Optional(d, "irreversible", s.Irreversible)
	record.Optional(d, "unconfirmed", s.Unconfirmed)
	record.Optional(d, "cancelled", s.Cancelled)
	d.Set("repeated", s.Repeated)
	record.Optional(d, "check", s.Check)
	record.Optional(d, "away", s.Away)
	return d
}

// Fields implements record.Record.
func (s Shared) Fields() *value.Dict {
	return value.DictOf("event", "shared", "name", s.Name, "value", s.Value)
}

// ReadSummary reads a kept report.
func ReadSummary(r record.Reader) (Summary, error) {
	s := Summary{Event: r.Text("event"), Deployment: r.Text("deployment"), Status: r.Text("status"), Phase: r.Text("phase"),
		OK: r.Int("ok"), Changed: r.Int("changed"), Failed: r.Int("failed"), Skipped: r.Int("skipped"),
		Ignored: r.Int("ignored"), Rescued: r.Int("rescued"), Unreachable: r.Int("unreachable"), Duration: r.Float("duration_s"), CPU: r.Float("cpu_s"),
		MaxRSS: r.Int64("max_rss_kb"), Cancelled: r.Flag("cancelled"), Repeated: r.Flag("repeated"), Check: r.Flag("check"),
		Irreversible: r.Int("irreversible"), Unconfirmed: r.Flag("unconfirmed")}
	if f := r.Record("error"); r.Has("error") {
		s.Error = &Failure{f.Text("task"), f.Text("module"), f.Text("msg"), f.Texts("tail"), f.Text("where"), f.Text("line")}
	}
	if v := r.Record("verify"); r.Has("verify") {
		s.Verify = &Verdict{v.Flag("digest"), v.Texts("drift"), v.Texts("failed")}
	}
	if r.Has("undo") {
		s.Undo = change.ReadUndoReport(r.Record("undo"))
	}
	return s, r.Err()
}
