package containers

import (
	"strconv"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// wish is one thing that a task wants of a container, and how a container's own is found.
type wish struct {
	name   string
	nature nature
	want   func(image *value.Dict) (any, bool) // false: nothing is wanted
	has    func(box *value.Dict) any
	update bool
}

// always is a wish that no image has a say in.
func always(v any) func(*value.Dict) (any, bool) {
	return func(*value.Dict) (any, bool) { return v, true }
}

// wants gathers all that a task wants: the wishes, and what a new container is made of.
func (j *job) wants() error {
	j.body = kit.Dict()
	for _, p := range properties {
		if err := j.wantProperty(p); err != nil {
			return err
		}
	}
	for _, group := range []func() error{j.wantCommand, j.wantAttached, j.wantEnv, j.wantLabels, j.wantLog, j.wantRestart,
		j.wantNetwork, j.wantMounts, j.wantPorts} {
		if err := group(); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) wantProperty(p property) error {
	v := j.option(p.name)
	if v == nil {
		return nil
	}
	if p.since != "" {
		if err := j.e.needs(p.since, p.name); err != nil {
			return err
		}
	}
	var err error
	if items, ok := v.([]string); ok && p.shape == nil {
		v = kit.Items(items)
	}
	if p.shape != nil {
		if v, err = p.shape(j, v); err != nil {
			return err
		}
	}
	place := under(j.body, "HostConfig")
	if p.config {
		place = j.body
	}
	place.Set(p.field, v)
	j.wishes = append(j.wishes, wish{p.name, p.nature, always(v), p.has, p.update})
	if p.update {
		j.limits.Set(p.field, v)
	}
	return nil
}

// compatible are the defaults of old, which container_default_behavior: compatibility brings back.
var compatible = map[string]any{"auto_remove": false, "detach": true, "init": false, "interactive": false, "memory": "0",
	"paused": false, "privileged": false, "read_only": false, "tty": false}

// option is what a task says of an option, nil when it says nothing.
func (j *job) option(name string) any {
	if v := j.p.Raw(name); v != nil {
		return v
	}
	if j.p.Str("container_default_behavior") == "compatibility" {
		return compatible[name]
	}
	return nil
}

// from finds what stands under keys of a container.
func from(keys ...string) func(*value.Dict) any {
	return func(box *value.Dict) any {
		last := len(keys) - 1
		for _, key := range keys[:last] {
			box = dictAt(box, key)
		}
		return got(box, keys[last])
	}
}

func (j *job) wantCommand() error {
	v := j.option("command")
	correct := j.p.Str("command_handling") == "correct"
	if v == nil || !correct && !value.Truthy(v) {
		return nil
	}
	var words []string
	var err error
	items, list := value.Items(v)
	switch {
	case list && correct:
		words = kit.Texts(items)
	case list:
		words, err = kit.SplitWords(strings.Join(kit.Texts(items), " "))
	default:
		words, err = kit.SplitWords(value.Str(v))
	}
	if err != nil {
		return err
	}
	j.body.Set("Cmd", kit.Items(words))
	j.wishes = append(j.wishes, wish{name: "command", nature: ordered, has: from("Config", "Cmd"),
		want: func(image *value.Dict) (any, bool) {
			if own := got(dictAt(image, "Config"), "Cmd"); len(words) == 0 && value.Truthy(own) {
				return own, true
			}
			return kit.Items(words), true
		}})
	return nil
}

// wantAttached is about detach and interactive.
func (j *job) wantAttached() error {
	detach, interactive := j.option("detach"), j.option("interactive")
	attached := !value.Truthy(detach)
	both := attached && value.Truthy(interactive)
	for field, v := range map[string]any{"AttachStdout": attached, "AttachStderr": attached, "AttachStdin": both,
		"StdinOnce": both, "OpenStdin": interactive} {
		j.body.Set(field, v)
	}
	if detach != nil {
		j.wishes = append(j.wishes, wish{name: "detach", want: always(detach), has: func(box *value.Dict) any {
			config := dictAt(box, "Config")
			return !(value.Truthy(got(config, "AttachStderr")) && value.Truthy(got(config, "AttachStdout")))
		}})
	}
	if interactive != nil {
		j.wishes = append(j.wishes, wish{name: "interactive", want: always(interactive), has: func(box *value.Dict) any {
			return value.Truthy(got(dictAt(box, "Config"), "OpenStdin"))
		}})
	}
	return nil
}

// wantEnv is about env and env_file. What the image sets is wanted too.
func (j *job) wantEnv() error {
	own := kit.Dict()
	if j.p.Has("env_file") {
		if err := envFile(j.p.Str("env_file"), own); err != nil {
			return err
		}
	}
	if j.p.Has("env") {
		d, err := dictionaryOf(j.p.Raw("env"), "env")
		if err != nil {
			return err
		}
		for key, v := range d.All() {
			if _, ok := v.(string); !ok {
				return fmt.Errorf("Non-string value found for env option. Ambiguous env options must be wrapped in quotes to "+
					"avoid them being interpreted. Key: %s", value.Str(key))
			}
			own.Set(value.Str(key), v)
		}
	}
	if j.p.Has("env") || j.p.Has("env_file") {
		j.body.Set("Env", assignments(own))
	}
	j.wishes = append(j.wishes, wish{name: "env", nature: set, has: from("Config", "Env"),
		want: func(image *value.Dict) (any, bool) {
			all := kit.Dict()
			items, _ := value.Items(got(dictAt(image, "Config"), "Env"))
			for _, item := range items {
				key, v, _ := strings.Cut(value.Str(item), "=")
				all.Set(key, v)
			}
			all.Update(own)
			return assignments(all), true
		}})
	return nil
}

func assignments(d *value.Dict) []any {
	out := []any{}
	for key, v := range d.All() {
		out = append(out, value.Str(key)+"="+value.Str(v))
	}
	return out
}

// maxEnvFile bounds a file of variables, in bytes.
const maxEnvFile = 8 << 20

func envFile(path string, into *value.Dict) error {
	text, err := readText(path, maxEnvFile)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		key, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			return fmt.Errorf("Invalid line in environment file %s: it has no =", path)
		}
		into.Set(key, v)
	}
	return nil
}

