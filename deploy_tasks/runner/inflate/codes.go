package inflate

// codes are the two codes of a packed block.
type codes struct{ literals, distances code }

const (
	maxBits  = 15 // the longest code of a symbol
	fastBits = 9  // up to this length one look is enough
)

// code is a Huffman code: what a symbol's bits, the first the lowest, stand for.
type code struct {
	fast    [1 << fastBits]uint16 // symbol<<4 | length, 0 for longer ones
	count   [maxBits + 1]uint16   // of symbols by length
	symbols []uint16              // by length and number
	longest uint
}

// newCode makes the code in which every symbol has this many bits; 0 for one that does not occur.
func newCode(lengths []uint8) (code, error) {
	c := code{symbols: make([]uint16, len(lengths))}
	for _, n := range lengths {
		c.count[n]++
	}
	c.count[0] = 0
	var next, first [maxBits + 1]uint16
	left := 1
	for n := 1; n <= maxBits; n++ {
		left = left<<1 - int(c.count[n])
		if left < 0 {
			return c, ErrDamaged
		}
		if c.count[n] > 0 {
			c.longest = uint(n)
		}
		if n < maxBits {
			next[n+1] = (next[n] + c.count[n]) << 1
			first[n+1] = first[n] + c.count[n]
		}
	}
	if left > 0 && !(c.longest == 1 && c.count[1] == 1) && c.longest > 0 {
		return c, ErrDamaged // bits that stand for nothing; a lone symbol may have them
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		c.symbols[first[n]] = uint16(symbol)
		first[n]++
		c.fill(reversed(next[n], uint(n)), uint(n), symbol)
		next[n]++
	}
	return c, nil
}

// fill notes a short code with everything that may follow it.
func (c *code) fill(bits uint16, n uint, symbol int) {
	for i := int(bits); n <= fastBits && i < len(c.fast); i += 1 << n {
		c.fast[i] = uint16(symbol<<4) | uint16(n)
	}
}

func reversed(bits uint16, n uint) (out uint16) {
	for ; n > 0; n-- {
		out = out<<1 | bits&1
		bits >>= 1
	}
	return out
}

// symbol reads one symbol.
func (r *Reader) symbol(c *code) (int, error) {
	for {
		if entry := c.fast[r.bits&(1<<fastBits-1)]; entry != 0 && uint(entry&15) <= r.have {
			n := uint(entry & 15)
			r.bits >>= n
			r.have -= n
			return int(entry >> 4), nil
		}
		if r.have >= c.longest || r.have > fastBits {
			if symbol, ok := r.slow(c); ok {
				return symbol, nil
			}
		}
		if r.have >= maxBits {
			return 0, ErrDamaged
		}
		if err := r.need(r.have + 1); err != nil {
			return 0, err
		}
	}
}

// slow reads a symbol bit by bit; false when there are too few bits, or they stand for nothing.
func (r *Reader) slow(c *code) (int, bool) {
	number, first, index := 0, 0, 0
	for n := uint(1); n <= c.longest && n <= r.have; n++ {
		number |= int(r.bits>>(n-1)) & 1
		count := int(c.count[n])
		if number-count < first {
			r.bits >>= n
			r.have -= n
			return int(c.symbols[index+number-first]), true
		}
		index += count
		first = (first + count) << 1
		number <<= 1
	}
	return 0, false
}

// fixed are the codes of blocks that bring none.
func fixed() *codes {
	lengths := make([]uint8, 288)
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	literals, _ := newCode(lengths)
	distances := make([]uint8, 32)
	for i := range distances {
		distances[i] = 5
	}
	c := &codes{literals: literals}
	c.distances, _ = newCode(distances)
	return c
}

// order is the one in which the lengths of the code of lengths come.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block.
func (r *Reader) readCodes() (*codes, error) {
	v, err := r.take(14)
	if err != nil {
		return nil, err
	}
	literals, distances, count := v&31+257, v>>5&31+1, v>>10+4
	if literals > 286 || distances > 30 {
		return nil, ErrDamaged
	}
	var short [19]uint8
	for _, at := range order[:count] {
		n, err := r.take(3)
		if err != nil {
			return nil, err
		}
		short[at] = uint8(n)
	}
	lengths, err := r.readLengths(short[:], literals+distances)
	if err != nil {
		return nil, err
	}
	c := &codes{}
	if c.literals, err = newCode(lengths[:literals]); err == nil {
		c.distances, err = newCode(lengths[literals:])
	}
	if lengths[256] == 0 {
		err = ErrDamaged // a block without an end
	}
	return c, err
}

// readLengths reads the lengths of symbols, which are packed themselves.
func (r *Reader) readLengths(short []uint8, count int) ([]uint8, error) {
	c, err := newCode(short)
	if err != nil {
		return nil, err
	}
	var out []uint8
	for len(out) < count {
		symbol, err := r.symbol(&c)
		if err != nil {
			return nil, err
		}
		if symbol < 16 {
			out = append(out, uint8(symbol))
			continue
		}
		if symbol == 16 && len(out) == 0 {
			return nil, ErrDamaged
		}
		bits, times, again := uint(2), 3, uint8(0)
		switch symbol {
		case 16:
			again = out[len(out)-1]
		case 17:
			bits = 3
		case 18:
			bits, times = 7, 11
		}
		more, err := r.take(bits)
		if err != nil {
			return nil, err
		}
		for range times + more {
			out = append(out, again)
		}
	}
	if len(out) > count {
		return nil, ErrDamaged
	}
	return out, nil
}
