//go:build linux

package firewall

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// A stand-in for both tools: it keeps what it is told, as lines, in a file for what holds now and one for each zone, and notes
// how it was called. It knows the zones that have a file.
const standIn = `#!/bin/sh
echo "${0##*/} $*" >> "$HOST/ran"
state=$HOST/now zone=public
case $0 in *offline*) set -- --permanent "$@";; *) [ -e "$HOST/runs" ] || { echo "FirewallD is not running" >&2; exit 252; };; esac
for word; do case $word in
	--permanent) state=;;
	--zone=*) zone=${word#*=};;
esac; done
file=$HOST/zones/$zone.xml
[ -n "$state" ] || state=$file
for word; do
	key=${word#--*-} name=$zone:
	[ -z "$state" ] || [ "$state" = "$file" ] && name=
	case $word in
	--get-default-zone) echo public;;
	--get-zones) for f in "$HOST"/zones/*.xml; do f=${f##*/}; echo "${f%.xml}"; done;;
	--new-zone=*) : > "$HOST/zones/${word#*=}.xml";;
	--delete-zone=*) mv "$HOST/zones/${word#*=}.xml" "$HOST/zones/${word#*=}.xml.old";;
	--get-zone-of-interface=*) [ "$state" = "$file" ] && where=$(grep -lx "interface=${word#*=}" "$HOST"/zones/*.xml | sed 's,.*/,,; s,.xml$,,') || where=$(sed -n "s/:interface=${word#*=}$//p" "$state"); echo "${where:-no zone}"; [ -n "$where" ] || exit 2;;
	--get-target) sed -n s/target=//p "$file" | grep . || echo default;;
	--set-target=*) cp "$file" "$file.old"; { grep -v target= "$file.old"; echo "target=${word#*=}"; } > "$file";;
	--list-*) [ -e "$file" ] || { echo "Error: INVALID_ZONE: $zone" >&2; exit 112; }; key=${word#--list-}; echo $(sed -n "s/^$name${key%s}=//p" "$state");;
	--query-*) key=${word#--query-}; grep -qxF -e "$name$key" "$state" && echo yes || { echo no; exit 1; };;
	--add-service=nosuch) echo "Error: INVALID_SERVICE: nosuch" >&2; exit 101;;
	--add-*|--change-*) key=${word#--add-}; key=${key#--change-}; [ ! "$state" = "$file" ] || cp "$file" "$file.old"
		[ -n "$name" ] && sed -i "/:$key\$/d" "$state"; echo "$name$key" >> "$state";;
	--remove-*) [ ! "$state" = "$file" ] || cp "$file" "$file.old"; key=$name${word#--remove-}; grep -vxF -e "$key" "$state" > "$HOST/rest"; cat "$HOST/rest" > "$state";;
	esac
done
`

// zoned is a host with the stand-in; firewalld runs on it.
func zoned(t *testing.T) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	for _, name := range []string{"firewall-cmd", "firewall-offline-cmd"} {
		h.Write("bin/"+name, standIn)
		if err := os.Chmod(h.Path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"now": "public:service=ssh\n", "runs": "", "zones/public.xml": "service=ssh\n",
		"zones/old.xml": "interface=eth0\nservice=ssh\n", "zones/drop.xml": ""} {
		h.Write(name, text)
	}
	t.Setenv("HOST", h.Dir)
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	was, manager := zonesFolder, networkManager
	zonesFolder, networkManager = h.Path("zones"), h.Path("manager")
	t.Cleanup(func() { zonesFolder, networkManager = was, manager })
	return h
}

