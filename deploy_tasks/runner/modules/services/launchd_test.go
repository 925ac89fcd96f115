//go:build unix

package services

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// A stand-in for launchctl: a line of its list for each service that is loaded. What is loaded runs when its definition has
// said so by then. One called stubborn does not end.
const standInLaunchctl = `#!/bin/sh
[ "$1" = list ] || echo "$*" >> "$HOST/ran"
label=$2
[ ! -e "$label" ] || label=$(sed -n s/Label=//p "$label")
line() { awk -F '\t' -v l="$label" '$3 == l' "$HOST/list"; }
become() { awk -F '\t' -v l="$label" '$3 != l' "$HOST/list" > "$HOST/rest"; [ -z "$1" ] || printf '%s\t%s\t%s\n' "$1" "$2" "$label" >> "$HOST/rest"; cat "$HOST/rest" > "$HOST/list"; }
case $1 in
list) [ -z "$2" ] && exec cat "$HOST/list"; [ -n "$(line)" ] || exit 113; echo '{'; case $(line) in -*) ;; *) echo '"PID" = 7;';; esac; echo '}';;
load) grep -q RunAtLoad=true "$2" && become 70 0 || become - 0;;
unload) [ -n "$(line)" ] || { echo "Could not find specified service" >&2; exit 113; }; become;;
start) case $label in broken) become - 78;; *) become 7$$ 0;; esac;;
stop) [ "$label" = stubborn ] || become - -15;;
esac
`

// A stand-in for PlistBuddy: a definition is lines of key=value.
const standInPlistBuddy = `#!/bin/sh
for file; do :; done
while [ "$1" = -c ]; do
	set -- "$2" "$@"; words=$1; shift 3
	key=${words#*:} key=${key%% *}
	case $words in
	Print*) grep -q "^$key=" "$file" || { echo "Print: Entry, \":$key\", Does Not Exist"; exit 1; }; sed -n "s/^$key=//p" "$file";;
	Delete*) sed -i "/^$key=/d" "$file";;
	Add*) echo "$key=${words##* }" >> "$file";;
	esac
done
`

const listed = "PID\tStatus\tLabel\n-\t0\tidle\n70\t0\tbusy\n71\t0\tstubborn\n-\t78\tbroken\n-\t-9\tkilled\n"

