//go:build linux

package system

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// standIn is a modprobe for a table of modules that is a file: it notes how it is called.
const standIn = `#!/bin/sh
[ "$1" = --show-depends ] || echo "$*" >> ran
case "$*" in
*unknown*) echo "modprobe: FATAL: Module unknown not found" >&2; exit 1;;
"--show-depends dummy") echo "insmod /lib/first.ko.xz "; echo "insmod /lib/dummy.ko.xz a=1";;
--show-depends*) exit 1;;
-n*|*" -n") ;;
-r*) sed -i "/^$(echo $2 | tr - _) /d" modules;;
dummy*) for m in first dummy; do grep -q "^$m " modules || echo "$m 1 0 - Live 0x0" >> modules; done;;
*) echo "$(echo $1 | tr - _) 1 0 - Live 0x0" >> modules;;
esac
`

// probing is a host whose kernel has modules.
func probing(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	h.Write("bin/modprobe", standIn)
	if err := os.Chmod(h.Path("bin/modprobe"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	t.Chdir(h.Dir)
	was := []string{loadFolder, optionsFolder, loadedPath, builtinFolder}
	loadFolder, optionsFolder, loadedPath, builtinFolder = h.Path("load"), h.Path("opt"), h.Path("modules"), h.Path("lib")
	t.Cleanup(func() { loadFolder, optionsFolder, loadedPath, builtinFolder = was[0], was[1], was[2], was[3] })
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	h.Write("lib/"+strings.TrimSpace(string(release))+"/modules.builtin", "kernel/fs/inside.ko\n")
	return h
}

// What the module of community.general 10.7 makes of the same files, and how it calls the command.
func TestModprobeLikeTheCollection(t *testing.T) {
	for _, each := range moduletest.Cases(t, "testdata/modprobe.json", 20) {
		t.Run(value.Repr(each), func(t *testing.T) { recordedProbe(t, each.(*value.Dict)) })
	}
}

func recordedProbe(t *testing.T, recorded *value.Dict) {
	get := func(name string) any { v, _ := recorded.Get(name); return v }
	h := probing(t)
	args := get("args").(*value.Dict)
	var pairs []any
	for _, key := range args.Keys() {
		v, _ := args.Get(key)
		pairs = append(pairs, key, v)
	}
	table := "other 1 0 - Live 0x0\n"
	if name, _ := args.Get("name"); get("loaded") == true {
		table = kernelName(name.(string)) + " 1 0 - Live 0x0\n"
	}
	h.Write("modules", table)
	for _, folder := range []string{"load", "opt"} {
		if err := os.Mkdir(h.Path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
		files, _ := get("before").(*value.Dict).Get(folder)
		for _, name := range files.(*value.Dict).Keys() {
			text, _ := files.(*value.Dict).Get(name)
			h.Write(folder+"/"+name, text.(string))
		}
	}
	if r := h.Run("modprobe", pairs...); r.Failed || r.Changed != get("changed") {
		t.Fatalf("changed %v, failed %v: %s", r.Changed, r.Failed, r.Msg)
	}
	for _, folder := range []string{"load", "opt"} {
		wanted, _ := get("after").(*value.Dict).Get(folder)
		got := value.NewDict()
		for _, path := range files(h.Path(folder)) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// The collection's module puts empty lines between those of a file in which it makes a remark of one.
			got.Set(filepath.Base(path), string(text))
		}
		if !value.Equal(got, wanted) {
			t.Errorf("%s: %s, wanted %s", folder, value.Repr(got), value.Repr(wanted))
		}
	}
	var ran []string
	lines, _ := value.Items(get("ran"))
	for _, argv := range lines {
		words, _ := value.Items(argv)
		ran = append(ran, strings.Join(kit.Texts(words), " ")+"\n")
	}
	text, _ := os.ReadFile(h.Path("ran"))
	if string(text) != strings.Join(ran, "") {
		t.Errorf("ran %q, wanted %q", text, ran)
	}
}

func TestModulesAreTakenBack(t *testing.T) {
	h := probing(t)
	h.Write("modules", "first 1 0 - Live 0x0\ngoing 1 0 - Live 0x0\n")
	h.Write("load/going.conf", "going\n")
	before := h.Read("modules")
	if r := h.Run("modprobe", "name", "dummy", "params", "a=1", "persistent", "present"); r.Failed || !r.Changed || h.Read("opt/dummy.conf") != "options dummy a=1\n" {
		t.Fatal(r.Msg)
	}
	if r := h.Check("modprobe", "name", "going", "state", "absent"); !r.Changed || !strings.Contains(h.Read("modules"), "going") {
		t.Fatal(r.Msg, h.Read("modules"))
	}
	if r := h.Run("modprobe", "name", "going", "state", "absent", "persistent", "absent"); r.Failed || h.Read("load/going.conf") != "#going\n" {
		t.Fatal(r.Msg)
	}
	h.Undone()
	if got := h.Read("modules"); got != before || h.Read("load/going.conf") != "going\n" || kit.Exists(h.Path("load/dummy.conf")) {
		t.Errorf("%q, was %q", got, before)
	}
}

func TestModprobeFails(t *testing.T) {
	h := probing(t)
	h.Write("modules", "")
	r := h.Run("modprobe", "name", "unknown")
	moduletest.Fails(t, r, "modprobe: FATAL: Module unknown not found")
	moduletest.Holds(t, r, "rc", 1, "name", "unknown", "params", "", "state", "present")
	if r := h.Run("modprobe", "name", "inside"); r.Failed || r.Changed {
		t.Errorf("a module that is part of the kernel: %+v", r)
	}
	for _, params := range []string{"-r", "a=1 --dirname=/tmp/x", "'-C' b=2"} {
		moduletest.Fails(t, h.Check("modprobe", "name", "dummy", "params", params), "is no parameter of a module but an option of modprobe")
	}
	for _, name := range []string{"../x", "-r", "a b", ""} {
		moduletest.Fails(t, h.Run("modprobe", "name", name), "is not the name of a module")
	}
}
