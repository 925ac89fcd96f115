// Package yaml reads and writes YAML 1.1 as PyYAML's safe loader and dumper do.
package yaml

import (
	"math"
	"strconv"
	"strings"

	"runner/big"
	"runner/value"
)

// word is what a word of YAML stands for.
func word(s string) (any, bool) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil, true
	case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true, true
	case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false, true
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return math.Inf(1), true
	case "-.inf", "-.Inf", "-.INF":
		return math.Inf(-1), true
	case ".nan", ".NaN", ".NAN":
		return math.NaN(), true
	}
	return nil, false
}

// resolve returns what a plain scalar stands for; text stays text.
func resolve(s string) any {
	if v, ok := word(s); ok {
		return v
	}
	if s[0] != '-' && s[0] != '+' && s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return s
	}
	if v, ok := integer(s); ok {
		return v
	}
	if f, ok := float(s); ok {
		return f
	}
	return s
}

// isText says whether a plain scalar would be read back as text.
func isText(s string) bool {
	if s == "<<" || s == "=" || isTimestamp(s) {
		return false
	}
	_, text := resolve(s).(string)
	return text
}

func split(s string) (sign, rest string) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[:1], s[1:]
	}
	return "", s
}

func only(s, chars string) bool { return strings.Trim(s, chars) == "" }

func integer(s string) (any, bool) {
	sign, s := split(s)
	base, digits := 10, s
	switch {
	case strings.HasPrefix(s, "0b") && len(s) > 2 && only(s[2:], "01_"):
		base, digits = 2, s[2:]
	case strings.HasPrefix(s, "0x") && len(s) > 2 && only(s[2:], "0123456789abcdefABCDEF_"):
		base, digits = 16, s[2:]
	case strings.HasPrefix(s, "0") && len(s) > 1 && only(s, "01234567_"):
		base = 8
	case s == "" || s[0] == '_' || s[0] == '0' && len(s) > 1:
		return nil, false
	case strings.Contains(s, ":"):
		return sexagesimal(sign, s)
	case !only(s, "0123456789_"):
		return nil, false
	}
	n, ok := new(big.Int).SetString(strings.ReplaceAll(digits, "_", ""), base)
	if !ok || len(digits) > 4300 {
		return nil, false
	}
	if sign == "-" {
		n.Neg(n)
	}
	return value.Int(n), true
}

// sexagesimal reads 1:30 as 90, as YAML 1.1 does.
func sexagesimal(sign, s string) (any, bool) {
	total := int64(0)
	for i, part := range strings.Split(s, ":") {
		if i == 0 {
			part = strings.ReplaceAll(part, "_", "")
		}
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || i > 0 && (n > 59 || len(part) > 2) || i > 5 {
			return nil, false
		}
		total = total*60 + int64(n)
	}
	if sign == "-" {
		total = -total
	}
	return total, true
}

func float(s string) (any, bool) {
	sign, s := split(s)
	whole, rest, ok := strings.Cut(s, ".")
	if !ok || !only(whole, "0123456789_") || whole == "" && (rest == "" || sign != "") || strings.HasPrefix(whole, "_") {
		return nil, false
	}
	fraction, exponent := rest, ""
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		fraction, exponent = rest[:at], rest[at:]
		if len(exponent) < 3 || exponent[1] != '-' && exponent[1] != '+' || !only(exponent[2:], "0123456789") {
			return nil, false
		}
	}
	if !only(fraction, "0123456789_") || whole == "" && (fraction == "" || fraction[0] == '_') {
		return nil, false
	}
	f, err := strconv.ParseFloat(sign+strings.ReplaceAll(whole+"."+fraction, "_", "")+exponent, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// isTimestamp says whether PyYAML would read text as a date.
func isTimestamp(s string) bool {
	if len(s) < 8 || !only(s[:4], "0123456789") || s[4] != '-' {
		return false
	}
	month, rest, ok := strings.Cut(s[5:], "-")
	if !ok || month == "" || len(month) > 2 || !only(month, "0123456789") {
		return false
	}
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	if end == len(rest) {
		return len(month) == 2 && end == 2
	}
	return end > 0 && end <= 2 && isClock(rest[end:])
}

// isClock reads what follows the day: T or spaces, hours:minutes:seconds, a fraction and a zone.
func isClock(s string) bool {
	if s[0] == 'T' || s[0] == 't' {
		s = s[1:]
	} else if trimmed := strings.TrimLeft(s, " \t"); trimmed != s {
		s = trimmed
	} else {
		return false
	}
	hour, rest, ok := strings.Cut(s, ":")
	if !ok || hour == "" || len(hour) > 2 || !only(hour, "0123456789") || len(rest) < 5 || rest[2] != ':' {
		return false
	}
	if !only(rest[:2]+rest[3:5], "0123456789") {
		return false
	}
	rest = rest[5:]
	if strings.HasPrefix(rest, ".") {
		rest = strings.TrimLeft(rest[1:], "0123456789")
	}
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" || rest == "Z" {
		return true
	}
	_, zone := split(rest)
	hours, minutes, has := strings.Cut(zone, ":")
	return zone != rest && hours != "" && len(hours) <= 2 && only(hours, "0123456789") && (!has || len(minutes) == 2 && only(minutes, "0123456789"))
}
