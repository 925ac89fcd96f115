package packages

import (
	"reflect"
	"testing"

	"runner/modules/kit"
)

func TestVersionsCompareAsWithDpkg(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0", "1.00", 0}, {"1.9", "1.10", -1}, {"1.0~rc1", "1.0", -1}, {"1.0~~", "1.0~", -1},
		{"1:1.0", "2.0", 1}, {"0:1.0", "1.0", 0}, {"1.0-1", "1.0-1ubuntu1", -1}, {"1.0-1", "1.0", 1}, {"1.0a", "1.0+", -1},
		{"2.36-9+deb12u9", "2.36-9+deb12u10", -1}, {"1.0-1-2", "1.0-1-3", -1}, {"1.0.", "1.0", 1}, {"", "0", 0},
	} {
		if got := compareVersions(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %d", c.a, c.b, got)
		}
		if got := compareVersions(c.b, c.a); got != -c.want {
			t.Errorf("%s and %s: %d", c.b, c.a, got)
		}
	}
}

func TestDemands(t *testing.T) {
	for spec, c := range map[string]struct {
		want    demand
		content []string
		not     []string
	}{
		"nginx":         {demand{name: "nginx"}, []string{"1", "2"}, nil},
		"nginx=1.18*":   {demand{name: "nginx", relation: "=", version: "1.18*"}, []string{"1.18", "1.18.4-1"}, []string{"1.19"}},
		"nginx=1.[!8]":  {demand{name: "nginx", relation: "=", version: "1.[!8]"}, []string{"1.7"}, []string{"1.8"}},
		"nginx>=1:1.2":  {demand{name: "nginx", relation: ">=", version: "1:1.2"}, []string{"1:1.2", "2:0"}, []string{"1.3"}},
		"libc6:i386=2+": {demand{name: "libc6:i386", relation: "=", version: "2+"}, []string{"2+"}, []string{"2"}},
	} {
		c.want.spec = spec
		d := parseDemand(spec)
		if d != c.want {
			t.Errorf("%+v", d)
		}
		for _, v := range c.content {
			if !d.matches(v) {
				t.Errorf("%s is not content with %s", spec, v)
			}
		}
		for _, v := range c.not {
			if d.matches(v) {
				t.Errorf("%s is content with %s", spec, v)
			}
		}
	}
}

const policies = `hello:
  Installed: 2.10-2
  Candidate: 2.10-3
  Version table:
     2.10-3 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 2.10-2 100
        100 /var/lib/dpkg/status
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
`

func TestPolicies(t *testing.T) {
	found := parsePolicy(policies)
	want := map[string]choice{"hello": {"2.10-3", []string{"2.10-3", "2.10-2"}, []string{"2.10-3"}}, "mail-transport-agent": {}}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("%+v", found)
	}
	for spec, want := range map[string]string{"hello": "2.10-3", "hello=2.10-2": "2.10-2", "hello=2.1*": "2.10-3", "hello=3": "", "hello>=1": "2.10-3"} {
		if got := found["hello"].best(parseDemand(spec)); got != want {
			t.Errorf("%s gets %q", spec, got)
		}
	}
}

