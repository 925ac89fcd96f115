package argspec

import (
	"os"
	"slices"
	"testing"

	"runner/value"
)

// The cases are [options, values, messages], the messages those of ansible-core 2.18.
func TestMessagesAreAnsibles(t *testing.T) {
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := value.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, each := range cases.([]any) {
		parts := each.([]any)
		got := Validate(parts[0].(*value.Dict), parts[1].(*value.Dict))
		if want := listed(parts[2]); !slices.Equal(got, want) {
			t.Errorf("case %d %s:\n got %q\nwant %q", i, value.Repr(each), got, want)
		}
	}
}

func TestValuesThatNobodyIsToSee(t *testing.T) {
	inner := value.DictOf("pin", value.DictOf("type", "int", "no_log", true))
	options := value.DictOf("who", value.DictOf("type", "dict", "options", inner))
	got := Validate(options, value.DictOf("who", value.DictOf("pin", "s3cret")))
	want := "argument 'pin' is of type <class 'str'> found in 'who'. and we were unable to convert to int: " +
		"\"'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER'\" cannot be converted to an int"
	if !slices.Equal(got, []string{want}) {
		t.Errorf("got %q", got)
	}
}
