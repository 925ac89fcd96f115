package expr

import (
	"strings"
	"testing"

	"runner/value"
)

func TestDataInText(t *testing.T) {
	for text, want := range map[string]string{
		"[1, 2]": "[1, 2]", "[]": "[]", "{}": "{}", "[1,]": "[1]", "[ 1 ,\n 2 ] \n": "[1, 2]", "True": "True",
		"{'a': 1, \"b\": [None, true, null]}": "{'a': 1, 'b': [None, True, None]}", "{1: 2, 1.5: 'x'}": "{1: 2, 1.5: 'x'}",
		"[1, 2], [3]": "([1, 2], [3])", "[1],": "([1],)", "[(1, 2), (3,), (), (4)]": "[(1, 2), (3,), (), 4]",
		`['a' "b", 'it\'s', "\x41\u00e9\t\101\q"]`: `['ab', "it's", 'AéA\\q']`, "['''a\nb''']": `['a\nb']`,
		"[-1, +2, 1.5, 1e3, 1e-2, 0x1f, 0o17, 0b11, 1_000, .5, 00]": "[-1, 2, 1.5, 1000.0, 0.01, 31, 15, 3, 1000, 0.5, 0]",
	} {
		want = strings.ReplaceAll(want, "AéA", `Aé\tA`)
		v, ok := dataIn(text)
		if got := value.Repr(v); !ok || got != want {
			t.Errorf("%s is %s (%v), want %s", text, got, ok, want)
		}
	}
}

func TestTextThatIsNoData(t *testing.T) {
	for _, text := range []string{"", "true", "[main]", "[1", "[1 2]", "{1, 2}", "{'a'}", "{'a': }", "[1][2]", "[012]", "[b'x']",
		"[1j]", "['a]", "[\"a\n\"]", `["\N{DASH}"]`, `["\ud800"]`, `["\x4"]`, "{[1]: 2}", "[--1]", "[1, , 2]", "[f(1)]", "[1] # x",
		"[99999999999999999999]", "[1__0e]", strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"[" + strings.Repeat("1,", maxLiteralBytes) + "]"} {
		if v, ok := dataIn(text); ok {
			t.Errorf("%.40s is read as %.60s", text, value.Repr(v))
		}
	}
}
