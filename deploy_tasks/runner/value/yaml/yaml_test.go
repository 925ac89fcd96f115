package yaml

import (
	"os"
	"strings"
	"testing"

	"runner/value"
)

// The documents and what PyYAML reads in them.
func TestDocuments(t *testing.T) {
	data, err := os.ReadFile("../../../../tests/cases/expr_yaml.json")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := value.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	documents, _ := cases.(*value.Dict).Get("documents")
	for _, item := range documents.([]any) {
		c := item.(*value.Dict)
		text, _ := c.Get("text")
		want, ok := c.Get("repr")
		got, err := Decode(text.(string))
		if ok != (err == nil) || ok && value.Repr(got) != want {
			t.Errorf("%q: want %v, got %s, %v", text, want, value.Repr(got), err)
		}
	}
}

// What is cut anywhere is read or refused, never a crash.
func TestCutDocuments(t *testing.T) {
	text := "a: &x [1, 'q', \"d\\n\"]\nb:\n  - |2-\n    lit\n  - >+\n   fold\n\n  - {k: *x, ? y}\n? [c]\n: !!str 5\n<<: {m: 1}\n--- # next\n%x\n"
	for i := range len(text) {
		_, _ = DecodeAll(text[:i])
		_, _ = DecodeAll(text[i:])
		_, _ = DecodeAll(text[:i] + text[min(i+1, len(text)):])
	}
}

func TestAliasesAreBounded(t *testing.T) {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	names := "0123456789"
	for i := 1; i < 10; i++ {
		alias := "*a" + names[i-1:i]
		text += "a" + names[i:i+1] + ": &a" + names[i:i+1] + " [" + strings.Repeat(alias+", ", 9) + alias + "]\n"
	}
	if _, err := Decode(text); err == nil {
		t.Error("ten thousand million items are accepted")
	}
	if _, err := Decode(strings.Repeat("[", 100000)); err == nil {
		t.Error("a hundred thousand lists deep is accepted")
	}
	if _, err := Decode(strings.Repeat("- ", 100000)); err == nil {
		t.Error("a hundred thousand dashes deep is accepted")
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	_, err := Decode("a: 1\nb: c: d\n")
	if err == nil || err.Error() != "YAML: mapping values are not allowed here on line 2" {
		t.Errorf("got %v", err)
	}
}
