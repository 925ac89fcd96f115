package jmespath

import (
	"os"
	"strings"
	"testing"

	"runner/value"
)

func loadCases(t *testing.T) (data any, cases []any) {
	t.Helper()
	text, err := os.ReadFile("../../../../tests/cases/expr_query.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := value.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	data, _ = document.(*value.Dict).Get("data")
	list, _ := document.(*value.Dict).Get("cases")
	return data, list.([]any)
}

func TestQueries(t *testing.T) {
	data, cases := loadCases(t)
	for _, item := range cases {
		c := item.(*value.Dict)
		text, _ := c.Get("query")
		want, ok := c.Get("repr")
		var got any
		query, err := Compile(text.(string))
		if err == nil {
			got, err = query.Search(data)
		}
		if ok != (err == nil) || ok && value.Repr(got) != want {
			t.Errorf("%s: want %v, got %s, %v", text, want, value.Repr(got), err)
		}
	}
}

// What is cut anywhere is read or refused, never a crash.
func TestCutQueries(t *testing.T) {
	data, cases := loadCases(t)
	for _, item := range cases {
		text, _ := item.(*value.Dict).Get("query")
		for i := range text.(string) {
			for _, part := range []string{text.(string)[:i], text.(string)[i:]} {
				if query, err := Compile(part); err == nil {
					_, _ = query.Search(data)
				}
			}
		}
	}
	if _, err := Compile(strings.Repeat("(", 10000)); err == nil {
		t.Error("ten thousand parentheses are accepted")
	}
}