func TestDatabase(t *testing.T) {
	listed := "dpkg\tamd64\t1.21\tinstall\tinstalled\nlibc6\tamd64\t2.36\thold\tinstalled\nlibc6\ti386\t2.36\tinstall\tinstalled\n" +
		"tzdata\tall\t1\tinstall\tinstalled\nold\tamd64\t1:2\tdeinstall\tconfig-files\nnever\tamd64\t\tunknown\tnot-installed\n"
	marks := "Package: libc6\nArchitecture: i386\nAuto-Installed: 1\n\nPackage: tzdata\nArchitecture: amd64\nAuto-Installed: 1\n\n" +
		"Package: dpkg\nArchitecture: amd64\nAuto-Installed: 0\n\nPackage: old\nArchitecture: amd64\nAuto-Installed: 1\n"
	db := parseDatabase(listed, marks)
	if db.native != "amd64" || len(db.packages) != 5 {
		t.Errorf("%+v", db)
	}
	for name, want := range map[string]pkg{
		"libc6":       {name: "libc6", arch: "amd64", version: "2.36", status: installed, hold: true},
		"libc6:amd64": {name: "libc6", arch: "amd64", version: "2.36", status: installed, hold: true},
		"libc6:i386":  {name: "libc6", arch: "i386", version: "2.36", status: installed, auto: true},
		"tzdata":      {name: "tzdata", arch: "all", version: "1", status: installed, auto: true},
		"old":         {name: "old", arch: "amd64", version: "1:2", status: configFiles},
		"never":       {name: "never", status: absent},
	} {
		if got := db.find(name); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestConffiles(t *testing.T) {
	got := parseConffiles("\n /etc/b.conf 0123\n /etc/a b.conf 4567 obsolete\n\n /etc/b.conf 0123\nnothing\n")
	if want := []string{"/etc/a b.conf", "/etc/b.conf"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestSimulations(t *testing.T) {
	got := parseSimulation("Reading package lists...\nInst libc6 [2.36-9] (2.36-10 Debian:12/stable [amd64]) []\nInst hello (2.10-3 Debian:12/stable [amd64])\n" +
		"Remv old:i386 [1.0]\nPurg left []\nConf hello (2.10-3 Debian:12/stable [amd64])\n")
	want := []step{{"Inst", "libc6", "2.36-9"}, {"Inst", "hello", ""}, {"Remv", "old:i386", "1.0"}, {"Purg", "left", ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestProviders(t *testing.T) {
	got := parseProviders("Package: mta\nProvides: \nReverse Provides: \nssmtp 2.64 (= )\npostfix 3.7 (= )\npostfix 3.6 (= )\n")
	if want := []string{"ssmtp", "postfix"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestNamesOfFiles(t *testing.T) {
	name := debName("hello", "1:2.0~rc1-3", "amd64")
	if name != "hello_1%3a2.0~rc1-3_amd64.deb" || debArch("/x/"+name) != "amd64" {
		t.Errorf("%s of %s", name, debArch(name))
	}
	names, kept := kit.SplitSetName(kit.SetName([]string{"a", "b:i386"}, "/var/lib/x y/packages"))
	if !reflect.DeepEqual(names, []string{"a", "b:i386"}) || kept != "/var/lib/x y/packages" {
		t.Errorf("%q in %q", names, kept)
	}
}

func TestWhatUpdatesSay(t *testing.T) {
	for said, want := range map[string]string{
		"":                         "",
		"W: Some remark\n":         "",
		"N: E: not at the start\n": "",
		"W: Failed to fetch http://x/InRelease  Cannot connect\nW: Some index files failed to download.\n": "W: Failed to fetch http://x/InRelease  Cannot connect",
		"E: Could not get lock\nE: Unable to lock\n":                                                       "E: Could not get lock, E: Unable to lock",
	} {
		if got := updateProblem(0, said); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
	if got := updateProblem(100, "strange\n"); got != "apt-get update: exit status 100: strange" {
		t.Error(got)
	}
}

func TestNamesThatWouldBeOptions(t *testing.T) {
	for spec, bad := range map[string]bool{"nginx": false, "g++": false, "libc6:i386=2.*": false, "-oDir=/x": true, "": true, "./x.deb": true, "a b": true, "x'y": true} {
		if got := notAName(spec) != ""; got != bad {
			t.Errorf("%q: %v", spec, got)
		}
	}
}

func TestPrepared(t *testing.T) {
	out := "Reading package lists...\nReading state information...\nThe following NEW packages will be installed:\n  hello\n0 upgraded, 1 newly installed, 0 to remove and 2 not upgraded.\nInst hello\n"
	want := "The following NEW packages will be installed:\n  hello\n0 upgraded, 1 newly installed, 0 to remove and 2 not upgraded."
	if got := prepared(out); got != want {
		t.Errorf("%q", got)
	}
	if got := prepared("something else"); got != "something else" {
		t.Errorf("%q", got)
	}
}
