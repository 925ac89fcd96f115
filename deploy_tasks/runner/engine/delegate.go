package engine

import (
	"runner/expr"
	"runner/module"
	"runner/record"
	"runner/value"
)

// actsHere are the modules that act on no host: delegating them changes nothing but whose facts they set.
var actsHere = map[string]bool{"set_fact": true, "debug": true, "assert": true, "fail": true, "include_vars": true,
	"set_stats": true, "pause": true, "group_by": true, "add_host": true, "validate_argument_spec": true}

// localNames are what the machine that Ansible runs on is called.
var localNames = map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}

// elsewhere has another host perform the module, where the task is delegated to one. here is true when it is this host
// that does; then there is no result yet. What the result means is judged here in any case.
func (j *job) elsewhere() (result module.Result, here bool) {
	if j.errand || j.task.DelegateTo == nil || actsHere[j.task.Module] {
		return result, true
	}
	v, err := expr.Resolve(j.task.DelegateTo, j.scope())
	if err != nil {
		return module.Failure("delegate_to: " + err.Error()), false
	}
	to := value.Str(v)
	switch {
	case to == "" || to == j.host.name():
		return result, true
	case j.opts.Ask == nil && localNames[to]:
		return result, true
	case j.opts.Ask == nil:
		return module.Failure("delegate_to: nobody is here to reach " + to +
			": this executable was started by hand; deploy-tasks deploy can"), false
	}
	answer, err := j.ask("delegate", "task", j.task.ID, "to", to, "given", j.given(), "check", j.call.Check, "diff", j.call.Diff)
	if err != nil {
		return module.Failure("delegate_to " + to + ": " + err.Error()), false
	}
	return delegated(answer), false
}

// delegated reads the answer of the host that performed a module.
func delegated(answer record.Reader) module.Result {
	if why := answer.Text("unreachable"); why != "" {
		return module.Result{Failed: true, Unreachable: true, Msg: why}
	}
	if answer.Dict("result") == nil {
		return unreadable()
	}
	return readResult(answer.Record("result"))
}

func unreadable() module.Result {
	return module.Failure("delegate_to: the other host's answer cannot be read")
}

// readResult is a module's result from how it is told.
func readResult(told record.Reader) module.Result {
	result := module.Result{Changed: told.Flag("changed"), Failed: told.Flag("failed"), Skipped: told.Flag("skipped"),
		TimesOnly: told.Flag("times_only"), Msg: told.Text("msg"), Data: told.Dict("data"), Facts: told.Dict("facts")}
	for _, part := range told.Records("diff") {
		result.Diff = append(result.Diff, module.Diff{Before: part.Text("before"), After: part.Text("after"),
			BeforeHeader: part.Text("before_header"), AfterHeader: part.Text("after_header")})
	}
	if told.Err() != nil {
		return unreadable()
	}
	return result
}

// told is a module's result as the host that asked for it gets it.
func told(m module.Result) *value.Dict {
	fields := value.DictOf("changed", m.Changed, "failed", m.Failed)
	record.Optional(fields, "skipped", m.Skipped)
	record.Optional(fields, "times_only", m.TimesOnly)
	record.Optional(fields, "msg", m.Msg)
	if m.Data != nil {
		fields.Set("data", m.Data)
	}
	if m.Facts != nil {
		fields.Set("facts", m.Facts)
	}
	diff := make([]Diff, len(m.Diff))
	for i, part := range m.Diff {
		diff[i] = Diff(part)
	}
	record.Optional(fields, "diff", record.List(boundedDiff(diff)))
	return fields
}

// given are the values of the variables that the task names, as they are now: all that the other host needs to know.
// Connection variables that only this host's name stands for are left to the other host.
func (j *job) given() *value.Dict {
	names := map[string]bool{}
	t := j.task
	for _, part := range []any{t.Args, t.Environment, t.Become, t.BecomeUser, t.NoLog, t.Diff, t.CheckMode, t.Timeout} {
		mention(part, names)
	}
	if t.Module == "template" {
		j.mentionTemplates(names)
	}
	s := j.scope()
	if names["lookup"] || names["query"] || names["q"] {
		lookAhead([]any{t.Args, t.Environment, t.BecomeUser}, s)
	}
	if names["lookup"] || names["query"] || names["q"] { // lookups name variables by text
		for _, name := range s.names() {
			names[name] = true
		}
	}
	s.last = nil
	out := value.NewDict()
	for name := range names {
		if v, found, err := s.Lookup(name); found && err == nil && handed(v) {
			out.Set(name, v)
		}
	}
	if j.asked.Len() > 0 {
		out.Set(expr.AskedName, j.asked)
	}
	return out
}

// mentionTemplates adds the variables of the template, or of all when its name is computed.
func (j *job) mentionTemplates(names map[string]bool) {
	src, _ := j.task.Args.Get("src")
	if name, literal := src.(string); literal {
		if node, ok := j.opts.Program.Templates.Get(name); ok {
			mention(node, names)
			return
		}
	}
	mention(j.opts.Program.Templates, names)
}

// mention adds the names of the variables in a value or tree.
func mention(v any, names map[string]bool) {
	switch v := v.(type) {
	case *value.Dict:
		if v != nil {
			for _, item := range v.Values() {
				mention(item, names)
			}
		}
	case []any:
		if len(v) == 2 && v[0] == "var" {
			if name, ok := v[1].(string); ok {
				names[name] = true
			}
		}
		for _, item := range v {
			mention(item, names)
		}
	}
}

// handed says whether a value has a form that can be handed to another host.
func handed(v any) bool {
	switch v.(type) {
	case value.Undefined, value.Omit, value.Callable:
		return false
	}
	return true
}
