package containers

import (
	"errors"
	"io"
	"os"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() {
	module.Register("docker_volume", dockerVolume)
	change.RegisterKind(volumeKind, volumes{})
}

const volumeKind = "volume"

var volumeSpec = kit.Spec{Args: []kit.Arg{
	{Name: "volume_name", Required: true, Aliases: []string{"name"}},
	{Name: "state", Default: "present", Choices: []string{"absent", "present"}},
	{Name: "driver", Default: "local"},
	{Name: "driver_options", Kind: kit.Raw},
	{Name: "labels", Kind: kit.Raw},
	{Name: "recreate", Default: "never", Choices: []string{"always", "never", "options-changed"}},
}, Shared: [][]kit.Arg{connectArgs}}

// resource is one call of a module about a network or a volume.
type resource struct {
	c        *module.Call
	p        *kit.Params
	e        *engine
	kind     string
	name     string
	has      *value.Dict // what is there, nil: nothing
	changed  bool
	actions  []any
	warnings []any
	diff     differences
}

func newResource(c *module.Call, spec *kit.Spec, module, kind, name string) (*resource, error) {
	p, err := spec.Parse(module, c)
	if err != nil {
		return nil, err
	}
	r := &resource{c: c, p: p, kind: kind, name: p.Str(name)}
	if r.e, err = connect(c, p); err == nil {
		r.has, err = r.look()
	}
	return r, err
}

// look is what the engine tells of the thing by now, nil when there is none.
func (r *resource) look() (*value.Dict, error) {
	if r.kind == "network" {
		return r.e.network(r.name)
	}
	return r.e.inspect(r.path())
}

func (r *resource) path() string { return "/" + r.kind + "s/" + named(r.name) }

// set performs a change, journalled. A check performs nothing.
func (r *resource) set(kind, name string, act func() error) error {
	if r.c.Check {
		return nil
	}
	return r.c.Log.Set(kind, thing{name, r.e.socket}.String(), act)
}

func (r *resource) said(format string, args ...any) {
	r.actions = append(r.actions, fmt.Sprintf(format, args...))
	r.changed = true
}

// result tells what was done, and what is there by now.
func (r *resource) result(err error, different differences) module.Result {
	data := kit.Dict()
	if err == nil && r.p.Str("state") == "present" {
		var now *value.Dict
		if now, err = r.look(); err == nil {
			data.Set(r.kind, nil)
			if now != nil {
				data.Set(r.kind, now)
			}
		}
	}
	if err != nil {
		return kit.Failure(err)
	}
	if r.c.Check || r.p.Flag("debug") || r.p.Str("state") == "absent" {
		data.Set("actions", append([]any{}, r.actions...))
	}
	if len(r.warnings) > 0 {
		data.Set("warnings", r.warnings)
	}
	done := module.Result{Changed: r.changed, Data: data}
	if r.c.Diff {
		before, after := append(r.diff, different...).dicts()
		done.Diff = []module.Diff{{Before: indented(before), After: indented(after)}}
	}
	return done
}

// option is an option that is a dictionary of texts, nil when it is not given.
func (r *resource) option(name string, shape func(*value.Dict) *value.Dict) (*value.Dict, error) {
	if !r.p.Has(name) {
		return nil, nil
	}
	d, err := dictionaryOf(r.p.Raw(name), name)
	if err != nil {
		return nil, err
	}
	return shape(d), nil
}

// lacking adds each entry of an option that is not in what is there.
func (d *differences) lacking(name string, want, has *value.Dict) {
	if want == nil || want.Len() == 0 {
		return
	}
	for _, key := range want.Keys() {
		if v, ok := has.Get(key); !ok || !value.Equal(v, got(want, key)) {
			d.add(name+"."+key, got(want, key), v)
		}
	}
}

func dockerVolume(c *module.Call) module.Result {
	r, err := newResource(c, &volumeSpec, "docker_volume", "volume", "volume_name")
	if err != nil {
		return kit.Failure(err)
	}
	if r.p.Str("state") == "absent" {
		r.diff.add("exists", false, r.has != nil)
		return r.result(r.removeVolume(), nil)
	}
	different, err := r.presentVolume()
	return r.result(err, different)
}

func (r *resource) presentVolume() (different differences, err error) {
	options, err := r.option("driver_options", textual)
	if err != nil {
		return nil, err
	}
	labels, err := r.option("labels", textual)
	if err != nil {
		return nil, err
	}
	r.diff.add("exists", true, r.has != nil)
	driver := r.p.Str("driver")
	if r.has != nil {
		if now := got(r.has, "Driver"); now != driver {
			different.add("driver", driver, now)
		}
		different.lacking("driver_options", options, dictAt(r.has, "Options"))
		different.lacking("labels", labels, dictAt(r.has, "Labels"))
	}
	if how := r.p.Str("recreate"); how == "always" || how == "options-changed" && len(different) > 0 {
		if err := r.removeVolume(); err != nil {
			return nil, err
		}
		r.has = nil
	}
	if r.has != nil {
		return different, nil
	}
	r.said("Created volume %s with driver %s", r.name, driver)
	body := kit.Dict("Name", r.name, "Driver", driver, "DriverOpts", dictOr(options))
	if labels != nil {
		body.Set("Labels", labels)
	}
	return different, r.set(volumeKind, r.name, func() error {
		_, err := r.e.postJSON("/volumes/create", body)
		return err
	})
}

func (r *resource) removeVolume() error {
	if r.has == nil {
		return nil
	}
	r.said("Removed volume %s", r.name)
	if r.c.Check {
		return nil
	}
	if empty, err := emptyVolume(r.has); err != nil || !empty {
		if err := r.c.Log.Warn("the volume " + r.name + " was removed with what was in it"); err != nil {
			return err
		}
	}
	return r.set(volumeKind, r.name, func() error {
		_, err := r.e.remove(r.path())
		return err
	})
}

// emptyVolume tells whether nothing is in a volume. What lies elsewhere than on this host cannot be known: the folder of
// another driver's volume is empty as long as no container has it.
func emptyVolume(volume *value.Dict) (bool, error) {
	r := record.Of(volume)
	if driver := r.Text("Driver"); driver != "local" {
		return false, fmt.Errorf("what the driver %s keeps of it cannot be seen from here", driver)
	}
	place := r.Text("Mountpoint")
	if place == "" {
		return false, errors.New("the engine does not say where it is")
	}
	folder, err := os.Open(place)
	if err != nil {
		return false, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return len(names) == 0, err
}

// volumes is the kind of volumes with names, not of what is in them.
type volumes struct{}

// Inspect implements change.Kind.
func (volumes) Inspect(_ change.Tools, name string) (any, error) {
	t := thingNamed(name)
	volume, err := t.engine().inspect("/volumes/" + named(t.name))
	if err != nil || volume == nil {
		return nil, err
	}
	return solid(kit.Dict("Driver", got(volume, "Driver"), "DriverOpts", got(volume, "Options"), "Labels", got(volume, "Labels"))), nil
}

// Restore implements change.Kind. A volume that has content is never removed.
func (volumes) Restore(_ change.Tools, name string, before, now any) error {
	t := thingNamed(name)
	e := t.engine()
	if now != nil {
		volume, err := e.inspect("/volumes/" + named(t.name))
		if err != nil {
			return err
		}
		if empty, err := emptyVolume(dictOr(volume)); err != nil || !empty {
			return errors.Join(errors.New("it is not empty by now, and what is in it is not thrown away: docker volume rm "+t.name), err)
		}
		if _, err := e.remove("/volumes/" + named(t.name)); err != nil {
			return err
		}
	}
	was, ok := before.(*value.Dict)
	if !ok {
		return nil
	}
	body := was.Copy()
	body.Set("Name", t.name)
	_, err := e.postJSON("/volumes/create", body)
	return err
}
