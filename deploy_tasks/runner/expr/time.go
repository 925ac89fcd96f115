package expr

import (
	"math"
	"strconv"
	"strings"
	"time"

	"runner/clock"
	"runner/fmt"
	"runner/value"
)

var timeFilters = table{{"strftime", filterStrftime}, {"to_datetime", filterToDatetime}}

// moment is Python's datetime: what `now()` and `to_datetime` give.
type moment struct{ at time.Time }

// span is Python's timedelta, to the microsecond.
type span struct{ d time.Duration }

func now(c *call) (any, error) {
	p := c.params("utc", "fmt")
	t := time.Now().Truncate(time.Microsecond)
	if p.truth(0, false) {
		t = t.UTC()
	}
	if format := p.any(1, nil); format != nil && value.Truthy(format) {
		return strftime(p.text(1, ""), t), p.err
	}
	return moment{t}, p.err
}

func filterStrftime(c *call, v any) (any, error) {
	p := c.params("second", "utc")
	format, t := textOf(p, v, "strftime"), time.Now()
	if second := p.any(0, nil); second != nil {
		f, ok := toFloat(p.defined(second))
		if s, isText := second.(string); isText {
			f, ok = parseFloat(s)
		}
		if !ok || math.IsNaN(f) || math.Abs(f) > 1e12 {
			p.fail(valueError("Invalid value for epoch value (%s)", value.Str(second)))
		}
		t = time.Unix(int64(math.Floor(f)), 0)
	}
	if p.truth(1, false) {
		t = t.UTC()
	}
	if p.err != nil {
		return nil, p.err
	}
	return strftime(format, t), nil
}

// layouts are the directives that Go writes as well.
var layouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'I': "03", 'p': "PM", 'a': "Mon", 'A': "Monday",
	'b': "Jan", 'B': "January", 'h': "Jan", 'z': "-0700", 'Z': "MST", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
	'e': "_2", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM", 'j': "002",
}

func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		plain := false
		if format[i] == '-' && i+1 < len(format) {
			plain = true
			i++
		}
		out := directive(format[i], t)
		if plain {
			out = strings.TrimLeft(out[:len(out)-1], "0 ") + out[len(out)-1:]
		}
		b.WriteString(out)
	}
	return b.String()
}

func directive(d byte, t time.Time) string {
	if layout, ok := layouts[d]; ok {
		return t.Format(layout)
	}
	year, week := t.ISOWeek()
	switch d {
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000)
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
	case 'V':
		return fmt.Sprintf("%02d", week)
	case 'G':
		return strconv.Itoa(year)
	case 'g':
		return fmt.Sprintf("%02d", year%100)
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	case 'P':
		return strings.ToLower(t.Format("PM"))
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '%':
		return "%"
	}
	return "%" + string(d)
}

func filterToDatetime(c *call, v any) (any, error) {
	p := c.params("format")
	s, format := textOf(p, v, "to_datetime"), p.text(0, "%Y-%m-%d %H:%M:%S")
	if p.err != nil {
		return nil, p.err
	}
	t, ok := clock.Strptime(s, format, time.UTC)
	if !ok {
		return nil, valueError("time data %s does not match format %s", value.Repr(s), value.Repr(format))
	}
	return moment{t}, nil
}

// isoText is Python's isoformat with a given separator.
func (m moment) isoText(separator string) string {
	out := m.at.Format("2006-01-02") + separator + m.at.Format("15:04:05")
	if m.at.Nanosecond() != 0 {
		out += m.at.Format(".000000")
	}
	return out
}

func (m moment) String() string { return m.isoText(" ") }

// JSONText is the form JSON has it in.
func (m moment) JSONText() string { return m.isoText("T") }

