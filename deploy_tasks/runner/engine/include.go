package engine

import (
	"path"
	"slices"
	"time"

	"runner/expr"
	"runner/fmt"
	"runner/program"
	"runner/record"
	"runner/value"
)

// inclusion is what one item of an include brings.
type inclusion struct {
	name  string
	files string // of a role: which of its files
	steps []program.Step
	frame frame
	wrong string // why there is nothing
	loop  *value.Dict
	item  int
}

// include decides what an include brings, for all items of its loop first, and performs that then.
func (r *run) include(inc *program.Include, f frame) halt {
	if back, going := r.rejoin(); going {
		return r.bringAgain(inc, f, back)
	}
	if !r.tagged(f, inc.Tags) {
		return goOn
	}
	if f.sole || r.opts.Ask == nil || r.opts.Alone {
		h, _ := r.bring(inc, f)
		return h
	}
	once, err := flag(inc.RunOnce, false, r.scope(f.inside(inc.Vars, nil, nil), nil))
	switch {
	case err != nil:
		return r.failing(f, r.includeFailure(inc, f, "run_once: "+err.Error()), value.DictOf("name", inc.ID, "action", "include_"+inc.Kind),
			failure(err.Error()).result)
	case once:
		return r.includeOnce(inc, f)
	}
	h, _ := r.bring(inc, f)
	return h
}

func (r *run) includeFailure(inc *program.Include, f frame, msg string) *Failure {
	return &Failure{Task: r.includeName(inc, f.included(inc, nil, f.at)), Module: "include_" + inc.Kind, Msg: msg, Tail: []string{}, Where: inc.Where, Line: inc.Line}
}

// bring performs what an include brings; the outcome is that of the include itself.
func (r *run) bring(inc *program.Include, f frame) (halt, outcome) {
	own := f
	own.when = push(f.when, inc.When...)
	own = own.included(inc, nil, f.at)
	start := r.announce(inc.ID, r.includeName(inc, own), "include_"+inc.Kind)
	began := time.Now()
	o, found := r.inclusions(inc, f, own)
	status := r.includeStatus(inc, own, &o, found)
	if inc.Register != "" {
		r.host.known.Set(inc.Register, o.result)
	}
	o.failed = o.failed && status == Failed
	end := TaskEnd{TaskStart: start, Status: status, Duration: seconds(time.Since(began)), Msg: cut(o.msg, maxText), Where: inc.Where, Line: inc.Line,
		Result: boundedResult(o.result)}
	end.Event = "task"
	r.opts.Emit(end)
	if o.failed {
		return r.failing(f, &Failure{Task: start.Name, Module: start.Module, Msg: o.msg, Tail: []string{}, Where: inc.Where, Line: inc.Line},
			value.DictOf("name", start.Name, "action", start.Module), o.result), o
	}
	return r.brought(inc, f, start, found, 0), o
}

// bringAgain goes on with what an include has brought.
func (r *run) bringAgain(inc *program.Include, f frame, back record.Reader) halt {
	var found []inclusion
	for _, each := range back.Records("found") {
		loop, err := unpack(each.Value("loop"))
		known, _ := loop.(*value.Dict)
		one := r.including(inc, f, known, each.Int("item"), each.Text("name"))
		if err != nil {
			return r.fail(r.includeFailure(inc, f, "what the include has brought before the host restarted is not there"))
		}
		found = append(found, one)
	}
	return r.brought(inc, f, TaskStart{Name: back.Text("name"), Module: "include_" + inc.Kind}, found, max(back.Int("at"), 0))
}

// brought performs the steps of all items from the one at n.
func (r *run) brought(inc *program.Include, f frame, start TaskStart, found []inclusion, n int) halt {
	defer r.stand(func() *value.Dict { return saidOf(start, found, n) })()
	for ; n < len(found); n++ {
		each, going := found[n], len(r.path) > 0
		if each.wrong != "" {
			return r.lose(&Failure{Task: start.Name, Module: start.Module, Msg: each.wrong, Tail: []string{}, Where: inc.Where, Line: inc.Line})
		}
		if inc.Kind == "role" && !going {
			r.roleNames = push(r.roleNames, each.name)
		}
		if inc.Public && !going {
			f.play.published = append(f.play.published, []any{inc.ID, each.name})
			publish(f.play, each.steps)
		}
		if h := r.steps(each.steps, each.frame); h != goOn {
			return h
		}
	}
	return goOn
}

