package big

import (
	"math"
	"math/big"
	"math/rand"
	"testing"
)

// numbers are such that every way through the division is taken: long runs of zeros and ones.
func number(r *rand.Rand) *big.Int {
	n := new(big.Int)
	for range 1 + r.Intn(6) {
		n.Lsh(n, uint(r.Intn(130)))
		switch part := big.NewInt(1); r.Intn(4) {
		case 0:
			n.Or(n, part.Lsh(part, uint(r.Intn(130))).Sub(part, big.NewInt(1)))
		case 1:
			n.Or(n, new(big.Int).SetUint64(r.Uint64()))
		case 2:
			n.Add(n, big.NewInt(int64(r.Intn(3))))
		}
	}
	if r.Intn(2) == 0 {
		n.Neg(n)
	}
	return n
}

func ours(t *testing.T, n *big.Int) *Int {
	t.Helper()
	z, ok := new(Int).SetString(n.String(), 10)
	if !ok || z.String() != n.String() {
		t.Fatalf("%s came back as %v", n, z)
	}
	return z
}

// Go's own package is the measure.
func TestAgrees(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	same := func(what string, got *Int, want, x, y *big.Int) {
		t.Helper()
		if got.String() != want.String() || got.Sign() != want.Sign() || got.BitLen() != want.BitLen() {
			t.Fatalf("%s of %s and %s is %s, want %s", what, x, y, got, want)
		}
	}
	for range 20000 {
		x, y := number(r), number(r)
		a, b := ours(t, x), ours(t, y)
		same("sum", new(Int).Add(a, b), new(big.Int).Add(x, y), x, y)
		same("difference", new(Int).Sub(a, b), new(big.Int).Sub(x, y), x, y)
		same("product", new(Int).Mul(a, b), new(big.Int).Mul(x, y), x, y)
		same("absolute", new(Int).Abs(a), new(big.Int).Abs(x), x, y)
		same("shift", new(Int).Lsh(a, uint(y.BitLen())), new(big.Int).Lsh(x, uint(y.BitLen())), x, y)
		if a.Cmp(b) != x.Cmp(y) || a.IsInt64() != x.IsInt64() || a.Odd() != (x.Bit(0) == 1) || a.IsInt64() && a.Int64() != x.Int64() {
			t.Fatalf("%s %s", x, y)
		}
		if y.Sign() != 0 {
			same("quotient", new(Int).Quo(a, b), new(big.Int).Quo(x, y), x, y)
			q, m := new(Int).DivMod(a, b, new(Int))
			wantQ, wantM := new(big.Int).DivMod(x, y, new(big.Int))
			same("division", q, wantQ, x, y)
			same("rest", m, wantM, x, y)
			want, _ := new(big.Rat).SetFrac(x, y).Float64()
			if got := Ratio(a, b); got != want {
				t.Fatalf("%s / %s is %v, want %v", x, y, got, want)
			}
		}
		want, _ := new(big.Float).SetInt(x).Float64()
		if got := a.Float64(); got != want {
			t.Fatalf("%s as a float is %v, want %v", x, got, want)
		}
		for _, base := range []int{2, 8, 10, 16, 36} {
			text := x.Text(base)
			back, ok := new(Int).SetString(text, base)
			if a.Text(base) != text || !ok || back.Cmp(a) != 0 {
				t.Fatalf("%s in base %d is %s", text, base, a.Text(base))
			}
		}
		if back := new(Int).SetBytes(x.Bytes()); back.Cmp(new(Int).Abs(a)) != 0 || new(Int).SetWords32(a.Words32()).Cmp(back) != 0 {
			t.Fatalf("%s as bytes is %s", x, back)
		}
	}
}

// The receiver may be an argument.
func TestAliases(t *testing.T) {
	x := NewInt(-7)
	if x.Mul(x, x); x.String() != "49" {
		t.Error(x)
	}
	if x.DivMod(x, NewInt(-10), x); x.String() != "9" {
		t.Error(x)
	}
	if x.Add(x, x).Sub(x, x); x.Sign() != 0 {
		t.Error(x)
	}
}

func TestExp(t *testing.T) {
	for _, c := range [][2]int64{{0, 0}, {0, 5}, {1, 1000}, {-1, 7}, {2, 200}, {-3, 41}, {10, 30}, {12345, 17}} {
		want := new(big.Int).Exp(big.NewInt(c[0]), big.NewInt(c[1]), nil).String()
		if got := new(Int).Exp(NewInt(c[0]), NewInt(c[1])).String(); got != want {
			t.Errorf("%d to the %d is %s, want %s", c[0], c[1], got, want)
		}
	}
}

func TestFloats(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 20000 {
		f := math.Float64frombits(r.Uint64())
		if r.Intn(2) == 0 {
			f = (r.Float64() - 0.5) * math.Pow(2, float64(r.Intn(80)))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		want, _ := new(big.Float).SetFloat64(f).Int(nil)
		got := FromFloat(f)
		if got.String() != want.String() {
			t.Fatalf("%v is %s, want %s", f, got, want)
		}
		if order, want := got.CmpFloat(f), new(big.Float).SetInt(want).Cmp(big.NewFloat(f)); order != want {
			t.Fatalf("%s against %v is %d, want %d", got, f, order, want)
		}
		n, d := fraction(f)
		if back := Ratio(n, d); back != f {
			t.Fatalf("%v came back as %v", f, back)
		}
	}
	huge := new(Int).Lsh(NewInt(1), 1024)
	if !math.IsInf(huge.Float64(), 1) || !math.IsInf(new(Int).Neg(huge).Float64(), -1) {
		t.Error("beyond all floats is infinite")
	}
}

func TestWhatIsNoNumber(t *testing.T) {
	for _, s := range []string{"", "-", "+", "--1", "1_0", "12a", " 1", "1 ", "1-", "0x1"} {
		if n, ok := new(Int).SetString(s, 10); ok {
			t.Errorf("%q is %s", s, n)
		}
	}
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		if z := NewInt(n); !z.IsInt64() || z.Int64() != n {
			t.Errorf("%d is %s", n, z)
		}
	}
}
