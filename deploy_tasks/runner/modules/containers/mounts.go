package containers

import (
	"slices"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

var mountSpec = kit.Spec{Args: []kit.Arg{
	{Name: "target", Required: true},
	{Name: "source"},
	{Name: "type", Default: "volume", Choices: []string{"bind", "volume", "tmpfs"}},
	{Name: "read_only", Kind: kit.Bool},
	{Name: "consistency", Choices: []string{"default", "consistent", "cached", "delegated"}},
	{Name: "propagation", Choices: []string{"private", "rprivate", "shared", "rshared", "slave", "rslave"}},
	{Name: "no_copy", Kind: kit.Bool},
	{Name: "labels", Kind: kit.Raw},
	{Name: "volume_driver"},
	{Name: "volume_options", Kind: kit.Raw},
	{Name: "tmpfs_size"},
	{Name: "tmpfs_mode"},
	{Name: "non_recursive", Kind: kit.Bool},
	{Name: "create_mountpoint", Kind: kit.Bool},
	{Name: "subpath"},
}}

// mountOptions tells for an option of a mount which type of mount it belongs to, where the engine has it, and since when.
var mountOptions = []struct{ name, of, place, field, since string }{
	{"propagation", "bind", "BindOptions", "Propagation", ""},
	{"non_recursive", "bind", "BindOptions", "NonRecursive", "1.40"},
	{"create_mountpoint", "bind", "BindOptions", "CreateMountpoint", "1.42"},
	{"no_copy", "volume", "VolumeOptions", "NoCopy", ""},
	{"labels", "volume", "VolumeOptions", "Labels", ""},
	{"volume_driver", "volume", "", "", ""},
	{"volume_options", "volume", "", "", ""},
	{"subpath", "volume", "VolumeOptions", "Subpath", "1.45"},
	{"tmpfs_size", "tmpfs", "TmpfsOptions", "SizeBytes", ""},
	{"tmpfs_mode", "tmpfs", "TmpfsOptions", "Mode", ""},
}

// wantMounts is about mounts and volumes.
func (j *job) wantMounts() error {
	taken := map[string]string{}
	if j.p.Has("mounts") {
		if err := j.wantMountList(taken); err != nil {
			return err
		}
	}
	anonymous, binds := kit.Dict(), []string{}
	for _, text := range j.p.List("volumes") {
		host, inside, mode, err := j.volume(text)
		if err != nil {
			return err
		}
		if err := claim(taken, inside, "volumes"); err != nil {
			return err
		}
		if host == "" {
			anonymous.Set(text, kit.Dict())
		} else {
			binds = append(binds, host+":"+inside+":"+mode)
		}
	}
	if j.p.Has("volumes") {
		j.body.Set("Volumes", anonymous)
		under(j.body, "HostConfig").Set("Binds", kit.Items(binds))
	}
	j.wishes = append(j.wishes,
		wish{name: "volumes", nature: set, want: func(image *value.Dict) (any, bool) {
			all := append(dictAt(dictAt(image, "Config"), "Volumes").Keys(), anonymous.Keys()...)
			return sortedSet(all), len(all) > 0
		}, has: func(box *value.Dict) any { return kit.Items(dictAt(dictAt(box, "Config"), "Volumes").Keys()) }},
		wish{name: "volume_binds", nature: set, want: always(sortedSet(binds)), has: from("HostConfig", "Binds")})
	return nil
}

// claim notes what is mounted at a place of the container; two mounts at one are an error.
func claim(taken map[string]string, target, option string) error {
	switch other, ok := taken[target]; {
	case ok && other == option:
		return fmt.Errorf("The mount point \"%s\" appears twice in the %s option", target, option)
	case ok:
		return fmt.Errorf("The mount point \"%s\" appears both in the %s and %s option", target, option, other)
	}
	taken[target] = option
	return nil
}

var volumeModes = []string{"rw", "ro", "z", "Z", "consistent", "delegated", "cached", "rprivate", "private", "rshared",
	"shared", "rslave", "slave", "nocopy"}

func isVolumeMode(text string) bool {
	for _, part := range strings.Split(text, ",") {
		if !slices.Contains(volumeModes, part) {
			return false
		}
	}
	return true
}

// volume reads HOST:INSIDE:MODE, HOST:INSIDE, INSIDE:MODE or INSIDE; host is empty for a volume without a name.
func (j *job) volume(text string) (host, inside, mode string, err error) {
	parts := strings.Split(text, ":")
	switch {
	case len(parts) == 3:
		if host, inside, mode = parts[0], parts[1], parts[2]; !isVolumeMode(mode) {
			return "", "", "", fmt.Errorf("Found invalid volumes mode: %s", mode)
		}
	case len(parts) == 2 && !isVolumeMode(parts[1]):
		host, inside, mode = parts[0], parts[1], "rw"
	case len(parts) > 3:
		return "", "", "", fmt.Errorf("volumes: %s has more than three parts", text)
	default:
		return "", parts[0], "", nil
	}
	if strings.HasPrefix(host, ".") || strings.HasPrefix(host, "~") {
		host = kit.Absolute(j.c, kit.Expand(j.c, host))
	}
	return host, inside, mode, nil
}

func (j *job) wantMountList(taken map[string]string) error {
	var wanted []any
	made, err := eachOf(j, j.p.Raw("mounts"), "mounts", mountSpec, func(p *kit.Params) (any, error) {
		if err := claim(taken, p.Str("target"), "mounts"); err != nil {
			return nil, err
		}
		want, engines, err := j.mount(p)
		wanted = append(wanted, want)
		return engines, err
	})
	if err != nil {
		return err
	}
	under(j.body, "HostConfig").Set("Mounts", made)
	j.wishes = append(j.wishes, wish{name: "mounts", nature: records, want: always(wanted), has: mountsOf})
	return nil
}

// mount reads one mount: what is compared, and what the engine is told.
func (j *job) mount(p *kit.Params) (want, engines *value.Dict, err error) {
	target, kind := p.Str("target"), p.Str("type")
	if kind == "bind" && !p.Has("source") {
		return nil, nil, fmt.Errorf("source must be specified for mount \"%s\" of type \"%s\"", target, kind)
	}
	want = kit.Dict("target", target, "type", kind)
	engines = kit.Dict("Target", target, "Source", p.Raw("source"), "Type", kind, "ReadOnly", p.Raw("read_only"))
	for _, name := range []string{"source", "read_only", "consistency"} {
		if p.Has(name) {
			want.Set(name, p.Raw(name))
		}
	}
	if p.Has("consistency") {
		engines.Set("Consistency", p.Raw("consistency"))
	}
	for _, o := range mountOptions {
		if !p.Has(o.name) {
			continue
		}
		if o.of != kind {
			return nil, nil, fmt.Errorf("%s cannot be specified for mount \"%s\" of type \"%s\" (needs type \"%s\")", o.name, target, kind, o.of)
		}
		if o.since != "" {
			if err := j.e.needs(o.since, "mounts."+o.name); err != nil {
				return nil, nil, err
			}
		}
		v, err := mountValue(o.name, target, p)
		if err != nil {
			return nil, nil, err
		}
		if o.name != "volume_options" {
			want.Set(o.name, v)
		}
		if o.place != "" && (o.name != "no_copy" || value.Truthy(v)) {
			under(engines, o.place).Set(o.field, v)
		}
	}
	if driver := p.Str("volume_driver"); driver != "" {
		config := kit.Dict("Name", driver)
		if options, ok := p.Raw("volume_options").(*value.Dict); ok && options.Len() > 0 {
			config.Set("Options", plainTexts(options))
			want.Set("volume_options", plainTexts(options))
		}
		under(engines, "VolumeOptions").Set("DriverConfig", config)
	}
	return want, engines, nil
}

func mountValue(name, target string, p *kit.Params) (any, error) {
	switch name {
	case "labels":
		d, err := dictionaryOf(p.Raw(name), name)
		return plainTexts(d), err
	case "tmpfs_size":
		n, err := bytesOf(p.Str(name))
		if err != nil {
			err = fmt.Errorf("Failed to convert tmpfs_size of mount \"%s\" to bytes: %w", target, err)
		}
		return n, err
	case "tmpfs_mode":
		n, err := strconv.ParseInt(strings.TrimPrefix(p.Str(name), "0o"), 8, 32)
		if err != nil {
			err = fmt.Errorf("tmp_fs mode of mount \"%s\" is not an octal string!", target)
		}
		return n, err
	}
	return p.Raw(name), nil
}

// mountsOf are a container's mounts in Ansible's words.
func mountsOf(box *value.Dict) any {
	items, ok := value.Items(got(dictAt(box, "HostConfig"), "Mounts"))
	if !ok {
		return nil
	}
	out := []any{}
	for _, item := range items {
		m, _ := item.(*value.Dict)
		if m == nil {
			continue
		}
		driver := dictAt(dictAt(m, "VolumeOptions"), "DriverConfig")
		one := kit.Dict("type", got(m, "Type"), "source", got(m, "Source"), "target", got(m, "Target"),
			"read_only", value.Truthy(got(m, "ReadOnly")), "consistency", got(m, "Consistency"),
			"volume_driver", got(driver, "Name"), "volume_options", dictAt(driver, "Options"))
		for _, o := range mountOptions {
			if o.place != "" {
				one.Set(o.name, got(dictAt(m, o.place), o.field))
			}
		}
		one.Set("no_copy", value.Truthy(got(one, "no_copy")))
		if got(one, "labels") == nil {
			one.Set("labels", kit.Dict())
		}
		out = append(out, one)
	}
	return out
}