// mac is a host with launchd, as far as these commands tell.
func mac(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	for name, text := range map[string]string{"launchctl": standInLaunchctl, "PlistBuddy": standInPlistBuddy} {
		h.Write("bin/"+name, text)
		if err := os.Chmod(h.Path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.Write("list", listed)
	for _, name := range []string{"idle", "busy", "stubborn", "broken", "killed", "new"} {
		h.Write("daemons/"+name+".plist", "Label="+name+"\n")
	}
	h.Write("daemons/busy.plist", "Label=busy\nKeepAlive=Dict {\n")
	h.Write("agents/other.plist", "Label=new\n")
	folders, buddy, patience := launchFolders, plistBuddy, launchPatience
	launchFolders = func(string) []string { return []string{h.Path("none"), h.Path("agents"), h.Path("daemons")} }
	plistBuddy, launchPatience = h.Path("bin/PlistBuddy"), 300*time.Millisecond
	t.Cleanup(func() { launchFolders, plistBuddy, launchPatience = folders, buddy, patience })
	t.Setenv("HOST", h.Dir)
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	return h
}

func TestLinesOfLaunchctl(t *testing.T) {
	for label, want := range map[string]launchState{"idle": {stopped, "-", "0"}, "busy": {started, "70", "0"}, "broken": {unknown, "-", "78"},
		"killed": {stopped, "-", "-9"}, "new": {unloaded, "-", ""}, "Label": {unknown, "PID", "Status"}} {
		if got := stateIn(listed, label); got != want {
			t.Errorf("%s: %+v", label, got)
		}
	}
}

func TestStepsOfLaunchd(t *testing.T) {
	for _, c := range []struct {
		wanted, is string
		changed    bool
		want       string
	}{
		{"started", unloaded, false, "load start"}, {"started", stopped, false, "unload load start"}, {"started", started, false, ""},
		{"started", started, true, "unload load start"}, {"started", unknown, false, "unload load start"},
		{"stopped", unloaded, true, ""}, {"stopped", stopped, false, ""}, {"stopped", stopped, true, "unload load stop"},
		{"stopped", started, false, "stop"}, {"stopped", started, true, "unload load stop"}, {"stopped", unknown, false, "unload load stop"},
		{"reloaded", unloaded, false, "load"}, {"reloaded", started, false, "unload load"}, {"restarted", started, false, "unload load start"},
		{"restarted", unloaded, false, "load start"}, {"unloaded", started, false, "unload"}, {"unloaded", unloaded, false, ""},
	} {
		if got := strings.Join(launchSteps(c.wanted, c.is, c.changed), " "); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestServicesOfLaunchd(t *testing.T) {
	for _, c := range []struct {
		module  string
		args    []any
		changed bool
		ran     string
		list    string
	}{
		{"launchd", []any{"name", "new", "state", "started"}, true, "load @/daemons/new.plist|start new|", "\tnew"},
		{"service", []any{"name", "new", "state", "started", "use", "launchd"}, true, "load @/daemons/new.plist|start new|", "\tnew"},
		{"launchd", []any{"name", "new", "plist", "other.plist", "state", "reloaded"}, true, "load @/agents/other.plist|", "-\t0\tnew"},
		{"launchd", []any{"name", "busy", "state", "started"}, false, "", "70\t0\tbusy"},
		{"launchd", []any{"name", "busy", "state", "stopped"}, true, "stop busy|", "-\t-15\tbusy"},
		{"launchd", []any{"name", "busy", "state", "stopped", "force_stop", true}, true, "unload @/daemons/busy.plist|load @/daemons/busy.plist|stop busy|", "-\t-15\tbusy"},
		{"launchd", []any{"name", "busy", "state", "restarted"}, true, "unload @/daemons/busy.plist|load @/daemons/busy.plist|start busy|", "\tbusy"},
		{"launchd", []any{"name", "busy", "state", "unloaded"}, true, "unload @/daemons/busy.plist|", ""},
		{"launchd", []any{"name", "new", "enabled", true}, true, "", ""},
		{"launchd", []any{"name", "new", "enabled", false}, false, "", ""},
		{"launchd", []any{"name", "idle", "enabled", true, "state", "reloaded"}, true, "unload @/daemons/idle.plist|load @/daemons/idle.plist|", "70\t0\tidle"},
	} {
		h := mac(t)
		before, files := h.Read("list"), h.Read("daemons/busy.plist")+h.Read("daemons/new.plist")
		if r := h.Check(c.module, c.args...); r.Failed || r.Changed != c.changed || kit.Exists(h.Path("ran")) {
			t.Errorf("%v in a check: changed %v, %s", c.args, r.Changed, r.Msg)
		}
		r := h.Run(c.module, c.args...)
		ran, _ := os.ReadFile(h.Path("ran"))
		if got := strings.ReplaceAll(strings.ReplaceAll(string(ran), "\n", "|"), h.Dir, "@"); r.Failed || r.Changed != c.changed || got != c.ran || !strings.Contains(h.Read("list"), c.list) {
			t.Errorf("%v: changed %v, %s\n%s\n%s", c.args, r.Changed, r.Msg, got, h.Read("list"))
		}
		report := h.Undo(kit.Tools{Call: h.Call(false)})
		for _, conflict := range report.Conflicted { // but a command that comes after an undo: it does not run here
			if !strings.HasPrefix(conflict.Why, "no command is expected: reload of ") || !strings.Contains(c.ran, "unload") {
				t.Errorf("%v undone: %+v", c.args, conflict)
			}
		}
		if states(h.Read("list")) != states(before) || h.Read("daemons/busy.plist")+h.Read("daemons/new.plist") != files {
			t.Errorf("%v undone:\n%s", c.args, h.Read("list"))
		}
	}
}

// states are the services that are loaded and whether they run; the numbers of their processes do not come back.
func states(list string) string {
	var out []string
	for _, label := range []string{"idle", "busy", "stubborn", "broken", "killed", "new", "other"} {
		state := stateIn(list, label)
		out = append(out, fmt.Sprint(label, state.is != unloaded, state.runs()))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLaunchdTellsTheState(t *testing.T) {
	h := mac(t)
	r := h.Run("launchd", "name", "broken", "state", "started")
	want := kit.Dict("previous_state", unknown, "previous_pid", "-", "current_state", unknown, "current_pid", "-", "status_code", "78", "error", "")
	moduletest.Holds(t, r, "name", "broken")
	if got, _ := r.Data.Get("status"); !value.Equal(got, want) || r.Failed || r.Changed {
		t.Errorf("%s", value.Repr(got))
	}
	if r := h.Run("launchd", "name", "stubborn", "state", "stopped"); r.Failed || r.Changed {
		t.Errorf("%v %s", r.Changed, r.Msg)
	}
}

func TestLaunchdRefuses(t *testing.T) {
	h := mac(t)
	moduletest.Fails(t, h.Run("launchd", "name", "new"), "one of the following is required: state, enabled")
	moduletest.Fails(t, h.Run("launchd", "name", "nobody", "state", "started"),
		"Unable to find the plist file nobody.plist for service nobody and it was not found among active services")
	moduletest.Fails(t, h.Run("launchd", "name", "new", "plist", "../daemons/new.plist", "state", "started"), "Unable to find the plist file ../daemons/new.plist")
	moduletest.Fails(t, h.Run("launchd", "name", "-x", "state", "started"), "is not the name of a service")
	moduletest.Fails(t, h.Run("service", "name", "new", "state", "started", "pattern", "x", "use", "launchd"), "Unsupported parameters for (launchd) module: pattern")
}

// After an undo, what is loaded is loaded from the definition that is back, and runs when it did.
func TestLaunchdReadsADefinitionAgain(t *testing.T) {
	for label, want := range map[string]string{"busy": "unload @/daemons/busy.plist|load @/daemons/busy.plist|start busy|",
		"idle": "unload @/daemons/idle.plist|load @/daemons/idle.plist|stop idle|", "new": ""} {
		h := mac(t)
		argv := launchControl{program: h.Path("bin/launchctl"), label: label, plist: h.Path("daemons/" + label + ".plist")}.again()
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		ran, _ := os.ReadFile(h.Path("ran"))
		if got := strings.ReplaceAll(strings.ReplaceAll(string(ran), "\n", "|"), h.Dir, "@"); err != nil || got != want {
			t.Errorf("%s: %s %v %s", label, out, err, got)
		}
	}
}