// ran are the calls of the tools that changed something, and forgets all.
func ran(t *testing.T, h *moduletest.Host) []string {
	t.Helper()
	var out []string
	for _, line := range strings.Split(h.Read("ran"), "\n") {
		for _, word := range []string{"--add-", "--remove-", "--change-", "--set-", "--new-", "--delete-"} {
			if strings.Contains(line, word) {
				out = append(out, line)
			}
		}
	}
	if err := os.Remove(h.Path("ran")); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatFirewalldIsTold(t *testing.T) {
	forward := kit.Dict("port", int64(80), "proto", "tcp", "toport", int64(8080), "toaddr", "2001:db8::1")
	for _, c := range []struct {
		args []any
		told []string
		msg  string
	}{
		{[]any{"service", "http", "state", "enabled"}, []string{"firewall-cmd --zone=public --add-service=http"}, "Non-permanent operation, Changed service http to enabled"},
		{[]any{"service", "http", "state", "enabled", "timeout", 60, "zone", "old"}, []string{"firewall-cmd --zone=old --add-service=http --timeout=60"},
			"Non-permanent operation, Changed service http to enabled"},
		{[]any{"service", "ssh", "state", "disabled", "permanent", true, "immediate", true},
			[]string{"firewall-cmd --permanent --zone=public --remove-service=ssh", "firewall-cmd --zone=public --remove-service=ssh"},
			"Permanent and Non-Permanent(immediate) operation, Changed service ssh to disabled"},
		{[]any{"protocol", "ospf", "state", "enabled", "permanent", true, "timeout", 60}, []string{"firewall-cmd --permanent --zone=public --add-protocol=ospf"},
			"Permanent operation, Changed protocol ospf to enabled"},
		{[]any{"port", " 161-162/udp", "state", "enabled"}, []string{"firewall-cmd --zone=public --add-port=161-162/udp"}, "Non-permanent operation, Changed port 161-162/udp to enabled"},
		{[]any{"port_forward", []any{forward}, "state", "enabled"}, []string{"firewall-cmd --zone=public --add-forward-port=port=80:proto=tcp:toport=8080:toaddr=2001:db8::1"},
			"Non-permanent operation, Changed port_forward port=80:proto=tcp:toport=8080:toaddr=2001:db8::1 to enabled"},
		{[]any{"rich_rule", "rule service name=ftp accept", "state", "enabled"}, []string{"firewall-cmd --zone=public --add-rich-rule=rule service name=ftp accept"},
			"Non-permanent operation, Changed rich_rule rule service name=ftp accept to enabled"},
		{[]any{"icmp_block", "echo-request", "state", "enabled"}, []string{"firewall-cmd --zone=public --add-icmp-block=echo-request"},
			"Non-permanent operation, Changed icmp-block echo-request to enabled"},
		{[]any{"icmp_block_inversion", "yes", "state", "enabled"}, []string{"firewall-cmd --zone=public --add-icmp-block-inversion"},
			"Non-permanent operation, Changed icmp-block-inversion yes to enabled"},
		{[]any{"masquerade", "no", "state", "disabled"}, []string{"firewall-cmd --zone=public --add-masquerade"}, "Non-permanent operation, Added masquerade to zone public"},
		{[]any{"masquerade", "no", "state", "enabled"}, nil, "Non-permanent operation"},
		{[]any{"forward", "True", "state", "enabled", "zone", "drop", "permanent", true}, []string{"firewall-cmd --permanent --zone=drop --add-forward"},
			"Permanent operation, Added forward to zone drop"},
		{[]any{"source", "192.0.2.0/24", "state", "enabled", "zone", "drop"}, []string{"firewall-cmd --zone=drop --add-source=192.0.2.0/24"},
			"Non-permanent operation, Added 192.0.2.0/24 to zone drop"},
		{[]any{"interface", "eth0", "state", "enabled", "zone", "drop", "permanent", true, "immediate", true},
			[]string{"firewall-cmd --permanent --zone=old --remove-interface=eth0", "firewall-cmd --permanent --zone=drop --add-interface=eth0",
				"firewall-cmd --zone=drop --change-interface=eth0"}, "Permanent and Non-Permanent(immediate) operation, Changed eth0 to zone drop"},
		{[]any{"target", "DROP", "zone", "old", "state", "present", "permanent", true}, []string{"firewall-cmd --permanent --zone=old --set-target=DROP"},
			"Permanent operation, Set zone old target to DROP"},
		{[]any{"target", "default", "zone", "old", "state", "absent", "permanent", true}, []string{"firewall-cmd --permanent --zone=old --set-target=default"},
			"Permanent operation, Reset zone old target to default"},
		{[]any{"zone", "new", "state", "present", "permanent", true}, []string{"firewall-cmd --permanent --new-zone=new"},
			"Permanent operation, Added zone new, Changed zone new to present"},
		{[]any{"zone", "old", "state", "absent", "permanent", true}, []string{"firewall-cmd --permanent --delete-zone=old"},
			"Permanent operation, Removed zone old, Changed zone old to absent"},
		{[]any{"zone", "old", "state", "enabled"}, nil, ""},
	} {
		h := zoned(t)
		if r := h.Check("firewalld", c.args...); r.Failed || r.Changed != (c.told != nil) {
			t.Errorf("%v in a check: changed %v, %s", c.args, r.Changed, r.Msg)
		}
		r := h.Run("firewalld", c.args...)
		if told := ranOrNone(t, h); r.Failed || r.Changed != (c.told != nil) || r.Msg != c.msg || !slices.Equal(told, c.told) {
			t.Errorf("%v: changed %v, %s\n%q", c.args, r.Changed, r.Msg, told)
		}
	}
}

// ranOrNone is ran where nothing may have been asked.
func ranOrNone(t *testing.T, h *moduletest.Host) []string {
	if !kit.Exists(h.Path("ran")) {
		return nil
	}
	return ran(t, h)
}

func TestFirewalldRefuses(t *testing.T) {
	for _, c := range []struct {
		args []any
		msg  string
	}{
		{[]any{"service", "http"}, "missing required arguments: state"},
		{[]any{"service", "http", "port", "1/tcp", "state", "enabled"}, "parameters are mutually exclusive: icmp_block|icmp_block_inversion|service|"},
		{[]any{"interface", "eth0", "state", "enabled"}, "missing parameter(s) required by 'interface': zone"},
		{[]any{"service", "http", "state", "enabled", "offline", true}, "offline cannot be enabled unless permanent changes are allowed"},
		{[]any{"service", "http", "state", "present", "permanent", true}, "absent and present state can only be used in zone level operations"},
		{[]any{"port", "80", "state", "enabled"}, "improper port format (missing protocol?)"},
		{[]any{"port_forward", []any{kit.Dict("port", "1", "toport", "2")}, "state", "enabled"}, "proto udp/tcp must be specified for port forward"},
		{[]any{"port_forward", []any{kit.Dict("port", "1:proto=udp", "proto", "tcp", "toport", "2")}, "state", "enabled"}, "port_forward: port cannot be"},
		{[]any{"zone", "new", "state", "present"}, "Zone operations must be permanent."},
		{[]any{"service", "nosuch", "state", "enabled", "permanent", true}, "ERROR: Exception caught: org.fedoraproject.FirewallD1.Exception: " +
			"INVALID_SERVICE: nosuch Permanent operation, Services are defined by port/tcp relationship"},
		{[]any{"service", "http", "zone", "nosuch", "state", "enabled"}, "ERROR: Exception caught: org.fedoraproject.FirewallD1.Exception: INVALID_ZONE: nosuch"},
	} {
		moduletest.Fails(t, zoned(t).Run("firewalld", c.args...), c.msg)
	}
}

// stop ends the firewalld of the host.
func stop(t *testing.T, h *moduletest.Host) {
	t.Helper()
	if err := os.Remove(h.Path("runs")); err != nil {
		t.Fatal(err)
	}
}

func TestFirewalldThatDoesNotRun(t *testing.T) {
	h := zoned(t)
	stop(t, h)
	moduletest.Fails(t, h.Run("firewalld", "service", "http", "state", "enabled"), "firewall is not currently running, unable to perform immediate actions")
	moduletest.Fails(t, h.Run("firewalld", "service", "http", "state", "enabled", "permanent", true, "immediate", true), "firewall is not currently running")
	r := h.Run("firewalld", "service", "http", "state", "enabled", "permanent", true, "immediate", true, "offline", true)
	if want := "Permanent operation, Changed service http to enabled, (offline operation: only on-disk configs were altered)"; !r.Changed || r.Msg != want {
		t.Errorf("%v %s", r.Changed, r.Msg)
	}
	if h.Read("zones/public.xml") != "service=ssh\nservice=http\n" || h.Read("now") != "public:service=ssh\n" {
		t.Error(h.Tree())
	}
}

// changeAll does everything that has an undo of its own.
func changeAll(t *testing.T, h *moduletest.Host) {
	t.Helper()
	for _, args := range [][]any{
		{"service", "http", "state", "enabled", "permanent", true, "immediate", true},
		{"service", "ssh", "state", "disabled"},
		{"interface", "eth0", "zone", "drop", "state", "enabled", "permanent", true, "immediate", true},
		{"interface", "eth0", "zone", "public", "state", "enabled"},
		{"target", "DROP", "zone", "old", "state", "present", "permanent", true},
		{"zone", "new", "state", "present", "permanent", true},
		{"zone", "old", "state", "absent", "permanent", true},
	} {
		if r := h.Run("firewalld", args...); r.Failed || !r.Changed {
			t.Fatalf("%v: changed %v, %s", args, r.Changed, r.Msg)
		}
		if r := h.Run("firewalld", args...); r.Failed || r.Changed {
			t.Fatalf("%v again: changed %v, %s", args, r.Changed, r.Msg)
		}
	}
}

func TestFirewalldIsTakenBack(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		h := zoned(t)
		if !stopped {
			h.Write("manager", "")
		}
		before, now := zoneFiles(h), h.Read("now")
		changeAll(t, h)
		if stopped {
			stop(t, h)
		}
		report := h.Undo(kit.Tools{Call: h.Call(false)})
		if zoneFiles(h) != before {
			t.Errorf("stopped %v: %s\n%v", stopped, zoneFiles(h), report.Conflicted)
		}
		if told := len(report.Conflicted) > 0; told != stopped { // what was taken away can be given to one that runs only
			t.Errorf("stopped %v: %v", stopped, report.Conflicted)
		}
		if !stopped && h.Read("now") != now {
			t.Errorf("%q", h.Read("now"))
		}
	}
}

