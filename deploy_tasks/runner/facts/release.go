package facts

import (
	"path/filepath"
	"strings"
)

// found are facts about a distribution; nil says that a release file is of another one.
type found map[string]string

func (d found) merge(more found) {
	for name, v := range more {
		d[name] = v
	}
}

// releaseFile is a file by which a distribution is recognised.
type releaseFile struct {
	path, name string
	mayBeEmpty bool
	parse      func(f releaseFile, text string, d found) found
}

// releaseFiles in the order in which they are tried; the first that fits decides.
var releaseFiles = []releaseFile{
	{path: "/etc/altlinux-release", name: "Altlinux", parse: named("ALT")},
	{path: "/etc/oracle-release", name: "OracleLinux", parse: named("Oracle Linux")},
	{path: "/etc/slackware-version", name: "Slackware", parse: slackware},
	{path: "/etc/centos-release", name: "CentOS", parse: centos},
	{path: "/etc/redhat-release", name: "RedHat", parse: named("Red Hat")},
	{path: "/etc/vmware-release", name: "VMwareESX", mayBeEmpty: true},
	{path: "/etc/openwrt_release", name: "OpenWrt", parse: openwrt},
	{path: "/etc/os-release", name: "Amazon", parse: amazon},
	{path: "/etc/system-release", name: "Amazon", parse: amazon},
	{path: "/etc/alpine-release", name: "Alpine", parse: alpine},
	{path: "/etc/arch-release", name: "Archlinux", mayBeEmpty: true},
	{path: "/etc/os-release", name: "Archlinux", parse: arch},
	{path: "/etc/os-release", name: "SUSE", parse: suse},
	{path: "/etc/gentoo-release", name: "Gentoo", parse: gentoo},
	{path: "/etc/os-release", name: "Debian", parse: debian},
	{path: "/etc/lsb-release", name: "Debian", parse: debian},
	{path: "/usr/lib/os-release", name: "ClearLinux", parse: clearLinux},
	{path: "/etc/os-release", name: "Flatcar", parse: flatcar},
	{path: "/etc/os-release", name: "NA", parse: anyOther},
}

const (
	dotted       = `\d+(\.\d+)+`
	slackVersion = `\w+[.]\w+\+?`
	prettyName   = `PRETTY_NAME=[^(\n]+ \(?([^)\n]+?)\)`
	minorVersion = `(\d+)\.(\d+)`
	suseVersion  = `^([0-9]+)\.?([0-9]*)`
)

// value takes NAME=value or NAME="value" out of a release file.
func valueOf(text, name string) (string, bool) {
	for _, line := range strings.Split(text, "\n") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(v, `"'`), true
		}
	}
	return "", false
}

// named: the file says the distribution's name, or the first word of it is the name.
func named(search string) func(releaseFile, string, found) found {
	return func(f releaseFile, text string, _ found) found {
		if strings.Contains(text, search) {
			return found{"distribution": f.name, "search": search}
		}
		if words := strings.Fields(text); len(words) > 0 {
			return found{"distribution": words[0]}
		}
		return nil
	}
}

func slackware(f releaseFile, text string, _ found) found {
	if !strings.Contains(text, "Slackware") {
		return nil
	}
	d := found{"distribution": f.name}
	if m := submatch(slackVersion, text); m != nil {
		d["distribution_version"] = m[0]
	}
	return d
}

func centos(_ releaseFile, text string, _ found) found {
	switch {
	case strings.Contains(text, "CentOS Stream"):
		return found{"distribution_release": "Stream"}
	case strings.Contains(text, "TencentOS Server"):
		return found{"distribution": "TencentOS"}
	}
	return nil
}

func openwrt(f releaseFile, text string, _ found) found {
	if !strings.Contains(text, "OpenWrt") {
		return nil
	}
	d := found{"distribution": f.name}
	d.take(text, "DISTRIB_RELEASE", "distribution_version")
	d.take(text, "DISTRIB_CODENAME", "distribution_release")
	return d
}

// take sets a fact from a release file, when the file has the name.
func (d found) take(text, name, fact string) {
	if v, ok := valueOf(text, name); ok {
		d[fact] = v
	}
}

func amazon(f releaseFile, text string, _ found) found {
	if !strings.Contains(text, "Amazon") {
		return nil
	}
	d := found{"distribution": "Amazon"}
	if f.path != "/etc/os-release" {
		d["distribution_version"] = "NA"
		for _, word := range strings.Fields(text) {
			if strings.Trim(word, "0123456789") == "" {
				d["distribution_version"] = word
				break
			}
		}
		return d
	}
	if v, ok := valueOf(text, "VERSION_ID"); ok {
		major, minor, _ := strings.Cut(v, ".")
		d["distribution_version"], d["distribution_major_version"] = v, major
		d["distribution_minor_version"] = minor
		if minor == "" {
			d["distribution_minor_version"] = "NA"
		}
	}
	return d
}

func alpine(_ releaseFile, text string, _ found) found {
	return found{"distribution": "Alpine", "distribution_version": text}
}

func arch(f releaseFile, text string, _ found) found {
	if !strings.Contains(text, "Arch Linux") {
		return nil
	}
	return found{"distribution": f.name}
}

func gentoo(releaseFile, string, found) found { return nil }

func suse(_ releaseFile, text string, _ found) found {
	low := strings.ToLower(text)
	if !strings.Contains(low, "suse") {
		return nil
	}
	d := found{}
	d.take(text, "NAME", "distribution")
	version, _ := valueOf(text, "VERSION_ID")
	if m := submatch(suseVersion, version); m != nil {
		d["distribution_version"], d["distribution_major_version"] = m[0], m[1]
		switch {
		case strings.Contains(low, "open"):
			d["distribution_release"] = m[2]
		case strings.Contains(low, "enterprise"):
			d["distribution_release"] = m[2]
			if m[2] == "" {
				d["distribution_release"] = "0"
			}
		}
	}
	if v := suseVariant(); v != "" {
		d["distribution"] = v
	}
	return d
}

func clearLinux(_ releaseFile, text string, _ found) found {
	name, ok := valueOf(text, "NAME")
	if !ok || !strings.Contains(name, "Clear Linux") {
		return nil
	}
	d := found{"distribution": name}
	d.take(text, "VERSION_ID", "distribution_version")
	d.take(text, "VERSION_ID", "distribution_major_version")
	d.take(text, "ID", "distribution_release")
	return d
}

func flatcar(_ releaseFile, text string, d found) found {
	if strings.ToLower(d["distribution"]) != "flatcar" {
		return nil
	}
	out := found{}
	if v, ok := valueOf(text, "VERSION"); ok {
		out["distribution_version"] = v
		out["distribution_major_version"], _, _ = strings.Cut(v, ".")
	}
	return out
}

func anyOther(f releaseFile, text string, d found) found {
	out := found{}
	out.take(text, "NAME", "distribution")
	if d["distribution_version"] == "NA" {
		out.take(text, "VERSION", "distribution_version")
	}
	return out
}

// suseVariant: SLES for SAP is told only by a link.
func suseVariant() string {
	target, err := filepath.EvalSymlinks("/etc/products.d/baseproduct")
	if err == nil && strings.HasSuffix(target, "SLES_SAP.prod") {
		return "SLES_SAP"
	}
	return ""
}
