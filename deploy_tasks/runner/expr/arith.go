package expr

import (
	"math"
	"strings"

	"runner/big"
	"runner/value"
)

// Bounds of what one operation may make.
const (
	maxTextBytes = 64 << 20
	maxItems     = 4 << 20
	maxBits      = 1 << 20
)

func (e *evaluation) unary(n []any) (any, error) {
	v, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	negative := n[0] == "neg"
	if i, ok := value.Big(v); ok {
		if negative {
			i = new(big.Int).Neg(i)
		}
		return value.Int(i), nil
	}
	if f, ok := v.(float64); ok {
		if negative {
			f = -f
		}
		return f, nil
	}
	if u, ok := v.(value.Undefined); ok {
		return nil, undefinedError(u)
	}
	sign := "+"
	if negative {
		sign = "-"
	}
	return nil, typeError("bad operand type for unary %s: '%s'", sign, value.TypeName(v))
}

func (e *evaluation) binary(n []any) (any, error) {
	a, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	b, err := e.node(n[2])
	if err != nil {
		return nil, err
	}
	op, _ := n[0].(string)
	return calculate(op, a, b)
}

// calculate is `a op b` for the arithmetic operators.
func calculate(op string, a, b any) (any, error) {
	for _, v := range []any{a, b} {
		if u, ok := v.(value.Undefined); ok {
			return nil, undefinedError(u)
		}
	}
	if x, ok := value.Big(a); ok {
		if y, ok := value.Big(b); ok {
			return intOp(op, a, b, x, y)
		}
	}
	x, xok := toFloat(a)
	y, yok := toFloat(b)
	if xok && yok {
		return floatOp(op, x, y)
	}
	if c, ok := a.(interface {
		calculate(op string, other any) (any, bool)
	}); ok {
		if v, ok := c.calculate(op, b); ok {
			return v, nil
		}
	}
	return sequenceOp(op, a, b)
}

func toFloat(v any) (float64, bool) {
	if f, ok := v.(float64); ok {
		return f, true
	}
	if i, ok := value.Big(v); ok {
		return i.Float64(), true
	}
	return 0, false
}

func intOp(op string, a, b any, x, y *big.Int) (any, error) {
	if m, ok := a.(int64); ok { // the common case without big numbers
		if n, ok := b.(int64); ok && op == "+" && (m^(m+n))&(n^(m+n)) >= 0 {
			return m + n, nil
		}
	}
	z := new(big.Int)
	switch op {
	case "+":
		return value.Int(z.Add(x, y)), nil
	case "-":
		return value.Int(z.Sub(x, y)), nil
	case "*":
		if x.BitLen()+y.BitLen() > maxBits {
			return nil, limitError("the number is too large")
		}
		return value.Int(z.Mul(x, y)), nil
	case "**":
		return intPower(x, y)
	}
	if y.Sign() == 0 {
		if op == "/" {
			return nil, valueError("division by zero")
		}
		return nil, valueError("integer division or modulo by zero")
	}
	if op == "/" {
		return big.Ratio(x, y), nil
	}
	quotient, rest := z.DivMod(x, y, new(big.Int)) // Euclidean: the rest is never negative
	if rest.Sign() != 0 && y.Sign() < 0 {          // floor: the rest has the divisor's sign
		quotient.Sub(quotient, big.NewInt(1))
		rest.Add(rest, y)
	}
	if op == "//" {
		return value.Int(quotient), nil
	}
	return value.Int(rest), nil
}

func intPower(x, y *big.Int) (any, error) {
	if y.Sign() < 0 {
		f, _ := toFloat(x)
		g, _ := toFloat(y)
		return floatOp("**", f, g)
	}
	if x.BitLen() > 1 && (!y.IsInt64() || y.Int64()*int64(x.BitLen()) > maxBits) {
		return nil, limitError("the number is too large")
	}
	return value.Int(new(big.Int).Exp(x, y)), nil
}

