package facts

import (
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"runner/ip"
	"runner/value"
)

// The addresses that Ansible asks the way to, to learn which interface leads outside.
var (
	outside4 = ip.Parse("8.8.8.8")
	outside6 = ip.Parse("2404:6800:400a:800::1012")
)

// links are the interfaces while their facts are put together.
type links struct {
	byName             map[string]*value.Dict
	names              []string
	all4, all6         []any
	default4, default6 *value.Dict
}

func network(g *gathering) {
	entries, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return
	}
	l := &links{byName: map[string]*value.Dict{}, all4: []any{}, all6: []any{}}
	indexes := map[int]string{}
	for _, entry := range entries {
		folder := filepath.Join("/sys/class/net", entry.Name())
		if !isDir(folder) {
			continue
		}
		l.add(entry.Name(), interfaceFacts(entry.Name(), folder))
		if n, err := strconv.Atoi(contentOf(folder + "/ifindex")); err == nil {
			indexes[n] = entry.Name()
		}
	}
	l.default4, l.default6 = defaultRoute(outside4, indexes), defaultRoute(outside6, indexes)
	l.addresses(indexes)
	l.publish(g)
}

func (l *links) add(name string, facts *value.Dict) {
	l.byName[name] = facts
	l.names = append(l.names, name)
}

func (l *links) publish(g *gathering) {
	names := make([]any, len(l.names))
	for i, name := range l.names {
		fact := strings.ReplaceAll(name, ":", "_")
		names[i] = fact
		g.set(fact, l.byName[name])
	}
	g.set("interfaces", names)
	g.set("default_ipv4", l.default4)
	g.set("default_ipv6", l.default6)
	g.set("all_ipv4_addresses", l.all4)
	g.set("all_ipv6_addresses", l.all6)
	g.set("locally_reachable_ips", dict("ipv4", localRoutes(syscall.AF_INET), "ipv6", localRoutes(syscall.AF_INET6)))
}

func defaultRoute(to ip.Addr, indexes map[int]string) *value.Dict {
	out := dict()
	r, ok := routeTo(to)
	if !ok {
		return out
	}
	if r.gate.IsValid() {
		out.Set("gateway", r.gate.String())
	}
	out.Set("interface", indexes[r.index])
	if r.src.IsValid() {
		out.Set("address", r.src.String())
	}
	return out
}

// localRoutes are the addresses and networks that this host answers for by itself.
func localRoutes(family int) []any {
	out, seen := []any{}, map[string]bool{}
	for _, m := range dump(syscall.RTM_GETROUTE, family) {
		r, head := routeOf(m)
		if head == nil || head.Table != syscall.RT_TABLE_LOCAL || head.Type != syscall.RTN_LOCAL || !r.destination.IsValid() {
			continue
		}
		text := r.destination.String()
		if r.prefix != 8*len(r.destination.Bytes()) {
			text += "/" + strconv.Itoa(r.prefix)
		}
		if !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}

// addresses gives every interface its addresses, main ones first.
func (l *links) addresses(indexes map[int]string) {
	all := addresses()
	sort.SliceStable(all, func(i, j int) bool { return rank(all[i]) < rank(all[j]) })
	for _, name := range slices.Clone(l.names) {
		for _, a := range all {
			if indexes[a.index] != name {
				continue
			}
			if a.ip.Is4() {
				l.address4(name, a)
			} else {
				l.address6(name, a)
			}
		}
	}
}

// rank orders the old family before the new, and main addresses before secondary ones.
func rank(a address) int {
	r := 0
	if a.secondary {
		r += 2
	}
	if !a.ip.Is4() {
		r++
	}
	return r
}

func (l *links) address4(device string, a address) {
	prefix := a.prefix
	if a.ip != a.peer {
		prefix = 32 // a point-to-point link has no network
	}
	facts := ipv4Facts(a, prefix)
	label := a.label
	if label == "" {
		label = device
	}
	if l.byName[label] == nil {
		l.add(label, dict())
	}
	owner := l.byName[label]
	if _, taken := owner.Get("ipv4"); !taken && !a.secondary {
		owner.Set("ipv4", facts)
	} else {
		appendTo(owner, "ipv4_secondaries", facts)
	}
	if a.secondary && label != device {
		appendTo(l.byName[device], "ipv4_secondaries", facts.Copy())
	}
	if v, _ := l.default4.Get("address"); v == a.ip.String() {
		l.default4.Update(facts)
		l.completeDefault(l.default4, device)
		l.default4.Set("alias", label)
	}
	if !strings.HasPrefix(a.ip.String(), "127.") {
		l.all4 = append(l.all4, a.ip.String())
	}
}

func ipv4Facts(a address, prefix int) *value.Dict {
	broadcast := ""
	if a.broadcast.IsValid() {
		broadcast = a.broadcast.String()
	}
	return dict("address", a.ip.String(), "broadcast", broadcast, "netmask", ip.Mask(prefix).String(),
		"network", a.ip.Masked(prefix).String(), "prefix", strconv.Itoa(prefix))
}

func (l *links) address6(device string, a address) {
	scope := map[byte]string{0: "global", 200: "site", 253: "link", 254: "host"}[a.scope]
	facts := dict("address", a.ip.String(), "prefix", strconv.Itoa(a.prefix), "scope", scope)
	appendTo(l.byName[device], "ipv6", facts)
	if v, _ := l.default6.Get("address"); v == a.ip.String() {
		l.default6.Update(facts)
		l.completeDefault(l.default6, device)
	}
	if a.ip.String() != "::1" {
		l.all6 = append(l.all6, a.ip.String())
	}
}

// completeDefault adds to the default route what its interface is.
func (l *links) completeDefault(route *value.Dict, device string) {
	mac, ok := l.byName[device].Get("macaddress")
	if !ok {
		mac = "00:00:00:00:00:00"
	}
	mtu, _ := l.byName[device].Get("mtu")
	kind, _ := l.byName[device].Get("type")
	route.Set("macaddress", mac)
	route.Set("mtu", mtu)
	route.Set("type", kind)
}

func appendTo(d *value.Dict, key string, v any) {
	before, _ := d.Get(key)
	list, _ := before.([]any)
	d.Set(key, append(list, v))
}
