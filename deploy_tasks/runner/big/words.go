package big

import "math/bits"

// Arithmetic of absolute values. Results are new slices and may have zeros at the top.

func add(x, y []uint64) []uint64 {
	if len(x) < len(y) {
		x, y = y, x
	}
	out := make([]uint64, len(x)+1)
	var carry uint64
	for i := range x {
		var other uint64
		if i < len(y) {
			other = y[i]
		}
		out[i], carry = bits.Add64(x[i], other, carry)
	}
	out[len(x)] = carry
	return out
}

// subtract wants x >= y.
func subtract(x, y []uint64) []uint64 {
	out := make([]uint64, len(x))
	var borrow uint64
	for i := range x {
		var other uint64
		if i < len(y) {
			other = y[i]
		}
		out[i], borrow = bits.Sub64(x[i], other, borrow)
	}
	return out
}

func multiply(x, y []uint64) []uint64 {
	out := make([]uint64, len(x)+len(y))
	for i, a := range x {
		out[i+len(y)] = multiplyAdd(out[i:i+len(y)], y, a)
	}
	return out
}

// multiplyAdd adds x*a to out, which is as long as x, and returns what is carried out of it.
func multiplyAdd(out, x []uint64, a uint64) (carry uint64) {
	for i, b := range x {
		high, low := bits.Mul64(a, b)
		var c uint64
		low, c = bits.Add64(low, carry, 0)
		high += c
		out[i], c = bits.Add64(out[i], low, 0)
		carry = high + c
	}
	return carry
}

// multiplySubtract takes x*a from out, which is as long as x, and returns what is borrowed.
func multiplySubtract(out, x []uint64, a uint64) (borrow uint64) {
	for i, b := range x {
		high, low := bits.Mul64(a, b)
		var c uint64
		low, c = bits.Add64(low, borrow, 0)
		high += c
		out[i], c = bits.Sub64(out[i], low, 0)
		borrow = high + c
	}
	return borrow
}

func shiftLeft(x []uint64, n uint) []uint64 {
	words, rest := int(n/64), n%64
	out := make([]uint64, len(x)+words+1)
	for i, w := range x {
		out[i+words] |= w << rest
		out[i+words+1] = w >> (64 - rest) // a shift by 64 gives 0
	}
	return out
}

func shiftRight(x []uint64, n uint) []uint64 {
	words, rest := int(n/64), n%64
	if words >= len(x) {
		return nil
	}
	out := make([]uint64, len(x)-words)
	for i := range out {
		out[i] = x[i+words] >> rest
		if i+words+1 < len(x) {
			out[i] |= x[i+words+1] << (64 - rest)
		}
	}
	return out
}

// divideWord divides by one word.
func divideWord(x []uint64, y uint64) (quotient []uint64, rest uint64) {
	quotient = make([]uint64, len(x))
	for i := len(x) - 1; i >= 0; i-- {
		quotient[i], rest = bits.Div64(rest, x[i], y)
	}
	return quotient, rest
}

// divide is Knuth's algorithm D. y is not 0.
func divide(x, y []uint64) (quotient, rest []uint64) {
	if compare(x, y) < 0 {
		return nil, x
	}
	n := len(y)
	if n == 1 {
		quotient, r := divideWord(x, y[0])
		return quotient, []uint64{r}
	}
	shift := uint(bits.LeadingZeros64(y[n-1]))
	y = shiftLeft(y, shift)[:n]
	rest = shiftLeft(x, shift) // one word longer than x
	quotient = make([]uint64, len(x)-n+1)
	for i := len(quotient) - 1; i >= 0; i-- {
		part := rest[i : i+n+1]
		q := guess(part, y)
		borrow := multiplySubtract(part[:n], y, q)
		negative := part[n] < borrow
		part[n] -= borrow
		for negative { // the guess was one or two too high
			q--
			sum := add(part[:n], y)
			copy(part[:n], sum)
			part[n] += sum[n]
			negative = part[n] != 0
		}
		quotient[i] = q
	}
	return quotient, shiftRight(trim(rest), shift)
}

// guess is the next word of a quotient, or one more: from the two highest words of the divisor.
func guess(part, y []uint64) uint64 {
	n := len(y)
	high, middle, low := part[n], part[n-1], part[n-2]
	if high >= y[n-1] {
		return ^uint64(0)
	}
	q, rest := bits.Div64(high, middle, y[n-1])
	for {
		h, l := bits.Mul64(q, y[n-2])
		if h < rest || h == rest && l <= low {
			return q
		}
		q--
		old := rest
		if rest += y[n-1]; rest < old {
			return q
		}
	}
}
