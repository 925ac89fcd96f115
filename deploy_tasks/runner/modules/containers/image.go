package containers

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("docker_image", dockerImage) }

var imageSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Required: true},
	{Name: "tag", Default: "latest"},
	{Name: "state", Default: "present", Choices: []string{"absent", "present"}},
	{Name: "source", Choices: []string{"build", "load", "pull", "local"}},
	{Name: "build", Kind: kit.Raw},
	{Name: "pull", Kind: kit.Raw},
	{Name: "load_path", Kind: kit.Path},
	{Name: "archive_path", Kind: kit.Path},
	{Name: "repository"},
	{Name: "push", Kind: kit.Bool, Default: false},
	{Name: "force_source", Kind: kit.Bool, Default: false},
	{Name: "force_absent", Kind: kit.Bool, Default: false},
	{Name: "force_tag", Kind: kit.Bool, Default: false},
}, Shared: [][]kit.Arg{connectArgs}}

// imageJob is one call of docker_image.
type imageJob struct {
	c         *module.Call
	p         *kit.Params
	e         *engine
	name, tag string
	changed   bool
	actions   []any
	warnings  []any
	image     *value.Dict
	output    *string // of a build
}

func dockerImage(c *module.Call) module.Result {
	p, err := imageSpec.Parse("docker_image", c)
	if err != nil {
		return kit.Failure(err)
	}
	j := &imageJob{c: c, p: p, image: kit.Dict()}
	if err := j.run(); err != nil {
		return kit.Failed(kit.Reason(err), j.data(nil))
	}
	return module.Result{Changed: j.changed, Data: j.data(j.image)}
}

func (j *imageJob) data(image *value.Dict) *value.Dict {
	out := kit.Dict()
	if image != nil {
		out.Set("actions", append([]any{}, j.actions...))
		out.Set("image", image)
	}
	if j.output != nil {
		kit.SetOutput(out, "stdout", *j.output)
	}
	if len(j.warnings) > 0 {
		out.Set("warnings", j.warnings)
	}
	return out
}

func (j *imageJob) run() error {
	if err := j.understand(); err != nil {
		return err
	}
	var err error
	if j.e, err = connect(j.c, j.p); err != nil {
		return err
	}
	image, err := j.e.findImage(j.name, j.tag)
	if err != nil {
		return err
	}
	if j.p.Str("state") == "absent" {
		return j.absent(image)
	}
	return j.present(image)
}

// understand checks the arguments. A tag in the name counts for more than the argument.
func (j *imageJob) understand() error {
	j.name, j.tag = j.p.Str("name"), j.p.Str("tag")
	source := j.p.Str("source")
	for _, each := range []struct {
		wrong bool
		say   string
	}{
		{!validTag(j.tag), "\"" + j.tag + "\" is not a valid docker tag!"},
		{j.p.Str("state") == "present" && source == "", "state is present but all of the following are missing: source"},
		{source == "build" && !j.p.Has("build"), "source is build but all of the following are missing: build"},
		{source == "load" && !j.p.Has("load_path"), "source is load but all of the following are missing: load_path"},
		{isImageID(j.p.Str("repository")), "`repository` must not be an image ID; got: " + j.p.Str("repository")},
		{j.p.Flag("push"), "push: true is not done: what is in a registry cannot be taken back; push it where it is built, with a command: docker push NAME"},
	} {
		if each.wrong {
			return errors.New(each.say)
		}
	}
	if isImageID(j.name) {
		j.tag = ""
		return nil
	}
	if repository, tag := splitTag(j.name); tag != "" {
		j.name, j.tag = repository, tag
	}
	return nil
}

// whole is the image's name with its tag.
func (j *imageJob) whole() string { return joinTag(j.name, j.tag) }

func (j *imageJob) said(format string, args ...any) {
	j.actions = append(j.actions, fmt.Sprintf(format, args...))
}

func (j *imageJob) present(image *value.Dict) error {
	if image == nil || j.p.Flag("force_source") {
		if err := j.bring(image); err != nil {
			return err
		}
	} else {
		j.image = image
	}
	if j.p.Has("archive_path") {
		if err := j.archive(); err != nil {
			return err
		}
	}
	if j.p.Str("repository") != "" {
		return j.also()
	}
	return nil
}

// bring gets the image from where the task says.
func (j *imageJob) bring(before *value.Dict) error {
	source := j.p.Str("source")
	if isImageID(j.name) && (source == "build" || source == "pull") {
		return fmt.Errorf("Image name must not be an image ID for source=%s; got: %s", source, j.name)
	}
	var err error
	switch source {
	case "local":
		if before == nil {
			return fmt.Errorf("Cannot find the image %s locally.", j.whole())
		}
		j.image = before
		return nil
	case "build":
		err = j.build()
	case "load":
		err = j.load()
	default:
		err = j.pull()
	}
	if err == nil && !j.c.Check && before != nil && value.Equal(got(before, "Id"), got(j.image, "Id")) {
		j.changed = false
	}
	return err
}

func (j *imageJob) pull() error {
	platform := ""
	if j.p.Has("pull") {
		d, err := dictionaryOf(j.p.Raw("pull"), "pull")
		if err != nil {
			return err
		}
		p, err := suboptions(j.c, d, "pull", kit.Spec{Args: []kit.Arg{{Name: "platform"}}})
		if err != nil {
			return err
		}
		platform = p.Str("platform")
	}
	if platform != "" {
		if err := j.e.needs("1.32", "pull.platform"); err != nil {
			return err
		}
	}
	j.said("Pulled image %s", j.whole())
	j.changed = true
	if j.c.Check {
		return nil
	}
	var err error
	j.image, _, err = pulled(j.c, j.e, j.name, j.tag, platform)
	return err
}

