package expr

import (
	"math"
	"strconv"
	"strings"

	"runner/big"
	"runner/value"
)

// Filters that write and read sizes for people.
var sizeFilters = table{
	{"human_readable", filterHumanReadable},
	{"human_to_bytes", filterHumanToBytes},
	{"filesizeformat", filterFileSize},
}

const sizeUnits = "BKMGTPEZY"

func filterHumanReadable(c *call, v any) (any, error) {
	p := c.params("isbits", "unit")
	bits, unit := p.truth(0, false), ""
	if p.any(1, nil) != nil {
		unit = strings.ToUpper(p.text(1, ""))
	}
	size, ok := toFloat(p.defined(v))
	if !ok {
		p.fail(typeError("human_readable() failed on bad input: '>=' not supported between instances of '%s' and 'int'", value.TypeName(v)))
	}
	if p.err != nil {
		return nil, p.err
	}
	at := len(sizeUnits) - 1
	for ; at > 0; at-- {
		if unit == "" && size >= math.Pow(1024, float64(at)) || unit == sizeUnits[at:at+1] {
			break
		}
	}
	base := "Bytes"
	if bits {
		base = "bits"
	}
	suffix := base
	if at > 0 {
		suffix = sizeUnits[at:at+1] + base[:1]
	}
	return strconv.FormatFloat(size/math.Pow(1024, float64(at)), 'f', 2, 64) + " " + suffix, nil
}

var sizeNames = []string{"byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte", "exabyte", "zetabyte", "yottabyte"}

func filterHumanToBytes(c *call, v any) (any, error) {
	p := c.params("default_unit", "isbits")
	s, bits, unit := p.str(v), p.truth(1, false), ""
	if p.any(0, nil) != nil {
		unit = p.text(0, "")
	}
	if p.err != nil {
		return nil, p.err
	}
	wrong := valueError("human_to_bytes() can't interpret following string: %s", s)
	s = strings.TrimRightFunc(s, isSpace)
	end := len(strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if end < len(s) {
		unit = s[end:]
	}
	digits := strings.TrimRightFunc(s[:end], isSpace)
	if digits == "" || strings.Trim(digits, "0123456789.") != "" || strings.HasSuffix(digits, ".") || end == len(s) && digits != s {
		return nil, wrong
	}
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return nil, wrong
	}
	power, ok := unitPower(unit, bits)
	if !ok {
		return nil, wrong
	}
	return value.Int(big.FromFloat(math.RoundToEven(number * math.Pow(1024, float64(power))))), nil
}

// unitPower reads K, KB, kilobyte (or, for bits, Kb and kilobit) as a power of 1024.
func unitPower(unit string, bits bool) (int, bool) {
	if unit == "" {
		return 0, true
	}
	power := strings.IndexByte(sizeUnits, strings.ToUpper(unit)[0])
	if power < 0 || len(unit) == 1 {
		return power, power >= 0
	}
	name, short := sizeNames[power], sizeUnits[power:power+1]+"B"
	if power == 0 {
		short = "B"
	}
	if bits {
		name, short = strings.Replace(name, "byte", "bit", 1), short[:len(short)-1]+"b"
	}
	return power, strings.ToLower(unit) == name || unit == short
}

func filterFileSize(c *call, v any) (any, error) {
	p := c.params("binary")
	base, units := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if p.truth(0, false) {
		base, units = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	size, ok := toFloat(p.defined(v))
	if s, isText := v.(string); isText {
		size, ok = parseFloat(s)
	}
	if !ok {
		p.fail(valueError("could not convert to float: %s", value.Repr(v)))
	}
	switch {
	case p.err != nil:
		return nil, p.err
	case size == 1:
		return "1 Byte", nil
	case size < base:
		return strconv.FormatFloat(math.Trunc(size), 'f', 0, 64) + " Bytes", nil
	}
	unit, name := base, ""
	for _, name = range units {
		if unit *= base; size < unit {
			break
		}
	}
	return strconv.FormatFloat(base*size/unit, 'f', 1, 64) + " " + name, nil
}
