package containers

import (
	"math"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// property is an option of docker_container that is one field of the engine's description of a container.
type property struct {
	name   string
	nature nature
	config bool // of Config; otherwise of HostConfig
	field  string
	kind   kit.Kind
	update bool // changed without making the container anew
	since  string
	shape  func(j *job, v any) (any, error) // from Ansible's form to the engine's
}

var properties = []property{
	{name: "auto_remove", field: "AutoRemove", kind: kit.Bool},
	{name: "blkio_weight", field: "BlkioWeight", kind: kit.Int, update: true},
	{name: "capabilities", nature: set, field: "CapAdd", kind: kit.List},
	{name: "cap_drop", nature: set, field: "CapDrop", kind: kit.List},
	{name: "cgroupns_mode", field: "CgroupnsMode", since: "1.41"},
	{name: "cgroup_parent", field: "CgroupParent"},
	{name: "cpu_period", field: "CpuPeriod", kind: kit.Int, update: true},
	{name: "cpu_quota", field: "CpuQuota", kind: kit.Int, update: true},
	{name: "cpuset_cpus", field: "CpusetCpus", update: true},
	{name: "cpuset_mems", field: "CpusetMems", update: true},
	{name: "cpu_shares", field: "CpuShares", kind: kit.Int, update: true},
	{name: "entrypoint", nature: ordered, config: true, field: "Entrypoint", kind: kit.List, shape: entrypoint},
	{name: "cpus", field: "NanoCpus", kind: kit.Float, shape: nanoCPUs},
	{name: "devices", nature: records, field: "Devices", kind: kit.List, shape: devices},
	{name: "device_read_bps", nature: records, field: "BlkioDeviceReadBps", kind: kit.Raw, shape: byteRates},
	{name: "device_write_bps", nature: records, field: "BlkioDeviceWriteBps", kind: kit.Raw, shape: byteRates},
	{name: "device_read_iops", nature: records, field: "BlkioDeviceReadIOps", kind: kit.Raw, shape: rates},
	{name: "device_write_iops", nature: records, field: "BlkioDeviceWriteIOps", kind: kit.Raw, shape: rates},
	{name: "device_requests", nature: records, field: "DeviceRequests", kind: kit.Raw, since: "1.40", shape: deviceRequests},
	{name: "device_cgroup_rules", nature: ordered, field: "DeviceCgroupRules", kind: kit.List, since: "1.28"},
	{name: "dns_servers", nature: ordered, field: "Dns", kind: kit.List},
	{name: "dns_opts", nature: set, field: "DnsOptions", kind: kit.List},
	{name: "dns_search_domains", nature: ordered, field: "DnsSearch", kind: kit.List},
	{name: "domainname", config: true, field: "Domainname"},
	{name: "etc_hosts", nature: set, field: "ExtraHosts", kind: kit.Raw, shape: hostLines},
	{name: "groups", nature: set, field: "GroupAdd", kind: kit.List},
	{name: "healthcheck", nature: mapping, config: true, field: "Healthcheck", kind: kit.Raw, shape: healthcheck},
	{name: "hostname", config: true, field: "Hostname"},
	{name: "init", field: "Init", kind: kit.Bool},
	{name: "ipc_mode", field: "IpcMode", shape: (*job).containerNamed},
	{name: "kernel_memory", field: "KernelMemory", update: true, shape: size("kernel_memory")},
	{name: "links", nature: set, field: "Links", kind: kit.List, shape: links},
	{name: "mac_address", config: true, field: "MacAddress", shape: colons},
	{name: "memory", field: "Memory", update: true, shape: size("memory")},
	{name: "memory_reservation", field: "MemoryReservation", update: true, shape: size("memory_reservation")},
	{name: "memory_swap", field: "MemorySwap", update: true, shape: swapSize},
	{name: "memory_swappiness", field: "MemorySwappiness", kind: kit.Int},
	{name: "oom_killer", field: "OomKillDisable", kind: kit.Bool},
	{name: "oom_score_adj", field: "OomScoreAdj", kind: kit.Int},
	{name: "pid_mode", field: "PidMode", shape: (*job).containerNamed},
	{name: "pids_limit", field: "PidsLimit", kind: kit.Int},
	{name: "privileged", field: "Privileged", kind: kit.Bool},
	{name: "read_only", field: "ReadonlyRootfs", kind: kit.Bool},
	{name: "runtime", field: "Runtime"},
	{name: "security_opts", nature: set, field: "SecurityOpt", kind: kit.List},
	{name: "shm_size", field: "ShmSize", shape: size("shm_size")},
	{name: "stop_signal", config: true, field: "StopSignal"},
	{name: "stop_timeout", config: true, field: "StopTimeout", kind: kit.Int},
	{name: "storage_opts", nature: mapping, field: "StorageOpt", kind: kit.Raw, shape: dictionary("storage_opts")},
	{name: "sysctls", nature: mapping, field: "Sysctls", kind: kit.Raw, shape: sysctls},
	{name: "tmpfs", nature: mapping, field: "Tmpfs", kind: kit.List, shape: tmpfs},
	{name: "tty", config: true, field: "Tty", kind: kit.Bool},
	{name: "ulimits", nature: records, field: "Ulimits", kind: kit.List, shape: ulimits},
	{name: "user", config: true, field: "User"},
	{name: "userns_mode", field: "UsernsMode"},
	{name: "uts", field: "UTSMode"},
	{name: "volume_driver", field: "VolumeDriver"},
	{name: "volumes_from", nature: set, field: "VolumesFrom", kind: kit.List},
	{name: "working_dir", config: true, field: "WorkingDir"},
}

// has is what a container has of a property.
func (p property) has(box *value.Dict) any {
	place := "HostConfig"
	if p.config {
		place = "Config"
	}
	v, _ := dictAt(box, place).Get(p.field)
	if p.name == "healthcheck" {
		if d, _ := v.(*value.Dict); d == nil || value.Equal(got(d, "Test"), []any{"NONE"}) {
			return kit.Dict("Test", []any{"NONE"})
		}
	}
	return v
}

// dictAt is the dictionary under a key, an empty one where there is none.
func dictAt(d *value.Dict, key string) *value.Dict {
	if d != nil {
		if inner, ok := got(d, key).(*value.Dict); ok && inner != nil {
			return inner
		}
	}
	return kit.Dict()
}

func got(d *value.Dict, key string) any {
	v, _ := d.Get(key)
	return v
}

// under is the dictionary under a key, which is made when there is none.
func under(d *value.Dict, key string) *value.Dict {
	inner, ok := got(d, key).(*value.Dict)
	if !ok {
		inner = kit.Dict()
		d.Set(key, inner)
	}
	return inner
}

func size(name string) func(*job, any) (any, error) {
	return func(_ *job, v any) (any, error) {
		n, err := bytesOf(value.Str(v))
		if err != nil {
			return nil, fmt.Errorf("Failed to convert %s to bytes: %w", name, err)
		}
		return n, nil
	}
}

func swapSize(j *job, v any) (any, error) {
	if s := value.Str(v); s == "unlimited" || s == "-1" {
		return int64(-1), nil
	}
	return size("memory_swap")(j, v)
}

func nanoCPUs(_ *job, v any) (any, error) {
	n, err := kit.ToFloat(v)
	return int64(math.RoundToEven(n * 1e9)), err
}

func colons(_ *job, v any) (any, error) { return strings.ReplaceAll(value.Str(v), "-", ":"), nil }

// entrypoint: the older way of reading commands takes its items for parts of one line.
func entrypoint(j *job, v any) (any, error) {
	items, _ := v.([]string)
	if j.p.Str("command_handling") == "correct" {
		return kit.Items(items), nil
	}
	words, err := kit.SplitWords(strings.Join(items, " "))
	return kit.Items(words), err
}

func devices(_ *job, v any) (any, error) {
	items, _ := v.([]string)
	out := []any{}
	for _, device := range items {
		parts := strings.Split(device, ":")
		inside, rights := parts[0], "rwm"
		if len(parts) > 1 {
			inside = parts[1]
		}
		if len(parts) > 2 {
			rights = parts[2]
		}
		out = append(out, kit.Dict("CgroupPermissions", rights, "PathInContainer", inside, "PathOnHost", parts[0]))
	}
	return out, nil
}

func byteRates(j *job, v any) (any, error) {
	return eachOf(j, v, "device", kit.Spec{Args: []kit.Arg{{Name: "path", Required: true}, {Name: "rate", Required: true}}},
		func(p *kit.Params) (any, error) {
			rate, err := bytesOf(p.Str("rate"))
			return kit.Dict("Path", p.Str("path"), "Rate", rate), err
		})
}

func rates(j *job, v any) (any, error) {
	return eachOf(j, v, "device", kit.Spec{Args: []kit.Arg{{Name: "path", Required: true}, {Name: "rate", Kind: kit.Int, Required: true}}},
		func(p *kit.Params) (any, error) {
			return kit.Dict("Path", p.Str("path"), "Rate", p.Int("rate")), nil
		})
}

func deviceRequests(j *job, v any) (any, error) {
	spec := kit.Spec{Args: []kit.Arg{{Name: "capabilities", Kind: kit.Raw}, {Name: "count", Kind: kit.Int},
		{Name: "device_ids", Kind: kit.List}, {Name: "driver"}, {Name: "options", Kind: kit.Raw}}}
	return eachOf(j, v, "device_requests", spec, func(p *kit.Params) (any, error) {
		var ids any
		if p.Has("device_ids") {
			ids = kit.Items(p.List("device_ids"))
		}
		return kit.Dict("Driver", p.Raw("driver"), "Count", p.Raw("count"), "DeviceIDs", ids,
			"Capabilities", p.Raw("capabilities"), "Options", p.Raw("options")), nil
	})
}

// eachOf reads a list of dictionaries whose keys a spec describes.
func eachOf(j *job, v any, option string, spec kit.Spec, each func(*kit.Params) (any, error)) (any, error) {
	out := []any{}
	for _, item := range kit.ListOf(v) {
		d, ok := item.(*value.Dict)
		if !ok {
			return nil, fmt.Errorf("Elements value for option '%s' is of type %s and we were unable to convert to dict", option, value.TypeName(item))
		}
		p, err := suboptions(j.c, d, option, spec)
		if err != nil {
			return nil, err
		}
		made, err := each(p)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// suboptions checks one dictionary of an option.
func suboptions(c *module.Call, d *value.Dict, option string, spec kit.Spec) (*kit.Params, error) {
	sub := *c
	sub.Args = d
	p, err := spec.Parse(option, &sub)
	if err != nil {
		return nil, fmt.Errorf("%w found in %s", err, option)
	}
	return p, nil
}

func hostLines(j *job, v any) (any, error) {
	d, err := dictionaryOf(v, "etc_hosts")
	out := []any{}
	if err == nil {
		for key, v := range d.All() {
			out = append(out, value.Str(key)+":"+value.Str(v))
		}
	}
	return out, err
}

func dictionary(name string) func(*job, any) (any, error) {
	return func(_ *job, v any) (any, error) { return dictionaryOf(v, name) }
}

// dictionaryOf reads an option that is a dictionary: one, or a text in JSON.
func dictionaryOf(v any, name string) (*value.Dict, error) {
	if s, ok := v.(string); ok {
		if read, err := value.Decode([]byte(s)); err == nil {
			v = read
		}
	}
	if d, ok := v.(*value.Dict); ok {
		return d, nil
	}
	return nil, fmt.Errorf("argument '%s' is of type <class '%s'> and we were unable to convert to dict", name, value.TypeName(v))
}

func sysctls(_ *job, v any) (any, error) {
	d, err := dictionaryOf(v, "sysctls")
	return textual(d), err
}

// textual is a dictionary with its values as texts.
func textual(d *value.Dict) *value.Dict {
	out := kit.Dict()
	if d != nil {
		for key, v := range d.All() {
			out.Set(value.Str(key), value.Str(v))
		}
	}
	return out
}

// plainTexts is a dictionary with its values as texts, flags in small letters.
func plainTexts(d *value.Dict) *value.Dict {
	out := textual(d)
	if d != nil {
		for key, v := range d.All() {
			if b, ok := v.(bool); ok {
				out.Set(value.Str(key), fmt.Sprintf("%v", b))
			}
		}
	}
	return out
}

func tmpfs(_ *job, v any) (any, error) {
	items, _ := v.([]string)
	out := kit.Dict()
	for _, item := range items {
		path, options, _ := strings.Cut(item, ":")
		out.Set(path, options)
	}
	return out, nil
}

func ulimits(_ *job, v any) (any, error) {
	items, _ := v.([]string)
	out := []any{}
	for _, item := range items {
		parts := strings.Split(item, ":")
		if len(parts) < 2 || len(parts) > 3 {
			return nil, fmt.Errorf("ulimits: %s is not NAME:SOFT or NAME:SOFT:HARD", item)
		}
		soft, err := kit.ToInt(parts[1])
		if err != nil {
			return nil, err
		}
		hard, err := kit.ToInt(parts[len(parts)-1])
		if err != nil {
			return nil, err
		}
		out = append(out, kit.Dict("Name", parts[0], "Soft", soft, "Hard", hard))
	}
	return out, nil
}

func links(j *job, v any) (any, error) {
	items, _ := v.([]string)
	out := []any{}
	for _, item := range items {
		link, alias, ok := strings.Cut(item, ":")
		if !ok {
			alias = link
		}
		out = append(out, fmt.Sprintf("/%s:/%s/%s", link, j.p.Str("name"), alias))
	}
	return out, nil
}

var healthSpec = kit.Spec{Args: []kit.Arg{{Name: "test", Kind: kit.Raw}, {Name: "test_cli_compatible", Kind: kit.Bool, Default: false},
	{Name: "interval"}, {Name: "timeout"}, {Name: "start_period"}, {Name: "start_interval"}, {Name: "retries", Kind: kit.Int}}}

// healthcheck: without a test there is none.
func healthcheck(j *job, v any) (any, error) {
	d, err := dictionaryOf(v, "healthcheck")
	if err != nil {
		return nil, err
	}
	p, err := suboptions(j.c, d, "healthcheck", healthSpec)
	if err != nil {
		return nil, err
	}
	if p.Has("start_interval") {
		if err := j.e.needs("1.44", "healthcheck.start_interval"); err != nil {
			return nil, err
		}
	}
	out := kit.Dict()
	switch test := p.Raw("test"); {
	case test == nil && !p.Flag("test_cli_compatible"), test != nil && !value.Truthy(test):
		return kit.Dict("Test", []any{"NONE"}), nil
	case test != nil:
		if items, ok := value.Items(test); ok {
			out.Set("Test", kit.Items(kit.Texts(items)))
		} else {
			out.Set("Test", []any{"CMD-SHELL", value.Str(test)})
		}
	}
	for _, each := range []struct{ option, field string }{{"interval", "Interval"}, {"timeout", "Timeout"},
		{"start_period", "StartPeriod"}, {"start_interval", "StartInterval"}} {
		if p.Has(each.option) {
			n, err := nanoseconds(p.Str(each.option))
			if err != nil {
				return nil, err
			}
			if n != 0 {
				out.Set(each.field, n)
			}
		}
	}
	if n := p.Int("retries"); n != 0 {
		out.Set("Retries", n)
	}
	return out, nil
}

// containerNamed replaces container:NAME by container:ID.
func (j *job) containerNamed(v any) (any, error) {
	name, ok := strings.CutPrefix(value.Str(v), "container:")
	if !ok {
		return v, nil
	}
	box, err := j.e.container(name)
	if err != nil || box == nil {
		if err == nil {
			j.warn(fmt.Sprintf("Cannot find a container with name or ID \"%s\"", name))
		}
		return v, err
	}
	return "container:" + value.Str(got(box, "Id")), nil
}

// sorted are texts as a list value, in order and each once.
func sortedSet(items []string) []any {
	items = slices.Clone(items)
	slices.Sort(items)
	return kit.Items(slices.Compact(items))
}
