//go:build unix

package rpm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/change"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

func TestVersionsCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0", "1.1", -1}, {"1.10", "1.9", 1}, {"1.0", "1.0.1", -1}, {"1.0a", "1.0", 1}, {"1.a", "1.1", -1}, {"1.0~rc1", "1.0", -1},
		{"1.0~rc1", "1.0~rc2", -1}, {"1.0^git1", "1.0", 1}, {"1.0^git1", "1.0.1", -1}, {"1.0^git1", "1.0^git2", -1}, {"001", "1", 0}, {"1_0", "1.0", 0}, {"a", "b", -1},
		{"1.0", "1.fc4", 1}, {"2a", "2.0", -1}, {"xyz10", "xyz10.1", -1},
	} {
		if got := compareVersions(c.a, c.b); got != c.want {
			t.Errorf("%s %s: %d", c.a, c.b, got)
		}
		if got := compareVersions(c.b, c.a); got != -c.want {
			t.Errorf("%s %s: %d", c.b, c.a, got)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"1:1.0-1", "2.0-1", 1}, {"1.0-1", "1.0", 0}, {"1.0-2", "1.0-10", -1}, {"0:1.0-1", "1.0-1", 0}} {
		if got := compareEVR(c.a, c.b); got != c.want {
			t.Errorf("%s %s: %d", c.a, c.b, got)
		}
	}
}

const table = `Last metadata expiration check: 0:00:02 ago on Sat Nov 21 22:41:01 2026.
Dependencies resolved.
================================================================================
 Package             Architecture      Version            Repository       Size
================================================================================
Installing:
 app                 noarch            1:2.0-1            twin            6.2 k
     replacing  older.noarch 0.9-1
Upgrading:
 a-package-with-a-name-that-is-longer-than-the-column
                     x86_64            1.1-1              twin            6.2 k
Removing dependent packages:
 gone                noarch            1.0-1              @twin            17

Enabling module streams:
 perl                                  5.26

Transaction Summary
================================================================================
Install  1 Package
`

