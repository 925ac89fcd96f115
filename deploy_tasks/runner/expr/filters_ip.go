package expr

import (
	"strconv"
	"strings"

	"runner/big"
	"runner/fmt"
	"runner/value"
)

// Filters of addresses and networks, as in the collection ansible.utils.
var ipFilters = table{
	{"ipaddr", func(c *call, v any) (any, error) { return filterIP(c, v, 0) }},
	{"ipv4", func(c *call, v any) (any, error) { return filterIP(c, v, 4) }},
	{"ipv6", func(c *call, v any) (any, error) { return filterIP(c, v, 6) }},
	{"ipwrap", filterIPWrap},
	{"ipsubnet", filterSubnet},
	{"ipmath", filterIPMath},
	{"nthhost", filterNthHost},
	{"next_nth_usable", func(c *call, v any) (any, error) { return filterNthUsable(c, v, 1) }},
	{"previous_nth_usable", func(c *call, v any) (any, error) { return filterNthUsable(c, v, -1) }},
	{"network_in_network", func(c *call, v any) (any, error) { return filterInNetwork(c, v, false) }},
	{"network_in_usable", func(c *call, v any) (any, error) { return filterInNetwork(c, v, true) }},
	{"reduce_on_network", filterReduceOnNetwork},
	{"ip4_hex", filterIP4Hex},
	{"hwaddr", filterHardware},
	{"macaddr", filterHardware},
}

func filterIP(c *call, v any, version int64) (any, error) {
	p := c.params("query", "version", "alias")
	query := p.text(0, "")
	if n := p.int(1, 0); version == 0 {
		version = int64(n)
	}
	switch p.defined(v).(type) {
	case string, []any, *value.List, value.Tuple, int64, bool, *big.Int:
	default:
		p.fail(typeError("Unrecognized type <%s> for %s filter <value>", value.TypeName(v), c.name))
	}
	if p.err != nil {
		return nil, p.err
	}
	return ipaddr(v, query, version, c.name)
}

// ipaddr asks something of an address or network, or of each in a list, of which those are kept that have an answer.
func ipaddr(v any, query string, version int64, name string) (any, error) {
	if items, ok := value.Items(v); ok {
		kept := []any{}
		for _, item := range items {
			found, err := ipaddr(item, query, version, name)
			if err != nil {
				return nil, err
			}
			if value.Truthy(found) {
				kept = append(kept, found)
			}
		}
		return kept, nil
	}
	if !value.Truthy(v) || v == true {
		return false, nil
	}
	n, prefixed, ok := readNetwork(v, version)
	if !ok || version != 0 && n.version() != version {
		return false, nil
	}
	if _, _, known := parseNetwork(value.Str(v)); !known { // a number is told as the address that it is
		v = n.String()
	}
	return ipQuery{n, prefixed, v}.ask(query, name)
}

// ipQuery is what is asked about: a network, whether its prefix was written, and the value as given.
type ipQuery struct {
	network
	prefixed bool
	value    any
}

// only is the value itself for what has a property, none for what has not.
func (q ipQuery) only(has bool) (any, error) {
	if has {
		return q.value, nil
	}
	return nil, nil
}

func textIf(has bool, s string) (any, error) {
	if has {
		return s, nil
	}
	return nil, nil
}

