// Package big is whole numbers of any size: what the runner uses of Go's math/big, with the same names and meaning, in a
// tenth of its code. Methods set their receiver and return it; arguments may be the receiver itself.
package big

import "math/bits"

// Int is a whole number; the zero value is 0.
type Int struct {
	negative bool
	words    []uint64 // the lowest first, without zeros at the top
}

// NewInt makes a number.
func NewInt(n int64) *Int {
	z := &Int{negative: n < 0}
	if n < 0 {
		n = -n // the lowest number stays as it is, which its bits are right for
	}
	return z.setWords([]uint64{uint64(n)}, z.negative)
}

// setWords takes over words and drops zeros at the top.
func (z *Int) setWords(words []uint64, negative bool) *Int {
	z.words = trim(words)
	z.negative = negative && len(z.words) > 0
	return z
}

func trim(words []uint64) []uint64 {
	for len(words) > 0 && words[len(words)-1] == 0 {
		words = words[:len(words)-1]
	}
	return words
}

// Sign is -1, 0 or 1.
func (z *Int) Sign() int {
	switch {
	case len(z.words) == 0:
		return 0
	case z.negative:
		return -1
	}
	return 1
}

// BitLen is the length of the absolute value in bits.
func (z *Int) BitLen() int {
	n := len(z.words)
	if n == 0 {
		return 0
	}
	return 64*(n-1) + bits.Len64(z.words[n-1])
}

// Odd says whether the number is odd.
func (z *Int) Odd() bool { return len(z.words) > 0 && z.words[0]&1 == 1 }

// IsInt64 says whether the number is an int64.
func (z *Int) IsInt64() bool {
	n := z.BitLen()
	return n < 64 || n == 64 && z.negative && z.words[0] == 1<<63
}

// Int64 is the number, where IsInt64.
func (z *Int) Int64() int64 {
	if len(z.words) == 0 {
		return 0
	}
	if z.negative {
		return -int64(z.words[0])
	}
	return int64(z.words[0])
}

// Words32 are the absolute value's words of 32 bits, the lowest first; one for 0.
func (z *Int) Words32() []uint32 {
	var out []uint32
	for _, w := range z.words {
		out = append(out, uint32(w), uint32(w>>32))
	}
	for len(out) > 1 && out[len(out)-1] == 0 {
		out = out[:len(out)-1]
	}
	if len(out) == 0 {
		return []uint32{0}
	}
	return out
}

// SetWords32 sets the number that Words32 gives.
func (z *Int) SetWords32(in []uint32) *Int {
	words := make([]uint64, (len(in)+1)/2)
	for i, w := range in {
		words[i/2] |= uint64(w) << (32 * (i % 2))
	}
	return z.setWords(words, false)
}

// SetBytes sets the number whose bytes, the highest first, are b.
func (z *Int) SetBytes(b []byte) *Int {
	words := make([]uint64, (len(b)+7)/8)
	for i := range b {
		words[i/8] |= uint64(b[len(b)-1-i]) << (8 * (i % 8))
	}
	return z.setWords(words, false)
}

// Cmp is -1, 0 or 1 as z is less than, equal to or greater than y.
func (z *Int) Cmp(y *Int) int {
	switch {
	case z.negative != y.negative && z.negative:
		return -1
	case z.negative != y.negative:
		return 1
	case z.negative:
		return compare(y.words, z.words)
	}
	return compare(z.words, y.words)
}

func compare(x, y []uint64) int {
	if len(x) != len(y) {
		return sign(len(x) > len(y))
	}
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			return sign(x[i] > y[i])
		}
	}
	return 0
}

func sign(more bool) int {
	if more {
		return 1
	}
	return -1
}

// Abs sets |x|.
func (z *Int) Abs(x *Int) *Int { return z.setWords(x.words, false) }

// Neg sets -x.
func (z *Int) Neg(x *Int) *Int { return z.setWords(x.words, !x.negative) }

// Add sets x + y.
func (z *Int) Add(x, y *Int) *Int {
	if x.negative == y.negative {
		return z.setWords(add(x.words, y.words), x.negative)
	}
	if compare(x.words, y.words) >= 0 {
		return z.setWords(subtract(x.words, y.words), x.negative)
	}
	return z.setWords(subtract(y.words, x.words), y.negative)
}

// Sub sets x - y.
func (z *Int) Sub(x, y *Int) *Int { return z.Add(x, new(Int).Neg(y)) }

// Mul sets x * y.
func (z *Int) Mul(x, y *Int) *Int {
	return z.setWords(multiply(x.words, y.words), x.negative != y.negative)
}

// Exp sets x to the power of y, which is not negative.
func (z *Int) Exp(x, y *Int) *Int {
	out := NewInt(1)
	for i := y.BitLen() - 1; i >= 0; i-- {
		out.Mul(out, out)
		if y.words[i/64]>>(i%64)&1 == 1 {
			out.Mul(out, x)
		}
	}
	*z = *out
	return z
}

// Quo sets x / y, cut towards 0. y is not 0.
func (z *Int) Quo(x, y *Int) *Int {
	quotient, _ := divide(x.words, y.words)
	return z.setWords(quotient, x.negative != y.negative)
}

// DivMod sets z to the quotient and m to the rest, 0 <= m < |y|, of x by y, which is not 0.
func (z *Int) DivMod(x, y, m *Int) (*Int, *Int) {
	size, up := new(Int).Abs(y), y.negative
	quotient, rest := divide(x.words, y.words)
	negative := x.negative
	z.setWords(quotient, negative != up)
	m.setWords(rest, negative)
	if m.negative {
		m.Add(m, size)
		if up {
			z.Add(z, NewInt(1))
		} else {
			z.Sub(z, NewInt(1))
		}
	}
	return z, m
}

// Lsh sets x << n.
func (z *Int) Lsh(x *Int, n uint) *Int { return z.setWords(shiftLeft(x.words, n), x.negative) }
