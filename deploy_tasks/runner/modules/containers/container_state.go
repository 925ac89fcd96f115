package containers

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// present makes the container as wanted and brings it into a state.
func (j *job) present(state string) error {
	box, err := j.e.container(j.name)
	if err != nil {
		return err
	}
	j.called(box)
	if err := j.wants(); err != nil {
		return err
	}
	image, compared, err := j.images(box)
	if err != nil {
		return err
	}
	was, created := box, false
	if box == nil || status(box) == "removing" {
		box, err = j.first(box)
		created = true
	} else if box, created, err = j.renewed(box, image, compared); created {
		compared = image
	}
	if err == nil && box != nil {
		box, err = j.settle(box, was, compared, created, state)
	}
	j.facts = box
	return err
}

// called takes the container's own name for what the task calls it by: it may be an id.
func (j *job) called(box *value.Dict) {
	if box != nil {
		j.name = nameOf(box)
	}
}

// first makes a container where there is none.
func (j *job) first(removing *value.Dict) (*value.Dict, error) {
	if !j.p.Has("image") {
		return nil, errors.New("Cannot create container when image is not specified!")
	}
	j.diff.add("exists", true, false)
	if removing != nil && !j.c.Check {
		if err := j.gone(idOf(removing)); err != nil {
			return nil, err
		}
	}
	return j.create(j.p.Str("image"))
}

// renewed makes a container anew that differs in what cannot be changed.
func (j *job) renewed(box, image, compared *value.Dict) (*value.Dict, bool, error) {
	different, limits, err := j.differing(box, compared)
	if err != nil {
		return nil, false, err
	}
	again := len(different) > 0
	if again {
		different = append(different, limits...)
	}
	if j.how["image"] == strict && j.otherImage(box, image) {
		again = true
	}
	if !again && !j.p.Flag("recreate") {
		return box, false, nil
	}
	j.diff = append(j.diff, different...)
	use := j.p.Str("image")
	if use == "" {
		use = value.Str(got(box, "Image"))
	}
	if isRunning(box) {
		if err := j.stop(box); err != nil {
			return nil, false, err
		}
	}
	if err := j.removeBox(box, false); err != nil {
		return nil, false, err
	}
	made, err := j.create(use)
	if j.c.Check {
		made = box
	}
	return made, true, err
}

// otherImage tells whether a container was made from another image, or from one of another name.
func (j *job) otherImage(box, image *value.Dict) bool {
	other := false
	if id := got(dictOr(image), "Id"); id != nil && id != got(box, "Image") {
		j.diff.add("image", id, got(box, "Image"))
		other = true
	}
	name := got(dictAt(box, "Config"), "Image")
	if j.p.Str("image_name_mismatch") == "recreate" && j.p.Has("image") && name != j.p.Str("image") {
		j.diff.add("image_name", j.p.Str("image"), name)
		other = true
	}
	return other
}

func dictOr(d *value.Dict) *value.Dict {
	if d == nil {
		return kit.Dict()
	}
	return d
}

// settle changes what can be changed of a container that is there, and brings it into a state.
func (j *job) settle(box, was, image *value.Dict, created bool, state string) (*value.Dict, error) {
	if err := j.updateLimits(box, image); err != nil {
		return nil, err
	}
	if err := j.updateNetworks(box, created); err != nil {
		return nil, err
	}
	ran, runs := was != nil && isRunning(was), isRunning(box)
	up := state == "started" || state == "healthy"
	var err error
	switch {
	case up && !runs:
		j.diff.add("running", true, ran)
		if err = j.start(box); err == nil && !truthyOr(j.option("detach"), true) && j.failed != "" {
			return j.facts, nil
		}
	case up && j.p.Flag("restart"):
		j.diff.add("running", true, ran)
		j.diff.add("restarted", true, false)
		err = j.restart(box)
	case state == "stopped" && runs:
		j.diff.add("running", false, ran)
		err = j.stop(box)
	}
	if err != nil {
		return nil, err
	}
	if j.facts == nil { // otherwise it has run to its end
		if box, err = j.again(box); err != nil {
			return nil, err
		}
	} else {
		box = j.facts
	}
	if up {
		if box, err = j.pause(box, was); err != nil {
			return nil, err
		}
	}
	if state == "healthy" && !j.c.Check {
		return j.healthy(box)
	}
	return box, nil
}