func floatOp(op string, x, y float64) (any, error) {
	switch op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "**":
		return floatPower(x, y)
	}
	if y == 0 {
		return nil, valueError("%s", map[string]string{"/": "float division by zero", "//": "float floor division by zero", "%": "float modulo"}[op])
	}
	switch op {
	case "/":
		return x / y, nil
	case "//":
		quotient, _ := floorDivide(x, y)
		return quotient, nil
	}
	_, rest := floorDivide(x, y)
	return rest, nil
}

// floorDivide is CPython's float divmod.
func floorDivide(x, y float64) (quotient, rest float64) {
	rest = math.Mod(x, y)
	quotient = (x - rest) / y
	if rest != 0 {
		if (y < 0) != (rest < 0) {
			rest += y
			quotient--
		}
	} else {
		rest = math.Copysign(0, y)
	}
	if quotient == 0 {
		return math.Copysign(0, x/y), rest
	}
	floor := math.Floor(quotient)
	if quotient-floor > 0.5 {
		floor++
	}
	return floor, rest
}

func floatPower(x, y float64) (any, error) {
	if x == 0 && y < 0 {
		return nil, valueError("0.0 cannot be raised to a negative power")
	}
	if x < 0 && y != math.Trunc(y) && !math.IsInf(y, 0) && !math.IsInf(x, 0) {
		return nil, valueError("a negative number has no real power of %s", value.FloatRepr(y))
	}
	z := math.Pow(x, y)
	if math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, valueError("(34, 'Numerical result out of range')")
	}
	return z, nil
}

// sequenceOp is `+` and `*` on text, lists and tuples and `%` on text.
func sequenceOp(op string, a, b any) (any, error) {
	switch op {
	case "+":
		return join(a, b)
	case "*":
		if n, ok := count(b); ok {
			if v, err := repeat(a, n); v != nil || err != nil {
				return v, err
			}
		}
		if n, ok := count(a); ok {
			if v, err := repeat(b, n); v != nil || err != nil {
				return v, err
			}
		}
	case "%":
		if s, ok := a.(string); ok {
			return formatPercent(s, b)
		}
	}
	if op == "**" {
		op = "** or pow()"
	}
	return nil, typeError("unsupported operand type(s) for %s: '%s' and '%s'", op, value.TypeName(a), value.TypeName(b))
}

func join(a, b any) (any, error) {
	kind := value.TypeName(a)
	if kind == value.TypeName(b) {
		if s, ok := a.(string); ok {
			if len(s)+len(b.(string)) > maxTextBytes {
				return nil, limitError("the text is too long")
			}
			return s + b.(string), nil
		}
		x, xok := value.Items(a)
		y, yok := value.Items(b)
		if xok && yok {
			both := append(append(make([]any, 0, len(x)+len(y)), x...), y...)
			if kind == "tuple" {
				return value.Tuple(both), nil
			}
			return both, nil
		}
	}
	if kind == "str" || kind == "list" || kind == "tuple" {
		return nil, typeError("can only concatenate %s (not \"%s\") to %s", kind, value.TypeName(b), kind)
	}
	return nil, typeError("unsupported operand type(s) for +: '%s' and '%s'", kind, value.TypeName(b))
}

func count(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return max(v, 0), true
	case *big.Int:
		return maxItems + 1, v.Sign() > 0
	}
	return 0, false
}

// repeat is v * n; nil when v is no sequence.
func repeat(v any, n int64) (any, error) {
	if s, ok := v.(string); ok {
		if len(s) > 0 && n > int64(maxTextBytes/len(s)) {
			return nil, limitError("the text is too long")
		}
		if s == "" {
			n = 0
		}
		return strings.Repeat(s, int(n)), nil
	}
	items, ok := value.Items(v)
	if !ok {
		return nil, nil
	}
	if len(items) > 0 && n > int64(maxItems/len(items)) {
		return nil, limitError("the list is too long")
	}
	out := []any{}
	for i := int64(0); i < n && len(items) > 0; i++ {
		out = append(out, items...)
	}
	if _, ok := v.(value.Tuple); ok {
		return value.Tuple(out), nil
	}
	return out, nil
}
