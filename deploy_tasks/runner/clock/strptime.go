// Package clock reads times as Python's strptime does. Go's own reading of times is as large as all of it and more.
package clock

import (
	"strconv"
	"strings"
	"time"
)

// reading is the text that is left, and what was read of it.
type reading struct {
	rest                       string
	year, month, day, yearDay  int
	hour, minute, second, nano int
	afternoon, twelve          bool
	zone                       *time.Location
	wrong                      bool
}

// Strptime reads a time written in a format of strptime's directives. Without a zone of its own it is one of `in`;
// without a year it is in 1900.
func Strptime(s, format string, in *time.Location) (time.Time, bool) {
	r := &reading{rest: s, year: 1900, month: 1, day: 1, zone: in}
	for i := 0; i < len(format) && !r.wrong; i++ {
		switch c := format[i]; {
		case c == '%' && i+1 < len(format):
			i++
			r.directive(format[i])
		case c == ' ' || c == '\t' || c == '\n':
			r.rest = strings.TrimLeft(r.rest, " \t\n\r\v\f")
		default:
			r.literal(format[i : i+1])
		}
	}
	if r.wrong || r.rest != "" {
		return time.Time{}, false
	}
	return r.time()
}

func (r *reading) literal(s string) {
	rest, ok := strings.CutPrefix(r.rest, s)
	r.rest, r.wrong = rest, r.wrong || !ok
}

func (r *reading) directive(letter byte) {
	switch letter {
	case 'Y':
		r.year = r.number(4, 4, 0, 9999)
	case 'y':
		if r.year = r.number(2, 2, 0, 99) + 1900; r.year < 1969 {
			r.year += 100
		}
	case 'm':
		r.month = r.number(1, 2, 1, 12)
	case 'd', 'e':
		r.day = r.number(1, 2, 1, 31)
	case 'j':
		r.yearDay = r.number(1, 3, 1, 366)
	case 'H':
		r.hour = r.number(1, 2, 0, 23)
	case 'I':
		r.hour, r.twelve = r.number(1, 2, 1, 12), true
	case 'M':
		r.minute = r.number(1, 2, 0, 59)
	case 'S':
		r.second = r.number(1, 2, 0, 61)
	case 'f':
		before := len(r.rest)
		r.nano = r.number(1, 6, 0, 999999)
		for range 9 - (before - len(r.rest)) {
			r.nano *= 10
		}
	case 'p':
		r.afternoon = r.word([]string{"am", "pm"}) == 1
	case 'b', 'h':
		r.month = r.word(short(months)) + 1
	case 'B':
		r.month = r.word(months) + 1
	case 'a':
		r.word(short(days))
	case 'A':
		r.word(days)
	case 'z':
		r.offset()
	case 'Z':
		if r.word([]string{"utc", "gmt"}) >= 0 {
			r.zone = time.UTC
		}
	case '%':
		r.literal("%")
	default:
		r.composed(letter)
	}
}

// composed reads the directives that stand for several.
func (r *reading) composed(letter byte) {
	parts, ok := map[byte]string{'T': "H:M:S", 'F': "Y-m-d", 'D': "m/d/y", 'R': "H:M"}[letter]
	r.wrong = r.wrong || !ok
	for i := 0; i < len(parts); i++ {
		if i%2 == 0 {
			r.directive(parts[i])
		} else {
			r.literal(parts[i : i+1])
		}
	}
}

// number reads so many digits; what is outside of the bounds is wrong.
func (r *reading) number(least, most, low, high int) int {
	end := 0
	for end < len(r.rest) && end < most && r.rest[end] >= '0' && r.rest[end] <= '9' {
		end++
	}
	// A number of one digit less is taken where the longer one is too large, as in 195 for %d%d.
	for ; end >= least && end > 0; end-- {
		if n, err := strconv.Atoi(r.rest[:end]); err == nil && n >= low && n <= high {
			r.rest = r.rest[end:]
			return n
		}
	}
	r.wrong = true
	return 0
}

var (
	months = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
	days   = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)

func short(words []string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = word[:3]
	}
	return out
}

// word reads one of some words, in any case; it is the number of the word.
func (r *reading) word(words []string) int {
	lower := strings.ToLower(r.rest)
	for i, word := range words {
		if strings.HasPrefix(lower, word) {
			r.rest = r.rest[len(word):]
			return i
		}
	}
	r.wrong = true
	return -1
}

// offset reads +0200, +02:00, or Z.
func (r *reading) offset() {
	if strings.HasPrefix(r.rest, "Z") {
		r.rest, r.zone = r.rest[1:], time.UTC
		return
	}
	sign := 1
	if strings.HasPrefix(r.rest, "-") {
		sign = -1
	} else if !strings.HasPrefix(r.rest, "+") {
		r.wrong = true
		return
	}
	r.rest = r.rest[1:]
	hours := r.number(2, 2, 0, 23)
	r.rest = strings.TrimPrefix(r.rest, ":")
	r.zone = time.FixedZone("", sign*(3600*hours+60*r.number(2, 2, 0, 59)))
}

func (r *reading) time() (time.Time, bool) {
	if r.twelve {
		r.hour %= 12
		if r.afternoon {
			r.hour += 12
		}
	}
	if r.yearDay > 0 {
		r.month, r.day = 1, r.yearDay
	}
	t := time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, r.nano, r.zone)
	return t, r.yearDay > 0 || t.Day() == r.day || r.second > 59
}
