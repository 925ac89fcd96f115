package containers

import (
	"slices"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() { module.Register("docker_container", dockerContainer) }

var containerArgs = []kit.Arg{
	{Name: "name", Required: true},
	{Name: "image"},
	{Name: "state", Default: "started", Choices: []string{"absent", "present", "healthy", "started", "stopped"}},
	{Name: "cleanup", Kind: kit.Bool, Default: false},
	{Name: "command", Kind: kit.Raw},
	{Name: "command_handling", Default: "correct", Choices: []string{"compatibility", "correct"}},
	{Name: "comparisons", Kind: kit.Raw},
	{Name: "container_default_behavior", Default: "no_defaults", Choices: []string{"compatibility", "no_defaults"}},
	{Name: "default_host_ip"},
	{Name: "detach", Kind: kit.Bool},
	{Name: "env", Kind: kit.Raw},
	{Name: "env_file", Kind: kit.Path},
	{Name: "exposed_ports", Kind: kit.List, Aliases: []string{"exposed", "expose"}},
	{Name: "force_kill", Kind: kit.Bool, Default: false, Aliases: []string{"forcekill"}},
	{Name: "healthy_wait_timeout", Kind: kit.Float, Default: float64(300)},
	{Name: "image_comparison", Default: "desired-image", Choices: []string{"desired-image", "current-image"}},
	{Name: "image_label_mismatch", Default: "ignore", Choices: []string{"ignore", "fail"}},
	{Name: "image_name_mismatch", Default: "recreate", Choices: []string{"ignore", "recreate"}},
	{Name: "interactive", Kind: kit.Bool},
	{Name: "keep_volumes", Kind: kit.Bool, Default: true},
	{Name: "kill_signal"},
	{Name: "labels", Kind: kit.Raw},
	{Name: "log_driver"},
	{Name: "log_options", Kind: kit.Raw, Aliases: []string{"log_opt"}},
	{Name: "mounts", Kind: kit.Raw},
	{Name: "network_mode"},
	{Name: "networks", Kind: kit.Raw},
	{Name: "networks_cli_compatible", Kind: kit.Bool, Default: true},
	{Name: "output_logs", Kind: kit.Bool},
	{Name: "paused", Kind: kit.Bool},
	{Name: "publish_all_ports", Kind: kit.Bool},
	{Name: "purge_networks", Kind: kit.Bool},
	{Name: "published_ports", Kind: kit.List, Aliases: []string{"ports"}},
	{Name: "pull", Kind: kit.Raw, Default: "missing"},
	{Name: "pull_check_mode_behavior", Default: "image_not_present", Choices: []string{"image_not_present", "always"}},
	{Name: "recreate", Kind: kit.Bool, Default: false},
	{Name: "removal_wait_timeout", Kind: kit.Float},
	{Name: "restart", Kind: kit.Bool, Default: false},
	{Name: "restart_policy", Choices: []string{"no", "on-failure", "always", "unless-stopped"}},
	{Name: "restart_retries", Kind: kit.Int},
	{Name: "volumes", Kind: kit.List},
}

// containerSpec is made when the module runs: most of its arguments stand in the table of properties.
func containerSpec() kit.Spec {
	own := make([]kit.Arg, len(properties))
	for i, p := range properties {
		own[i] = kit.Arg{Name: p.name, Kind: p.kind}
	}
	return kit.Spec{Args: containerArgs, Shared: [][]kit.Arg{connectArgs, own}}
}

// job is one call of docker_container.
type job struct {
	c        *module.Call
	p        *kit.Params
	e        *engine
	name     string
	wishes   []wish
	body     *value.Dict // what a new container is made from
	limits   *value.Dict // what is changed while it is there
	networks []network
	how      map[string]string // how properties are compared
	diff     differences
	actions  []any
	warnings []any
	changed  bool
	facts    *value.Dict
	status   any // of a container that ran to its end
	failed   string
}

func dockerContainer(c *module.Call) module.Result {
	spec := containerSpec()
	p, err := spec.Parse("docker_container", c)
	if err != nil {
		return kit.Failure(err)
	}
	j := &job{c: c, p: p, name: strings.TrimPrefix(p.Str("name"), "/"), limits: kit.Dict()}
	if err = j.run(); err != nil {
		j.failed = kit.Reason(err)
	}
	return j.result(err != nil)
}

func (j *job) run() (err error) {
	if j.e, err = connect(j.c, j.p); err != nil {
		return err
	}
	state := j.p.Str("state")
	if state == "present" && !j.p.Has("image") {
		return fmt.Errorf("state is present but all of the following are missing: image")
	}
	if err := j.compareHow(); err != nil {
		return err
	}
	if state == "absent" {
		return j.absent()
	}
	return j.present(state)
}

func (j *job) result(failed bool) module.Result {
	data := kit.Dict()
	if len(j.warnings) > 0 {
		data.Set("warnings", j.warnings)
	}
	if j.status != nil {
		data.Set("status", j.status)
	}
	r := module.Result{Failed: failed || j.failed != "", Msg: j.failed, Data: data}
	if failed {
		return r
	}
	r.Changed = j.changed
	if j.c.Check || j.p.Flag("debug") {
		data.Set("actions", append([]any{}, j.actions...))
	}
	if j.facts != nil && j.facts.Len() > 0 {
		data.Set("container", j.facts)
	}
	if j.c.Diff && len(j.diff) > 0 {
		before, after := j.diff.dicts()
		r.Diff = []module.Diff{{Before: indented(before), After: indented(after)}}
	}
	return r
}

// indented is a value as Ansible shows it in a diff.
func indented(v any) string {
	return string(value.EncodeStyle(v, value.Style{ItemSep: ",", KeySep: ": ", Indent: "    ", Pretty: true, SortKeys: true})) + "\n"
}

func (j *job) warn(text string) { j.warnings = append(j.warnings, text) }

func (j *job) acted(what *value.Dict) { j.actions = append(j.actions, what) }

// alter performs a change of the container, journalled. A check performs nothing.
func (j *job) alter(kind string, act func() error) error {
	if j.c.Check {
		return nil
	}
	return j.c.Log.Set(kind, thing{j.name, j.e.socket}.String(), act)
}

// container is what the engine tells of a container, by its name or its id; nil: there is none. The engine takes the
// first letters of an id, too: a name that happens to be some is none.
func (e *engine) container(name string) (*value.Dict, error) {
	box, err := e.inspect("/containers/" + named(name) + "/json")
	if err != nil {
		return nil, fmt.Errorf("Error inspecting container: %w", err)
	}
	if box != nil && nameOf(box) != name && (len(name) < shortID || !strings.HasPrefix(idOf(box), name)) {
		return nil, nil
	}
	return box, nil
}

// shortID is how many letters of an id are shown, and mean it.
const shortID = 12

func nameOf(box *value.Dict) string { return strings.TrimPrefix(value.Str(got(box, "Name")), "/") }

func idOf(box *value.Dict) string { return value.Str(got(box, "Id")) }

func status(box *value.Dict) string { return value.Str(got(dictAt(box, "State"), "Status")) }

func isRunning(box *value.Dict) bool { return value.Truthy(got(dictAt(box, "State"), "Running")) }

// comparable are the names that comparisons takes for properties besides those of the table, and what they mean.
var comparable = map[string]nature{"command": ordered, "detach": single, "interactive": single, "env": set, "labels": mapping,
	"log_driver": single, "log_options": mapping, "network_mode": single, "networks": records, "restart_policy": single,
	"restart_retries": single, "mounts": records, "volumes": set, "exposed_ports": set, "publish_all_ports": single,
	"published_ports": mapping, "image": single}

var comparableAliases = map[string]string{"log_opt": "log_options", "exposed": "exposed_ports", "expose": "exposed_ports", "ports": "published_ports"}

// compareHow settles how each property is compared.
func (j *job) compareHow() error {
	natures := map[string]nature{}
	for _, p := range properties {
		natures[p.name] = p.nature
	}
	for name, n := range comparable {
		natures[name] = n
	}
	j.how = map[string]string{}
	for name, n := range natures {
		j.how[name] = n.usual()
	}
	j.how["stop_timeout"] = ignore
	if j.p.Has("comparisons") {
		asked, err := dictionaryOf(j.p.Raw("comparisons"), "comparisons")
		if err != nil {
			return err
		}
		if err := j.compareAs(asked, natures); err != nil {
			return err
		}
	}
	j.how["volume_binds"] = j.how["volumes"]
	return nil
}

func (j *job) compareAs(asked *value.Dict, natures map[string]nature) error {
	if all, ok := asked.Get("*"); ok {
		if all != strict && all != ignore {
			return fmt.Errorf("The wildcard can only be used with comparison modes 'strict' and 'ignore'!")
		}
		for name := range natures {
			if name != "networks" || j.p.Has("networks") {
				j.how[name] = value.Str(all)
			}
		}
	}
	used := map[string]string{}
	for _, key := range asked.Keys() {
		if key == "*" {
			continue
		}
		name, how := key, value.Str(got(asked, key))
		if real, ok := comparableAliases[key]; ok {
			name = real
		}
		n, known := natures[name]
		switch other, twice := used[name]; {
		case !known:
			return fmt.Errorf("Unknown module option '%s' in comparisons dict!", key)
		case twice:
			return fmt.Errorf("Both '%s' and '%s' (aliases of %s) are specified in comparisons dict!", key, other, name)
		case how == allow && n == single:
			return fmt.Errorf("Option '%s' is a value and not a set/list/dict, so its comparison cannot be %s", key, how)
		case !slices.Contains([]string{strict, ignore, allow}, how):
			return fmt.Errorf("Unknown comparison mode '%s'!", how)
		}
		used[name], j.how[name] = key, how
	}
	return nil
}

// differing are the wishes that a container does not fulfil; those that can be changed while it is there apart from the others.
func (j *job) differing(box, image *value.Dict) (fixed, limits differences, err error) {
	for _, w := range j.wishes {
		want, asked := w.want(image)
		has := w.has(box)
		if !asked || same(want, has, j.how[w.name], w.nature) {
			continue
		}
		if w.nature == set {
			want, has = inSequence(want), inSequence(has)
		}
		if w.name == "labels" {
			if err := j.labelsKept(image); err != nil {
				return nil, nil, err
			}
		}
		if w.update {
			limits.add(w.name, want, has)
		} else {
			fixed.add(w.name, want, has)
		}
	}
	return fixed, limits, nil
}

// labelsKept is an error when labels of the image would have to go, and a task wants to know that.
func (j *job) labelsKept(image *value.Dict) error {
	if j.how["labels"] != strict || j.p.Str("image_label_mismatch") != "fail" {
		return nil
	}
	own, err := dictionaryOf(j.p.Raw("labels"), "labels")
	if err != nil {
		return err
	}
	var gone []string
	for _, label := range dictAt(dictAt(image, "Config"), "Labels").Keys() {
		if _, ok := own.Get(label); !ok {
			gone = append(gone, "\""+label+"\"")
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return fmt.Errorf("Some labels should be removed but are present in the base image. You can set image_label_mismatch to 'ignore' to ignore"+
		" this error. Labels: %s", strings.Join(gone, ", "))
}

// waitFor looks at a container again and again until done says so; limit is in seconds, none when it is not above 0.
func (j *job) waitFor(id string, limit float64, done func(box *value.Dict) (bool, error)) (*value.Dict, error) {
	began, delay := time.Now(), 100*time.Millisecond
	for {
		box, err := j.e.container(id)
		if err != nil {
			return nil, err
		}
		if ready, err := done(box); ready || err != nil {
			return box, err
		}
		if limit > 0 && time.Since(began) > time.Duration(limit*float64(time.Second)) {
			return box, fmt.Errorf("Timeout of %v seconds exceeded while waiting for container \"%s\"", limit, id)
		}
		select {
		case <-j.c.Ctx.Done():
			return box, fmt.Errorf("waiting for container \"%s\" was stopped: %s", id, kit.ContextCause(j.c))
		case <-time.After(delay):
		}
		delay = min(delay*5/4, 5*time.Second)
	}
}

// gone waits for a container that is being removed.
func (j *job) gone(id string) error {
	_, err := j.waitFor(id, record.Of(kit.Dict("t", j.p.Raw("removal_wait_timeout"))).Float("t"), func(box *value.Dict) (bool, error) {
		if box != nil && status(box) != "removing" {
			return false, fmt.Errorf("Encontered unexpected state \"%s\" while waiting for container \"%s\"", status(box), id)
		}
		return box == nil, nil
	})
	return err
}
