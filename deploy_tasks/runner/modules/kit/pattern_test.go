package kit

import (
	"bytes"
	"strings"
	"testing"
)

// Each case was tried with Python's re.
func TestPythonPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		match         bool
	}{
		{`foo$`, "foo\n", true},
		{`foo$`, "foo\n\n", false},
		{`foo\Z`, "foo\n", false},
		{`foo\Z`, "foo", true},
		{`^[]a]+$`, "]a", true},
		{`^[^]a]+$`, "bc", true},
		{`^[^]a]+$`, "]", false},
		{`[[]`, "[", true},
		{`^a{,2}$`, "aa", true},
		{`^a{,2}$`, "aaa", false},
		{`a\/b\#\ \_`, "a/b# _", true},
		{`\x41\101`, "AA", true},
		{`\012`, "\n", true},
		{`(?i)FOO`, "foo", true},
		{`(?m)^b$`, "a\nb\nc", true},
		{`^b$`, "a\nb\nc", false},
		{`a(?#comment)b`, "ab", true},
		{`[\b]`, "\x08", true},
		{`\bword\b`, "a word here", true},
		{`[a\-z]`, "-", true},
		{`(?P<n>x)|(?:y)`, "y", true},
		{`\.\*\$`, ".*$", true},
		{`[$]`, "$", true},
		{`(a)\1`, "aa", true},
		{`(a)\1`, "ab", false},
		{`(?P<x>a)(?P=x)`, "aa", true},
		{`a(?=b)`, "ab", true},
		{`a(?!b)`, "ab", false},
		{`(?<=a)b`, "ab", true},
		{`(?<!a)b`, "ab", false},
		{`é+`, "éé", true},
		{`(?i)É`, "é", false},
		{`\101`, "A", true},
	} {
		p, err := CompilePattern(c.pattern, false)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if m, err := p.Find([]byte(c.text)); err != nil || (m != nil) != c.match {
			t.Errorf("%s on %q should give %v: %v", c.pattern, c.text, c.match, err)
		}
	}
}

// What is usually searched for is found at the end of a large log without running out of steps.
func TestUsualPatternsInLargeFiles(t *testing.T) {
	log := append(bytes.Repeat([]byte("2024-01-01 12:00:00 [DEBUG] é nothing of interest = 17 happened here\n"), 30000),
		"PermitRootLogin yes\nReady on port 8080\n # Port=1\nx]\nweb.service\naaa 10.0.0.7 [WARN] /var/log a"...)
	for _, text := range []string{`^PermitRootLogin\s+(yes|no)$`, `(?i)ready on port \d{2,5}`, `^\s*#?\s*Port=`, `[^]]+\]$`,
		`(?P<word>\w+)\.service`, `a{,3}\Z`, `\[(INFO|WARN)\] \/var\/log`, `10\.0\.0\.\d`} {
		p, err := CompilePattern(text, true)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if at, err := p.Find(log); err != nil || at == nil {
			t.Errorf("%s: %v %v", text, at, err)
		}
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	for text, words := range map[string]string{
		`a)`:   "unbalanced parenthesis at position 1",
		`[a`:   "unterminated character set at position 0",
		`*a`:   "nothing to repeat at position 0",
		`(`:    "missing ), unterminated subpattern at position 0",
		`(?P<`: "Invalid regular expression: ",
	} {
		_, err := CompilePattern(text, false)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.HasPrefix(err.Error(), "Invalid regular expression: ") {
			t.Errorf("%s: %v, wanted %s", text, err, words)
		}
	}
}

func TestExpand(t *testing.T) {
	p, err := CompilePattern(`^(?P<n>\w+) = (\d)$`, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Fill(`\2 \g<n>\t\g<2>é`, []byte("x = 5\n"))
	if string(got) != "5 x\t5é" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := p.Fill(`\9`, []byte("x = 5")); err == nil {
		t.Error("there is no group 9")
	}
}
