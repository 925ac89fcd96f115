package firewall

import (
	"os"
	"strings"
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

// filtering is a host with a stand-in for ufw that notes how it is called.
func filtering(t *testing.T, version string) *moduletest.Host {
	t.Helper()
	h := moduletest.New(t)
	for name, text := range map[string]string{
		"ufw": "#!/bin/sh\necho \"$*\" >> " + h.Path("ran") + "\ncase \"$*\" in *version*) echo 'ufw " + version + "';; status*) cat " + h.Path("status") +
			";; *--dry-run*) cat " + h.Path("dry") + ";; *nowhere*) echo 'ERROR: Bad source address' >&2; exit 1;; esac\n",
		"iptables": "#!/bin/sh\necho '-P INPUT ACCEPT'\n", "ip6tables": "#!/bin/sh\n", "sysctl": "#!/bin/sh\n",
	} {
		h.Write("bin/"+name, text)
		if err := os.Chmod(h.Path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	h.Write("status", "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\nNew profiles: skip\n")
	h.Write("dry", "### tuple ### allow any 1 0.0.0.0/0 any 10.0.0.1 in\n")
	return h
}

func TestCommandsOfUfw(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the rules are read by root alone")
	}
	for _, c := range []struct {
		args []any
		line string
	}{
		{[]any{"state", "reset"}, "-f reset"},
		{[]any{"logging", false}, "logging off"},
		{[]any{"logging", "full"}, "logging full"},
		{[]any{"default", "reject", "direction", "outgoing"}, "default reject outgoing"},
		{[]any{"rule", "allow", "name", "Nginx Full"}, "allow from any to any app Nginx Full"},
		{[]any{"rule", "deny", "direction", "out", "interface", "eth0", "log", true, "from_ip", "10.0.0.1", "from_port", "1:9", "to_port", "53", "proto", "udp",
			"comment", "it's one"}, "deny out on eth0 log from 10.0.0.1 port 1:9 to any port 53 proto udp comment it's one"},
		{[]any{"rule", "allow", "route", true, "interface_in", "a", "interface_out", "b"}, "route allow in on a out on b from any to any"},
		{[]any{"rule", "limit", "insert", 3}, "insert 3 limit from any to any"},
		{[]any{"rule", "limit", "insert", 3, "delete", true}, "delete limit from any to any"},
	} {
		h := filtering(t, "0.36.2")
		if r := h.Run("ufw", c.args...); r.Failed {
			t.Errorf("%v: %s", c.args, r.Msg)
		}
		if !strings.Contains(h.Read("ran"), "\n"+c.line+"\n") {
			t.Errorf("%v: %s", c.args, h.Read("ran"))
		}
	}
}

func TestUfwRefuses(t *testing.T) {
	for _, c := range []struct {
		args []any
		msg  string
	}{
		{nil, "one of the following is required: state, default, rule, logging"},
		{[]any{"logging", "loud"}, "value of logging must be one of"},
		{[]any{"rule", "allow", "interface", "eth0"}, "missing parameter(s) required by 'interface': direction"},
		{[]any{"rule", "allow", "direction", "routed"}, "For rules, direction must be one of"},
		{[]any{"default", "deny", "direction", "in"}, "For default, direction must be one of"},
		{[]any{"rule", "allow", "interface_in", "a", "interface_out", "b"}, "Only route rules can combine"},
		{[]any{"rule", "allow", "name", "x", "proto", "tcp"}, "parameters are mutually exclusive: name|proto|logging"},
	} {
		moduletest.Fails(t, filtering(t, "0.36").Check("ufw", c.args...), c.msg)
	}
	h := filtering(t, "odd")
	moduletest.Fails(t, h.Check("ufw", "rule", "allow"), "Failed to get ufw version.")
	if r := filtering(t, "0.34").Check("ufw", "rule", "allow", "comment", "x"); strings.Contains(value.Repr(r.Data), "comment") {
		t.Error("an old ufw is given a comment")
	}
}

func TestWhatACheckTellsOfUfw(t *testing.T) {
	for _, c := range []struct {
		args    []any
		changed bool
	}{
		{[]any{"state", "enabled"}, false},
		{[]any{"state", "disabled"}, true},
		{[]any{"logging", true}, false},
		{[]any{"logging", "low"}, false},
		{[]any{"logging", "high"}, true},
		{[]any{"logging", "off"}, true},
		{[]any{"default", "deny"}, false},
		{[]any{"default", "deny", "direction", "routed"}, false},
		{[]any{"default", "deny", "direction", "outgoing"}, true},
		{[]any{"rule", "allow", "from_ip", "10.0.0.1"}, true},
		{[]any{"rule", "allow", "from_ip", "2001:db8::1"}, false},
	} {
		if r := filtering(t, "0.36").Check("ufw", c.args...); r.Failed || r.Changed != c.changed {
			t.Errorf("%v: changed %v, %s", c.args, r.Changed, r.Msg)
		}
	}
	h := filtering(t, "0.36")
	h.Write("dry", "Skipping adding existing rule\nSkipping adding existing rule (v6)\n")
	if r := h.Check("ufw", "rule", "allow"); r.Changed {
		t.Error("a rule that is there counts as a change")
	}
}

func TestWhereRulesAreInserted(t *testing.T) {
	four := "Status: active\n\n     To  Action From\n[ 1] 22 ALLOW IN Anywhere\n[ 2] 80 ALLOW IN Anywhere\n[ 3] 22 (v6) ALLOW IN Anywhere (v6)\n[10] 80 (v6) ALLOW\n"
	for _, c := range []struct {
		text     string
		at       int64
		relative string
		want     int64
	}{
		{four, 0, "first-ipv4", 1}, {four, 0, "last-ipv4", 2}, {four, 0, "first-ipv6", 3}, {four, -1, "last-ipv6", 9}, {four, 1, "last-ipv6", 0},
		{"Status: inactive\n", 0, "first-ipv4", 0}, {"[ 1] 22 ALLOW IN\n", 0, "first-ipv6", 0}, {"[ 1] 22 (v6) ALLOW\n", 0, "last-ipv4", 1},
	} {
		if got := insertAt(c.text, c.at, c.relative); got != c.want {
			t.Errorf("%d %s: %d", c.at, c.relative, got)
		}
	}
}

func TestChainsAreDropped(t *testing.T) {
	rules := []string{"-P INPUT DROP", "-N ufw-a", "-N ufw-b", "-A INPUT -j ufw-a", "-A ufw-a -j ufw-b"}
	want := "*filter\n-D INPUT -j ufw-a\n-F ufw-a\n-F ufw-b\n-X ufw-a\n-X ufw-b\nCOMMIT\n"
	if got := dropping(rules); got != want {
		t.Errorf("%q", got)
	}
	if dropping(rules[:1]) != "" {
		t.Error("nothing is to be dropped")
	}
}
