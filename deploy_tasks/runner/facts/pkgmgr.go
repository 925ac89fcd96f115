package facts

import (
	"path/filepath"
)

// packageManagers by the program that shows them; the last one found counts.
var packageManagers = [][2]string{
	{"/usr/bin/rpm-ostree", "atomic_container"}, {"/usr/bin/yum", "dnf"}, {"/usr/bin/dnf-3", "dnf"}, {"/usr/bin/dnf5", "dnf5"},
	{"/usr/bin/apt-get", "apt"}, {"/usr/bin/zypper", "zypper"}, {"/usr/sbin/urpmi", "urpmi"}, {"/usr/bin/pacman", "pacman"},
	{"/bin/opkg", "opkg"}, {"/usr/pkg/bin/pkgin", "pkgin"}, {"/opt/local/bin/pkgin", "pkgin"}, {"/opt/tools/bin/pkgin", "pkgin"},
	{"/opt/local/bin/port", "macports"}, {"/usr/local/bin/brew", "homebrew"}, {"/opt/homebrew/bin/brew", "homebrew"},
	{"/sbin/apk", "apk"}, {"/usr/sbin/pkg", "pkgng"}, {"/usr/sbin/swlist", "swdepot"}, {"/usr/bin/emerge", "portage"},
	{"/usr/sbin/pkgadd", "svr4pkg"}, {"/usr/bin/pkg", "pkg5"}, {"/usr/bin/xbps-install", "xbps"},
	{"/usr/local/sbin/pkg", "pkgng"}, {"/usr/bin/swupd", "swupd"}, {"/usr/sbin/sorcery", "sorcery"}, {"/usr/bin/installp", "installp"},
}

func packageManager(g *gathering) {
	name, family := "unknown", g.text("os_family")
	for _, m := range packageManagers {
		if exists(m[0]) && (family != "Altlinux" || m[0] != "/usr/bin/pkg") {
			name = m[1]
		}
	}
	switch {
	case family == "RedHat":
		name = redHatManager()
	case family == "Debian":
		name = "apt"
	case family == "Altlinux" && name == "apt":
		name = "apt_rpm"
	}
	g.set("pkg_mgr", name)
}

func redHatManager() string {
	if exists("/run/ostree-booted") {
		return "atomic_container"
	}
	for _, path := range []string{"/usr/bin/dnf", "/usr/bin/microdnf"} {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if real == "/usr/bin/dnf5" {
				return "dnf5"
			}
			return "dnf"
		}
	}
	return "unknown"
}