// saidOf is where the run is in what an include has brought.
func saidOf(start TaskStart, found []inclusion, n int) *value.Dict {
	var all []any
	for _, each := range found {
		all = append(all, value.DictOf("name", each.name, "item", each.item, "loop", pack(dictOr(each.loop))))
	}
	return value.DictOf("name", start.Name, "at", n, "found", all)
}

// republish lets the rest of the play see again what includes have published before the host restarted.
func (r *run) republish(p *program.Play, f frame, published []any) {
	for _, each := range published {
		pair, _ := value.Items(each)
		if len(pair) != 2 {
			continue
		}
		id, role := value.Str(pair[0]), value.Str(pair[1])
		steps := append(p.Tasks[:len(p.Tasks):len(p.Tasks)], p.Handlers...)
		has := func(inc *program.Include) bool { return inc.Kind == "role" && inc.Choices[role] != nil }
		inc := includeIn(steps, func(inc *program.Include) bool { return inc.ID == id && has(inc) })
		if inc == nil {
			inc = includeIn(steps, has) // it has led to itself
		}
		if inc != nil {
			f.play.published = append(f.play.published, each)
			publish(f.play, inc.Choices[role])
		}
	}
}

// includeIn finds the first include that fits.
func includeIn(steps []program.Step, fits func(*program.Include) bool) *program.Include {
	for _, s := range steps {
		var inner [][]program.Step
		switch {
		case s.Include != nil && fits(s.Include):
			return s.Include
		case s.Include != nil:
			for _, choice := range s.Include.Choices {
				inner = append(inner, choice)
			}
		case s.Block != nil:
			inner = [][]program.Step{s.Block.Block, s.Block.Rescue, s.Block.Always}
		}
		for _, steps := range inner {
			if inc := includeIn(steps, fits); inc != nil {
				return inc
			}
		}
	}
	return nil
}

// publish lets the rest of the play see the variables of a role that is included; they hold those of the roles it
// depends on, which stand before it, too.
func publish(play *playVars, steps []program.Step) bool {
	for _, s := range slices.Backward(steps) {
		switch {
		case s.Block == nil:
		case s.Block.Role != "":
			play.defaults, play.roleVars = merged(play.defaults, s.Block.Defaults), merged(play.roleVars, s.Block.RoleVars)
			return true
		case publish(play, s.Block.Block):
			return true
		}
	}
	return false
}

func (r *run) includeName(inc *program.Include, own frame) string {
	for _, v := range []any{inc.Name, inc.Target} {
		if v == nil {
			continue
		}
		if name, err := expr.Resolve(v, r.scope(own, nil)); err == nil && value.Str(name) != "" {
			return value.Str(name)
		}
	}
	return "include_" + inc.Kind
}

// inclusions evaluates the include for every item.
func (r *run) inclusions(inc *program.Include, f, own frame) (outcome, []inclusion) {
	if !inc.Loop.Has {
		o, found := r.inclusion(inc, f, own, nil, 0)
		if found == nil {
			return o, nil
		}
		o.result.Set("changed", false)
		return o, []inclusion{*found}
	}
	items, o := r.loopItems(&inc.Loop, own)
	if o != nil {
		return *o, nil
	}
	if len(items) == 0 {
		return noItems(), nil
	}
	var all results
	var found []inclusion
	for i, item := range items {
		loop := variablesOf(&inc.Loop, items, i, item)
		o, one := r.inclusion(inc, f, own, loop, i)
		if one != nil {
			found = append(found, *one)
		}
		all.add(o, loop)
	}
	return all.whole(), found
}

func (r *run) inclusion(inc *program.Include, f, own frame, loop *value.Dict, i int) (outcome, *inclusion) {
	own.search = inc.Search
	s := r.scope(own, loop)
	if o, met := r.conditions(own.when, s); !met {
		return o, nil
	}
	v, err := expr.Resolve(inc.Target, s)
	if err != nil {
		return r.unless(err, failure(unresolved(err))), nil
	}
	if len(f.within) > maxWithin {
		return failure(fmt.Sprintf("includes lead to each other more than %d deep", maxWithin)), nil
	}
	one := r.including(inc, f, loop, i, value.Str(v))
	if one.wrong != "" {
		return outcome{msg: one.wrong, result: value.DictOf("include", one.name, "reason", one.wrong)}, &one
	}
	o := outcome{result: value.DictOf("include", one.name, "include_args", value.NewDict())}
	if inc.Args.Len() > 0 {
		o.result.Set("include_args", inc.Args)
	}
	if inc.Kind == "role" {
		o.result.Delete("include")
	}
	return o, &one
}

