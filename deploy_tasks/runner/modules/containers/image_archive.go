package containers

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// holding is what an archive of images has in it.
type holding struct{ ids, names []string }

// archived reads what is in an archive of images.
func archived(file string) (holding, error) {
	f, err := os.Open(file)
	if err != nil {
		return holding{}, kit.AtPath(file, err)
	}
	defer f.Close()
	in, err := unpacked(f)
	if err != nil {
		return holding{}, err
	}
	text, err := tarMember(in, "manifest.json")
	if err != nil || text == nil {
		return holding{}, errors.Join(err, errWithout(text))
	}
	v, err := value.Decode(text)
	if err != nil {
		return holding{}, err
	}
	var held holding
	for _, image := range record.Of(kit.Dict("all", v)).Records("all") {
		config := strings.TrimSuffix(path.Base(image.Text("Config")), ".json")
		if isDigest(config) {
			held.ids = append(held.ids, "sha256:"+config)
		}
		if image.Has("RepoTags") {
			held.names = append(held.names, image.Texts("RepoTags")...)
		}
	}
	return held, nil
}

func errWithout(text []byte) error {
	if text == nil {
		return errors.New("the archive has no manifest.json")
	}
	return nil
}

// archive writes the image into a file, unless that holds it already.
func (j *imageJob) archive() error {
	image, err := j.e.findImage(j.name, j.tag)
	if err != nil || image == nil {
		return err
	}
	file, name, id := j.p.Str("archive_path"), j.whole(), value.Str(got(image, "Id"))
	held, err := archived(file)
	reason := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		reason = "since none present"
	case err != nil || len(held.ids) != 1:
		reason = "overwriting an unreadable archive file"
	case held.ids[0] != id || !slices.Equal(held.names, []string{name}):
		reason = fmt.Sprintf("overwriting archive with image %s named %s", strings.TrimPrefix(held.ids[0], "sha256:"), strings.Join(held.names, ", "))
	default:
		j.image = image
		return nil
	}
	j.said("Archived image %s to %s, %s", name, file, reason)
	j.changed = true
	j.image = image
	if j.c.Check {
		return nil
	}
	answer, err := j.e.perform(exchange{method: "GET", target: j.e.target("/images/" + named(name) + "/get"), patient: true})
	if err != nil {
		return fmt.Errorf("Error getting image %s - %w", name, err)
	}
	defer answer.Close()
	if err := j.c.Log.WriteFile(file, answer, change.Meta{}); err != nil {
		return fmt.Errorf("Error writing image archive %s - %w", file, err)
	}
	return nil
}

// sendArchive sends an archive to the engine and keeps what it says.
func (j *imageJob) sendArchive(file string, out *said) error {
	f, err := os.Open(file)
	if err != nil {
		return kit.AtPath(file, err)
	}
	defer f.Close()
	answer, err := j.e.perform(exchange{method: "POST", target: j.e.target("/images/load"), patient: true,
		header: []string{"Content-Type", "application/x-tar"},
		stream: func(out io.Writer) error { _, err := io.Copy(out, f); return err }})
	if err != nil {
		return fmt.Errorf("Error loading image %s - %w", j.name, err)
	}
	defer answer.Close()
	return messages(answer, func(m *value.Dict) error {
		out.collect(m)
		if what := got(m, "error"); what != nil {
			return fmt.Errorf("Error loading image %s - %s", j.name, value.Str(what))
		}
		return nil
	})
}
