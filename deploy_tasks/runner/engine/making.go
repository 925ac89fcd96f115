package engine

import (
	"slices"
	"strings"

	"runner/expr"
	"runner/fmt"
	"runner/module"
	"runner/program"
	"runner/record"
	"runner/value"
)

// groupBy puts this host into a group, which is made where it is missing.
func groupBy(j *job) module.Result {
	key, ok := j.call.Args.Get("key")
	if !ok {
		return module.Failure("the 'key' param is required when using group_by")
	}
	name := dashed(value.Str(key))
	parents := textsOf(j.argOr("parents", []any{"all"}))
	var under *value.Dict
	if slices.ContainsFunc(parents, func(parent string) bool { return parent != "all" }) {
		under = value.DictOf(name, listOf(parents))
	}
	changed, err := j.joins(j.task, j.host.name(), append([]string{name}, parents...), value.NewDict(), under)
	if err != nil {
		return module.Failure(err.Error())
	}
	return module.Result{Changed: changed, Data: value.DictOf("add_group", name, "parent_groups", listOf(parents))}
}

// addHost puts a host into groups and gives it variables, for the plays after this one.
func addHost(j *job) module.Result {
	name, variables := "", value.NewDict()
	var groups []string
	for _, arg := range j.call.Args.Keys() {
		v, _ := j.call.Args.Get(arg)
		switch arg {
		case "name", "hostname", "host":
			name = value.Str(v)
		case "groups", "groupname", "group":
			groups = textsOf(v)
		default:
			variables.Set(arg, v)
		}
	}
	if bare, port := withPort(name); port != 0 {
		name = bare
		variables.Set("ansible_ssh_port", port)
	}
	if name == "" {
		return module.Failure("name, host or hostname needs to be provided")
	}
	if !j.known(name) {
		return module.Failure(fmt.Sprintf("add_host: '%s' is no host of the inventory, and only the run knows its name: add it to the inventory, or name it by what is known before anything runs", name))
	}
	changed, err := j.joins(j.task, name, groups, variables, nil)
	if err != nil {
		return module.Failure("add_host: " + err.Error())
	}
	return module.Result{Changed: changed || variables.Len() > 0, Data: value.DictOf("add_host",
		value.DictOf("host_name", name, "groups", listOf(groups), "host_vars", variables))}
}

// withPort takes the port off a name like web1:2222 or [::1]:22; 0 where there is none.
func withPort(name string) (bare string, port int64) {
	at := strings.LastIndexByte(name, ':')
	if at < 1 {
		return name, 0
	}
	bare = name[:at]
	if inside, ok := strings.CutPrefix(bare, "["); ok && strings.HasSuffix(inside, "]") {
		bare = inside[:len(inside)-1]
		if !consistsOf(bare, func(c byte) bool {
			return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.'
		}) {
			return name, 0
		}
	} else if !consistsOf(bare, func(c byte) bool { return isWord(c) || c == '.' || c == '-' }) || !isWord(bare[0]) || !isWord(bare[len(bare)-1]) {
		return name, 0
	}
	digits := name[at+1:]
	if len(digits) > 9 || !consistsOf(digits, isDigit) {
		return name, 0
	}
	for _, c := range []byte(digits) {
		port = port*10 + int64(c-'0')
	}
	return bare, port
}

