package big

import "math"

// FromFloat is a finite float cut towards 0.
func FromFloat(f float64) *Int {
	n, d := fraction(f)
	return n.Quo(n, d)
}

// fraction is a finite float as numerator and denominator, exactly.
func fraction(f float64) (n, d *Int) {
	mantissa, exponent := math.Frexp(f)
	n, d = NewInt(int64(mantissa*(1<<53))), NewInt(1)
	if exponent -= 53; exponent >= 0 {
		return n.Lsh(n, uint(exponent)), d
	}
	return n, d.Lsh(d, uint(-exponent))
}

// Float64 is the nearest float, halves to even; infinite beyond all floats.
func (z *Int) Float64() float64 { return Ratio(z, NewInt(1)) }

// Ratio is the float nearest to x / y, halves to even. y is not 0.
func Ratio(x, y *Int) float64 {
	if x.Sign() == 0 {
		return 0
	}
	// A quotient of 64 or 65 bits, whose lowest bit tells that there was a rest.
	shift := 65 - (x.BitLen() - y.BitLen())
	n, d := new(Int).Abs(x), new(Int).Abs(y)
	if shift >= 0 {
		n.Lsh(n, uint(shift))
	} else {
		d.Lsh(d, uint(-shift))
	}
	quotient, rest := divide(n.words, d.words)
	q := new(Int).setWords(quotient, false)
	f := rounded(q, len(trim(rest)) > 0, -shift)
	if x.negative != y.negative {
		return -f
	}
	return f
}

// Over is the float nearest to a finite float divided by y, which is not 0.
func Over(f float64, y *Int) float64 {
	n, d := fraction(f)
	return Ratio(n, d.Mul(d, y))
}

// rounded is q * 2^exponent, and a bit more when there was a rest; q has at least 65 bits.
func rounded(q *Int, rest bool, exponent int) float64 {
	keep := 53
	if top := q.BitLen() + exponent; top < -1021 { // denormal: fewer bits
		keep -= -1021 - top
	}
	drop := q.BitLen() - keep
	if keep < 0 {
		return 0
	}
	kept := new(Int).setWords(shiftRight(q.words, uint(drop)), false)
	back := new(Int).Lsh(kept, uint(drop))
	gone := new(Int).Sub(q, back)
	order := gone.Cmp(new(Int).Lsh(NewInt(1), uint(drop-1)))
	if order > 0 || order == 0 && (rest || kept.Odd()) {
		kept.Add(kept, NewInt(1))
	}
	return math.Ldexp(float64(kept.Int64()), exponent+drop)
}

// CmpFloat compares the number with a finite float, exactly.
func (z *Int) CmpFloat(f float64) int {
	n, d := fraction(f)
	return new(Int).Mul(z, d).Cmp(n)
}