func (m moment) attr(name string) (any, bool) {
	switch name {
	case "year":
		return int64(m.at.Year()), true
	case "month":
		return int64(m.at.Month()), true
	case "day":
		return int64(m.at.Day()), true
	case "hour":
		return int64(m.at.Hour()), true
	case "minute":
		return int64(m.at.Minute()), true
	case "second":
		return int64(m.at.Second()), true
	case "microsecond":
		return int64(m.at.Nanosecond() / 1000), true
	case "strftime", "isoformat", "timestamp", "date", "weekday", "isoweekday":
		return &function{name, m.method}, true
	}
	return nil, false
}

// method calls one of the methods that attr names.
func (m moment) method(c *call) (any, error) {
	switch c.name {
	case "strftime":
		p := c.params("format")
		return strftime(p.str(p.need(0)), m.at), p.err
	case "isoformat":
		p := c.params("sep")
		return m.isoText(p.text(0, "T")), p.err
	}
	p := c.params()
	switch c.name {
	case "timestamp":
		return float64(m.local().UnixMicro()) / 1e6, p.err
	case "date":
		return m.at.Format("2006-01-02"), p.err
	case "weekday":
		return int64(int(m.at.Weekday())+6) % 7, p.err
	}
	return int64(int(m.at.Weekday())+6)%7 + 1, p.err
}

// local reads a moment that was parsed without a zone as local time, as Python does.
func (m moment) local() time.Time {
	if m.at.Location() != time.UTC {
		return m.at
	}
	return time.Date(m.at.Year(), m.at.Month(), m.at.Day(), m.at.Hour(), m.at.Minute(), m.at.Second(), m.at.Nanosecond(), time.Local)
}

func (m moment) calculate(op string, other any) (any, bool) {
	switch other := other.(type) {
	case moment:
		if op == "-" {
			return span{m.at.Sub(other.at)}, true
		}
	case span:
		if op == "+" {
			return moment{m.at.Add(other.d)}, true
		}
		if op == "-" {
			return moment{m.at.Add(-other.d)}, true
		}
	}
	return nil, false
}

// CompareTo orders moments.
func (m moment) CompareTo(other any) (int, bool) {
	o, ok := other.(moment)
	return m.at.Compare(o.at), ok
}

// EqualTo says whether two moments are the same.
func (m moment) EqualTo(other any) bool {
	o, ok := other.(moment)
	return ok && m.at.Equal(o.at)
}

const day = 24 * time.Hour

func (s span) parts() (days, seconds, micros int64) {
	days = int64(math.Floor(float64(s.d) / float64(day)))
	rest := s.d - time.Duration(days)*day
	return days, int64(rest / time.Second), int64(rest % time.Second / time.Microsecond)
}

func (s span) String() string {
	days, seconds, micros := s.parts()
	out := fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if micros != 0 {
		out += fmt.Sprintf(".%06d", micros)
	}
	switch {
	case days == 1 || days == -1:
		return fmt.Sprintf("%d day, %s", days, out)
	case days != 0:
		return fmt.Sprintf("%d days, %s", days, out)
	}
	return out
}

// JSONText is the form JSON has it in.
func (s span) JSONText() string { return s.String() }

func (s span) attr(name string) (any, bool) {
	days, seconds, micros := s.parts()
	switch name {
	case "days":
		return days, true
	case "seconds":
		return seconds, true
	case "microseconds":
		return micros, true
	case "total_seconds":
		return &function{name, func(c *call) (any, error) { return s.d.Seconds(), c.params().err }}, true
	}
	return nil, false
}

func (s span) calculate(op string, other any) (any, bool) {
	o, ok := other.(span)
	switch {
	case ok && op == "+":
		return span{s.d + o.d}, true
	case ok && op == "-":
		return span{s.d - o.d}, true
	}
	return nil, false
}

// CompareTo orders spans.
func (s span) CompareTo(other any) (int, bool) {
	o, ok := other.(span)
	return int(min(max(s.d-o.d, -1), 1)), ok
}

// EqualTo says whether two spans are the same.
func (s span) EqualTo(other any) bool { return s == other }
