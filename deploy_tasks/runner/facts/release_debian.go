package facts

import (
	"strings"
)

const devuanName = `PRETTY_NAME="?[^("\n]+ \(?([^) "\n]+)\)?`

var debianRelative = []struct {
	mark, name string
	fill       func(d found, text string)
}{
	{"Ubuntu", "Ubuntu", func(found, string) {}},
	{"SteamOS", "SteamOS", func(found, string) {}},
	{"Kali", "Kali", rollingRelease},
	{"Parrot", "Parrot", rollingRelease},
	{"Devuan", "Devuan", devuan},
	{"Cumulus", "Cumulus Linux", cumulus},
	{"Mint", "Linux Mint", versionOnly},
	{"UOS", "Uos", versionAndCodename},
	{"Uos", "Uos", versionAndCodename},
	{"uos", "Uos", versionAndCodename},
	{"Deepin", "Deepin", versionAndCodename},
	{"deepin", "Deepin", versionAndCodename},
}

// debian recognises Debian and the distributions made from it.
func debian(_ releaseFile, text string, _ found) found {
	if strings.Contains(text, "Debian") || strings.Contains(text, "Raspbian") {
		return pureDebian(text)
	}
	for _, r := range debianRelative {
		if strings.Contains(text, r.mark) {
			d := found{"distribution": r.name}
			r.fill(d, text)
			return d
		}
	}
	return nil
}

func pureDebian(text string) found {
	d := found{"distribution": "Debian"}
	if m := submatch(prettyName, text); m != nil {
		d["distribution_release"] = m[1]
	}
	for _, line := range lines("/etc/debian_version") {
		if m := submatch(minorVersion, line); m != nil {
			d["distribution_minor_version"] = m[2]
		}
	}
	return d
}

func rollingRelease(d found, text string) { d.take(text, "DISTRIB_RELEASE", "distribution_release") }

func devuan(d found, text string) {
	if m := submatch(devuanName, text); m != nil {
		d["distribution_release"] = m[1]
	}
	d.take(text, "VERSION_ID", "distribution_version")
	d.take(text, "VERSION_ID", "distribution_major_version")
}

func cumulus(d found, text string) {
	versionOnly(d, text)
	d.take(text, "VERSION", "distribution_release")
}

func versionOnly(d found, text string) {
	if v, ok := valueOf(text, "VERSION_ID"); ok {
		d["distribution_version"] = v
		d["distribution_major_version"], _, _ = strings.Cut(v, ".")
	}
}

func versionAndCodename(d found, text string) {
	d.take(text, "VERSION_CODENAME", "distribution_release")
	versionOnly(d, text)
}