func truthyOr(v any, other bool) bool {
	if v == nil {
		return other
	}
	return value.Truthy(v)
}

// again is how a container is by now; a check leaves it as it was.
func (j *job) again(box *value.Dict) (*value.Dict, error) {
	if j.c.Check {
		return box, nil
	}
	return j.e.container(idOf(box))
}

func (j *job) updateLimits(box, image *value.Dict) error {
	_, limits, err := j.differing(box, image)
	if err != nil || len(limits) == 0 {
		return err
	}
	j.diff = append(j.diff, limits...)
	j.acted(kit.Dict("updated", idOf(box), "update_parameters", j.limits))
	j.changed = true
	err = j.alter(boxKind, func() error {
		told, err := j.e.postJSON("/containers/"+idOf(box)+"/update", j.limits)
		j.warned(told)
		return err
	})
	if err != nil {
		return fmt.Errorf("Error updating container %s: %w", idOf(box), err)
	}
	return nil
}

// warned passes the engine's warnings on.
func (j *job) warned(answer any) {
	for _, w := range record.Of(answer).List("Warnings") {
		j.warn("Docker warning: " + value.Str(w))
	}
}

// create makes a container; a check returns none.
func (j *job) create(image string) (*value.Dict, error) {
	j.body.Set("Image", image)
	ends := kit.Dict()
	for i, n := range j.networks {
		if j.p.Flag("networks_cli_compatible") && (i == 0 || !j.e.less("1.44")) {
			end := n.asked.Copy()
			end.Delete("name")
			ends.Set(n.name, end)
		}
	}
	shown := j.body.Copy()
	shown.Delete("NetworkingConfig")
	j.acted(kit.Dict("created", "Created container", "create_parameters", shown, "networks", ends))
	j.changed = true
	if j.c.Check {
		return nil, nil
	}
	if err := j.tellVolumes(); err != nil {
		return nil, err
	}
	under(j.body, "HostConfig") // without one the engine fills it in when the container starts: later than it is journalled
	id := ""
	err := j.alter(boxKind, func() error {
		made, err := j.e.postJSON("/containers/create", j.body, "name", j.name)
		id = record.Of(made).Text("Id")
		j.warned(made)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("Error creating container: %w", err)
	}
	return j.e.container(id)
}

// tellVolumes notes which volumes the engine is about to make: what is in them by the time of an undo is not thrown away.
func (j *job) tellVolumes() error {
	for _, name := range namedVolumes(j.body) {
		there, err := j.e.inspect("/volumes/" + named(name))
		if err != nil {
			return err
		}
		if there == nil {
			if err := j.c.Log.Warn("the volume " + name + " is made for the container " + j.name + ", and stays with what is in it"); err != nil {
				return err
			}
		}
	}
	return nil
}

// namedVolumes are the volumes with names that a container is made with.
func namedVolumes(body *value.Dict) []string {
	var out []string
	host := dictAt(body, "HostConfig")
	binds, _ := value.Items(got(host, "Binds"))
	for _, bind := range binds {
		if name, _, _ := strings.Cut(value.Str(bind), ":"); !strings.Contains(name, "/") {
			out = append(out, name)
		}
	}
	mounts, _ := value.Items(got(host, "Mounts"))
	for _, item := range mounts {
		if m, ok := item.(*value.Dict); ok && got(m, "Type") == "volume" && got(m, "Source") != nil {
			out = append(out, value.Str(got(m, "Source")))
		}
	}
	return out
}
