package big

import (
	"strconv"
	"strings"
)

// chunk is how many digits of a base fit into a word, and the base to that power.
func chunk(base int) (digits int, power uint64) {
	power = 1
	for power <= (1<<64-1)/uint64(base) {
		power *= uint64(base)
		digits++
	}
	return digits, power
}

// String writes the number in decimal.
func (z *Int) String() string { return z.Text(10) }

// Append adds the decimal number to b.
func (z *Int) Append(b []byte) []byte { return append(b, z.Text(10)...) }

// Text writes the number in a base from 2 to 36.
func (z *Int) Text(base int) string {
	if len(z.words) == 0 {
		return "0"
	}
	digits, power := chunk(base)
	var parts []string // the lowest first
	for words := z.words; len(words) > 0; {
		var rest uint64
		words, rest = divideWord(words, power)
		words = trim(words)
		part := strconv.FormatUint(rest, base)
		if len(words) > 0 {
			part = strings.Repeat("0", digits-len(part)) + part
		}
		parts = append(parts, part)
	}
	var out strings.Builder
	if z.negative {
		out.WriteByte('-')
	}
	for i := len(parts) - 1; i >= 0; i-- {
		out.WriteString(parts[i])
	}
	return out.String()
}

// SetString reads a number with an optional sign in a base from 2 to 36; false when it is none.
func (z *Int) SetString(s string, base int) (*Int, bool) {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" || strings.ContainsAny(s, "+-_") {
		return nil, false
	}
	digits, _ := chunk(base)
	var words []uint64
	for s != "" {
		part := s[:min(len(s), (len(s)-1)%digits+1)] // the first is shorter, all others are whole
		s = s[len(part):]
		n, err := strconv.ParseUint(part, base, 64)
		if err != nil {
			return nil, false
		}
		scale := uint64(1)
		for range part {
			scale *= uint64(base)
		}
		words = trim(add(multiply(words, []uint64{scale}), []uint64{n}))
	}
	return z.setWords(words, negative), true
}