func consistsOf(text string, of func(byte) bool) bool {
	return text != "" && !slices.ContainsFunc([]byte(text), func(c byte) bool { return !of(c) })
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// known is whether a name may be one of the inventory's, or one that the plan may add. localhost may be without being in the
// group all; then the worker knows, as it does where hosts come into groups that bring something.
func (j *job) known(name string) bool {
	all, _, _ := j.scope().Lookup("groups")
	groups, ok := all.(*value.Dict)
	if !ok || name == j.host.name() || (localNames[name] || j.opts.Joins) && j.opts.Ask != nil {
		return true
	}
	members, _ := groups.Get("all")
	return holdsText(members, name)
}

// reaches is whether variables may say how a host is reached.
func reaches(variables *value.Dict) bool {
	return slices.ContainsFunc(variables.Keys(), func(name string) bool {
		return strings.HasPrefix(name, "ansible_") || strings.HasPrefix(name, "deploy_tasks_") || name == "target_triple"
	})
}

// joins puts a host into groups and gives it variables. The worker, which hears of it, knows what groups these are in and
// what variables they bring, and refuses ways to the host that the inventory does not say: both also where the host is
// alone. It is true when the host was not in all of the groups. under are groups and those that they are put below.
func (r *run) joins(t *program.Task, name string, groups []string, variables, under *value.Dict) (changed bool, err error) {
	what := []any{"groups", listOf(groups), "vars", variables}
	if under != nil {
		what = push(what, "under", any(under))
	}
	told, err := r.say(t, name, r.opts.Joins || reaches(variables), what...)
	if err != nil {
		return false, err
	}
	brought, fresh, place := value.NewDict(), value.NewDict(), -1
	if told != nil && r.opts.Joins {
		answer := record.Of(told)
		groups, brought = answer.Texts("groups"), dictIn(told, "vars")
		if fresh = dictIn(told, "inventory"); fresh.Len() > 0 {
			variables = dictIn(told, "added")
		}
		if _, first := told.Get("place"); first { // no inventory has it
			place = answer.Int("place")
		}
		if err := answer.Err(); err != nil {
			return false, err
		}
	}
	changed = r.host.join(name, groups)
	if place >= 0 {
		r.host.leads(name, place)
	}
	if fresh.Len() > 0 {
		r.introduce(name, fresh)
	}
	if name == r.host.name() {
		r.host.inventory.Update(variables)
		r.host.inventory.Update(brought)
	}
	r.assume(name, groups, variables)
	return changed, nil
}

// say lets the worker know what a task says of a host, for the hosts that come later; alone: also where none does. The answer
// is nil where nobody was told.
func (r *run) say(t *program.Task, host string, alone bool, pairs ...any) (*value.Dict, error) {
	if r.opts.Ask == nil || r.opts.Single && !alone || r.verify {
		return nil, nil
	}
	return r.opts.Ask(r.ctx, "others", value.DictOf(append([]any{"task", t.ID, "host", host}, pairs...)...))
}

// join notes that a host is in these groups; true when it was not.
func (h *host) join(name string, groups []string) (changed bool) {
	h.inventory = h.inventory.Copy()
	all := dictIn(h.inventory, "groups").Copy()
	for _, group := range groups {
		members, _ := all.Get(group)
		if holdsText(members, name) {
			continue
		}
		items, _ := value.Items(members)
		all.Set(group, push(items, any(name)))
		changed = true
		if alone, _ := all.Get("ungrouped"); group != "all" && group != "ungrouped" && holdsText(alone, name) {
			items, _ := value.Items(alone)
			all.Set("ungrouped", slices.DeleteFunc(slices.Clone(items), func(member any) bool { return member == any(name) }))
		}
		if own, _ := h.inventory.Get("group_names"); name == h.name() && group != "all" && group != "ungrouped" && !holdsText(own, group) {
			names := slices.DeleteFunc(append(textsOf(own), group), func(name string) bool { return name == "ungrouped" })
			slices.Sort(names)
			h.inventory.Set("group_names", listOf(names))
		}
	}
	h.inventory.Set("groups", all)
	return changed
}

// leads gives a host that no inventory has its place among all: those come first.
func (h *host) leads(name string, place int) {
	groups := dictIn(h.inventory, "groups").Copy()
	all, _ := groups.Get("all")
	items, _ := value.Items(all)
	others := slices.DeleteFunc(slices.Clone(items), func(member any) bool { return member == any(name) })
	groups.Set("all", slices.Insert(others, min(max(place, 0), len(others)), any(name)))
	h.inventory.Set("groups", groups)
}

// learnFacts keeps the facts that a module has found: of this host, or with delegate_facts of the one that it ran on.
func (j *job) learnFacts(facts *value.Dict, cacheable bool) error {
	to := j.factsOf()
	if to == "" || to == j.host.name() {
		j.host.learn(j.task.Module, facts, cacheable)
		return nil
	}
	j.learnOf(to, facts)
	kind := "facts"
	if j.task.Module == "set_fact" {
		kind = "known"
	}
	_, err := j.say(j.task, to, false, kind, facts)
	return err
}

// factsOf is the host that the task's facts are of, "" for this one.
func (j *job) factsOf() string {
	if j.errand || !j.task.DelegateFacts || j.task.DelegateTo == nil {
		return ""
	}
	v, err := expr.Resolve(j.task.DelegateTo, j.scope())
	if err != nil {
		return ""
	}
	return value.Str(v)
}

func dashed(name string) string { return strings.ReplaceAll(name, " ", "-") }

// textsOf reads a list of names, or one text with commas.
func textsOf(v any) (out []string) {
	items, many := value.Items(v)
	if !many {
		items = nil
		for _, part := range strings.Split(value.Str(v), ",") {
			items = append(items, strings.TrimSpace(part))
		}
	}
	for _, item := range items {
		if name := dashed(value.Str(item)); name != "" && item != nil {
			out = append(out, name)
		}
	}
	return out
}

func holdsText(list any, text string) bool {
	items, _ := value.Items(list)
	return slices.Contains(items, any(text))
}

// factsOfTask is the host that a task's facts are of, as far as the task says it for all items; "" for this one.
func (r *run) factsOfTask(t *program.Task) string {
	return (&job{run: r, task: t}).factsOf()
}

// Learn takes over what other hosts have said of this one: what they set, and facts.
func (e *Engine) Learn(known, facts *value.Dict) {
	if known != nil {
		e.host.known.Update(known)
	}
	if facts != nil {
		e.host.facts.Update(facts)
	}
}
