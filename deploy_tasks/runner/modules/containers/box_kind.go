package containers

import (
	"errors"
	"slices"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() {
	change.RegisterKind(boxKind, boxes{})
	change.RegisterKind(stateKind, states{})
}

const (
	boxKind   = "container"
	stateKind = "state of the container"
)

// boxes is the kind of containers: what they were made from, not what runs in them.
type boxes struct{}

// Inspect implements change.Kind.
func (boxes) Inspect(_ change.Tools, name string) (any, error) {
	t := thingNamed(name)
	box, err := t.engine().container(t.name)
	if err != nil || box == nil || status(box) == "removing" {
		return nil, err
	}
	return recipe(box), nil
}

// recipe is all that a container like this one is made from. What the engine made up itself, as its id, is left out.
func recipe(box *value.Dict) *value.Dict {
	config, host := solid(dictAt(box, "Config")), solid(dictAt(box, "HostConfig"))
	id, shared := idOf(box), strings.HasPrefix(value.Str(got(host, "NetworkMode")), "container:")
	if name := value.Str(got(config, "Hostname")); shared || len(name) == shortID && strings.HasPrefix(id, name) {
		config.Delete("Hostname")
	}
	anonymous := kit.Dict()
	items, _ := value.Items(got(box, "Mounts"))
	for _, item := range items {
		if m, ok := item.(*value.Dict); ok && isDigest(value.Str(got(m, "Name"))) {
			source := value.Str(got(m, "Name"))
			if value.Equal(got(m, "RW"), false) {
				source += readOnly
			}
			anonymous.Set(value.Str(got(m, "Destination")), source)
		}
	}
	host.Delete("ContainerIDFile")
	config.Delete("NetworkDisabled") // the engine's own, where it has no bridge
	withoutAnonymous(host)
	ends := kit.Dict()
	for name, end := range dictAt(dictAt(box, "NetworkSettings"), "Networks").All() {
		if d, ok := end.(*value.Dict); ok {
			ends.Set(value.Str(name), endOf(d, id))
		}
	}
	return kit.Dict("image", got(box, "Image"), "config", config, "host", host, "ends", ends, "anonymous", anonymous)
}

// readOnly ends the name of a volume that a container may not write to.
const readOnly = ":ro"

// solid is a dictionary without the entries that are empty: another version of the engine may leave them out.
func solid(d *value.Dict) *value.Dict {
	out := kit.Dict()
	for _, key := range d.Keys() {
		v := got(d, key)
		if n, sized := value.Len(v); v != nil && !(sized && n == 0) {
			out.Set(key, v)
		}
	}
	return out
}

func isDigest(text string) bool { return len(text) == 64 && strings.Trim(text, hexDigits) == "" }

// withoutAnonymous takes the names of volumes out that the engine has made up: they stand beside the recipe.
func withoutAnonymous(host *value.Dict) {
	if binds, ok := value.Items(got(host, "Binds")); ok {
		kept := slices.DeleteFunc(slices.Clone(binds), func(v any) bool {
			source, _, _ := strings.Cut(value.Str(v), ":")
			return isDigest(source)
		})
		if host.Set("Binds", kept); len(kept) == 0 {
			host.Delete("Binds")
		}
	}
	mounts, _ := value.Items(got(host, "Mounts"))
	for i, item := range mounts {
		if m, ok := item.(*value.Dict); ok && isDigest(value.Str(got(m, "Source"))) {
			copied := m.Copy()
			copied.Delete("Source")
			mounts[i] = copied
		}
	}
}

// endOf is what was asked for of a container's end of a network.
func endOf(end *value.Dict, id string) *value.Dict {
	out := kit.Dict()
	for _, key := range []string{"IPAMConfig", "Links", "DriverOpts", "GwPriority"} {
		out.Set(key, got(end, key))
	}
	names, _ := value.Items(got(end, "Aliases"))
	out.Set("Aliases", slices.DeleteFunc(slices.Clone(names), func(v any) bool {
		name := value.Str(v)
		return len(name) == shortID && strings.HasPrefix(id, name)
	}))
	return solid(out)
}

// Restore implements change.Kind.
func (boxes) Restore(_ change.Tools, name string, before, now any) error {
	t := thingNamed(name)
	e := t.engine()
	was, _ := before.(*value.Dict)
	box, err := e.container(t.name)
	if err != nil {
		return err
	}
	if was != nil && box != nil {
		is, _ := now.(*value.Dict)
		if alike(was, is) {
			if done, err := e.adjusted(box, was); done || err != nil {
				return err
			}
		}
	}
	state := stateOf(box)
	if box != nil {
		if err := e.discard(idOf(box)); err != nil {
			return err
		}
	}
	if was == nil {
		return nil
	}
	id, err := e.make(t.name, was)
	if err != nil {
		return err
	}
	return e.lead(id, stopped, state)
}

// lead brings a container from one state to another.
func (e *engine) lead(id, from, to string) error {
	for _, verb := range steps(from, to) {
		var err error
		if verb == "stop" {
			_, err = e.stop(id, stopPatience)
		} else {
			_, err = e.post("/containers/" + id + "/" + verb)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stop ends what runs in a container, which may take as long as that was given to end by itself, and as limit allows.
func (e *engine) stop(id string, limit time.Duration, query ...string) (any, error) {
	return e.ask(exchange{method: "POST", patient: true, limit: limit, target: e.target("/containers/"+id+"/stop", query...)})
}

// stopPatience is how long an undo, which nothing cuts off, waits for a container to end.
const stopPatience = 15 * time.Minute

// discard ends a container and removes it with the volumes that have no name.
func (e *engine) discard(id string) error {
	_, err := e.stop(id, stopPatience)
	if err != nil && !missing(err) && !strings.Contains(err.Error(), "paused") && !strings.Contains(err.Error(), "npause") {
		return err
	}
	_, err = e.remove("/containers/"+id, "v", "1", "force", "1")
	if err != nil && !missing(err) && !strings.Contains(err.Error(), "is already in progress") {
		return err
	}
	return e.vanished(id)
}

// vanished waits for a container that the engine is removing: its name is free only then.
func (e *engine) vanished(id string) error {
	for end := time.Now().Add(stopPatience); ; time.Sleep(50 * time.Millisecond) {
		box, err := e.container(id)
		if err != nil || box == nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the engine does not come to an end of removing it")
		}
	}
}

// changeable are the fields of a container that change while it is there.
var changeable = append([]string{"RestartPolicy"}, func() (out []string) {
	for _, p := range properties {
		if p.update {
			out = append(out, p.field)
		}
	}
	return out
}()...)

// alike tells whether one recipe becomes the other without making the container anew.
func alike(a, b *value.Dict) bool {
	if a == nil || b == nil {
		return false
	}
	for _, key := range []string{"image", "config", "anonymous"} {
		if !value.Equal(got(a, key), got(b, key)) {
			return false
		}
	}
	x, y := dictAt(a, "host").Copy(), dictAt(b, "host").Copy()
	for _, key := range changeable {
		x.Delete(key)
		y.Delete(key)
	}
	return value.Equal(x, y)
}

// adjusted makes a container that is there what a recipe says; false when it has to be made anew for that: the engine takes
// no limit away again. One that has written something into itself is left as it is then.
func (e *engine) adjusted(box, was *value.Dict) (bool, error) {
	if err := e.adjust(box, was); err != nil {
		return false, err
	}
	now, err := e.container(idOf(box))
	if err != nil || now == nil || value.Equal(stored(recipe(now)), stored(was)) {
		return true, err
	}
	lost, err := e.layer(now)
	if err == nil && len(lost) > 0 {
		err = errors.New("it has to be made anew to be without its limits again, and what it has written into itself would go with it: " +
			some(lost))
	}
	return false, err
}

// stored is a recipe as it comes back from the journal.
func stored(recipe *value.Dict) any {
	v, _ := value.Decode(value.Encode(recipe))
	return v
}

// adjust gives a container the limits and networks of a recipe.
func (e *engine) adjust(box, was *value.Dict) error {
	limits, host := kit.Dict(), dictAt(was, "host")
	for _, key := range changeable {
		if v, ok := host.Get(key); ok && !value.Equal(v, got(dictAt(box, "HostConfig"), key)) {
			limits.Set(key, v)
		}
	}
	if limits.Len() > 0 {
		if _, err := e.postJSON("/containers/"+idOf(box)+"/update", limits); err != nil {
			return err
		}
	}
	wanted, has := dictAt(was, "ends"), dictAt(recipe(box), "ends")
	for _, name := range has.Keys() {
		if v, ok := wanted.Get(name); !ok || !value.Equal(v, got(has, name)) {
			if err := e.disconnect(idOf(box), name); err != nil {
				return err
			}
		}
	}
	for _, name := range wanted.Keys() {
		if v, ok := has.Get(name); !ok || !value.Equal(v, got(wanted, name)) {
			if err := e.attach(idOf(box), name, dictAt(wanted, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// make makes a container from a recipe.
func (e *engine) make(name string, r *value.Dict) (id string, err error) {
	body := dictAt(r, "config").Copy()
	host := dictAt(r, "host").Copy()
	mode := value.Str(got(host, "NetworkMode"))
	if strings.HasPrefix(mode, "container:") {
		body.Delete("ExposedPorts") // of the image: the engine adds them itself, and refuses them in a request
	}
	if _, ok := body.Get("Entrypoint"); !ok {
		body.Set("Entrypoint", []any{""}) // none, also where the image has one
	}
	withAnonymous(host, dictAt(r, "anonymous"))
	body.Set("HostConfig", host)
	ends := dictAt(r, "ends")
	if first := dictAt(ends, mode); first.Len() > 0 {
		body.Set("NetworkingConfig", kit.Dict("EndpointsConfig", kit.Dict(mode, first)))
	}
	err = e.withImage(body, value.Str(got(r, "image")), func() error {
		made, err := e.postJSON("/containers/create", body, "name", name)
		id = record.Of(made).Text("Id")
		return err
	})
	if err != nil {
		return "", err
	}
	box, err := e.inspect("/containers/" + id + "/json")
	if err == nil && box != nil {
		err = e.adjust(box, r)
	}
	return id, err
}

// withAnonymous puts the volumes that the engine has named where they were.
func withAnonymous(host, volumes *value.Dict) {
	volumes = volumes.Copy()
	mounts, _ := value.Items(got(host, "Mounts"))
	copied := slices.Clone(mounts)
	for i, item := range copied {
		m, ok := item.(*value.Dict)
		if source, known := volumes.Get(value.Str(got(m, "Target"))); ok && known {
			m = m.Copy()
			m.Set("Source", strings.TrimSuffix(value.Str(source), readOnly))
			copied[i] = m
			volumes.Delete(value.Str(got(m, "Target")))
		}
	}
	if len(copied) > 0 {
		host.Set("Mounts", copied)
	}
	binds, _ := value.Items(got(host, "Binds"))
	binds = slices.Clone(binds)
	for inside, source := range volumes.All() {
		name, locked := strings.CutSuffix(value.Str(source), readOnly)
		bind := name + ":" + value.Str(inside)
		if locked {
			bind += readOnly
		}
		binds = append(binds, bind)
	}
	if len(binds) > 0 {
		host.Set("Binds", binds)
	}
}

// withImage performs act while the image's name in a request leads to the image with this id. A name that leads
// elsewhere by now does so only for this time.
func (e *engine) withImage(body *value.Dict, id string, act func() error) error {
	name := value.Str(got(body, "Image"))
	if isImageID(name) || strings.Contains(name, "@") {
		body.Set("Image", id)
		return act()
	}
	now, err := e.imageID(name)
	if err != nil || now == id {
		return errors.Join(err, actUnless(err, act))
	}
	own, err := e.imageID(id)
	if err == nil && own == "" {
		err = fmt.Errorf("the image %s that it was made from is not there any more", id)
	}
	if err != nil {
		return err
	}
	if err := e.tag(id, name); err != nil {
		return err
	}
	err = act()
	if now == "" {
		return errors.Join(err, e.untagUnused(name))
	}
	return errors.Join(err, e.tag(now, name))
}

func actUnless(err error, act func() error) error {
	if err != nil {
		return nil
	}
	return act()
}

// The states of a container; one that is not there does not run.
const (
	running = "running"
	paused  = "paused"
	stopped = "stopped"
)

// states is the kind of whether a container runs. A container ends by itself, too: that is no conflict where it is
// to be stopped.
type states struct{}

// Inspect implements change.Kind.
func (states) Inspect(_ change.Tools, name string) (any, error) {
	t := thingNamed(name)
	box, err := t.engine().container(t.name)
	return stateOf(box), err
}

func stateOf(box *value.Dict) string {
	state := dictAt(box, "State")
	switch {
	case value.Truthy(got(state, "Paused")):
		return paused
	case value.Truthy(got(state, "Running")) || value.Truthy(got(state, "Restarting")):
		return running
	}
	return stopped
}

// Restore implements change.Kind.
func (states) Restore(_ change.Tools, name string, before, now any) error {
	t := thingNamed(name)
	e := t.engine()
	box, err := e.container(t.name)
	if err != nil {
		return err
	}
	if box == nil {
		return errors.New("there is no such container any more")
	}
	return e.lead(idOf(box), value.Str(now), value.Str(before))
}

// steps lead from one state to another.
func steps(from, to string) []string {
	switch {
	case from == to:
		return nil
	case from == paused:
		return append([]string{"unpause"}, steps(running, to)...)
	case from == stopped:
		return append([]string{"start"}, steps(running, to)...)
	case to == paused:
		return []string{"pause"}
	}
	return []string{"stop"}
}
