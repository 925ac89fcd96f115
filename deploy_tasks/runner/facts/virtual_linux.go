package facts

import (
	"slices"
	"sort"
	"strings"
)

// virtualization is what was found out; the first finding gives type and role, all are kept as techniques.
type virtualization struct {
	kind, role  string
	guest, host map[string]bool
}

func (v *virtualization) inside(kind string) {
	v.guest[kind] = true
	v.decide(kind, "guest")
}

func (v *virtualization) hosting(kind string) {
	v.host[kind] = true
	v.decide(kind, "host")
}

func (v *virtualization) decide(kind, role string) {
	if v.kind == "" {
		v.kind, v.role = kind, role
	}
}

func virtual(g *gathering) {
	v := &virtualization{guest: map[string]bool{}, host: map[string]bool{}}
	v.containers()
	v.xen()
	v.machine()
	v.processor()
	v.modules()
	if exists("/dev/kvm") {
		v.hosting("kvm")
	}
	v.decide("NA", "NA")
	g.set("virtualization_type", v.kind)
	g.set("virtualization_role", v.role)
	g.set("virtualization_tech_guest", sorted(v.guest))
	g.set("virtualization_tech_host", sorted(v.host))
}

func sorted(set map[string]bool) []any {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return texts(names)
}

const (
	dockerGroup  = `/docker(/|-[0-9a-f]+\.scope)`
	serverNumber = `(?m)^VxID:\s+(\d+)`
)

// containers looks at the first process and at the marks that container programs leave.
func (v *virtualization) containers() {
	for _, line := range lines("/proc/1/cgroup") {
		if submatch(dockerGroup, line) != nil {
			v.inside("docker")
		}
		if strings.Contains(line, "/lxc/") || strings.Contains(line, "/machine.slice/machine-lxc") {
			v.inside("lxc")
		}
		if strings.Contains(line, "/system.slice/containerd.service") {
			v.inside("containerd")
		}
	}
	for _, entry := range strings.Split(contentOf("/proc/1/environ"), "\x00") {
		switch {
		case strings.Contains(entry, "container=lxc"):
			v.inside("lxc")
		case strings.Contains(entry, "container=podman"):
			v.inside("podman")
		}
		if strings.HasPrefix(entry, "container=") && len(entry) > len("container=") {
			v.inside("container")
		}
	}
	if exists("/proc/vz") && !exists("/proc/lve") {
		if exists("/proc/bc") {
			v.hosting("openvz")
		} else {
			v.inside("openvz")
		}
	}
	manager := contentOf("/run/systemd/container")
	if manager != "" {
		v.inside(manager)
	}
	if exists("/.dockerenv") || exists("/.dockerinit") {
		v.inside("docker")
	}
	for _, kind := range []string{"docker", "lxc", "podman", "openvz", "containerd"} {
		if v.guest[kind] || manager != "" {
			v.guest["container"] = true
		}
	}
}

func (v *virtualization) xen() {
	if !exists("/proc/xen") {
		return
	}
	if strings.Contains(contentOf("/proc/xen/capabilities"), "control_d") {
		v.hosting("xen")
		return
	}
	v.decide("xen", "guest")
}

// machine looks at what the firmware says about maker and model.
func (v *virtualization) machine() {
	product, vendor := contentOf(dmiFolder+"product_name"), contentOf(dmiFolder+"sys_vendor")
	bios, series := contentOf(dmiFolder+"bios_vendor"), contentOf(dmiFolder+"product_family")
	for _, sign := range []struct {
		kind string
		seen bool
	}{
		{"kvm", slices.Contains([]string{"KVM", "KVM Server", "Bochs", "AHV"}, product)},
		{"oVirt", vendor == "oVirt"},
		{"RHV", vendor == "Red Hat" && series == "RHV"},
		{"RHEV", vendor == "Red Hat" && series != "RHV" && product == "RHEV Hypervisor"},
		{"VMware", strings.HasPrefix(product, "VMware")},
		{"openstack", product == "OpenStack Compute" || product == "OpenStack Nova"},
		{"xen", bios == "Xen"},
		{"virtualbox", bios == "innotek GmbH"},
		{"kvm", slices.Contains([]string{"Amazon EC2", "DigitalOcean", "Hetzner"}, bios)},
		{"kvm", slices.Contains([]string{"QEMU", "Amazon EC2", "DigitalOcean", "Google", "Scaleway", "Nutanix"}, vendor)},
		{"KubeVirt", vendor == "KubeVirt"},
		{"VirtualPC", vendor == "Microsoft Corporation"},
		{"parallels", vendor == "Parallels Software International Inc."},
		{"openstack", vendor == "OpenStack Foundation"},
	} {
		if sign.seen {
			v.inside(sign.kind)
		}
	}
	if m := submatch(serverNumber, contentOf("/proc/self/status")); m != nil {
		if m[1] == "0" {
			v.hosting("linux_vserver")
		} else {
			v.inside("linux_vserver")
		}
	}
}

// processor looks at what the CPU calls itself.
func (v *virtualization) processor() {
	for _, line := range lines("/proc/cpuinfo") {
		key, rest, _ := strings.Cut(line, ":")
		key = strings.TrimSpace(key)
		switch {
		case key == "model name" && strings.Contains(rest, "QEMU Virtual CPU"):
			v.inside("kvm")
		case key == "vendor_id" && strings.Contains(rest, "User Mode Linux"), key == "model name" && strings.Contains(rest, "UML"):
			v.inside("uml")
		case key == "machine" && strings.Contains(rest, "CHRP IBM pSeries (emulated by qemu)"):
			v.inside("kvm")
		case key == "vendor_id" && strings.Contains(rest, "PowerVM Lx86"):
			v.inside("powervm_lx86")
		case key == "vendor_id" && strings.Contains(rest, "IBM/S390"):
			v.guest["PR/SM"] = true
			v.decide("PR/SM", "LPAR")
		}
	}
}

// modules looks at what the kernel has loaded to run guests.
func (v *virtualization) modules() {
	loaded := map[string]bool{}
	for _, line := range lines("/proc/modules") {
		name, _, _ := strings.Cut(line, " ")
		loaded[name] = true
	}
	if loaded["kvm"] {
		v.hosting("kvm")
	}
	if loaded["vboxdrv"] {
		v.hosting("virtualbox")
	}
	if loaded["virtio"] {
		v.host["kvm"] = true
		v.decide("kvm", "guest")
	}
}
