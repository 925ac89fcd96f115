package containers

import (
	"io"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// start starts a container; one that is not detached is waited for.
func (j *job) start(box *value.Dict) error {
	id := idOf(box)
	j.acted(kit.Dict("started", id))
	j.changed = true
	if j.c.Check {
		return nil
	}
	attached := !truthyOr(j.option("detach"), true)
	if attached {
		if err := j.c.Log.Warn("the container " + j.name + " ran to its end: what it has done outside of itself stays"); err != nil {
			return err
		}
	}
	err := j.alter(stateKind, func() error {
		if _, err := j.e.post("/containers/" + id + "/start"); err != nil || !attached {
			return err
		}
		return j.await(id)
	})
	if err != nil {
		return fmt.Errorf("Error starting container %s: %w", id, err)
	}
	if attached {
		return j.ended(box)
	}
	return nil
}

// await waits for the end of a container.
func (j *job) await(id string) error {
	end, err := j.e.ask(exchange{method: "POST", target: j.e.target("/containers/" + id + "/wait"), patient: true})
	if err == nil {
		j.status = record.Of(end).Value("StatusCode")
	}
	return err
}

// ended reads what a container has said that ran to its end, and cleans up.
func (j *job) ended(box *value.Dict) error {
	id, output := idOf(box), "Cannot retrieve result as auto_remove is enabled"
	var err error
	if !value.Truthy(j.option("auto_remove")) {
		if output, err = j.e.output(box); err != nil {
			return err
		}
	}
	if j.p.Flag("cleanup") {
		if err := j.removeBox(box, true); err != nil {
			return err
		}
	}
	if j.facts, err = j.e.container(id); err != nil {
		return err
	}
	j.facts = dictOr(j.facts)
	j.facts.Set("Output", output)
	if !value.Equal(j.status, int64(0)) {
		j.failed = output
		if output == "" {
			j.failed = "the container " + j.name + " ended with status " + value.Str(j.status)
		}
	}
	return nil
}

// maxOutput bounds what is read of a container's output, in bytes.
const maxOutput = 8 << 20

// output is what a container has written.
func (e *engine) output(box *value.Dict) (string, error) {
	driver := value.Str(got(dictAt(dictAt(box, "HostConfig"), "LogConfig"), "Type"))
	if driver != "json-file" && driver != "journald" && driver != "local" {
		return "Result logged using `" + driver + "` driver", nil
	}
	answer, err := e.perform(exchange{method: "GET", target: e.target("/containers/"+idOf(box)+"/logs",
		"stderr", "1", "stdout", "1", "timestamps", "0", "follow", "0", "tail", "all")})
	if err != nil {
		return "", err
	}
	defer answer.Close()
	text, err := io.ReadAll(io.LimitReader(answer, maxOutput))
	if err == nil && !value.Truthy(got(dictAt(box, "Config"), "Tty")) {
		text = unwoven(text)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD"), err
}

// unwoven is the content of both streams of a container's output, whose parts have a head of 8 bytes each.
func unwoven(b []byte) []byte {
	var out []byte
	for len(b) >= 8 {
		n := int(b[4])<<24 | int(b[5])<<16 | int(b[6])<<8 | int(b[7])
		b = b[8:]
		n = min(n, len(b))
		out, b = append(out, b[:n]...), b[n:]
	}
	return out
}

func (j *job) restart(box *value.Dict) error {
	seconds := j.p.Int("stop_timeout")
	j.acted(kit.Dict("restarted", idOf(box), "timeout", j.p.Raw("stop_timeout")))
	j.changed = true
	if seconds == 0 {
		seconds = 10
	}
	err := j.alter(stateKind, func() error {
		_, err := j.e.ask(exchange{method: "POST", patient: true, target: j.e.target("/containers/"+idOf(box)+"/restart", "t", number(int(seconds)))})
		return err
	})
	if err != nil {
		return fmt.Errorf("Error restarting container %s: %w", idOf(box), err)
	}
	return nil
}

// pause brings a container that runs into the state that the option paused names.
func (j *job) pause(box, was *value.Dict) (*value.Dict, error) {
	want := j.option("paused")
	has := value.Truthy(got(dictAt(box, "State"), "Paused"))
	if want == nil || value.Truthy(want) == has {
		return box, nil
	}
	j.diff.add("paused", want, was != nil && stateOf(was) == paused)
	verb, doing := "unpause", "unpausing"
	if value.Truthy(want) {
		verb, doing = "pause", "pausing"
	}
	err := j.alter(stateKind, func() error { _, err := j.e.post("/containers/" + idOf(box) + "/" + verb); return err })
	if err != nil {
		return nil, fmt.Errorf("Error %s container %s: %w", doing, idOf(box), err)
	}
	j.changed = true
	j.acted(kit.Dict("set_paused", want))
	return j.again(box)
}

// healthy waits until a container says that it is healthy, or says nothing of its health.
func (j *job) healthy(box *value.Dict) (*value.Dict, error) {
	id := idOf(box)
	return j.waitFor(id, record.Of(kit.Dict("t", j.p.Raw("healthy_wait_timeout"))).Float("t"), func(box *value.Dict) (bool, error) {
		if box == nil {
			return false, fmt.Errorf("Encontered vanished container while waiting for container \"%s\"", id)
		}
		switch health := value.Str(got(dictAt(dictAt(box, "State"), "Health"), "Status")); health {
		case "starting", "unhealthy":
			return false, nil
		case "healthy", "None", "none":
			return true, nil
		default:
			return false, fmt.Errorf("Encontered unexpected state \"%s\" while waiting for container \"%s\"", health, id)
		}
	})
}
