package expr

import (
	"strconv"
	"strings"

	"runner/big"
	"runner/fmt"
	"runner/hex"
	"runner/value"
)

func filterIPWrap(c *call, v any) (any, error) {
	p := c.params("query")
	query := p.text(0, "")
	if p.err != nil {
		return nil, p.err
	}
	items, several := value.Items(v)
	if !several {
		return wrapOne(p.defined(v), query), p.err
	}
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = wrapOne(p.defined(item), query)
	}
	return out, p.err
}

// wrapOne puts brackets around an IPv6 address and leaves everything else.
func wrapOne(v any, query string) any {
	found, err := ipaddr(v, query, 0, "ipwrap")
	if err == nil && value.Truthy(found) {
		if found, err = ipaddr(found, "wrap", 0, "ipwrap"); err == nil {
			return found
		}
	}
	return v
}

// networkOf is the network that a value means, or a single address.
func networkOf(v any) (network, bool) {
	n, _, ok := readNetwork(v, 0)
	if !ok || !value.Truthy(v) {
		return n, false
	}
	return n, true
}

func filterSubnet(c *call, v any) (any, error) {
	p := c.params("query", "index")
	query := p.text(0, "")
	n, ok := networkOf(p.defined(v))
	switch {
	case p.err != nil:
		return nil, p.err
	case !ok:
		return false, nil
	}
	n = n.cidr()
	if query == "" {
		return n.String(), nil
	}
	length, err := strconv.Atoi(query)
	if err != nil || length < 0 {
		return subnetNumber(n, query)
	}
	if length > n.width() {
		return false, nil
	}
	var index *big.Int
	if given := p.any(1, nil); given != nil {
		if index, ok = new(big.Int).SetString(value.Str(given), 10); !ok {
			return nil, valueError("ipsubnet: the index is a whole number, not %s", value.Str(given))
		}
	}
	if n.single() {
		return supernet(n, length, index)
	}
	return subnetAt(n, length, index)
}

// supernet is one of the networks around a single address: the widest, or the one at a place.
func supernet(n network, length int, index *big.Int) (any, error) {
	count := int64(n.width() - length)
	at := int64(0)
	if index != nil {
		if at = index.Int64(); at > int64(n.width())+1-at || at < -count {
			return false, nil
		}
		if at < 0 {
			at += count
		}
	}
	if at >= count {
		return nil, valueError("list index out of range")
	}
	return network{n.addr, n.six, length + int(at)}.cidr().String(), nil
}

// subnetAt is one of the networks of a length within a network, or how many there are.
func subnetAt(n network, length int, index *big.Int) (any, error) {
	switch {
	case length >= n.prefix:
	case index == nil:
		return nil, valueError("Requested subnet size of %d is invalid", length)
	default:
		return false, nil
	}
	count := power(length - n.prefix)
	if index == nil {
		return count.String(), nil
	}
	if index.Sign() < 0 {
		index = new(big.Int).Add(index, count)
	}
	if index.Sign() < 0 || index.Cmp(count) >= 0 {
		return false, nil
	}
	offset := new(big.Int).Lsh(index, uint(n.width()-length))
	return network{offset.Add(offset, n.addr), n.six, length}.String(), nil
}

// subnetNumber is the place of a network, counted from 1, among those of its size in another one.
func subnetNumber(n network, query string) (any, error) {
	outer, ok := networkOf(query)
	if !ok {
		return nil, valueError("You must pass a valid subnet or IP address; %s is invalid", query)
	}
	if !outer.cidr().holds(n) {
		return nil, valueError("%s is not in the subnet %s", n.String(), outer.cidr().String())
	}
	offset := new(big.Int).Sub(n.addr, outer.first())
	offset.Quo(offset, n.size())
	return offset.Add(offset, big.NewInt(1)).String(), nil
}

func filterIPMath(c *call, v any) (any, error) {
	p := c.params("amount")
	amount, whole := value.Big(p.need(0))
	s, isText := p.defined(v).(string)
	n, _, ok := parseNetwork(s)
	switch {
	case p.err != nil:
		return nil, p.err
	case !isText || !ok:
		return nil, valueError("You must pass a valid IP address; %s is invalid", value.Str(v))
	case !whole:
		return nil, valueError("You must pass an integer for arithmetic; %s is not a valid integer", value.Str(p.any(0, nil)))
	}
	sum := new(big.Int).Add(n.addr, amount)
	if !fits(sum, n.six) {
		return nil, valueError("result outside of the addresses of IPv%d", n.version())
	}
	return n.text(sum), nil
}

