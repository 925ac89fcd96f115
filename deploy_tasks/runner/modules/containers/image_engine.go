package containers

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// findImage is what the engine tells of an image, by name and tag, or by id; nil when it has none.
func (e *engine) findImage(name, tag string) (*value.Dict, error) {
	if !isImageID(name) {
		name = joinTag(strings.TrimPrefix(name, "index."), tag)
	}
	image, err := e.inspect("/images/" + named(name) + "/json")
	if err != nil {
		err = fmt.Errorf("Error inspecting image %s - %w", name, err)
	}
	return image, err
}

// imageID is the id of an image that a name leads to, empty when there is none.
func (e *engine) imageID(name string) (string, error) {
	image, err := e.inspect("/images/" + named(name) + "/json")
	if err != nil || image == nil {
		return "", err
	}
	return value.Str(got(image, "Id")), nil
}

// tag lets a name with a tag lead to an image.
func (e *engine) tag(image, name string) error {
	repository, tag := splitTag(name)
	if tag == "" {
		tag = "latest"
	}
	_, err := e.post("/images/"+named(image)+"/tag", "tag", tag, "repo", repository, "force", "True")
	return err
}

// untag takes a name away from an image, and the image with its last one.
func (e *engine) untag(name string) error {
	_, err := e.remove("/images/" + named(name))
	if missing(err) {
		err = nil
	}
	return err
}

// pull brings an image from its registry.
func (e *engine) pull(c *module.Call, name, tag, platform string) error {
	query := []string{"tag", tag, "fromImage", name}
	if platform != "" {
		query = append(query, "platform", platform)
	}
	x := exchange{method: "POST", target: e.target("/images/create", query...), patient: true}
	registry, _ := registryOf(name)
	auth, err := credentials(c, registry)
	if err != nil {
		return err
	}
	if auth != "" {
		x.header = []string{"X-Registry-Auth", auth}
	}
	answer, err := e.perform(x)
	if err != nil {
		return fmt.Errorf("Error pulling image %s - %w", joinTag(name, tag), err)
	}
	defer answer.Close()
	return messages(answer, func(m *value.Dict) error {
		what := value.Str(got(m, "error"))
		if detail := dictAt(m, "errorDetail"); detail.Len() > 0 {
			return fmt.Errorf("Error pulling %s - code: %s message: %s", name, value.Str(got(detail, "code")), value.Str(got(detail, "message")))
		}
		if got(m, "error") != nil {
			return fmt.Errorf("Error pulling %s - %s", name, what)
		}
		return nil
	})
}

// pulled pulls an image, journalled; same: the name leads to the image to which it did before.
func pulled(c *module.Call, e *engine, name, tag, platform string) (image *value.Dict, same bool, err error) {
	whole := joinTag(name, tag)
	before, err := e.findImage(name, tag)
	if err != nil {
		return nil, false, err
	}
	err = c.Log.Set(imageKind, thing{whole, e.socket}.String(), func() error { return e.pull(c, name, tag, platform) })
	if err != nil {
		return nil, false, err
	}
	image, err = e.findImage(name, tag)
	if err == nil && image == nil {
		err = fmt.Errorf("the engine has pulled %s, and does not have it", whole)
	}
	return image, err == nil && value.Equal(got(dictOr(before), "Id"), got(image, "Id")), err
}

// images finds the image that a task names, pulls it where that is wanted, and settles with which image a container that
// is there is compared.
func (j *job) images(box *value.Dict) (image, compared *value.Dict, err error) {
	name := j.p.Str("image")
	if name == "" {
		compared, err = j.ownImage(box)
		return nil, compared, err
	}
	how, err := pullHow(j.p.Raw("pull"))
	if err != nil {
		return nil, nil, err
	}
	if isImageID(name) {
		if image, err = j.e.findImage(name, ""); err == nil && image == nil {
			err = fmt.Errorf("Cannot find image with ID %s", name)
		}
	} else {
		image, err = j.namedImage(name, how)
	}
	compared = image
	if err == nil && j.p.Str("image_comparison") == "current-image" {
		if compared, err = j.ownImage(box); compared == nil {
			compared = image
		}
	}
	return image, compared, err
}

func pullHow(v any) (string, error) {
	if b, ok := v.(bool); ok {
		v = map[bool]string{true: "always", false: "missing"}[b]
	}
	switch s := value.Str(v); strings.ToLower(s) {
	case "never", "missing", "always":
		return s, nil
	case "true", "yes":
		return "always", nil
	case "false", "no":
		return "missing", nil
	default:
		return "", fmt.Errorf("value of pull must be one of: never, missing, always, True, False, got: %s", s)
	}
}

// ownImage is the image of a container that is there.
func (j *job) ownImage(box *value.Dict) (*value.Dict, error) {
	if box == nil || status(box) == "removing" {
		return nil, nil
	}
	return j.e.findImage(value.Str(got(box, "Image")), "")
}

func (j *job) namedImage(name, how string) (*value.Dict, error) {
	repository, tag := splitTag(name)
	if tag == "" {
		tag = "latest"
	}
	image, err := j.e.findImage(repository, tag)
	switch {
	case err != nil:
		return nil, err
	case image == nil && how == "never":
		return nil, fmt.Errorf("Cannot find image with name %s:%s, and pull=never", repository, tag)
	case image != nil && how != "always":
		return image, nil
	}
	told := kit.Dict("pulled_image", repository+":"+tag)
	if j.c.Check {
		if image == nil || j.p.Str("pull_check_mode_behavior") == "always" {
			j.changed = true
			if image == nil {
				told.Set("changed", true)
			}
			j.acted(told)
		}
		return image, nil
	}
	image, same, err := pulled(j.c, j.e, repository, tag, "")
	if err != nil {
		return nil, err
	}
	told.Set("changed", !same)
	j.acted(told)
	j.changed = !same
	return image, nil
}

// containersOf are the ids of the containers, running or not, that were made from an image.
func (e *engine) containersOf(image string) (int, error) {
	v, err := e.get("/containers/json", "all", "1")
	n := 0
	for _, box := range record.Of(kit.Dict("all", v)).Records("all") {
		if box.Text("ImageID") == image {
			n++
		}
	}
	return n, err
}

var errNoImage = errors.New("the image that it led to is not there any more: pull, load or build it again")
