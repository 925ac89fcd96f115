package expr

import (
	"math/rand/v2"

	"runner/big"
	"runner/hashing"
	"runner/value"
)

var randomFilters = table{{"random", filterRandom}, {"shuffle", filterShuffle}}

// source gives 32 random bits at a time.
type source interface{ next() uint32 }

// freshSource is randomness without a seed; it is not for secrets.
type freshSource struct{}

func (freshSource) next() uint32 { return rand.Uint32() }

// twister is the Mersenne Twister as Python seeds and reads it, so that a seeded `random` gives Ansible's numbers.
type twister struct {
	state [624]uint32
	at    int
}

func newTwister(seed *big.Int) *twister {
	t := &twister{at: 624}
	t.state[0] = 19650218
	for i := 1; i < 624; i++ {
		t.state[i] = 1812433253*(t.state[i-1]^t.state[i-1]>>30) + uint32(i)
	}
	key := seed.Words32()
	i, j := 1, 0
	step := func(mix uint32, add func(uint32) uint32) {
		t.state[i] = add(t.state[i] ^ (t.state[i-1]^t.state[i-1]>>30)*mix)
		if i++; i >= 624 {
			t.state[0], i = t.state[623], 1
		}
	}
	for range max(624, len(key)) {
		step(1664525, func(x uint32) uint32 { return x + key[j] + uint32(j) })
		if j++; j >= len(key) {
			j = 0
		}
	}
	for range 623 {
		step(1566083941, func(x uint32) uint32 { return x - uint32(i) })
	}
	t.state[0] = 0x80000000
	return t
}

func (t *twister) next() uint32 {
	if t.at >= 624 {
		for i := range 624 {
			y := t.state[i]&0x80000000 | t.state[(i+1)%624]&0x7fffffff
			t.state[i] = t.state[(i+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		t.at = 0
	}
	y := t.state[t.at]
	t.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// bits is Python's getrandbits.
func bits(s source, k int) *big.Int {
	var words []uint32
	for ; k > 0; k -= 32 {
		words = append(words, s.next()>>max(0, 32-k))
	}
	return new(big.Int).SetWords32(words)
}

// below is Python's choice of a number below n.
func below(s source, n *big.Int) *big.Int {
	k := n.BitLen()
	r := bits(s, k)
	for r.Cmp(n) >= 0 {
		r = bits(s, k)
	}
	return r
}

// seeded returns the source for a seed; nil is no seed.
func (p *params) seeded(seed any) source {
	switch seed := p.defined(seed).(type) {
	case nil:
		return freshSource{}
	case string:
		h := hashing.Named("sha512")
		_, _ = h.Write([]byte(seed))
		return newTwister(new(big.Int).SetBytes(h.Sum([]byte(seed))))
	case float64:
		if n := int64(seed); float64(n) == seed {
			return newTwister(big.NewInt(n))
		}
	default:
		if n, ok := value.Big(seed); ok {
			return newTwister(n)
		}
	}
	p.fail(typeError("The only supported seed types are: None, int, float, str, bytes, and bytearray."))
	return freshSource{}
}

func filterRandom(c *call, v any) (any, error) {
	p := c.params("start", "step", "seed")
	from := p.seeded(p.any(2, nil))
	start, step := p.any(0, nil), p.any(1, nil)
	p.defined(v)
	if p.err != nil {
		return nil, p.err
	}
	if end, ok := value.Big(v); ok {
		return randomNumber(p, from, start, end, step)
	}
	items, err := iterate(v)
	if err != nil {
		return nil, typeError("random can only be used on sequences and integers")
	}
	if start != nil && value.Truthy(start) || step != nil && value.Truthy(step) {
		return nil, typeError("start and step can only be used with integer values")
	}
	if len(items) == 0 {
		return nil, valueError("Cannot choose from an empty sequence")
	}
	return items[below(from, big.NewInt(int64(len(items)))).Int64()], nil
}

func randomNumber(p *params, from source, start any, end *big.Int, step any) (any, error) {
	low, by := new(big.Int), big.NewInt(1)
	if start != nil && value.Truthy(start) {
		low = big.NewInt(int64(p.whole(start)))
	}
	if step != nil && value.Truthy(step) {
		by = big.NewInt(int64(p.whole(step)))
	}
	if p.err != nil {
		return nil, p.err
	}
	width := new(big.Int).Sub(end, low)
	rounds := new(big.Int).Add(width, by)
	rounds.Sub(rounds, big.NewInt(int64(by.Sign())))
	rounds.Quo(rounds, by)
	if rounds.Sign() <= 0 {
		return nil, valueError("empty range for randrange() (%s, %s, %s)", low, end, by)
	}
	n := below(from, rounds)
	return value.Int(n.Add(low, n.Mul(n, by))), nil
}

func filterShuffle(c *call, v any) (any, error) {
	p := c.params("seed")
	seed := p.any(0, nil)
	items, err := iterate(p.defined(v))
	if p.err != nil {
		return nil, p.err
	}
	if err != nil {
		return v, nil
	}
	if seed != nil && !value.Truthy(seed) {
		seed = nil
	}
	from := p.seeded(seed)
	out := append([]any{}, items...)
	for i := len(out) - 1; i > 0; i-- {
		j := below(from, big.NewInt(int64(i+1))).Int64()
		out[i], out[j] = out[j], out[i]
	}
	return out, p.err
}
