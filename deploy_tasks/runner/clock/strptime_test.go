package clock

import (
	"testing"
	"time"
)

// What Python's datetime.strptime gives, in the form of its isoformat; nothing where it raises an error.
func TestStrptime(t *testing.T) {
	for _, c := range []struct{ text, format, want string }{
		{"2024-02-29 13:05:09", "%Y-%m-%d %H:%M:%S", "2024-02-29T13:05:09"},
		{"2023-02-29", "%Y-%m-%d", ""},
		{"2024-2-9", "%Y-%m-%d", "2024-02-09T00:00:00"},
		{"24-2-9", "%y-%m-%d", "2024-02-09T00:00:00"},
		{"69-1-1", "%y-%m-%d", "1969-01-01T00:00:00"},
		{"13:05", "%H:%M", "1900-01-01T13:05:00"},
		{"01:05 PM", "%I:%M %p", "1900-01-01T13:05:00"},
		{"12:05 am", "%I:%M %p", "1900-01-01T00:05:00"},
		{"060 2024", "%j %Y", "2024-02-29T00:00:00"},
		{"Mon, 05 Aug 2024", "%a, %d %b %Y", "2024-08-05T00:00:00"},
		{"monday 5 AUGUST 2024", "%A %d %B %Y", "2024-08-05T00:00:00"},
		{"2024-01-01T00:00:00.25Z", "%Y-%m-%dT%H:%M:%S.%f%z", "2024-01-01T00:00:00.25"},
		{"2024-01-01T00:00:00.123456", "%Y-%m-%dT%H:%M:%S.%f", "2024-01-01T00:00:00.123456"},
		{"20240101121314", "%Y%m%d%H%M%S", "2024-01-01T12:13:14"},
		{"10:11:12 100%", "%T 100%%", "1900-01-01T10:11:12"},
		{"2024-01-01  x", "%Y-%m-%d x", "2024-01-01T00:00:00"},
		{"2024-01-01x", "%Y-%m-%d", ""},
		{"2024-13-01", "%Y-%m-%d", ""},
		{"25:00", "%H:%M", ""},
		{"x", "%Q", ""},
		{"", "%Y", ""},
	} {
		at, ok := Strptime(c.text, c.format, time.UTC)
		got := ""
		if ok {
			got = at.Format("2006-01-02T15:04:05.999999")
		}
		if got != c.want {
			t.Errorf("%q by %q: %q, want %q", c.text, c.format, got, c.want)
		}
	}
	at, ok := Strptime("2024-01-01 00:00 -03:30", "%Y-%m-%d %H:%M %z", time.UTC)
	if !ok || at.Unix() != time.Date(2024, 1, 1, 3, 30, 0, 0, time.UTC).Unix() {
		t.Errorf("%v", at)
	}
}
