package record

import (
	"reflect"
	"strings"
	"testing"

	"runner/value"
)

func TestReaderReads(t *testing.T) {
	r, err := Parse([]byte(`{"t":"x","n":7,"f":1.5,"b":true,"ts":["a","b"],"is":[1,2],"o":{"k":[{"v":1}]},"null":null}`))
	if err != nil {
		t.Fatal(err)
	}
	inner := r.Record("o").Records("k")
	if r.Text("t") != "x" || r.Int("n") != 7 || r.Float("f") != 1.5 || r.Float("n") != 7 || !r.Flag("b") ||
		len(inner) != 1 || inner[0].Int64("v") != 1 {
		t.Errorf("%v", r.All())
	}
	if !reflect.DeepEqual(r.Texts("ts"), []string{"a", "b"}) || !reflect.DeepEqual(r.Ints("is"), []int{1, 2}) {
		t.Errorf("%v %v", r.Texts("ts"), r.Ints("is"))
	}
	for _, absent := range []string{"null", "nothing"} {
		if r.Has(absent) || r.Text(absent) != "" || r.Int(absent) != 0 || r.Texts(absent) != nil || r.Dict(absent) != nil ||
			r.Record(absent).Flag("x") || r.Records(absent) != nil {
			t.Errorf("%s is not empty", absent)
		}
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
}

// The first wrong field is the error, however deep it is.
func TestReaderRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "the document is not an object", `{`: "JSON:", `{"a":{"t":1},"n":"x"}`: "t is not text",
		`{"n":1.5}`: "n is not a whole number", `{"n":123456789012345678901}`: "n is not a whole number",
		`{"ts":["a",1]}`: "ts is not a list of texts", `{"is":["a"]}`: "is is not a list of whole numbers",
		`{"b":1}`: "b is not true or false", `{"f":"1"}`: "f is not a number", `{"rs":[1]}`: "rs is not a list of objects",
	} {
		r, err := Parse([]byte(text))
		if err == nil {
			_ = r.Record("a").Text("t")
			_, _, _, _, _, _ = r.Int("n"), r.Texts("ts"), r.Ints("is"), r.Flag("b"), r.Float("f"), r.Records("rs")
			err = r.Err()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestOptionalLeavesOutWhatIsEmpty(t *testing.T) {
	d := value.NewDict()
	for _, v := range []any{nil, "", 0, int64(0), false, []any{}, value.Raw(nil)} {
		Optional(d, "empty", v)
	}
	Optional(d, "dict", value.NewDict())
	Optional(d, "raw", value.Raw(`{"a":1}`))
	Optional(d, "list", Texts([]string{"x", "ü\n"}))
	if got, want := string(Line(d)), `{"dict":{},"raw":{"a":1},"list":["x","ü\n"]}`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