func (q ipQuery) ask(query, name string) (any, error) {
	switch query {
	case "":
		if q.prefixed {
			return q.String(), nil
		}
		return q.ip(), nil
	case "ip", "address":
		_, wide := q.broadcast()
		return textIf(q.single() || !q.isFirst() || !wide || q.six, q.ip())
	case "address/prefix", "gateway", "gw", "host/prefix", "hostnet", "router":
		if q.width()-q.prefix > 1 && (q.isFirst() || q.addr.Cmp(q.last()) == 0) {
			return false, nil
		}
		return q.String(), nil
	case "bool":
		return true, nil
	case "broadcast":
		return textIf(q.width()-q.prefix > 1, q.text(q.last()))
	case "cidr":
		return q.String(), nil
	case "host":
		_, wide := q.broadcast()
		return textIf(q.single() || !q.isFirst() || !wide, q.String())
	case "hostmask", "wildcard":
		return q.text(q.hostmask()), nil
	case "int":
		if q.prefixed {
			return q.addr.String() + "/" + strconv.Itoa(q.prefix), nil
		}
		return value.Int(q.addr), nil
	case "ip/prefix":
		return textIf(q.sizeIs(2) || !q.single() && !q.isFirst(), q.String())
	case "ip_netmask":
		return textIf(q.sizeIs(2) || !q.single() && !q.isFirst(), q.ip()+" "+q.text(q.mask()))
	case "ipv4", "v4":
		return q.asFour()
	case "ipv6", "v6":
		return q.asSix()
	case "net":
		return textIf(!q.single() && q.isFirst(), q.String())
	case "netmask":
		return q.text(q.mask()), nil
	case "network", "network_id":
		return q.text(q.first()), nil
	case "network/prefix", "subnet":
		return q.cidr().String(), nil
	case "network_netmask":
		return q.text(q.first()) + " " + q.text(q.mask()), nil
	case "network_wildcard":
		return q.text(q.first()) + " " + q.text(q.hostmask()), nil
	case "prefix":
		return int64(q.prefix), nil
	case "revdns":
		return q.reverse(), nil
	case "size":
		return value.Int(q.size()), nil
	case "size_usable":
		if q.single() {
			return int64(0), nil
		}
		low, high := q.usable()
		return value.Int(new(big.Int).Add(new(big.Int).Sub(high, low), big.NewInt(1))), nil
	case "type":
		return map[bool]any{true: "network", false: "address"}[!q.single() && q.isFirst()], nil
	case "version":
		return q.version(), nil
	case "wrap":
		return q.wrapped(), nil
	case "6to4":
		return q.sixToFour()
	}
	if found, known := q.property(query); known {
		return q.only(found)
	}
	if found, known, err := q.neighbour(query); known {
		return found, err
	}
	return q.other(query, name)
}

// property answers queries that keep a value or not.
func (q ipQuery) property(query string) (has, known bool) {
	switch query {
	case "link-local":
		return q.in("169.254.0.0/16 fe80::/10"), true
	case "loopback", "lo":
		return q.in("127.0.0.0/8 ::1/128"), true
	case "multicast":
		return q.in(multicast), true
	case "unicast":
		return !q.in(multicast), true
	case "private":
		return !q.global(), true
	case "public":
		low := new(big.Int).Add(q.addr, big.NewInt(1))
		high := new(big.Int).Sub(power(q.width()), q.addr)
		return !q.in(multicast) && q.global() && !q.in("127.0.0.0/8 ::1/128") && !isPower(low) && !isPower(high), true
	}
	return false, false
}

const multicast = "224.0.0.0/4 ff00::/8"

func isPower(n *big.Int) bool { return n.Sign() > 0 && n.Cmp(power(n.BitLen()-1)) == 0 }

// global says whether the address is reachable from everywhere, by the registries of special addresses.
func (n network) global() bool {
	return !n.in(`0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
		192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 ::1 :: ::ffff:0:0/96 64:ff9b:1::/48 100::/64
		2001::/23 2001:db8::/32 2002::/16 fc00::/7 fe80::/10`) ||
		n.in("192.0.0.9 192.0.0.10 2001:1::1 2001:1::2 2001:3::/32 2001:4:112::/48 2001:20::/28 2001:30::/28")
}

// usable are the first and the last address that a host can have.
func (n network) usable() (low, high *big.Int) {
	low, high = n.first(), n.last()
	if !n.sizeIs(2) && !n.single() {
		low, high = low.Add(low, big.NewInt(1)), high.Sub(high, big.NewInt(1))
	}
	return low, high
}

// neighbour answers queries for other addresses of the network.
func (q ipQuery) neighbour(query string) (found any, known bool, err error) {
	step := int64(1)
	switch query {
	case "first_usable", "last_usable", "range_usable", "next_usable", "peer":
	case "previous_usable":
		step = -1
	default:
		return nil, false, nil
	}
	if !q.prefixed {
		return nil, true, valueError("Not a network address")
	}
	if query == "peer" {
		found, err = q.peer()
		return found, true, err
	}
	if q.single() {
		return nil, true, nil
	}
	low, high := q.usable()
	switch query {
	case "first_usable":
		return q.text(low), true, nil
	case "last_usable":
		return q.text(high), true, nil
	case "range_usable":
		return q.text(low) + "-" + q.text(high), true, nil
	}
	found, err = q.shifted(big.NewInt(step))
	return found, true, err
}