func zoneFiles(h *moduletest.Host) string {
	var out strings.Builder
	names, err := os.ReadDir(h.Path("zones"))
	for _, name := range names {
		out.WriteString(name.Name() + "\n" + h.Read("zones/"+name.Name()))
	}
	return out.String() + fmt.Sprint(err)
}

func TestWhatSomebodyElseDidToAZoneStays(t *testing.T) {
	h := zoned(t)
	for _, args := range [][]any{{"service", "http", "state", "enabled", "permanent", true, "immediate", true}, {"target", "DROP", "zone", "old", "state", "present", "permanent", true}} {
		if r := h.Run("firewalld", args...); r.Failed {
			t.Fatal(r.Msg)
		}
	}
	h.Write("zones/public.xml", "service=ssh\nservice=http\nservice=theirs\n")
	h.Write("now", "public:service=ssh\npublic:service=theirs\npublic:service=http\n")
	report := h.Undo(kit.Tools{Call: h.Call(false)})
	if len(report.Conflicted) != 1 || report.Conflicted[0].Path != "permanent firewalld setting --zone=public --add-service=http" || report.Conflicted[0].Why != "changed since" {
		t.Errorf("%+v", report.Conflicted)
	}
	if h.Read("zones/public.xml") != "service=ssh\nservice=http\nservice=theirs\n" || h.Read("now") != "public:service=ssh\npublic:service=theirs\n" ||
		h.Read("zones/old.xml") != "interface=eth0\nservice=ssh\n" {
		t.Error(h.Tree())
	}
}

