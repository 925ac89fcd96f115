package kit

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// SetOutput sets an output stream and its lines.
func SetOutput(data *value.Dict, name, s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	data.Set(name, s)
	data.Set(name+"_lines", Items(SplitLines(s)))
}

// SplitLines is Python's str.splitlines for the line ends that commands print.
func SplitLines(s string) []string {
	if s == "" {
		return nil
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// CommandName names a command in reports by its program alone: arguments may be secrets.
func CommandName(shown any) string {
	switch s := shown.(type) {
	case string:
		word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
		return word
	case []any:
		if len(s) > 0 {
			return value.Str(s[0])
		}
	}
	return "command"
}

// Timestamp is Python's str(datetime) in local time.
func Timestamp(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000") }

// Duration is Python's str(timedelta): 0:00:01.002770.
func Duration(d time.Duration) string {
	d = d.Round(time.Microsecond)
	days, d := d/(24*time.Hour), d%(24*time.Hour)
	text := fmt.Sprintf("%d:%02d:%02d", int64(d/time.Hour), int64(d%time.Hour/time.Minute), int64(d%time.Minute/time.Second))
	if micro := int64(d % time.Second / time.Microsecond); micro != 0 {
		text += fmt.Sprintf(".%06d", micro)
	}
	switch days {
	case 0:
		return text
	case 1:
		return "1 day, " + text
	}
	return fmt.Sprintf("%d days, %s", int64(days), text)
}

// ContextCause words why a call's context ended.
func ContextCause(c *module.Call) string {
	err := context.Cause(c.Ctx)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "its time was up"
	}
	return err.Error()
}