func filterNthHost(c *call, v any) (any, error) {
	p := c.params("query")
	query := p.text(0, "")
	n, ok := networkOf(p.defined(v))
	place, whole := new(big.Int).SetString(query, 10)
	if p.err != nil || !ok || !whole {
		return false, p.err
	}
	found, ok := n.at(place)
	if !ok {
		return false, nil
	}
	return n.text(found), nil
}

func filterNthUsable(c *call, v any, sign int64) (any, error) {
	p := c.params("offset")
	offset, whole := value.Big(p.need(0))
	n, ok := networkOf(p.defined(v))
	switch {
	case p.err != nil:
		return nil, p.err
	case !ok:
		return false, nil
	case !whole:
		return nil, valueError("Must pass in an integer")
	case n.single():
		return nil, nil
	}
	return ipQuery{network: n}.shifted(new(big.Int).Mul(offset, big.NewInt(sign)))
}

func filterInNetwork(c *call, v any, usable bool) (any, error) {
	p := c.params("test")
	outer, ok := networkOf(p.defined(v))
	inner, ok2 := networkOf(p.defined(p.need(0)))
	if p.err != nil || !ok || !ok2 || outer.six != inner.six {
		return false, p.err
	}
	low, high := outer.first(), outer.last()
	if usable {
		low, high = outer.usable()
	}
	return low.Cmp(inner.first()) <= 0 && inner.last().Cmp(high) <= 0, nil
}

func filterReduceOnNetwork(c *call, v any) (any, error) {
	p := c.params("network")
	outer, ok := networkOf(p.defined(p.need(0)))
	kept := []any{}
	for _, item := range p.items(v) {
		if inner, fine := networkOf(item); ok && fine && outer.cidr().holds(inner) {
			kept = append(kept, item)
		}
	}
	return kept, p.err
}

func filterIP4Hex(c *call, v any) (any, error) {
	p := c.params("delimiter")
	s, delimiter := p.str(v), p.text(0, "")
	n, prefixed, ok := parseNetwork(s)
	switch {
	case p.err != nil:
		return nil, p.err
	case !ok || prefixed || n.six:
		return nil, valueError("You must pass a valid IP address; %s is invalid", s)
	}
	var parts []string
	for _, b := range addressBytes(n.addr, 4) {
		parts = append(parts, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, delimiter), nil
}

// hardware are the ways to write a hardware address: how many digits between separators.
var hardware = map[string]struct {
	digits    int
	separator string
	plain     bool // without leading zeros
	upper     bool
}{
	"bare": {12, "", false, true}, "cisco": {4, ".", false, false}, "eui48": {2, "-", false, true}, "win": {2, "-", false, true},
	"linux": {2, ":", false, false}, "unix": {2, ":", true, false},
	"pgsql": {6, ":", false, false}, "postgresql": {6, ":", false, false}, "psql": {6, ":", false, false},
}

func filterHardware(c *call, v any) (any, error) {
	p := c.params("query", "alias")
	query, s := p.text(0, ""), p.str(v)
	if p.err != nil {
		return nil, p.err
	}
	digits, ok := hardwareDigits(s)
	form, known := hardware[query]
	switch {
	case query == "" || query == "bool":
		if !ok {
			return nil, nil
		}
		if query == "bool" {
			return true, nil
		}
		return s, nil
	case !ok:
		return nil, valueError("%s: not a hardware address: %s", c.name, s)
	case query == "int":
		n, err := strconv.ParseInt(digits, 16, 64)
		return n, err
	case !known:
		return nil, valueError("%s: unknown filter type: %s", c.name, query)
	}
	if form.upper {
		digits = strings.ToUpper(digits)
	}
	var parts []string
	for i := 0; i < 12; i += form.digits {
		part := digits[i : i+form.digits]
		if form.plain && part[0] == '0' {
			part = part[1:]
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, form.separator), nil
}

// hardwareDigits are the twelve digits of an address written in any of the usual ways.
func hardwareDigits(s string) (string, bool) {
	out := ""
	for _, form := range []struct {
		separator string
		parts     int
	}{{":", 6}, {"-", 6}, {".", 3}, {":", 2}, {"", 1}} {
		parts := []string{s}
		if form.separator != "" {
			parts = strings.Split(s, form.separator)
		}
		if len(parts) != form.parts {
			continue
		}
		for _, part := range parts {
			n, err := strconv.ParseUint(part, 16, 64)
			if size := 12 / form.parts; err != nil || len(part) > size || form.parts == 1 && len(part) != size {
				return "", false
			} else {
				digits := fmt.Sprintf("%x", int64(n))
				out += strings.Repeat("0", size-len(digits)) + digits
			}
		}
		return out, true
	}
	return "", false
}
