//go:build unix

package services

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/change"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

func TestStatusOfScripts(t *testing.T) {
	for _, c := range []struct {
		code                  int
		said                  string
		running, known, words bool // words: what sysvinit takes the line for
	}{
		{0, "", true, true, false},
		{0, "cron is running.\n", true, true, true},
		{0, "cron is not running\n", false, true, false},
		{0, "cron stopped\n", false, true, false},
		{0, "started\n", true, true, true},
		{3, "cron is running.\n", false, true, true},
		{69, "", false, true, false},
		{0, "line\nstopped\nline\n", true, true, false},
		{7, "who knows\n", false, false, false},
		{7, "cron dead but subsys locked\n", false, true, false},
	} {
		running, known := judge("cron", change.Output{Code: c.code, Stdout: c.said})
		if running != c.running || known != c.known {
			t.Errorf("%d %q: running %v known %v", c.code, c.said, running, known)
		}
		if up, _ := oneLine("cron", c.said); up != c.words && strings.Count(c.said, "\n") < 2 {
			t.Errorf("%q: up %v", c.said, up)
		}
	}
	if up, known := oneLine("starter", "starter is\n"); up || known {
		t.Error("a service's own name tells its state")
	}
}

func TestReadShow(t *testing.T) {
	status := kit.Dict()
	readShow(status, "Id=a.service\nExecStart={ path=/bin/sh ; argv[]=/bin/sh -c x\ny=1 }\nDescription={ not closed\nExecReload={ one }\nActiveState=active\n")
	want := kit.Dict("Id", "a.service", "ExecStart", "{ path=/bin/sh ; argv[]=/bin/sh -c x\ny=1 }", "Description", "{ not closed",
		"ExecReload", "{ one }", "ActiveState", "active")
	if !value.Equal(status, want) {
		t.Errorf("%s", value.Repr(status))
	}
}

func TestUnitsWithJobsCountAsDone(t *testing.T) {
	for _, c := range []struct {
		show, jobs string
		want       bool
	}{
		{"ActiveState=active", "", true},
		{"ActiveState=activating", "", true},
		{"ActiveState=inactive", "", false},
		{"ActiveState=failed", "", false},
		{"ActiveState=deactivating", "", false},
		{"ActiveState=inactive\nJob=12", "12 app.service start waiting\n", true},
		{"ActiveState=active\nJob=12", "11 other.service start waiting\n12 app.service stop running\n", false},
		{"ActiveState=active\nJob=12", "", true},
	} {
		if got := willBeActive(c.show, c.jobs, "app"); got != c.want {
			t.Errorf("%q %q: %v", c.show, c.jobs, got)
		}
	}
}

func TestWantedVerb(t *testing.T) {
	for _, c := range []struct {
		state   string
		running bool
		want    string
	}{
		{"started", true, ""}, {"started", false, "start"}, {"stopped", true, "stop"}, {"stopped", false, ""},
		{"restarted", true, "restart"}, {"restarted", false, "restart"}, {"reloaded", true, "reload"}, {"reloaded", false, "start"},
	} {
		if got := wantedVerb(c.state, c.running); got != c.want {
			t.Errorf("%s %v: %q", c.state, c.running, got)
		}
	}
}

func TestFactsAreRead(t *testing.T) {
	found := kit.Dict()
	readStatusAll(" [ + ]  cron\n [ - ]  hwclock.sh\n [ ? ]  odd\nnoise\n", found)
	readOpenRC(" sshd    [  started  ]\nRunlevel: default\n gone  [ stopped ]\n ntpd [ crashed 00:01 ]\n",
		"   sshd | default boot\n  ntpd |\n", found)
	readUnits("  UNIT LOAD ACTIVE SUB DESCRIPTION\na.service loaded active running A of all\nb.service not-found inactive dead b.service\n"+
		"c.service loaded active exited failed\n2 loaded units listed.\n", found)
	err := readUnitFiles("a.service enabled enabled\nb.service static -\nd.service disabled enabled\n\n3 unit files listed.\n", found,
		func(name string) (string, error) { return "inactive of " + name, nil })
	if err != nil {
		t.Fatal(err)
	}
	of := func(pairs ...any) any { return kit.Dict(pairs...) }
	want := kit.Dict(
		"cron", of("name", "cron", "state", "running", "source", "sysv"),
		"hwclock.sh", of("name", "hwclock.sh", "state", "stopped", "source", "sysv"),
		"sshd", of("name", "sshd", "runlevels", []any{"default", "boot"}, "state", "started", "source", "openrc"),
		"ntpd", of("name", "ntpd", "runlevels", nil, "state", "crashed", "source", "openrc"),
		"a.service", of("name", "a.service", "state", "running", "status", "enabled", "source", "systemd"),
		"b.service", of("name", "b.service", "state", "stopped", "status", "not-found", "source", "systemd"),
		"c.service", of("name", "c.service", "state", "stopped", "status", "active", "source", "systemd"),
		"d.service", of("name", "d.service", "state", "inactive of d.service", "status", "disabled", "source", "systemd"))
	if !value.Equal(found, want) {
		t.Errorf("%s", value.Repr(found))
	}
	if name, on, ok := readChkconfig("crond 0:off 1:off 2:on 3:on 4:on 5:on 6:off"); name != "crond" || !on || !ok {
		t.Error(name, on, ok)
	}
	if _, _, ok := readChkconfig("xinetd based services:"); ok {
		t.Error("a headline is a service")
	}
}

