package expr

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/big"
	"runner/value"
)

// spec is how one value is formatted: Python's format specification, for % and for str.format alike.
type spec struct {
	fill      string
	align     byte // one of < > ^ = or 0
	sign      byte // one of + - and space
	alternate bool
	zero      bool
	width     int
	comma     string // separator of thousands
	precision int    // -1: none
	verb      byte   // 0: none
}

// The widest a value is formatted to.
const maxWidth = 1 << 20

func formatInt(n *big.Int, s spec) (string, error) {
	base, prefix := 10, ""
	switch s.verb {
	case 'x', 'X':
		base, prefix = 16, "0"+string(s.verb)
	case 'o':
		base, prefix = 8, "0o"
	case 'b':
		base, prefix = 2, "0b"
	case 'c':
		if !n.IsInt64() || n.Int64() < 0 || n.Int64() > utf8.MaxRune {
			return "", valueError("%%c arg not in range(0x110000)")
		}
		return alignText(string(rune(n.Int64())), s, '<'), nil
	}
	digits := new(big.Int).Abs(n).Text(base)
	if s.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	if s.precision > len(digits) {
		digits = strings.Repeat("0", s.precision-len(digits)) + digits
	}
	if !s.alternate {
		prefix = ""
	}
	return alignNumber(signOf(n.Sign() < 0, s), prefix, digits, "", s), nil
}

func signOf(negative bool, s spec) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+' || s.sign == ' ':
		return string(s.sign)
	}
	return ""
}

func formatFloat(f float64, s spec) string {
	verb, precision := s.verb, s.precision
	if precision < 0 {
		precision = 6
	}
	var digits string
	switch {
	case math.IsNaN(f):
		digits = "nan"
	case math.IsInf(f, 0):
		digits = "inf"
	case verb == '%':
		digits = strconv.FormatFloat(math.Abs(f)*100, 'f', precision, 64) + "%"
	case verb == 0 && s.precision < 0:
		digits = value.FloatRepr(math.Abs(f))
	case verb == 'f' || verb == 'F':
		digits = strconv.FormatFloat(math.Abs(f), 'f', precision, 64)
	case verb == 'e' || verb == 'E':
		digits = strconv.FormatFloat(math.Abs(f), 'e', precision, 64)
	default:
		digits = general(math.Abs(f), max(precision, 1), s)
	}
	if verb == 'E' || verb == 'F' || verb == 'G' {
		digits = strings.ToUpper(digits)
	}
	whole, rest := digits, ""
	if at := strings.IndexAny(digits, ".eE%"); at >= 0 {
		whole, rest = digits[:at], digits[at:]
	}
	return alignNumber(signOf(math.Signbit(f) && !math.IsNaN(f), s), "", whole, rest, s)
}

// general is C's %g: the shorter of %f and %e, without trailing zeros unless they are asked for.
func general(f float64, precision int, s spec) string {
	scientific := strconv.FormatFloat(f, 'e', precision-1, 64)
	at := strings.IndexByte(scientific, 'e')
	exponent, _ := strconv.Atoi(scientific[at+1:])
	limit := precision
	if s.verb == 0 { // format() without a type keeps one digit after the point
		limit--
	}
	if f != 0 && (exponent < -4 || exponent >= limit && exponent >= precision) {
		return trimZeros(scientific[:at], s.alternate) + scientific[at:]
	}
	if f != 0 && exponent >= limit {
		return trimZeros(scientific[:at], s.alternate) + scientific[at:]
	}
	fixed := trimZeros(strconv.FormatFloat(f, 'f', max(0, precision-1-exponent), 64), s.alternate)
	if s.verb == 0 && !strings.Contains(fixed, ".") {
		fixed += ".0"
	}
	return fixed
}

func trimZeros(digits string, keep bool) string {
	if keep || !strings.Contains(digits, ".") {
		return digits
	}
	return strings.TrimRight(strings.TrimRight(digits, "0"), ".")
}

// alignNumber puts sign, prefix, digits and the rest together, with separators, zeros and width.
func alignNumber(sign, prefix, digits, rest string, s spec) string {
	digits = separate(digits, s.comma)
	missing := s.width - utf8.RuneCountInString(sign+prefix+digits+rest)
	if missing > 0 && (s.align == '=' || s.zero && s.align == 0) {
		fill := s.fill
		if s.zero && s.align == 0 || fill == "" {
			fill = "0"
			if s.align == '=' && !s.zero {
				fill = " "
			}
		}
		return sign + prefix + strings.Repeat(fill, missing) + digits + rest
	}
	return alignText(sign+prefix+digits+rest, s, '>')
}

func separate(digits, comma string) string {
	if comma == "" || strings.Trim(digits, "0123456789") != "" {
		return digits
	}
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), comma)
}

func alignText(text string, s spec, usual byte) string {
	missing := s.width - utf8.RuneCountInString(text)
	if missing <= 0 {
		return text
	}
	fill, align := s.fill, s.align
	if fill == "" {
		fill = " "
		if s.zero {
			fill = "0"
		}
	}
	if align == 0 {
		align = usual
	}
	switch align {
	case '<':
		return text + strings.Repeat(fill, missing)
	case '^':
		left := missing / 2
		return strings.Repeat(fill, left) + text + strings.Repeat(fill, missing-left)
	}
	return strings.Repeat(fill, missing) + text
}

// clip cuts text to the precision, which for text is its longest length.
func clip(text string, precision int) string {
	if precision < 0 || utf8.RuneCountInString(text) <= precision {
		return text
	}
	return string([]rune(text)[:precision])
}