func (j *job) wantLabels() error {
	if !j.p.Has("labels") {
		return nil
	}
	d, err := dictionaryOf(j.p.Raw("labels"), "labels")
	if err != nil {
		return err
	}
	for key, v := range d.All() {
		switch v.(type) {
		case bool, float64:
			return fmt.Errorf("The value %s for %s of labels is not a string or something than can be safely converted to a string!",
				value.Repr(v), value.Repr(key))
		}
	}
	own := textual(d)
	j.body.Set("Labels", own)
	j.wishes = append(j.wishes, wish{name: "labels", nature: mapping, has: from("Config", "Labels"),
		want: func(image *value.Dict) (any, bool) {
			all := kit.Dict()
			if j.p.Str("image_label_mismatch") == "ignore" {
				all = dictAt(dictAt(image, "Config"), "Labels").Copy()
			}
			all.Update(own)
			return all, true
		}})
	return nil
}

func (j *job) wantLog() error {
	driver := j.option("log_driver")
	if driver == nil {
		if j.p.Has("log_options") {
			return fmt.Errorf("missing parameter(s) required by 'log_options': log_driver")
		}
		return nil
	}
	options := kit.Dict()
	if j.p.Has("log_options") {
		d, err := dictionaryOf(j.p.Raw("log_options"), "log_options")
		if err != nil {
			return err
		}
		options = textual(d)
		for key, v := range d.All() {
			if _, ok := v.(string); !ok {
				j.warn(fmt.Sprintf("Non-string value found for log_options option '%s'. The value is automatically converted to '%s'. "+
					"If this is not correct, or you want to avoid such warnings, please quote the value.", value.Str(key), value.Str(v)))
			}
		}
		j.wishes = append(j.wishes, wish{name: "log_options", nature: mapping, want: always(options), has: from("HostConfig", "LogConfig", "Config")})
	}
	under(j.body, "HostConfig").Set("LogConfig", kit.Dict("Type", driver, "Config", options))
	j.wishes = append(j.wishes, wish{name: "log_driver", want: always(driver), has: from("HostConfig", "LogConfig", "Type")})
	return nil
}

func (j *job) wantRestart() error {
	policy, retries := j.option("restart_policy"), j.option("restart_retries")
	if policy == nil {
		if retries != nil {
			return fmt.Errorf("missing parameter(s) required by 'restart_retries': restart_policy")
		}
		return nil
	}
	whole := kit.Dict("Name", policy, "MaximumRetryCount", retries)
	under(j.body, "HostConfig").Set("RestartPolicy", whole)
	j.limits.Set("RestartPolicy", whole)
	j.wishes = append(j.wishes, wish{name: "restart_policy", want: always(policy), has: from("HostConfig", "RestartPolicy", "Name"), update: true})
	if retries != nil {
		j.wishes = append(j.wishes, wish{name: "restart_retries", want: always(retries),
			has: from("HostConfig", "RestartPolicy", "MaximumRetryCount"), update: true})
	}
	return nil
}

func number(n int) string { return strconv.Itoa(n) }
