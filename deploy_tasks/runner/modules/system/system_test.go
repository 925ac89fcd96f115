package system

import (
	"slices"
	"strings"
	"testing"

	"runner/change"
	"runner/value"
)

func TestSettingsOfSysctl(t *testing.T) {
	text := "# a\n\n  kernel.a = 1 \n; b\nkernel.b=2\nkernel.a=3\nno setting\n"
	s := readSettings(text)
	if s.values["kernel.a"] != "3" || s.values["kernel.b"] != "2" || len(s.values) != 2 {
		t.Error(s.values)
	}
	for _, c := range []struct {
		name, value string
		present     bool
		want        string
	}{
		{"kernel.b", "5", true, "# a\n\nkernel.a=1\n; b\nkernel.b=5\nno setting\n"},
		{"kernel.a", "", false, "# a\n\n; b\nkernel.b=2\nno setting\n"},
		{"kernel.c", "x y", true, "# a\n\nkernel.a=1\n; b\nkernel.b=2\nno setting\nkernel.c=x y\n"},
	} {
		if got := s.with(c.name, c.value, c.present); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := readSettings("").with("a.b", "1", true); got != "a.b=1\n" {
		t.Errorf("%q", got)
	}
}

func TestParametersHavePaths(t *testing.T) {
	for name, want := range map[string]string{
		"net.ipv4.ip_forward": "/proc/sys/net/ipv4/ip_forward", "net/ipv4/conf/eth0.1/forwarding": "/proc/sys/net/ipv4/conf/eth0.1/forwarding",
		"net.ipv4.conf.eth0/1.forwarding": "/proc/sys/net/ipv4/conf/eth0.1/forwarding", "x": "/proc/sys/x",
	} {
		if got := parameterPath(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if !refused("x\nsysctl: setting key \"a.b\": Invalid argument\n") || refused("sysctl: setting key \"a.b\", ignoring: Read-only file system") {
		t.Error("what the command says is not understood")
	}
}

// kernel is one that changes parameters along with others, and takes one only while another has a value.
type kernel map[string]string

func (k kernel) Run(argv []string, _ string) (change.Output, error) {
	key, said, set := strings.Cut(argv[2], "=")
	switch {
	case !set && k[key] == "":
		return change.Output{Code: 255}, nil
	case !set:
		return change.Output{Stdout: k[key] + "\n"}, nil
	case key == "vm.bytes" && said == "0":
		return change.Output{Stderr: "sysctl: setting key \"vm.bytes\": Invalid argument\n"}, nil
	case key == "vm.ratio":
		k["vm.bytes"] = "0"
	case key == "all":
		k["one"], k["two"] = said, said
	}
	k[key] = said
	return change.Output{}, nil
}

func (kernel) Find(program string) string { return "/sbin/" + program }

func TestParametersComeBackTogether(t *testing.T) {
	k := kernel{"vm.bytes": "4096", "vm.ratio": "0", "all": "1", "one": "1", "two": "1"}
	before := value.DictOf("vm.bytes", "0", "vm.ratio", "20", "one", "0", "two", "1", "all", "0")
	if err := (parameters{}).Restore(k, "one two all vm.bytes vm.ratio", before, nil); err != nil {
		t.Error(err)
	}
	for _, key := range before.Keys() {
		if was, _ := before.Get(key); k[key] != was {
			t.Errorf("%s is %s", key, k[key])
		}
	}
	if err := (parameters{}).Restore(k, "vm.bytes", value.DictOf("vm.bytes", "0"), nil); err != nil {
		t.Error(err)
	}
	k["vm.bytes"] = "1"
	if err := (parameters{}).Restore(k, "vm.bytes", value.DictOf("vm.bytes", "0"), nil); err == nil {
		t.Error("what the kernel refuses is not told")
	}
}

func TestFstab(t *testing.T) {
	table := readFstab("# a\n/dev/a / ext4 ro 0 1\nb /b tmpfs ro\nodd line\n/dev/s none swap sw 0 0\nc /c\\040d tmpfs x 0 0")
	for _, c := range []struct {
		row     row
		line    string
		changed bool
	}{
		{row{"/dev/a", "/", "ext4", "ro", "0", "1"}, "/dev/a / ext4 ro 0 1\n", false},
		{row{"b", "/b", "tmpfs", "ro", "0", "0"}, "b /b tmpfs ro 0 0\n", true},
		{row{"c", "/c d", "tmpfs", "x", "0", "0"}, "c /c\\040d tmpfs x 0 0\n", false},
		{row{"/dev/t", "none", "swap", "sw", "0", "0"}, "/dev/t none swap sw 0 0\n", true},
		{row{"/dev/s", "none", "swap", "pri=1", "0", "0"}, "/dev/s none swap pri=1 0 0\n", true},
	} {
		got, changed := table.with(c.row)
		if changed != c.changed || !slices.Contains(got, c.line) {
			t.Errorf("%+v: %v %q", c.row, changed, got)
		}
	}
	if got, changed := table.without(row{name: "/b"}); changed || len(got) != len(table) {
		t.Error("a line without all fields went")
	}
	if got, changed := table.without(row{name: "none", src: "/dev/other"}); changed {
		t.Errorf("%q", got)
	}
	if got, changed := table.without(row{name: "/c d"}); !changed || len(got) != 5 {
		t.Errorf("%q", got)
	}
}

const someMounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 0:30 / /run rw,nosuid - tmpfs tmpfs rw,size=10k
31 22 8:1 /srv/a /mnt/b\040c ro,relatime - ext4 /dev/sda1 rw,errors=remount-ro
32 30 0:30 /x /run/y rw - tmpfs tmpfs rw,size=10k
33 22 0:40 / /srv/over rw - overlay overlay rw,lowerdir=/a:/b
`

func TestMountsAndWhereTheyComeFrom(t *testing.T) {
	table := readMountinfo(someMounts)
	if len(table) != 5 || table[2].at != "/mnt/b c" || table[0].super != "rw,errors=remount-ro" {
		t.Fatalf("%+v", table)
	}
	if got := sources(table); got["/mnt/b c"] != "/srv/a" || got["/run/y"] != "/run/x" || got["/"] != "/dev/sda1" {
		t.Error(got)
	}
	for at, want := range map[string]string{"/": "", "/run": "", "/mnt/b c": "/srv/a", "/run/y": "/run/x", "/srv/over": ""} {
		if got := origin(table, stack(table, at)[0]); got != want {
			t.Errorf("%s: %q", at, got)
		}
	}
	one := layer{source: "tmpfs", root: "/", fstype: "tmpfs", options: "noexec,rw", super: "rw,size=10k"}
	if got := strings.Join(one.mount("/x"), " "); got != "mount -t tmpfs -o noexec,rw,suid,dev,diratime,strictatime,rw,size=10k -- tmpfs /x" {
		t.Error(got)
	}
	if got := strings.Join(one.remount("/x", layer{super: "rw"}), " "); !strings.HasSuffix(got, ",rw,size=10k -- tmpfs /x") {
		t.Error(got)
	}
	if got := strings.Join(one.remount("/x", one), " "); got != "mount -o remount,bind,noexec,rw,suid,dev,diratime,strictatime /x" {
		t.Error(got)
	}
}

func TestNamesInFilesOfSettings(t *testing.T) {
	n := &naming{name: "new"}
	redhat := byLine{n, "/x", "HOSTNAME", "", true}
	openrc := byLine{n, "/x", "hostname=", `"`, false}
	for _, c := range []struct {
		way        byLine
		text, want string
	}{
		{redhat, "A=1\nHOSTNAME=old\nB=2\n", "A=1\nHOSTNAME=new\nB=2\n"},
		{redhat, "A=1\n", "A=1\nHOSTNAME=new\n"},
		{redhat, "", "HOSTNAME=new\n"},
		{openrc, "# x\n hostname=\"old\" \n", "# x\nhostname=\"new\"\n"},
		{openrc, "# x\n", "# x\n"},
	} {
		if got := c.way.edited(c.text); got != c.want {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}

func TestZonesAreFilesOfTheirFolder(t *testing.T) {
	for name, want := range map[string]bool{"Etc/UTC": true, "UTC": true, "": false, "Etc": false, "../zoneinfo/UTC": false, "Etc//UTC": false, "/UTC": false} {
		if isZone("UTC") && isZone(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
