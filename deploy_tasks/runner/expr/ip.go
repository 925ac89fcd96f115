package expr

import (
	"strconv"
	"strings"

	"runner/big"
	"runner/ip"
	"runner/value"
)

// network is an address with the length of its network's prefix, as Python's netaddr has it.
type network struct {
	addr   *big.Int
	six    bool
	prefix int
}

func (n network) width() int {
	if n.six {
		return 128
	}
	return 32
}

func (n network) version() int64 {
	if n.six {
		return 6
	}
	return 4
}

// size is how many addresses the network has.
func (n network) size() *big.Int { return power(n.width() - n.prefix) }

func power(bits int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(bits)) }

func (n network) first() *big.Int {
	host, _ := new(big.Int).DivMod(n.addr, n.size(), new(big.Int))
	return host.Mul(host, n.size())
}

func (n network) last() *big.Int {
	end := new(big.Int).Add(n.first(), n.size())
	return end.Sub(end, big.NewInt(1))
}

func (n network) isFirst() bool { return n.addr.Cmp(n.first()) == 0 }

// broadcast is the last address of a network that has one.
func (n network) broadcast() (string, bool) {
	return n.text(n.last()), n.width()-n.prefix > 1
}

// sizeIs compares the number of addresses.
func (n network) sizeIs(count int64) bool { return n.size().Cmp(big.NewInt(count)) == 0 }

func (n network) single() bool { return n.width() == n.prefix }

// holds says whether another network of the same family is within this one.
func (n network) holds(other network) bool {
	return n.six == other.six && n.first().Cmp(other.first()) <= 0 && other.last().Cmp(n.last()) <= 0
}

// in says whether the address is in one of some networks.
func (n network) in(nets string) bool {
	for _, net := range strings.Fields(nets) {
		if other, _, ok := parseNetwork(net); ok && other.holds(network{n.addr, n.six, n.width()}) {
			return true
		}
	}
	return false
}

func (n network) ip() string     { return n.text(n.addr) }
func (n network) String() string { return n.with(n.addr) }

// with is an address of the network's family with the network's prefix.
func (n network) with(addr *big.Int) string { return n.text(addr) + "/" + strconv.Itoa(n.prefix) }

func (n network) cidr() network { return network{n.first(), n.six, n.prefix} }

func (n network) mask() *big.Int {
	all := power(n.width())
	return all.Sub(all, n.size())
}

func (n network) hostmask() *big.Int {
	return new(big.Int).Sub(n.size(), big.NewInt(1))
}

// text writes an address of the network's family as the C library does.
func (n network) text(addr *big.Int) string {
	words := addr.Words32()
	if n.six && len(words) == 1 && words[0] > 0xffff {
		return "::" + ip.FromBytes(addressBytes(addr, 4)).String()
	}
	return ip.FromBytes(addressBytes(addr, n.width()/8)).String()
}

func addressBytes(addr *big.Int, size int) []byte {
	out := make([]byte, size)
	for i, word := range addr.Words32() {
		for j := range 4 {
			if at := size - 1 - 4*i - j; at >= 0 {
				out[at] = byte(word >> (8 * j))
			}
		}
	}
	return out
}

// fits says whether a number is an address of the family.
func fits(addr *big.Int, six bool) bool {
	return addr.Sign() >= 0 && addr.Cmp(power(network{six: six}.width())) < 0
}

// parseNetwork reads an address with or without a prefix or mask, and says whether there was one.
func parseNetwork(s string) (n network, prefixed, ok bool) {
	head, tail, prefixed := strings.Cut(s, "/")
	a := ip.Parse(head)
	if !a.IsValid() {
		return n, prefixed, false
	}
	n = network{new(big.Int).SetBytes(a.Bytes()), !a.Is4(), 8 * len(a.Bytes())}
	if !prefixed {
		return n, false, true
	}
	length, err := strconv.Atoi(strings.TrimSpace(tail))
	if err != nil {
		length, ok = maskLength(tail, n)
		if !ok {
			return n, true, false
		}
	}
	ok = length >= 0 && length <= n.width()
	n.prefix = length
	return n, true, ok
}

// maskLength is the prefix that a netmask or hostmask stands for.
func maskLength(s string, n network) (int, bool) {
	m := ip.Parse(s)
	if !m.IsValid() || m.Is4() == n.six {
		return 0, false
	}
	mask := new(big.Int).SetBytes(m.Bytes())
	for _, hosts := range []bool{false, true} {
		for length := range n.width() + 1 {
			n.prefix = length
			if want := n.mask(); !hosts && mask.Cmp(want) == 0 || hosts && mask.Cmp(n.hostmask()) == 0 {
				return length, true
			}
		}
	}
	return 0, false
}

// readNetwork reads what the ipaddr filters take: an address or network, a number, or a number with a prefix. A wanted
// version decides what a number is. prefixed says whether it is a network rather than an address.
func readNetwork(v any, version int64) (n network, prefixed, ok bool) {
	s := value.Str(v)
	if n, prefixed, ok = parseNetwork(s); ok {
		return n, prefixed, true
	}
	digits, tail, prefixed := strings.Cut(s, "/")
	number, whole := new(big.Int).SetString(digits, 10)
	if !whole || number.Sign() < 0 {
		return n, prefixed, false
	}
	for _, six := range []bool{version == 6 && !prefixed, true} {
		n = network{number, six, network{six: six}.width()}
		if prefixed {
			length, err := strconv.Atoi(tail)
			if err != nil {
				return n, true, false
			}
			n.prefix = length
		}
		if fits(number, six) && n.prefix >= 0 && n.prefix <= n.width() {
			return n, prefixed, true
		}
	}
	return n, prefixed, false
}
