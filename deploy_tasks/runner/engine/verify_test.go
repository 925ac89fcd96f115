package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"runner/engine"
	"runner/testkit"
)

func verified(t *testing.T, r *rig, between func()) *engine.Verdict {
	t.Helper()
	r.opts.HoldVerify = true
	if !r.run(context.Background()) {
		t.Fatalf("%s %+v", r.story(), r.engine.Failure)
	}
	if between != nil {
		between()
	}
	v := r.engine.Verify(context.Background())
	v.Digest = true
	return v
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	write := func(id, text string) object {
		return testkit.Task(id, "copy", object{"content": text, "dest": file})
	}
	tagged := object{"tags": []string{"verify"}}
	cases := map[string]struct {
		tasks   []object
		between func()
		drift   []string
		failed  []string
	}{
		"as it should be": {[]object{write("a", "x"), sh("b", "true"), sh("c", "test -f "+file, tagged)}, nil, []string{}, []string{}},
		"drift":           {[]object{write("a", "x")}, func() { _ = os.WriteFile(file, []byte("y"), 0o644) }, []string{"a"}, []string{}},
		"a probe fails":   {[]object{write("a", "x"), sh("c", "test -d "+file, tagged)}, nil, []string{}, []string{"c"}},
		"overwritten later": {[]object{write("a", "x"), write("b", "y")},
			nil, []string{}, []string{}},
		"touch is no drift": {[]object{write("a", "x"), testkit.Task("b", "file", object{"path": file, "state": "touch"})}, nil, []string{}, []string{}},
		"results of commands are known": {[]object{sh("a", "echo yes", object{"register": "r"}),
			testkit.Task("b", "copy", object{"content": object{"$": attr("r", "stdout")}, "dest": file})}, nil, []string{}, []string{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(file)
			r := newRig(t, testkit.Play(c.tasks...))
			v := verified(t, r, c.between)
			if !reflect.DeepEqual(v.Drift, c.drift) || !reflect.DeepEqual(v.Failed, c.failed) {
				t.Errorf("drift %v failed %v, want %v %v (%+v)", v.Drift, v.Failed, c.drift, c.failed, r.engine.Failure)
			}
			if good := len(c.drift)+len(c.failed) == 0; v.Good() != good || good != (r.engine.Failure == nil) {
				t.Errorf("good %v, failure %+v", v.Good(), r.engine.Failure)
			}
		})
	}
}

func TestTagsSelect(t *testing.T) {
	tagged := func(id string, tags ...string) object { return say(id, object{"tags": tags}) }
	tasks := []object{tagged("plain"), tagged("web", "web"), tagged("db", "db"), tagged("always", "always"), tagged("never", "never", "debug"),
		{"block": []object{tagged("inner")}, "tags": []string{"web"}}}
	cases := []struct {
		tags, skip []string
		story      string
	}{
		{nil, nil, "plain ok, web ok, db ok, always ok, inner ok"},
		{[]string{"web"}, nil, "web ok, always ok, inner ok"},
		{[]string{"debug"}, nil, "always ok, never ok"},
		{[]string{"never"}, nil, "always ok, never ok"},
		{[]string{"tagged"}, nil, "web ok, db ok, always ok, inner ok"},
		{[]string{"untagged"}, nil, "plain ok, always ok"},
		{nil, []string{"web"}, "plain ok, db ok, always ok"},
		{nil, []string{"always"}, "plain ok, web ok, db ok, inner ok"},
		{nil, []string{"tagged"}, "plain ok"},
		{nil, []string{"all"}, "always ok"},
		{[]string{"web", "db"}, []string{"db"}, "web ok, always ok, inner ok"},
	}
	for _, c := range cases {
		r := newRig(t, testkit.Play(tasks...))
		r.opts.Tags, r.opts.Skip = c.tags, c.skip
		r.run(context.Background())
		if got := r.story(); got != c.story {
			t.Errorf("tags %v skip %v: %s, want %s", c.tags, c.skip, got, c.story)
		}
	}
}
