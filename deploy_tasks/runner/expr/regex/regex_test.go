package regex

import (
	"errors"
	"strings"
	"testing"
)

// What the generated tests (tests/compiler/test_expr_regex.py) do not reach: exact errors, offsets, limits.
func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"a(b":              "missing ), unterminated subpattern at position 1",
		"a)":               "unbalanced parenthesis at position 1",
		"[a":               "unterminated character set at position 0",
		"*a":               "nothing to repeat at position 0",
		"a**":              "multiple repeat at position 2",
		"a{3,1}":           "min repeat greater than max repeat at position 1",
		`\q`:               `bad escape \q at position 0`,
		"(?<=a*)b":         "look-behind requires fixed-width pattern at position 0",
		"(?P<1>a)":         "bad character in group name '1' at position 4",
		"(?P=n)":           "unknown group name 'n' at position 4",
		`(\1)`:             "cannot refer to an open group at position 1",
		`\1`:               "invalid group reference 1 at position 1",
		"[b-a]":            "bad character range b-a at position 1",
		"a(?i)":            "global flags not at the start of the expression at position 1",
		"a{99999}":         "the repetition number is too large at position 1",
		"(?P<n>a)(?P<n>b)": "redefinition of group name 'n' as group 2; was group 1 at position 12",
	} {
		_, err := Compile(pattern, 0)
		var failed *Error
		if !errors.As(err, &failed) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", pattern, err, want)
		}
	}
}

func TestGroupsAndOffsets(t *testing.T) {
	r, err := Compile(`(?P<year>\d{4})-(\d\d)(x)?`, 0)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Search("é 2024-05")
	if err != nil || m == nil {
		t.Fatal(m, err)
	}
	if start, end := m.Span(1); start != 2 || end != 6 || r.Names()["year"] != 1 || r.Groups() != 3 {
		t.Errorf("year at %d to %d", start, end)
	}
	if _, took := m.Group(3); took {
		t.Error("group 3 took part")
	}
	if out, err := r.Expand(m, `\2/\g<year>\3`); err != nil || out != "05/2024" {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		flags         Flags
	}{
		{"a.b", "a\nb", DotAll}, {"(?s)a.b", "a\nb", 0}, {" a  b # comment\n c", "abc", Verbose}, {"(?x) a b", "ab", 0}, {"ÀB", "àb", IgnoreCase},
		{"^b", "a\nb", MultiLine}, {`^\w+$`, "abc", ASCII},
	} {
		r, err := Compile(c.pattern, c.flags)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := r.Search(c.text); m == nil || err != nil {
			t.Errorf("%q does not match %q: %v", c.pattern, c.text, err)
		}
	}
}

func TestBudget(t *testing.T) {
	r, err := Compile("(a|aa)+$", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Match(strings.Repeat("a", 60) + "b"); !errors.Is(err, ErrBudget) {
		t.Errorf("got %v", err)
	}
	if _, err := Compile(strings.Repeat("(", 1000), 0); err == nil {
		t.Error("a thousand groups deep is accepted")
	}
	if _, err := Compile("((a{1000}){1000}){1000}", 0); err == nil {
		t.Error("a billion characters are accepted")
	}
}