func TestNamesOfStepsAreRead(t *testing.T) {
	for _, name := range []string{"--zone=public --add-service=http", "--zone=a --remove-rich-rule=rule service name=\"a b\" accept", "--zone=a --add-masquerade",
		"--new-zone=ours", "--delete-zone=ours", "--zone=a --set-target=%%REJECT%%"} {
		if s, err := readStep(name); err != nil || s.String() != name {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, err := readStep("--zone=a --panic-on"); err == nil {
		t.Error("no setting")
	}
	if (setting{zone: "../../x"}).files() != nil || (setting{zone: "ours"}).files() == nil {
		t.Error("files")
	}
}

// What an undo that was cut off has left is in nobody's way.
func TestAZoneIsWrittenAgain(t *testing.T) {
	h := zoned(t)
	before, err := readKept([]string{zonesFolder, h.Path("zones/old.xml"), h.Path("zones/new.xml")})
	if err != nil {
		t.Fatal(err)
	}
	h.Write("zones/old.xml", "changed")
	h.Write("zones/new.xml", "new")
	h.Write("zones/old.xml.deploy-tasks", "half")
	for range 2 {
		if err := writeKept(before); err != nil {
			t.Fatal(err)
		}
	}
	if h.Read("zones/old.xml") != "interface=eth0\nservice=ssh\n" || kit.Exists(h.Path("zones/new.xml")) || kit.Exists(h.Path("zones/old.xml.deploy-tasks")) {
		t.Error(h.Tree())
	}
}

// A restore that was cut off anywhere is done again.
func TestARestoreMayBeDoneAgain(t *testing.T) {
	for _, name := range []string{"--zone=public --add-service=http", "--zone=old --remove-interface=eth0", "--zone=old --set-target=DROP", "--new-zone=new", "--delete-zone=old"} {
		h := zoned(t)
		tools := kit.Tools{Call: h.Call(false)}
		before, err := permanentSetting{}.Inspect(tools, name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := readStep(name)
		if err == nil {
			_, err = (&daemon{tools: tools}).ask(true, s.words())
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Write("zones/"+s.zone+".xml.deploy-tasks", "half")
		for range 2 {
			if err := (permanentSetting{}).Restore(tools, name, before, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if now, err := (permanentSetting{}).Inspect(tools, name); err != nil || !value.Equal(now, before) {
			t.Errorf("%s: %s %v", name, value.Repr(now), err)
		}
	}
}
