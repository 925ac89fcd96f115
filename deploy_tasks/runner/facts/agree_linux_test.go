package facts

import (
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"runner/ip"
	"runner/value"
)

func TestProcessors(t *testing.T) {
	for name, c := range map[string]struct {
		text                  string
		count, cores, threads int64
	}{
		"two sockets of four cores with two threads": {`processor: 0
vendor_id: GenuineIntel
model name: Xeon
physical id: 0
siblings: 8
core id: 0
cpu cores: 4
processor: 1
vendor_id: GenuineIntel
model name: Xeon
physical id: 1
siblings: 8
core id: 0
cpu cores: 4`, 2, 4, 2},
		"arm": {`processor: 0
BogoMIPS: 50
processor: 1
BogoMIPS: 50`, 2, 1, 1},
	} {
		c2 := readCPUs(strings.Split(c.text, "\n"))
		count, cores, threads := c2.topology(false)
		if count != c.count || cores != c.cores || threads != c.threads {
			t.Errorf("%s: %d %d %d", name, count, cores, threads)
		}
	}
}

func TestUnescape(t *testing.T) {
	if got := Unescaped(`/mnt/a\040b\134c\x`); got != `/mnt/a b\c\x` {
		t.Error(got)
	}
}

func TestAddressesAgree(t *testing.T) {
	var want []string
	known, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range known {
		ip, _, err := net.ParseCIDR(a.String())
		if err != nil {
			t.Fatal(err)
		}
		if !ip.IsLoopback() || ip.To4() != nil && !strings.HasPrefix(ip.String(), "127.") {
			want = append(want, ip.String())
		}
	}
	g := &gathering{out: dict()}
	network(g)
	var got []string
	for _, name := range []string{"all_ipv4_addresses", "all_ipv6_addresses"} {
		v, _ := g.out.Get("ansible_" + name)
		for _, a := range v.([]any) {
			got = append(got, a.(string))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v, wanted %v", got, want)
	}
	v, _ := g.out.Get("ansible_lo")
	if four, ok := v.(*value.Dict).Get("ipv4"); ok {
		if s := string(value.Encode(four)); !strings.Contains(s, `"address":"127.0.0.1"`) || !strings.Contains(s, `"netmask":"255.0.0.0"`) {
			t.Error(s)
		}
	}
}

func TestPointToPoint(t *testing.T) {
	l := &links{byName: map[string]*value.Dict{}, default4: dict("address", "10.0.0.1"), default6: dict()}
	l.add("tun0", dict("device", "tun0", "mtu", int64(1400), "type", "tunnel"))
	l.address4("tun0", address{ip: ip.Parse("10.0.0.1"), peer: ip.Parse("10.0.0.2"), prefix: 24})
	l.address4("tun0", address{ip: ip.Parse("10.0.0.9"), peer: ip.Parse("10.0.0.9"), prefix: 24, secondary: true,
		label: "tun0:1"})
	if s := string(value.Encode(l.default4)); !strings.Contains(s, `"prefix":"32"`) || !strings.Contains(s, `"alias":"tun0"`) {
		t.Error(s)
	}
	if s := string(value.Encode(l.byName["tun0"])); !strings.Contains(s, `"ipv4_secondaries":[{"address":"10.0.0.9"`) {
		t.Error(s)
	}
	if !slices.Equal(l.names, []string{"tun0", "tun0:1"}) {
		t.Error(l.names)
	}
}

func TestUnameAgrees(t *testing.T) {
	u := systemName()
	for flag, got := range map[string]string{"-s": u.system, "-n": u.node, "-r": u.release, "-v": u.version, "-m": u.machine} {
		out, err := exec.Command("uname", flag).Output()
		if err != nil {
			t.Skip(err)
		}
		if want := strings.TrimSpace(string(out)); got != want {
			t.Errorf("uname %s is %q, wanted %q", flag, got, want)
		}
	}
}

func TestRootIsMounted(t *testing.T) {
	for _, m := range mounts() {
		d := m.(*value.Dict)
		if _, sized := d.Get("size_total"); !sized {
			if note, _ := d.Get("note"); note == nil {
				t.Errorf("%s has neither size nor note", value.Encode(d))
			}
		}
	}
}

func TestFormFactor(t *testing.T) {
	for code, want := range map[string]string{"3": "Desktop", "23": "Rack Mount Chassis", "99": "unknown (99)", "x": "unknown (x)"} {
		if got := formFactor(code); got != want {
			t.Errorf("%s is %s", code, got)
		}
	}
}