// including is what one item brings, by the name of the file or role.
func (r *run) including(inc *program.Include, f frame, loop *value.Dict, i int, target string) inclusion {
	name, steps, found := choose(inc, target, f.within)
	if !found {
		return inclusion{name: name, wrong: missing(inc, target)}
	}
	within := f.included(inc, loop, below(f.at+"/"+inc.ID, i))
	within.within = push(f.within, inclusion{name: name, files: roleFiles(inc), steps: steps})
	return inclusion{name: name, steps: steps, frame: within, loop: loop, item: i}
}

// maxWithin bounds includes of files that include themselves.
const maxWithin = 400

// choose finds the file or role that a target means; a file that leads to itself is found among those that led here.
func choose(inc *program.Include, target string, within []inclusion) (string, []program.Step, bool) {
	if inc.Kind == "role" {
		steps, found := chooseRole(inc, target, within)
		return target, steps, found
	}
	there := func(name string) bool {
		_, known := inc.Choices[name]
		return known || slices.Contains(inc.Again, name)
	}
	for _, ending := range []string{"", ".yml", ".yaml"} { // those of a role's tasks_from may be left out
		name, found := seek(target+ending, inc.Search, there)
		if steps, known := inc.Choices[name]; found && known {
			return name, steps, true
		}
		for _, each := range slices.Backward(within) {
			if found && each.name == name {
				return name, each.steps, true
			}
		}
	}
	return target, nil, false
}

// chooseRole finds a role's steps; of one that leads to itself those that led here, from the same files of it.
func chooseRole(inc *program.Include, target string, within []inclusion) ([]program.Step, bool) {
	if steps, known := inc.Choices[target]; known || !slices.Contains(inc.Again, target) {
		return steps, known
	}
	for _, each := range slices.Backward(within) {
		if each.name == target && each.files == roleFiles(inc) {
			return each.steps, true
		}
	}
	return nil, false
}

// roleFiles tells uses of one role with different files apart; it is empty for an include of tasks.
func roleFiles(inc *program.Include) string {
	if inc.Kind != "role" {
		return ""
	}
	files := "role"
	for _, part := range []string{"tasks_from", "vars_from", "defaults_from", "handlers_from"} {
		file, _ := inc.Args.Get(part)
		files += "\n" + value.Str(file)
	}
	return files
}

// seek looks for a name as it is, which may be a plan-relative one already, and then in folders, in order.
func seek(name string, folders []string, there func(string) bool) (string, bool) {
	if full := path.Clean(name); there(full) {
		return full, true
	}
	for _, folder := range folders {
		if full := path.Join(folder, name); there(full) {
			return full, true
		}
	}
	return name, false
}

func missing(inc *program.Include, target string) string {
	if inc.Kind == "role" {
		return fmt.Sprintf("the role '%s' was not found", target)
	}
	if len(inc.Search) > 0 {
		target = path.Join(inc.Search[0], target)
	}
	return fmt.Sprintf("Could not find or access '%s' on the Ansible Controller.", target)
}

// includeStatus judges an include and counts it: once for everything it brings, and what is missing as failed.
func (r *run) includeStatus(inc *program.Include, own frame, o *outcome, found []inclusion) string {
	there := 0
	for _, each := range found {
		if each.wrong == "" {
			there++
		}
	}
	r.add(func(c *Counts) { c.OK += there; c.Failed += len(found) - there })
	switch {
	case o.failed && r.ctx.Err() == nil && r.truth(inc.IgnoreErrors, own):
		r.add(func(c *Counts) { c.OK++; c.Ignored++ })
		return Ignored
	case o.failed:
		r.countFailure(own)
		return Failed
	case o.skipped:
		r.add(func(c *Counts) { c.Skipped++ })
		return Skipped
	case there < len(found):
		o.result.Set("failed", true)
		return Failed
	}
	return OK
}

// lose fails the host for good: blocks around still rescue and end, but the play ends with the failure.
func (r *run) lose(f *Failure) halt {
	if r.ruin == nil {
		r.ruin = f
	}
	r.failed = append(r.failed, f.Task)
	return r.fail(f)
}
