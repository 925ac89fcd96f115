package facts

import (
	"sort"
	"strings"

	"runner/fmt"
)

// collector gathers the facts of one subset.
type collector struct {
	name    string
	minimal bool     // belongs to "min"
	ids     []string // facts by whose name the subset can be asked for too
	needs   []string
	collect func(*gathering) // nil in runners without the part
}

// collectors in the order in which they run: those that others need come first.
var collectors = []collector{
	{name: "platform", minimal: true, collect: platform,
		ids: []string{"system", "kernel", "kernel_version", "machine", "python_version", "architecture", "machine_id"}},
	{name: "distribution", minimal: true, collect: distribution,
		ids: []string{"distribution_version", "distribution_release", "distribution_major_version", "os_family"}},
	{name: "lsb", minimal: true, collect: lsb},
	{name: "selinux", minimal: true, collect: selinux},
	{name: "apparmor", minimal: true, collect: apparmor},
	{name: "chroot", ids: []string{"is_chroot"}, collect: chroot},
	{name: "fips", minimal: true, collect: fips},
	{name: "python", minimal: true, collect: python},
	{name: "caps", minimal: true, ids: []string{"system_capabilities", "system_capabilities_enforced"}, collect: capabilities},
	{name: "pkg_mgr", minimal: true, needs: []string{"distribution"}, collect: packageManager},
	{name: "service_mgr", minimal: true, needs: []string{"platform", "distribution"}, collect: serviceManager},
	{name: "cmdline", minimal: true, collect: commandLine},
	{name: "date_time", minimal: true, collect: dateTime},
	{name: "env", minimal: true, collect: environment},
	{name: "loadavg", collect: loadAverage},
	{name: "ssh_pub_keys", minimal: true, collect: hostKeys, ids: []string{"ssh_host_pub_keys", "ssh_host_key_dsa_public",
		"ssh_host_key_rsa_public", "ssh_host_key_ecdsa_public", "ssh_host_key_ed25519_public"}},
	{name: "user", minimal: true, collect: user, ids: []string{"user_id", "user_uid", "user_gid", "user_gecos", "user_dir",
		"user_shell", "real_user_id", "effective_user_id", "effective_group_ids"}},
	{name: "dns", minimal: true, collect: dns},
	{name: "local", minimal: true, collect: local},
	{name: "systemd", collect: nothing},
	{name: "virtual", ids: []string{"virtualization_type", "virtualization_role",
		"virtualization_tech_guest", "virtualization_tech_host"}},
	{name: "hardware", needs: []string{"platform"}, ids: []string{"processor", "processor_cores",
		"processor_count", "mounts", "devices"}},
	{name: "network", needs: []string{"distribution", "platform"}, ids: []string{"interfaces",
		"default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"}},
	{name: "fibre_channel_wwn", collect: fibreChannel},
	{name: "iscsi", collect: iscsi},
	{name: "nvme", collect: nvme},
	{name: "facter", collect: nothing},
	{name: "ohai", collect: nothing},
}

// nothing stands for subsets that other programs would have to be asked for.
func nothing(*gathering) {}

// Check refuses subsets that do not exist, in Ansible's words, and those that this runner does not have. Excluding an
// unknown one is no error.
func Check(subsets []string) error {
	for _, subset := range subsets {
		if c := find(subset); c != nil && c.collect == nil {
			return fmt.Errorf("this runner has no facts of the subset '%s'", c.name)
		}
		if subset == "all" || subset == "min" || strings.HasPrefix(subset, "!") || subset == "" || find(subset) != nil {
			continue
		}
		return fmt.Errorf("Bad subset '%s' given to Ansible. gather_subset options allowed: all, %s", subset,
			strings.Join(subsetNames(), ", "))
	}
	return nil
}

func subsetNames() []string {
	var names []string
	for _, c := range collectors {
		names = append(append(names, c.name), c.ids...)
	}
	sort.Strings(names)
	return names
}

// find returns the collector of a subset, which is its name or one of its facts.
func find(subset string) *collector {
	for i, c := range collectors {
		if c.name == subset {
			return &collectors[i]
		}
		for _, id := range c.ids {
			if id == subset {
				return &collectors[i]
			}
		}
	}
	return nil
}

// choose turns subsets into the collectors to run. The minimal ones always run unless "!min" is said;
// what is asked for by name beats what is excluded.
func choose(subsets []string) map[string]bool {
	added, excluded, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	if len(subsets) == 0 {
		subsets = []string{"all"}
	}
	for _, subset := range append([]string{"min"}, subsets...) {
		switch {
		case subset == "all" || subset == "min":
			addAll(added, func(c collector) bool { return subset == "all" || c.minimal })
		case subset == "!all" || subset == "!min":
			addAll(excluded, func(c collector) bool { return c.minimal == (subset == "!min") })
		case strings.HasPrefix(subset, "!"):
			if c := find(subset[1:]); c != nil && c.name == subset[1:] {
				excluded[c.name] = true
			}
		default:
			if c := find(subset); c != nil {
				named[c.name] = true
			}
		}
	}
	for name := range excluded {
		delete(added, name)
	}
	for name := range named {
		added[name] = true
	}
	return withNeeds(added)
}

func addAll(to map[string]bool, which func(collector) bool) {
	for _, c := range collectors {
		if which(c) {
			to[c.name] = true
		}
	}
}

func withNeeds(chosen map[string]bool) map[string]bool {
	for _, c := range collectors {
		if chosen[c.name] {
			for _, need := range c.needs {
				chosen[need] = true
			}
		}
	}
	return chosen
}
