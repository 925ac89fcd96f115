package engine

import (
	"runner/fmt"
	"runner/program"
	"runner/record"
	"runner/value"
)

// MaxShared bounds one variable that is told for other hosts, bytes: it is one event.
const MaxShared = 60 << 10

// Shared tells a variable of this host for others.
type Shared struct {
	Name  string
	Value any
}

// carried is what a run of some plays takes over from the run before it, besides what is known of the host; and what one
// part of a play hands to the next.
type carried struct {
	index   int           // tasks told so far
	pending map[int][]int // notified handlers, by their place in the play that goes on
	ended   halt          // how the play that goes on ended early: endPlay, endHost or goOn
	spent   []string      // blocks that run once and have, in the play that goes on
	ruin    *Failure      // a failure of the play that goes on, which no rescue makes good
}

// plays are those of this run, from the first to before the second.
func (o *Options) plays() (from, to int) {
	if o.To == 0 {
		return 0, len(o.Program.Plays)
	}
	return o.From, o.To
}

// resume takes over what the part of the play before this one has left. Anything but goOn: the play has ended.
func (r *run) resume() halt {
	for n, by := range r.carried.pending {
		if n < len(r.handlers) {
			r.pending[r.handlers[n]] = by
		}
	}
	for _, key := range r.carried.spent {
		r.spent[key] = true
	}
	h := r.carried.ended
	r.ruin = r.carried.ruin
	r.carried = carried{}
	return h
}

// leave keeps what the next part of the play takes over; it has the same handlers.
func (r *run) leave(h halt) {
	r.carried = carried{pending: r.due(), ended: h, spent: keys(r.spent), ruin: r.ruin}
	r.pending = map[*handler][]int{}
}

// Shared are the variables that other hosts read of this one: those of these names that are known, or all.
func (e *Engine) Shared(names []string, all bool) *value.Dict {
	h := e.host
	s := e.pass(nil).scope(frame{}, nil)
	out := value.NewDict()
	take := func(name string) {
		if v, ok, err := s.Lookup(name); ok && err == nil {
			out.Set(name, value.Plain(v))
		}
	}
	if !all {
		for _, name := range names {
			if name == "ansible_facts" || has(h.known, name) || has(h.included, name) || has(h.facts, name) {
				take(name)
			}
		}
		return out
	}
	for _, layer := range []*value.Dict{h.known, h.included, h.facts} {
		for _, name := range layer.Keys() {
			take(name)
		}
	}
	return out
}

func has(d *value.Dict, name string) bool {
	_, ok := d.Get(name)
	return ok
}

// Freeze is what a run of the next plays needs to go on: what is known of the host, the counts, pending handlers; and for
// verifying later the results of tasks and what they changed.
func (e *Engine) Freeze(verify bool) *value.Dict {
	c := e.Counts
	out := value.DictOf("known", pack(e.host.known), "included", pack(e.host.included), "facts", pack(e.host.facts),
		"counts", []any{c.OK, c.Changed, c.Failed, c.Skipped, c.Ignored, c.Rescued, c.Unreachable}, "index", e.carried.index)
	if e.carried.ended != goOn {
		out.Set("ended", int(e.carried.ended))
	}
	var pending []any
	for n, by := range e.carried.pending {
		pending = append(pending, []any{n, numbers(by)})
	}
	out.Set("pending", pending)
	if len(e.carried.spent) > 0 {
		out.Set("spent", listOf(e.carried.spent))
	}
	if f := e.carried.ruin; f != nil {
		out.Set("ruin", value.DictOf("task", f.Task, "module", f.Module, "msg", f.Msg, "where", f.Where, "line", f.Line))
	}
	if verify {
		out.Set("theirs", e.freezeTheirs())
		e.freezeResults(out)
	}
	return out
}

func (e *Engine) freezeResults(out *value.Dict) {
	places := map[*program.Task]int{}
	for n, t := range e.opts.Program.Tasks() {
		places[t] = n
	}
	var results, changers []any
	for key, result := range e.results {
		results = append(results, []any{key.task, key.item, pack(result)})
	}
	for t, by := range e.changers {
		changers = append(changers, []any{places[t], numbers(by)})
	}
	out.Set("results", results)
	out.Set("changers", changers)
}

func numbers(list []int) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

// Thaw takes over what the run before has frozen. The program is the same.
func (e *Engine) Thaw(state *value.Dict) error {
	t := thawing{e: e, tasks: e.opts.Program.Tasks()}
	e.host.known, e.host.included, e.host.facts = t.dict(state, "known"), t.dict(state, "included"), t.dict(state, "facts")
	r := record.Of(state)
	if c := r.Ints("counts"); len(c) == 7 {
		e.Counts = Counts{c[0], c[1], c[2], c[3], c[4], c[5], c[6]}
	}
	e.carried = carried{index: r.Int("index"), ended: halt(r.Int("ended")), pending: map[int][]int{}, spent: r.Texts("spent")}
	if r.Has("ruin") {
		f := r.Record("ruin")
		e.carried.ruin = &Failure{Task: f.Text("task"), Module: f.Text("module"), Msg: f.Text("msg"), Tail: []string{}, Where: f.Text("where"), Line: f.Text("line")}
	}
	if r.Has("theirs") {
		t.theirs(r.Dict("theirs"))
	}
	if r.Has("going") {
		t.going(r.Dict("going"))
	}
	for _, item := range r.List("pending") {
		n, by := t.pair(item)
		e.carried.pending[n] = by
	}
	for _, item := range r.List("results") {
		t.result(item)
	}
	for _, item := range r.List("changers") {
		n, by := t.pair(item)
		if n < len(t.tasks) {
			e.changers[t.tasks[n]] = by
		}
	}
	if t.err == nil {
		t.err = r.Err()
	}
	return t.err
}

// thawing keeps the first thing that is not what was frozen.
type thawing struct {
	e     *Engine
	tasks []*program.Task
	err   error
}

func (t *thawing) fail(what string) {
	if t.err == nil {
		t.err = fmt.Errorf("what the stage before has left is damaged: %s", what)
	}
}

func (t *thawing) dict(state *value.Dict, key string) *value.Dict {
	v, _ := state.Get(key)
	v, err := unpack(v)
	d, ok := v.(*value.Dict)
	if err != nil || !ok {
		t.fail(key)
		return value.NewDict()
	}
	return d
}

// pair reads [number, [numbers]].
func (t *thawing) pair(item any) (int, []int) {
	parts, _ := value.Items(item)
	if len(parts) != 2 {
		t.fail("a pair")
		return 0, nil
	}
	r := record.Of(value.DictOf("n", parts[0], "list", parts[1]))
	n, list := r.Int("n"), r.Ints("list")
	if r.Err() != nil || n < 0 {
		t.fail("a list of numbers")
	}
	if list == nil {
		list = []int{}
	}
	return max(n, 0), list
}

// result reads [execution of a task, item, result].
func (t *thawing) result(item any) {
	parts, _ := value.Items(item)
	if len(parts) != 3 {
		t.fail("a result")
		return
	}
	r := record.Of(value.DictOf("task", parts[0], "item", parts[1]))
	key := resultKey{r.Text("task"), r.Int("item")}
	v, err := unpack(parts[2])
	d, ok := v.(*value.Dict)
	if err != nil || !ok || r.Err() != nil {
		t.fail("a result")
		return
	}
	t.e.results[key] = d
}
