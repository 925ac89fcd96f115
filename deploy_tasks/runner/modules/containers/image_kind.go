package containers

import (
	"errors"

	"runner/change"
	"runner/modules/kit"
	"runner/value"
)

func init() { change.RegisterKind(imageKind, images{}) }

const imageKind = "image"

// images is the kind of names of images: which image each leads to.
type images struct{}

// Inspect implements change.Kind.
func (images) Inspect(_ change.Tools, name string) (any, error) {
	t := thingNamed(name)
	id, err := t.engine().imageID(t.name)
	if err != nil || id == "" {
		return nil, err
	}
	return kit.Dict("id", id), nil
}

// Restore implements change.Kind. An image that has no name then, and that no container uses, goes.
func (images) Restore(_ change.Tools, name string, before, now any) error {
	t := thingNamed(name)
	e := t.engine()
	was, _ := before.(*value.Dict)
	if was == nil {
		return e.untag(t.name)
	}
	id := value.Str(got(was, "id"))
	there, err := e.imageID(id)
	if err == nil && there == "" {
		err = errNoImage
	}
	if err == nil {
		err = e.tag(id, t.name)
	}
	if err != nil {
		return err
	}
	is, _ := now.(*value.Dict)
	if is == nil {
		return nil
	}
	return e.tidy(value.Str(got(is, "id")))
}

// tidy removes an image that no name leads to and no container uses.
func (e *engine) tidy(id string) error {
	image, err := e.inspect("/images/" + named(id) + "/json")
	if err != nil || image == nil {
		return err
	}
	if names, ok := value.Items(got(image, "RepoTags")); ok && len(names) > 0 {
		return nil
	}
	used, err := e.containersOf(id)
	if err != nil || used > 0 {
		return err
	}
	return e.untagUnused(id) // another image may be made from it
}

// untagUnused is untag for a name that the engine may want to keep: the last one of an image that something is made from.
func (e *engine) untagUnused(name string) error {
	var refused *apiError
	err := e.untag(name)
	if errors.As(err, &refused) && refused.status == 409 {
		err = nil
	}
	return err
}