// programs puts commands of OpenRC at the head of PATH: services are files in a folder.
func programs(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	h.Write("state/crashing", "crashed")
	h.Write("bin/rc-service", `#!/bin/sh
echo "$@" >> `+h.Path("said")+`
f=`+h.Path("state")+`/$1
case $2 in
status) echo " * status: $(cat $f 2>/dev/null || echo stopped)" ; [ "$(cat $f 2>/dev/null)" != crashed ] ;;
zap) rm $f ;;
start|restart) [ "$(cat $f 2>/dev/null)" != crashed ] || exit 1; echo started > $f ;;
reload) ;;
stop) rm -f $f ;;
esac
`)
	if err := os.Chmod(h.Path("bin/rc-service"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", h.Path("bin")+":"+os.Getenv("PATH"))
	return h
}

func openRCJob(t *testing.T, h *moduletest.Host, name, state string) *job {
	t.Helper()
	c := h.Call(false, "name", name, "state", state)
	p, err := classicSpec.Parse("service", c)
	if err != nil {
		t.Fatal(err)
	}
	h.Recorder.Equip(kit.Tools{Call: c})
	j := &job{c: c, p: p, host: kit.Tools{Call: c}, name: name, data: kit.Dict()}
	j.tool = byOpenRC{j, h.Path("bin/rc-service"), ""}
	return j
}

func TestOpenRC(t *testing.T) {
	h := programs(t)
	for _, c := range []struct {
		name, state string
		changed     bool
		running     string
	}{
		{"app", "started", true, "started\n"}, {"app", "started", false, "started\n"}, {"app", "restarted", true, "started\n"},
		{"app", "reloaded", true, "started\n"}, {"crashing", "started", true, "started\n"},
	} {
		r := openRCJob(t, h, c.name, c.state).manage()
		if r.Failed || r.Changed != c.changed || h.Read("state/"+c.name) != c.running {
			t.Fatalf("%+v: %+v", c, r)
		}
	}
	if r := openRCJob(t, h, "app", "stopped").manage(); r.Failed || !r.Changed || kit.Exists(h.Path("state/app")) {
		t.Fatalf("%+v", r)
	}
	j := openRCJob(t, h, "app", "stopped")
	for _, active := range []bool{true, false} {
		if err := (openRCKind{}).Restore(j.host, "app", activity(active), nil); err != nil {
			t.Fatal(err)
		}
		if now, err := (openRCKind{}).Inspect(j.host, "app"); err != nil || wasActive(now) != active {
			t.Errorf("%v %v", now, err)
		}
	}
	if !inRunlevel("  app |  boot default\n", "app", "default") || inRunlevel("  app | boot\n", "app", "default") || inRunlevel("", "app", "x") {
		t.Error("runlevels are read wrongly")
	}
}

func TestAfterAnUndoOnlyWhatRunsNotices(t *testing.T) {
	h := programs(t)
	program := h.Path("bin/rc-service")
	for _, c := range []struct{ state, verb, want string }{
		{"", "restart", "app status\n"},
		{"started", "restart", "app status\napp restart\n"},
		{"started", "reload", "app status\napp reload\n"},
		{"started", "stop, start", "app status\napp stop\napp start\n"},
	} {
		_ = os.Remove(h.Path("said"))
		_ = os.Remove(h.Path("state/app"))
		if c.state != "" {
			h.Write("state/app", c.state)
		}
		// its status is an exit status, as scripts have it
		h.Write("bin/script", "#!/bin/sh\n[ \"$2\" != status ] || [ -e "+h.Path("state/app")+" ] || { "+program+" app status; exit 3; }\nexec "+program+" \"$@\"\n")
		if err := os.Chmod(h.Path("bin/script"), 0o755); err != nil {
			t.Fatal(err)
		}
		argv := ifRunning(c.verb, filepath.Join(h.Dir, "bin/script"), "app")
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil || h.Read("said") != c.want {
			t.Errorf("%+v: %s %v, said %q", c, out, err, h.Read("said"))
		}
	}
}

func TestRefusals(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("systemd", "state", "started"), "missing parameter(s) required by 'state': name")
	moduletest.Fails(t, h.Run("systemd", "name", "app*", "state", "started"), "using glob patterns, found '*' in service name: app*")
	moduletest.Fails(t, h.Run("systemd", "name", "-H root@elsewhere", "state", "started"), "is not the name of a service")
	moduletest.Fails(t, h.Run("sysvinit", "name", "--status-all", "state", "started"), "is not the name of a service")
	moduletest.Fails(t, h.Run("sysvinit", "name", "no-such-service", "state", "started"), "Could not find the requested service no-such-service: ")
	moduletest.Fails(t, h.Run("service", "name", "no-such-service", "use", "service"), "one of the following is required: state, enabled")
	moduletest.Fails(t, h.Run("service", "name", "app", "state", "started", "use", "smf"), "services of smf are not supported")
	c := h.Call(false, "name", "app", "state", "started", "supervisorctl_path", "/bin/true")
	c.Args.Set("server_url", "http://me:word@h:9001")
	hidden := h.Do("supervisorctl", c)
	if moduletest.Fails(t, hidden, "server_url holds a user or password"); strings.Contains(hidden.Msg, "word@") {
		t.Error(hidden.Msg)
	}
	moduletest.Fails(t, h.Run("service", "name", "app", "masked", true, "use", "service"), "Unsupported parameters for (service) module: masked")
}

func TestEveryLinkIsWatched(t *testing.T) {
	watched := strings.Join(bootLinks(), " ") + " "
	for _, path := range []string{"/etc/rc0.d ", "/etc/rcS.d ", "/etc/rc.d/rc5.d ", "/etc/runlevels/default ", "/etc/systemd/system ", "/etc/init.d/.depend.boot "} {
		if !strings.Contains(watched, path) {
			t.Errorf("%s is not watched", path)
		}
	}
}

func TestProgramsOfSupervisord(t *testing.T) {
	status := "app                              RUNNING   pid 7, uptime 0:01:02\npair:one   STOPPED   Not started\npair:two   STARTING\nunix:///x refused connection\n\n"
	for _, c := range []struct {
		name  string
		group bool
		want  []program
	}{
		{"app", false, []program{{"app", "RUNNING"}}},
		{"pair", true, []program{{"pair:one", "STOPPED"}, {"pair:two", "STARTING"}}},
		{"pair", false, nil},
		{"pair:two", false, []program{{"pair:two", "STARTING"}}},
		{"app", true, nil},
	} {
		if got := matching(status, c.name, c.group); !slices.Equal(got, c.want) {
			t.Errorf("%s %v: %v", c.name, c.group, got)
		}
	}
	s, what, group, err := openSupervised(nil, supervisedName("pair:", []string{"/usr/bin/supervisorctl", "-c", "/etc/a file.conf"}))
	if err != nil || what != "pair" || !group || !slices.Equal(s.argv, []string{"/usr/bin/supervisorctl", "-c", "/etc/a file.conf"}) {
		t.Error(s.argv, what, group, err)
	}
}

// ranHost notes what is run; everything goes well but to forget a failure that there was not.
type ranHost struct{ ran []string }

func (h *ranHost) Find(program string) string { return "/bin/" + program }

func (h *ranHost) Run(argv []string, _ string) (change.Output, error) {
	h.ran = append(h.ran, strings.Join(argv[1:], " "))
	if argv[1] == "reset-failed" {
		return change.Output{Code: 1, Stderr: "Unit app.service not loaded.\n"}, nil
	}
	return change.Output{}, nil
}

// systemd refuses for a while to start what failed too often.
func TestUnitsThatFailedTooOftenStartAgain(t *testing.T) {
	for active, want := range map[bool]string{true: "daemon-reload|reset-failed app.service|start app.service", false: "stop app.service"} {
		h := &ranHost{}
		if err := (unitKind{}).Restore(h, "app.service", activity(active), nil); err != nil || strings.Join(h.ran, "|") != want {
			t.Error(h.ran, err)
		}
	}
}

func TestASignalThatSomeGotIsNotHidden(t *testing.T) {
	h := moduletest.New(t)
	h.Write("ctl", "#!/bin/sh\ncase $1 in status) echo 'g:a RUNNING'; echo 'g:b RUNNING';; *) [ $3 = g:a ] && echo 'g:a: signalled' || exit 7;; esac\n")
	if err := os.Chmod(h.Path("ctl"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := h.Run("supervisorctl", "name", "g:", "state", "signalled", "signal", "HUP", "supervisorctl_path", "@/ctl")
	if !r.Failed || r.Irreversible != "the signal HUP to g:a, g:b" {
		t.Errorf("%+v", r)
	}
}
