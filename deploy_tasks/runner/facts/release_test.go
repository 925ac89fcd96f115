package facts

import (
	"strings"
	"testing"
)

func TestReleaseFiles(t *testing.T) {
	for _, c := range []struct{ path, name, text, want string }{
		{"/etc/redhat-release", "RedHat", "Red Hat Enterprise Linux release 9.3 (Plow)", "distribution=RedHat"},
		{"/etc/redhat-release", "RedHat", "Rocky Linux release 9.3 (Blue Onyx)", "distribution=Rocky"},
		{"/etc/redhat-release", "RedHat", "AlmaLinux release 9.3 (Shamrock)", "distribution=AlmaLinux"},
		{"/etc/centos-release", "CentOS", "CentOS Stream release 9", "distribution_release=Stream"},
		{"/etc/oracle-release", "OracleLinux", "Oracle Linux Server release 8.9", "distribution=OracleLinux"},
		{"/etc/alpine-release", "Alpine", "3.19.1", "distribution=Alpine distribution_version=3.19.1"},
		{"/etc/os-release", "Amazon", "NAME=\"Amazon Linux\"\nVERSION_ID=\"2023\"", "distribution=Amazon distribution_version=2023 distribution_major_version=2023 distribution_minor_version=NA"},
		{"/etc/system-release", "Amazon", "Amazon Linux release 2 (Karoo)", "distribution=Amazon distribution_version=2"},
		{"/etc/os-release", "SUSE", "NAME=\"openSUSE Leap\"\nVERSION_ID=\"15.5\"", "distribution_version=15.5 distribution_major_version=15 distribution_release=5"},
		{"/etc/os-release", "SUSE", "NAME=\"SLES\"\nVERSION_ID=\"15\"\nPRETTY_NAME=\"SUSE Linux Enterprise Server 15\"", "distribution=SLES distribution_release=0"},
		{"/etc/os-release", "Debian", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian", "distribution=Debian distribution_release=bookworm"},
		{"/etc/os-release", "Debian", "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"", "distribution=Ubuntu"},
		{"/etc/os-release", "Debian", "NAME=\"Linux Mint\"\nVERSION_ID=\"21.2\"", "distribution_version=21.2 distribution_major_version=21"},
		{"/etc/openwrt_release", "OpenWrt", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.2'\nDISTRIB_CODENAME='x'", "distribution=OpenWrt distribution_version=23.05.2 distribution_release=x"},
		{"/etc/os-release", "Archlinux", "NAME=\"Arch Linux\"", "distribution=Archlinux"},
		{"/etc/os-release", "NA", "NAME=\"Void\"\nVERSION=1", "distribution=Void distribution_version=1"},
	} {
		got := found{}
		for _, f := range releaseFiles {
			if f.path == c.path && f.name == c.name {
				got = f.parse(f, c.text, found{"distribution_version": "NA"})
			}
		}
		for _, pair := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(pair, "=")
			if got[name] != want {
				t.Errorf("%s: %s is %q, wanted %q", c.text, name, got[name], want)
			}
		}
	}
	for name, text := range map[string]string{"Amazon": "NAME=Debian", "SUSE": "NAME=Debian", "Debian": "NAME=Fedora"} {
		for _, f := range releaseFiles {
			if f.name == name && f.path == "/etc/os-release" && f.parse(f, text, found{}) != nil {
				t.Errorf("%s is no %s", text, name)
			}
		}
	}
}

func TestFamilies(t *testing.T) {
	for name, want := range map[string]string{"Rocky": "RedHat", "Ubuntu": "Debian", "SLES": "Suse", "Alpine": "Alpine", "MacOSX": "Darwin"} {
		if got := familyOf(name); got != want {
			t.Errorf("%s is of %s", name, got)
		}
	}
}
