package engine

import (
	"errors"

	"runner/program"
	"runner/record"
	"runner/value"
)

// A run that ends where its host restarts goes on from there once the host is back. Where it stands is the way from the
// play to the task: one mark of each list of steps, block, include and flush of handlers around it, outermost first. Each
// takes its own mark up again and goes on as if it had never left.

// stand adds a mark for as long as what it stands for is at work; say tells it when a run is about to end there.
func (r *run) stand(say func() *value.Dict) (done func()) {
	n := len(r.marks)
	r.marks = append(r.marks, say)
	return func() { r.marks = r.marks[:n] }
}

// rejoin takes up the next mark of a run that goes on; false for what begins.
func (r *run) rejoin() (record.Reader, bool) {
	if len(r.path) == 0 {
		return record.Reader{}, false
	}
	back := record.Of(r.path[0])
	r.path = r.path[1:]
	return back, true
}

// again takes up the task at the end of the way.
func (r *run) again(t *program.Task, back record.Reader) (TaskStart, error) {
	r.total = max(r.total, back.Int("index")+1)
	start := TaskStart{"task_start", back.Int("index"), r.total, t.ID, back.Text("name"), t.Module}
	left, err := unpack(back.Dict("left"))
	r.left, _ = left.(*value.Dict)
	if err != nil || back.Err() != nil || r.left == nil || len(r.path) > 0 || back.Text("task") != t.ID {
		r.path = nil
		return start, errDamaged
	}
	r.coming = false
	return start, nil
}

var errDamaged = errors.New("what the run has left before the host restarted is damaged")

// freeze is all that a run needs to go on from the task at work, which leaves something for itself.
func (j *job) freeze(left *value.Dict) *value.Dict {
	r := j.run
	r.Engine.carried = carried{index: r.index, pending: r.due(), spent: keys(r.spent), ruin: r.ruin}
	out := r.Freeze(r.opts.HoldVerify)
	place := []any{}
	for _, say := range r.marks {
		place = append(place, say())
	}
	place = append(place, value.DictOf("index", r.index-1, "task", j.task.ID, "name", r.taskName(j.task, j.frame), "left", pack(left)))
	going := value.DictOf("place", place, "role_names", listOf(r.roleNames), "ran", r.ran, "must_undo", r.MustUndo,
		"inventory", pack(r.joined()), "added", pack(dictOr(r.added)), "learnt", pack(dictOr(r.learnt)),
		"introduced", pack(dictOr(r.introduced)))
	if r.failure != nil {
		going.Set("failure", frozenFailure(r.failure))
	}
	out.Set("going", going)
	return out
}

// joined is what tasks have made of what the inventory says of the host.
func (r *run) joined() *value.Dict {
	out := value.NewDict()
	if r.host.inventory == r.opts.Vars {
		return out
	}
	for key, v := range r.host.inventory.All() {
		name := value.Str(key)
		if was, known := r.opts.Vars.Get(name); !known || string(value.Encode(pack(was))) != string(value.Encode(pack(v))) {
			out.Set(name, v)
		}
	}
	return out
}

func dictOr(d *value.Dict) *value.Dict {
	if d == nil {
		return value.NewDict()
	}
	return d
}

func frozenFailure(f *Failure) *value.Dict {
	return value.DictOf("task", f.Task, "module", f.Module, "msg", f.Msg, "where", f.Where, "line", f.Line, "tail", listOf(f.Tail))
}

func thawedFailure(f record.Reader) *Failure {
	tail := f.Texts("tail")
	if tail == nil {
		tail = []string{}
	}
	return &Failure{Task: f.Text("task"), Module: f.Text("module"), Msg: f.Text("msg"), Tail: tail, Where: f.Text("where"), Line: f.Text("line")}
}

// going reads where the run stood.
func (t *thawing) going(frozen *value.Dict) {
	r := record.Of(frozen)
	t.e.going = frozen
	t.e.MustUndo = r.Flag("must_undo")
	if joined := t.dict(frozen, "inventory"); joined.Len() > 0 {
		t.e.host.inventory = merged(t.e.host.inventory, joined)
	}
	t.e.added, t.e.learnt = t.dict(frozen, "added"), t.dict(frozen, "learnt")
	for name, of := range t.dict(frozen, "introduced").All() {
		if inventory, ok := of.(*value.Dict); ok {
			t.e.pass(nil).introduce(value.Str(name), inventory)
		}
	}
	if place := r.List("place"); r.Err() != nil || len(place) < 2 {
		t.fail("the place in the play")
	}
}

// comeBack has the run begin at the place that was thawed.
func (r *run) comeBack() {
	if r.Engine.going == nil {
		return
	}
	going := record.Of(r.Engine.going)
	r.path, r.roleNames, r.ran = going.List("place"), going.Texts("role_names"), going.Int("ran")
	r.MustUndo, r.coming = going.Flag("must_undo"), true
	if going.Has("failure") {
		r.failure = thawedFailure(going.Record("failure"))
	}
	r.Engine.going = nil
}

// due are the notified handlers, by their place in the play.
func (r *run) due() map[int][]int {
	out := map[int][]int{}
	for n, handler := range r.handlers {
		if by, due := r.pending[handler]; due {
			out[n] = by
		}
	}
	return out
}
