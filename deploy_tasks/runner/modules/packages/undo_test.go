//go:build unix

package packages

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

// oldHost stands in for a host's dpkg and apt: what was run, and what they know.
type oldHost struct {
	list, simulated, conffiles string
	fails                      string // the command that ends badly
	ran                        []string
	after                      map[string]string // command to what dpkg knows after it
}

func (o *oldHost) Find(program string) string { return "/usr/bin/" + program }

func (o *oldHost) Run(argv []string, _ string) (change.Output, error) {
	argv = argv[1+len(quiet):] // env and its words
	line := strings.Join(argv, " ")
	if argv[0] == "dpkg-query" {
		if strings.Contains(line, "Conffiles") {
			return change.Output{Stdout: o.conffiles}, nil
		}
		return change.Output{Stdout: o.list}, nil
	}
	o.ran = append(o.ran, line)
	for prefix, list := range o.after {
		if strings.HasPrefix(line, prefix) {
			o.list = list
		}
	}
	out := change.Output{}
	if slices.Contains(argv, "--simulate") {
		out.Stdout = o.simulated
	}
	if o.fails != "" && strings.HasPrefix(line, o.fails) {
		out.Code, out.Stderr = 1, "it does not go\n"
	}
	return out, nil
}

const dpkgItself = "dpkg\tamd64\t1.21\tinstall\tinstalled\n"

// before is what Inspect tells of a host whose dpkg lists these packages.
func before(t *testing.T, list string, names ...string) any {
	t.Helper()
	v, err := set{}.Inspect(&oldHost{list: dpkgItself + list}, kit.SetName(names, ""))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNewPackagesGoAgain(t *testing.T) {
	rc := "left\tamd64\t1\tdeinstall\tconfig-files\n"
	o := &oldHost{list: dpkgItself + "new\tamd64\t1\tinstall\tinstalled\nleft\tamd64\t2\tinstall\tinstalled\nold\tall\t3\tinstall\tinstalled\n",
		after: map[string]string{"dpkg --remove": dpkgItself + "new\tamd64\t1\tdeinstall\tconfig-files\n" + rc + "old\tall\t3\tinstall\tinstalled\n",
			"dpkg --purge": dpkgItself + rc + "old\tall\t3\tinstall\tinstalled\n"}}
	names := []string{"left", "new", "old"}
	was := before(t, rc+"old\tall\t3\thold\tinstalled\n", names...)
	if err := (set{}).Restore(o, kit.SetName(names, ""), was, nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{"dpkg --remove left new", "dpkg --purge new", "apt-mark hold old"}; !slices.Equal(o.ran, want) {
		t.Errorf("%q", o.ran)
	}
}

func TestKeptPackagesComeBack(t *testing.T) {
	kept := t.TempDir()
	for _, name := range []string{debName("lib", "1:1.0", "i386"), debName("lib", "1:1.0", "amd64"), debName("app", "1.0", "all")} {
		if err := os.WriteFile(filepath.Join(kept, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was := "app\tall\t1.0\tinstall\tinstalled\nlib\tamd64\t1:1.0\tinstall\tinstalled\nnet\tamd64\t7\tinstall\tinstalled\n"
	names := []string{"app", "extra", "lib", "net"}
	o := &oldHost{list: dpkgItself + "app\tall\t2.0\tinstall\tinstalled\nextra\tamd64\t1\tinstall\tinstalled\n", simulated: "Inst app [2.0] (1.0)\nRemv extra [1]\nInst lib (1:1.0)\nInst net (7)\n",
		after: map[string]string{"apt-get -y": dpkgItself + was}}
	if err := (set{}).Restore(o, kit.SetName(names, kept), before(t, was, names...), nil); err != nil {
		t.Fatal(err)
	}
	want := "install " + kept + "/app_1.0_all.deb " + kept + "/lib_1%3a1.0_amd64.deb net=7 extra-"
	if len(o.ran) != 2 || !strings.HasPrefix(o.ran[0], "apt-get --simulate") || !strings.HasSuffix(o.ran[1], want) {
		t.Errorf("%q", o.ran)
	}
}

func TestWhatOthersInstalledStays(t *testing.T) {
	was := "app\tall\t1.0\tinstall\tinstalled\n"
	o := &oldHost{list: dpkgItself, simulated: "Inst app (1.0)\nRemv theirs [1]\n"}
	err := set{}.Restore(o, "app", before(t, was, "app"), nil)
	if err == nil || !strings.Contains(err.Error(), "theirs would change too") || len(o.ran) != 1 {
		t.Errorf("%v after %q", err, o.ran)
	}
	o = &oldHost{list: dpkgItself + was, fails: "dpkg --remove"}
	if err := (set{}).Restore(o, "app", value.NewDict(), nil); err == nil || !strings.Contains(err.Error(), "it does not go") {
		t.Error(err)
	}
}

func TestHalfDoneChangesAreFinishedFirst(t *testing.T) {
	broken := "app\tall\t1.0\tinstall\thalf-configured\n"
	o := &oldHost{list: dpkgItself + broken, after: map[string]string{"dpkg --remove": dpkgItself}}
	if err := (set{}).Restore(o, "app", value.NewDict(), nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{"dpkg --force-confdef --force-confold --configure -a", "dpkg --remove app"}; !slices.Equal(o.ran, want) {
		t.Errorf("%q", o.ran)
	}
	// What was broken before is broken again, and that is as it was.
	o = &oldHost{list: dpkgItself, fails: "apt-get -y", after: map[string]string{"apt-get -y": dpkgItself + broken}}
	if err := (set{}).Restore(o, "app", before(t, broken, "app"), nil); err != nil {
		t.Error(err)
	}
}

// A version that nobody has any more is told in the journal before it goes.
func TestLostVersionsAreToldBefore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("packages are changed by root alone")
	}
	h := moduletest.New(t)
	h.Write("list", dpkgItself+"lost\tamd64\t1:1.0\tinstall\tinstalled\n")
	journal := filepath.Join(filepath.Dir(h.Recorder.SavedDir()), change.JournalName)
	for name, script := range map[string]string{
		"apt-cache":  "printf 'lost:\\n  Candidate: 2.0\\n  Version table:\\n     2.0 500\\n        500 http://x ./ Packages\\n *** 1:1.0 100\\n        100 /var/lib/dpkg/status\\n'\n",
		"dpkg-query": "case \"$*\" in *Conffiles*) ;; *) cat " + h.Path("list") + ";; esac\n",
		"apt-get": "case \"$*\" in *--simulate*) echo 'Remv lost [1:1.0]';; *download*) exit 0;; *remove*) grep -q 'lost 1:1.0 (amd64) cannot be installed again' " +
			journal + " || exit 3; grep -v lost " + h.Path("list") + " > " + h.Path("new") + "; mv " + h.Path("new") + " " + h.Path("list") + ";; esac\n",
	} {
		h.Write("bin/"+name, "#!/bin/sh\n"+script)
		if err := os.Chmod(h.Path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := h.Call(false, "name", "lost", "state", "absent")
	c.Env = []string{"PATH=" + h.Path("bin") + ":/usr/bin:/bin"}
	h.Recorder.Equip(callTools{c, ""})
	r := h.Do("apt", c)
	if r.Failed || !r.Changed || h.Recorder.Irreversible() != 1 {
		t.Fatalf("%+v, %d irreversible", r, h.Recorder.Irreversible())
	}
	if again := h.Do("apt", c); again.Failed || again.Changed {
		t.Errorf("%+v", again)
	}
}
