package expr

import (
	"math"
	"strconv"
	"strings"

	"runner/big"
	"runner/value"
)

// rareNumberFilters are those that hardly anyone names.
var rareNumberFilters = table{
	{"log", filterLog},
	{"root", filterRoot},
}

var numberFilters = table{
	{"int", filterInt},
	{"float", filterFloat},
	{"abs", filterAbs},
	{"round", filterRound},
	{"pow", filterPow},
}

func filterInt(c *call, v any) (any, error) {
	p := c.params("default", "base")
	fallback, base := p.any(0, int64(0)), p.int(1, 10)
	p.defined(v)
	if p.err != nil {
		return nil, p.err
	}
	switch v := v.(type) {
	case string:
		if n, ok := parseInt(v, base); ok {
			return value.Int(n), nil
		}
		if f, ok := parseFloat(v); ok {
			if n, ok := truncate(f); ok {
				return n, nil
			}
		}
		return fallback, nil
	case float64:
		if n, ok := truncate(v); ok {
			return n, nil
		}
		return fallback, nil
	}
	if n, ok := value.Big(v); ok {
		return value.Int(n), nil
	}
	return fallback, nil
}

func truncate(f float64) (any, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, false
	}
	return value.Int(big.FromFloat(f)), true
}

// parseInt is Python's int(text, base).
func parseInt(s string, base int) (*big.Int, bool) {
	s = strings.TrimFunc(s, isSpace)
	if base < 0 || base == 1 || base > 36 || len(s) > 10000 {
		return nil, false
	}
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[:1], s[1:]
	}
	for prefix, of := range map[string]int{"0x": 16, "0o": 8, "0b": 2} {
		if (base == of || base == 0) && strings.HasPrefix(strings.ToLower(s), prefix) {
			s, base = strings.TrimPrefix(s[2:], "_"), of
		}
	}
	if base == 0 {
		base = 10
		if len(s) > 1 && s[0] == '0' && strings.Trim(s, "0_") != "" {
			return nil, false
		}
	}
	if s == "" || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") || strings.ContainsAny(s, "+-") {
		return nil, false
	}
	return new(big.Int).SetString(sign+strings.ReplaceAll(s, "_", ""), base)
}

// parseFloat is Python's float(text).
func parseFloat(s string) (float64, bool) {
	s = strings.ToLower(strings.TrimFunc(s, isSpace))
	if strings.ContainsAny(s, "xp") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	return f, err == nil || math.IsInf(f, 0)
}

func filterFloat(c *call, v any) (any, error) {
	p := c.params("default")
	fallback := p.any(0, 0.0)
	p.defined(v)
	if p.err != nil {
		return nil, p.err
	}
	if s, ok := v.(string); ok {
		if f, ok := parseFloat(s); ok {
			return f, nil
		}
		return fallback, nil
	}
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	return fallback, nil
}

func filterAbs(c *call, v any) (any, error) {
	p := c.params()
	p.defined(v)
	if n, ok := value.Big(v); ok {
		return value.Int(new(big.Int).Abs(n)), p.err
	}
	if f, ok := v.(float64); ok {
		return math.Abs(f), p.err
	}
	p.fail(typeError("bad operand type for abs(): '%s'", value.TypeName(v)))
	return nil, p.err
}

func filterRound(c *call, v any) (any, error) {
	p := c.params("precision", "method")
	precision, method := p.int(0, 0), p.text(1, "common")
	p.defined(v)
	if !strings.Contains(" common ceil floor ", " "+method+" ") {
		p.fail(valueError("method must be common, ceil or floor"))
	}
	if p.err == nil && (precision > 400 || precision < -400) {
		p.fail(valueError("the precision %d is too large", precision))
	}
	f, ok := toFloat(v)
	if !ok {
		p.fail(typeError("type %s doesn't define __round__ method", value.TypeName(v)))
	}
	if p.err != nil {
		return nil, p.err
	}
	if n, isInt := value.Big(v); isInt && method == "common" {
		return roundInt(n, precision), nil
	}
	if method == "common" {
		return roundFloat(f, precision), nil
	}
	return roundTo(v, precision, method)
}

// roundTo is ceil(v * 10**precision) / 10**precision, or the same with floor.
func roundTo(v any, precision int, method string) (any, error) {
	power, err := calculate("**", int64(10), int64(precision))
	if err != nil {
		return nil, err
	}
	scaled, err := calculate("*", v, power)
	if err != nil {
		return nil, err
	}
	if f, ok := scaled.(float64); ok {
		if method == "ceil" {
			f = math.Ceil(f)
		} else {
			f = math.Floor(f)
		}
		if scaled, ok = truncate(f); !ok {
			return nil, valueError("cannot convert float %s to integer", value.FloatRepr(f))
		}
	}
	return calculate("/", scaled, power)
}

// roundFloat rounds to the nearest decimal, halves of the exact value to even.
func roundFloat(f float64, precision int) any {
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 {
		return f
	}
	if precision >= 0 {
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
		return rounded
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-precision)))
	quotient := big.FromFloat(math.RoundToEven(big.Over(f, unit)))
	return math.Copysign(quotient.Mul(quotient, unit).Float64(), f)
}

func roundInt(n *big.Int, precision int) any {
	if precision >= 0 {
		return value.Int(n)
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-precision)))
	quotient, rest := new(big.Int).DivMod(n, unit, new(big.Int))
	twice := new(big.Int).Lsh(rest, 1)
	if order := twice.Cmp(unit); order > 0 || order == 0 && quotient.Odd() {
		quotient.Add(quotient, big.NewInt(1))
	}
	return value.Int(quotient.Mul(quotient, unit))
}

// number reads the operand of log, pow and root.
func (p *params) number(v any, name string) float64 {
	f, ok := toFloat(p.defined(v))
	if !ok {
		p.fail(typeError("%s() can only be used on numbers: must be real number, not %s", name, value.TypeName(v)))
	}
	return f
}

func filterLog(c *call, v any) (any, error) {
	p := c.params("base")
	x, base := p.number(v, "log"), p.number(p.any(0, math.E), "log")
	if p.err == nil && (x <= 0 || base <= 0 || base == 1) {
		p.fail(valueError("math domain error"))
	}
	if p.err != nil {
		return nil, p.err
	}
	switch base {
	case 10:
		return math.Log10(x), nil
	case math.E:
		return math.Log(x), nil
	}
	return math.Log(x) / math.Log(base), nil
}

func filterPow(c *call, v any) (any, error) {
	p := c.params("y")
	x, y := p.number(v, "pow"), p.number(p.need(0), "pow")
	if p.err != nil {
		return nil, p.err
	}
	return floatPower(x, y)
}

func filterRoot(c *call, v any) (any, error) {
	p := c.params("base")
	x, base := p.number(v, "root"), p.number(p.any(0, int64(2)), "root")
	if p.err == nil && base == 0 {
		p.fail(valueError("float division by zero"))
	}
	if p.err != nil {
		return nil, p.err
	}
	if base != 2 {
		root, err := floatPower(x, 1/base)
		if f, ok := root.(float64); ok && math.Pow(math.Round(f), base) == x {
			root = math.Round(f) // an exact root, which the power may miss by the last digit
		}
		return root, err
	}
	if x < 0 {
		return nil, valueError("root() can only be used on numbers: math domain error")
	}
	return math.Sqrt(x), nil
}
