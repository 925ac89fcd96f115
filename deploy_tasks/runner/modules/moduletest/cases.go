package moduletest

import (
	"os"
	"testing"

	"runner/value"
)

// Cases are those that a file of JSON lists, at least so many: recorded with what the runner must do alike.
func Cases(t *testing.T, path string, least int) []any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := value.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	cases, _ := value.Items(decoded)
	if len(cases) < least {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}
