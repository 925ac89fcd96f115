package facts

import (
	"strings"
)

// osRelease is /etc/os-release: names in upper case, values without quotes.
func osRelease() map[string]string {
	out := map[string]string{}
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		for _, line := range lines(path) {
			if name, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				out[name] = strings.Trim(v, `"'`)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

func distribution(g *gathering) {
	d := found{"distribution": "NA", "distribution_version": "NA", "distribution_release": "NA"}
	switch system := g.system(); system {
	case "Linux":
		d = linuxDistribution()
	default:
		u := systemName()
		d = otherDistribution(u)
	}
	for _, name := range []string{"distribution", "distribution_version", "distribution_release", "distribution_major_version",
		"distribution_minor_version", "distribution_file_path", "distribution_file_variety"} {
		if v, ok := d[name]; ok {
			g.set(name, v)
		}
	}
	if d["parsed"] != "" {
		g.set("distribution_file_parsed", true)
	}
	if d["search"] != "" {
		g.set("distribution_file_search_string", d["search"])
	}
	g.set("os_family", familyOf(d["distribution"]))
}

// system is the kernel's name also when the platform subset was not asked for.
func (g *gathering) system() string {
	if s := g.text("system"); s != "" {
		return s
	}
	return systemName().system
}

func otherDistribution(u uname) found {
	d := found{"distribution": u.system, "distribution_release": u.release, "distribution_version": u.version}
	if u.system == "Darwin" {
		d["distribution"] = "MacOSX"
		if v := macVersion(); v != "" {
			d["distribution_version"] = v
			d["distribution_major_version"], _, _ = strings.Cut(v, ".")
		}
	}
	return d
}

const macProductVersion = `<key>ProductVersion</key>\s*<string>([^<]+)</string>`

func macVersion() string {
	if m := submatch(macProductVersion, contentOf("/System/Library/CoreServices/SystemVersion.plist")); m != nil {
		return m[1]
	}
	return ""
}

// families of distributions that do not name themselves.
var families = map[string][]string{
	"RedHat": {"RedHat", "RHEL", "Fedora", "CentOS", "Scientific", "SLC", "Ascendos", "CloudLinux", "PSBM", "OracleLinux",
		"OVS", "OEL", "Amazon", "Amzn", "Virtuozzo", "XenServer", "Alibaba", "EulerOS", "openEuler", "AlmaLinux", "Rocky",
		"TencentOS", "EuroLinux", "Kylin Linux Advanced Server", "MIRACLE"},
	"Debian": {"Debian", "Ubuntu", "Raspbian", "Neon", "KDE neon", "Linux Mint", "SteamOS", "Devuan", "Kali", "Cumulus Linux",
		"Pop!_OS", "Parrot", "Pardus GNU/Linux", "Uos", "Deepin", "OSMC"},
	"Suse": {"SuSE", "SLES", "SLED", "openSUSE", "openSUSE Tumbleweed", "SLES_SAP", "SUSE_LINUX", "openSUSE Leap",
		"ALP-Dolomite", "SL-Micro"},
	"Archlinux":  {"Archlinux", "Antergos", "Manjaro"},
	"Mandrake":   {"Mandrake", "Mandriva"},
	"Gentoo":     {"Gentoo", "Funtoo"},
	"Darwin":     {"MacOSX"},
	"ClearLinux": {"Clear Linux OS", "Clear Linux Mix"},
	"Windows":    {"Win32NT"},
}

func familyOf(distribution string) string {
	for family, members := range families {
		for _, member := range members {
			if member == distribution {
				return family
			}
		}
	}
	return distribution
}

// lsb is what lsb_release prints, from the files that it reads.
func lsb(g *gathering) {
	out := dict()
	names := map[string]string{"DISTRIB_ID": "id", "DISTRIB_RELEASE": "release", "DISTRIB_DESCRIPTION": "description",
		"DISTRIB_CODENAME": "codename"}
	for _, line := range lines("/etc/lsb-release") {
		name, v, _ := strings.Cut(line, "=")
		if key := names[strings.TrimSpace(name)]; key != "" {
			out.Set(key, strings.Trim(strings.TrimSpace(v), `'"\`))
		}
	}
	if r := osRelease(); out.Len() == 0 && inPath(g.env, "lsb_release") != "" && r["ID"] != "" {
		out.Set("id", strings.ToUpper(r["ID"][:1])+r["ID"][1:])
		out.Set("description", r["PRETTY_NAME"])
		out.Set("release", orNotAvailable(r["VERSION_ID"]))
		out.Set("codename", orNotAvailable(r["VERSION_CODENAME"]))
	}
	if release, ok := out.Get("release"); ok {
		major, _, _ := strings.Cut(release.(string), ".")
		out.Set("major_release", major)
	}
	g.set("lsb", out)
}

func orNotAvailable(s string) string {
	if s == "" {
		return "n/a"
	}
	return s
}