// shifted is the address some steps away, if it is a usable one.
func (q ipQuery) shifted(by *big.Int) (any, error) {
	low, high := q.usable()
	next := new(big.Int).Add(q.addr, by)
	return textIf(next.Cmp(low) >= 0 && next.Cmp(high) <= 0, q.text(next))
}

func (q ipQuery) peer() (any, error) {
	at := new(big.Int).Sub(q.addr, q.first()).Int64()
	switch {
	case q.sizeIs(2):
		return q.text(new(big.Int).Add(q.first(), big.NewInt(at^1))), nil
	case !q.sizeIs(4):
		return nil, valueError("Not a point-to-point network")
	case at == 0:
		return nil, valueError("Network address of /30 has no peer")
	case at == 3:
		return nil, valueError("Broadcast address of /30 has no peer")
	}
	return q.text(new(big.Int).Add(q.first(), big.NewInt(at^3))), nil
}

// mappedStart is the first of the IPv6 addresses that stand for IPv4 ones.
func mappedStart() *big.Int { return new(big.Int).Lsh(big.NewInt(0xffff), 32) }

func (q ipQuery) asFour() (any, error) {
	if !q.six {
		return q.value, nil
	}
	addr := q.addr
	if !fits(addr, false) {
		addr = new(big.Int).Sub(addr, mappedStart())
	}
	if !fits(addr, false) || q.prefix < 96 {
		return false, nil
	}
	return network{addr, false, q.prefix - 96}.String(), nil
}

func (q ipQuery) asSix() (any, error) {
	if q.six {
		return q.value, nil
	}
	return network{new(big.Int).Add(q.addr, mappedStart()), true, q.prefix + 96}.String(), nil
}

func (q ipQuery) sixToFour() (any, error) {
	if q.six {
		inside := q.in("2002::/16") && (!q.prefixed || !q.isFirst())
		if inside {
			return q.value, nil
		}
		return false, nil
	}
	public, _ := q.property("public")
	if !q.single() && q.isFirst() || q.global() && !public {
		return false, nil
	}
	b := addressBytes(q.addr, 4)
	return fmt.Sprintf("2002:%02x%02x:%02x%02x::1/48", int64(b[0]), int64(b[1]), int64(b[2]), int64(b[3])), nil
}

func (n network) reverse() string {
	var out strings.Builder
	b := addressBytes(n.addr, n.width()/8)
	for i := len(b) - 1; i >= 0; i-- {
		if n.six {
			out.WriteString(fmt.Sprintf("%x.%x.", int64(b[i]&15), int64(b[i]>>4)))
		} else {
			out.WriteString(strconv.Itoa(int(b[i])) + ".")
		}
	}
	if n.six {
		return out.String() + "ip6.arpa."
	}
	return out.String() + "in-addr.arpa."
}

func (q ipQuery) wrapped() any {
	switch {
	case !q.six:
		return q.value
	case q.prefixed:
		return "[" + q.ip() + "]/" + strconv.Itoa(q.prefix)
	}
	return "[" + q.ip() + "]"
}

// other answers a query that is a network, in which the value may be, or a number, the place of an address.
func (q ipQuery) other(query, name string) (any, error) {
	if _, err := strconv.ParseFloat(query, 64); err != nil {
		net, _, ok := readNetwork(query, 0)
		if !ok {
			return nil, valueError("%s: unknown filter type: %s", name, query)
		}
		return q.only(net.cidr().holds(q.network))
	}
	if q.single() {
		if q.prefixed {
			return q.String(), nil
		}
		return q.ip(), nil
	}
	at, ok := new(big.Int).SetString(query, 10)
	if !ok {
		return false, nil
	}
	found, ok := q.at(at)
	if !ok {
		return false, nil
	}
	return q.with(found), nil
}

// at is the address at a place, counted from the end when it is negative.
func (n network) at(place *big.Int) (*big.Int, bool) {
	if place.Sign() < 0 {
		place = new(big.Int).Add(place, n.size())
	}
	return new(big.Int).Add(n.first(), place), place.Sign() >= 0 && place.Cmp(n.size()) < 0
}
