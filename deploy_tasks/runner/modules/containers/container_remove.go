package containers

import (
	"errors"
	"slices"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// stop ends what runs in a container. One that goes with its end is journalled as removed, too.
func (j *job) stop(box *value.Dict) error {
	halt := j.halt
	j.changed = true
	if j.p.Flag("force_kill") {
		halt = j.kill
		j.acted(kit.Dict("killed", idOf(box), "signal", j.p.Raw("kill_signal")))
	} else {
		j.acted(kit.Dict("stopped", idOf(box), "timeout", j.p.Raw("stop_timeout")))
	}
	if !value.Truthy(got(dictAt(box, "HostConfig"), "AutoRemove")) {
		return j.alter(stateKind, func() error { return halt(idOf(box)) })
	}
	return j.alter(stateKind, func() error {
		return j.alter(boxKind, func() error {
			if err := errors.Join(j.tellLayer(box), halt(idOf(box))); err != nil {
				return err
			}
			_, err := j.waitFor(idOf(box), 30, func(box *value.Dict) (bool, error) { return box == nil, nil })
			return err
		})
	})
}

func (j *job) halt(id string) error {
	query := []string{}
	if seconds := j.p.Int("stop_timeout"); seconds != 0 {
		query = []string{"t", number(int(seconds))}
	}
	err := j.unpausing(id, func() error {
		_, err := j.e.stop(id, 0, query...)
		return err
	})
	if err != nil {
		return fmt.Errorf("Error stopping container %s: %w", id, err)
	}
	return nil
}

func (j *job) kill(id string) error {
	query := []string{}
	if j.p.Has("kill_signal") {
		query = []string{"signal", j.p.Str("kill_signal")}
	}
	if _, err := j.e.post("/containers/"+id+"/kill", query...); err != nil {
		return fmt.Errorf("Error killing container %s: %w", id, err)
	}
	return nil
}

// unpausing does something that old engines refuse for a container that is paused.
func (j *job) unpausing(id string, act func() error) error {
	err := act()
	if err == nil || !strings.Contains(err.Error(), "Unpause the container before stopping or killing") {
		return err
	}
	if _, err := j.e.post("/containers/" + id + "/unpause"); err != nil {
		return fmt.Errorf("%w [while unpausing]", err)
	}
	return act()
}

// removeBox removes a container that does not run.
func (j *job) removeBox(box *value.Dict, force bool) error {
	id, volumes := idOf(box), !j.p.Flag("keep_volumes")
	j.acted(kit.Dict("removed", id, "volume_state", volumes, "link", false, "force", force))
	j.changed = true
	if j.c.Check {
		return nil
	}
	now, err := j.e.container(id)
	if err != nil || now == nil {
		return err
	}
	if err := j.tellLayer(now); err != nil {
		return err
	}
	err = j.alter(boxKind, func() error {
		err := j.unpausing(id, func() error {
			_, err := j.e.remove("/containers/"+id, "v", flag(volumes), "link", "False", "force", flag(force))
			return err
		})
		if missing(err) || err != nil && strings.Contains(err.Error(), "is already in progress") {
			err = nil
		}
		if err == nil {
			err = j.gone(id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("Error removing container %s: %w", id, err)
	}
	return nil
}

func flag(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// tellLayer notes what goes for good with a container: what it has written into itself, and its volumes if they go, too.
func (j *job) tellLayer(box *value.Dict) error {
	lost, err := j.e.layer(box)
	what := ": " + some(lost)
	if err != nil {
		what = ", and could not be listed: " + err.Error()
	}
	if err != nil || len(lost) > 0 {
		if err := j.c.Log.Warn("what the container " + j.name + " had written into itself goes with it" + what); err != nil {
			return err
		}
	}
	if volumes := dictAt(recipe(box), "anonymous"); volumes.Len() > 0 && !j.p.Flag("keep_volumes") {
		return j.c.Log.Warn("the volumes of the container " + j.name + " without a name go with it: " + strings.Join(volumes.Keys(), ", "))
	}
	return nil
}

// layer are the paths that a container has written into itself.
func (e *engine) layer(box *value.Dict) ([]string, error) {
	changes, err := e.get("/containers/" + idOf(box) + "/changes")
	return written(box, record.Of(kit.Dict("all", changes)).Records("all")), err
}

// some are the first of many paths, as a text.
func some(paths []string) string {
	text := strings.Join(paths[:min(len(paths), 5)], ", ")
	if n := len(paths) - 5; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// written are the paths that a container has changed; of a folder with changes only these.
func written(box *value.Dict, changes []record.Reader) []string {
	var out []string
	for _, each := range changes {
		if path := each.Text("Path"); !mountPoint(box, path) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	all := slices.Clone(out)
	return slices.DeleteFunc(out, func(path string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(other, path+"/") })
	})
}

// mountPoint tells whether a path is, or leads to, a place where something is mounted: the engine makes these.
func mountPoint(box *value.Dict, path string) bool {
	places := []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/dev/console", "/dev/pts", "/dev/shm", "/proc", "/sys", "/.dockerenv"}
	items, _ := value.Items(got(box, "Mounts"))
	for _, item := range items {
		if m, ok := item.(*value.Dict); ok {
			places = append(places, value.Str(got(m, "Destination")))
		}
	}
	places = append(places, dictAt(dictAt(box, "HostConfig"), "Tmpfs").Keys()...)
	for _, place := range places {
		if place == path || strings.HasPrefix(place, path+"/") {
			return true
		}
	}
	return false
}

func (j *job) absent() error {
	box, err := j.e.container(j.name)
	if err != nil || box == nil {
		return err
	}
	j.called(box)
	if isRunning(box) {
		j.diff.add("running", false, true)
		if err := j.stop(box); err != nil {
			return err
		}
	}
	j.diff.add("exists", false, true)
	return j.removeBox(box, false)
}