// set journals what becomes of the image's name.
func (j *imageJob) set(name string, act func() error) error {
	return j.c.Log.Set(imageKind, thing{name, j.e.socket}.String(), act)
}

func (j *imageJob) load() error {
	path := j.p.Str("load_path")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("Error loading image %s. Specified path %s does not exist.", j.name, path)
	}
	j.said("Loaded image %s from %s", j.whole(), path)
	j.changed = true
	if j.c.Check {
		return nil
	}
	var output said
	if err := j.loading(path, &output); err != nil {
		text := strings.Join(output.lines, "\n")
		j.output = &text
		return err
	}
	image, err := j.e.findImage(j.name, j.tag)
	j.image = dictOr(image)
	return err
}

// loading loads an archive; each name in it is journalled, whether it is the one that is asked for or not.
func (j *imageJob) loading(path string, output *said) error {
	held, err := archived(path)
	if err != nil {
		return fmt.Errorf("Error loading image %s - %w", j.name, err)
	}
	names := slices.Clone(held.names)
	if len(names) == 0 {
		names = held.ids
	}
	act := func() error { return j.sendArchive(path, output) }
	for _, name := range names {
		inner := act
		act = func() error { return j.set(name, inner) }
	}
	if err := act(); err != nil {
		return err
	}
	return j.judgeLoaded(output.lines)
}

// judgeLoaded is an error when the image that was asked for was not in the archive.
func (j *imageJob) judgeLoaded(output []string) error {
	var names, ids []string
	for _, line := range output {
		if name, ok := strings.CutPrefix(line, "Loaded image:"); ok {
			names = append(names, strings.TrimSpace(name))
		}
		if id, ok := strings.CutPrefix(line, "Loaded image ID:"); ok {
			ids = append(ids, strings.ToLower(strings.TrimSpace(id)))
		}
	}
	if len(names)+len(ids) == 0 {
		return errors.New("Detected no loaded images. Archive potentially corrupt?")
	}
	wanted := j.whole()
	found := slices.Contains(names, wanted) || slices.Contains(ids, strings.ToLower(wanted))
	names = slices.DeleteFunc(names, func(name string) bool { return found && name == wanted })
	slices.Sort(names)
	var shown []string
	for _, name := range names {
		shown = append(shown, "'"+name+"'")
	}
	list := strings.Join(append(shown, ids...), ", ")
	if !found {
		return fmt.Errorf("The archive did not contain image '%s'. Instead, found %s.", wanted, list)
	}
	if len(names) > 0 {
		j.warnings = append(j.warnings, "The archive contained more images than specified: "+list)
	}
	return nil
}

// also gives the image a second name.
func (j *imageJob) also() error {
	repository, tag := splitTag(j.p.Str("repository"))
	if tag == "" {
		tag = j.tag
	}
	if tag == "" {
		tag = "latest"
	}
	there, err := j.e.findImage(repository, tag)
	if err != nil || there != nil && !j.p.Flag("force_tag") {
		return err
	}
	name := repository + ":" + tag
	j.changed = true
	j.said("Tagged image %s to %s", j.whole(), name)
	if j.c.Check {
		return nil
	}
	if err := j.set(name, func() error { return j.e.tag(j.whole(), name) }); err != nil {
		return fmt.Errorf("Error: failed to tag image - %w", err)
	}
	image, err := j.e.findImage(repository, tag)
	j.image = dictOr(image)
	if err == nil && there != nil && value.Equal(got(there, "Id"), got(j.image, "Id")) {
		j.changed = false
	}
	return err
}

func (j *imageJob) absent(image *value.Dict) error {
	if image == nil {
		return nil
	}
	j.changed = true
	j.said("Removed image %s", j.whole())
	j.image = kit.Dict("state", "Deleted")
	if j.c.Check {
		return nil
	}
	remove := func() error {
		_, err := j.e.remove("/images/"+named(j.whole()), "force", flag(j.p.Flag("force_absent")))
		if missing(err) {
			err = nil
		}
		return err
	}
	if err := j.removing(image, remove); err != nil {
		return fmt.Errorf("Error removing image %s - %w", j.whole(), err)
	}
	return nil
}

// removing journals what becomes of every name that the image loses. Its last name gone, the image goes with what is in
// it: that is told, as an undo cannot bring it back.
func (j *imageJob) removing(image *value.Dict, remove func() error) error {
	items, _ := value.Items(got(image, "RepoTags"))
	names := kit.Texts(items)
	used, err := j.e.containersOf(value.Str(got(image, "Id")))
	if err != nil {
		return err
	}
	// With another name or a container the engine keeps the image, or refuses. Which of its names goes is the engine's to
	// know: a task may write it longer, as docker.io/library/NAME.
	if used > 0 || len(names) > 1 && !isImageID(j.name) {
		for _, name := range names {
			inner := remove
			remove = func() error { return j.set(name, inner) }
		}
		return remove()
	}
	if err := j.c.Log.Warn("the image " + j.whole() + " (" + value.Str(got(image, "Id")) + ") was removed with its last name: pull, load or build it again"); err != nil {
		return err
	}
	return remove()
}