func TestTables(t *testing.T) {
	steps := parseTable(table)
	var got []string
	for _, s := range steps {
		got = append(got, s.section+" "+s.full())
	}
	want := []string{"Installing app-1:2.0-1.noarch", "Removing replaced older--.noarch", "Upgrading a-package-with-a-name-that-is-longer-than-the-column-1.1-1.x86_64",
		"Removing dependent packages gone-1.0-1.noarch"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	here := parseInstalled("older\t0\t0.9\t1\tnoarch\ngone\t0\t1.0\t1\tnoarch\na-package-with-a-name-that-is-longer-than-the-column\t0\t1.0\t1\tx86_64\nother\t0\t1\t1\tnoarch\n")
	gone := going(steps, here)
	if want := []string{"Installed: a-package-with-a-name-that-is-longer-than-the-column-1.1-1.x86_64", "Installed: app-1:2.0-1.noarch",
		"Removed: a-package-with-a-name-that-is-longer-than-the-column-1.0-1.x86_64", "Removed: gone-1.0-1.noarch", "Removed: older-0.9-1.noarch"}; !slices.Equal(told(steps, gone, false), want) {
		t.Errorf("%q", told(steps, gone, false))
	}
}

// oldHost stands in for a host's rpm.
type oldHost struct {
	list  string
	ran   []string
	after map[string]string // command to what rpm knows after it
	fails map[string]int    // how often a command ends badly
}

func (o *oldHost) Find(program string) string { return "/usr/bin/" + program }

func (o *oldHost) Run(argv []string, _ string) (change.Output, error) {
	line := strings.Join(argv, " ")
	if strings.HasPrefix(line, "rpm -qa") {
		return change.Output{Stdout: o.list}, nil
	}
	if strings.HasPrefix(line, "rpm -qpc") {
		return change.Output{}, nil
	}
	o.ran = append(o.ran, line)
	for prefix := range o.fails {
		if strings.HasPrefix(line, prefix) && o.fails[prefix] > 0 {
			o.fails[prefix]--
			return change.Output{Code: 1, Stderr: "conflicts with file"}, nil
		}
	}
	for prefix, list := range o.after {
		if strings.HasPrefix(line, prefix) {
			o.list = list
		}
	}
	return change.Output{}, nil
}

func TestPackagesComeBackFromWhatIsKept(t *testing.T) {
	kept := t.TempDir()
	for _, name := range []string{"lib-1.0-1.noarch.rpm", "gone-3-1.noarch.rpm"} {
		if err := os.WriteFile(filepath.Join(kept, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was := "lib\t0\t1.0\t1\tnoarch\ngone\t1\t3\t1\tnoarch\n"
	name := kit.SetName([]string{"app", "gone", "lib"}, kept)
	before, err := set{}.Inspect(&oldHost{list: was}, name)
	if err != nil {
		t.Fatal(err)
	}
	now := "app\t0\t2\t1\tnoarch\nlib\t0\t1.1\t1\tnoarch\ngpg-pubkey\t0\t1a\t2b\t(none)\n"
	o := &oldHost{list: now, after: map[string]string{"rpm -U": was + "app\t0\t2\t1\tnoarch\ngpg-pubkey\t0\t1a\t2b\t(none)\n"}, fails: map[string]int{"rpm -U": 1}}
	if err := (set{}).Restore(o, name, before, nil); err != nil {
		t.Fatal(err)
	}
	back := "rpm -U --oldpackage --replacepkgs --nosignature -- " + kept + "/lib-1.0-1.noarch.rpm " + kept + "/gone-3-1.noarch.rpm"
	if want := []string{back, "rpm -e -- app-2-1.noarch lib-1.1-1.noarch gpg-pubkey-1a-2b", back}; !slices.Equal(sorted(o.ran), sorted(want)) {
		t.Errorf("%q", o.ran)
	}
	err = set{}.Restore(&oldHost{list: now}, "gone", value.DictOf("gone", []any{"2-1.noarch"}), nil)
	if err == nil || !strings.Contains(err.Error(), "gone-2-1.noarch is not kept") {
		t.Error(err)
	}
}

// sorted is what commands say, in an order of its own: values are kept by name.
func sorted(lines []string) []string {
	var out []string
	for _, line := range lines {
		words := strings.Fields(line)
		slices.Sort(words)
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func TestConfigurationsArePutBack(t *testing.T) {
	h := moduletest.New(t)
	h.Write("a.conf", "mine")
	h.Write("kept.conf", "same")
	h.Write("victim", "of root")
	// A user who owns the folder has put a link where a careless undo would write.
	if err := os.Symlink(h.Path("victim"), h.Path("a.conf.deploy-tasks")); err != nil {
		t.Fatal(err)
	}
	before := h.Tree()
	var files configurationFiles
	for _, name := range []string{"a.conf", "a.conf.rpmsave", "kept.conf"} {
		c := configuration{path: h.Path(name)}
		if info, err := os.Stat(c.path); err == nil {
			text := h.Read(name)
			c = configuration{c.path, true, []byte(text), info.Mode(), os.Getuid(), os.Getgid(), info.ModTime()}
		}
		files = append(files, c)
	}
	h.Write("a.conf", "the package's")
	h.Write("a.conf.rpmsave", "mine")
	if err := files.putBack(); err != nil {
		t.Fatal(err)
	}
	if after := h.Tree(); after != before {
		t.Error(after)
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	h := moduletest.New(t)
	for words, pairs := range map[string][]any{
		"space separated string of packages": {"name", []any{"a b"}},
		"neither the name of a package":      {"name", "https://h/a.rpm"},
		"one of the following is required":   {"state", "latest"},
		"mutually exclusive: best|nobest":    {"name", "a", "best", true, "nobest", true},
		"Autoremove should be used alone":    {"name", "a", "state", "latest", "autoremove", true},
	} {
		moduletest.Fails(t, h.Run("dnf", pairs...), words)
	}
}
