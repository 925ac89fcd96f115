package engine

import (
	"math"
	"testing"

	"runner/program"
	"runner/value"
)

func TestPackedValuesComeBackAsTheyWere(t *testing.T) {
	odd := value.NewDict()
	for _, pair := range [][2]any{{int64(1), "one"}, {value.Tuple{"a", int64(2)}, nil}, {true, 1.0}} {
		if err := odd.SetKey(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []any{nil, true, int64(7), 7.0, "text", "\xff\xfe", math.Inf(1), math.Inf(-1), value.Tuple{int64(1), value.Tuple{}},
		[]any{"a", []any{}}, odd, value.DictOf("$tuple", []any{int64(1)}), value.DictOf("$", []any{"lit", int64(1)}),
		value.DictOf("$dict", value.DictOf("$bytes", "x")), value.NewDict(), value.DictOf("\xff", int64(1))} {
		text := value.Encode(pack(v))
		read, err := value.Decode(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		back, err := unpack(read)
		if err != nil || value.Repr(back) != value.Repr(v) {
			t.Errorf("%s became %s (%v) by way of %s", value.Repr(v), value.Repr(back), err, text)
		}
	}
	nan, err := unpack(pack(math.NaN()))
	if f, ok := nan.(float64); err != nil || !ok || !math.IsNaN(f) {
		t.Errorf("nan became %v", nan)
	}
}

func TestWhatIsNoPackedValueIsAnError(t *testing.T) {
	for _, v := range []any{value.DictOf("$tuple", "x"), value.DictOf("$bytes", "%"), value.DictOf("$float", "1"),
		value.DictOf("$dict", []any{int64(1)}), value.DictOf("$dict", []any{[]any{[]any{}, int64(1)}}), []any{value.DictOf("$tuple", int64(1))}} {
		if back, err := unpack(v); err == nil {
			t.Errorf("%s became %s", value.Repr(v), value.Repr(back))
		}
	}
}

func TestWhatIsNotFrozenIsNotThawed(t *testing.T) {
	for _, text := range []string{`{}`, `{"known":{},"included":{},"facts":[]}`, `{"known":{},"included":{},"facts":{},"pending":[1]}`,
		`{"known":{},"included":{},"facts":{},"results":[["t",0]]}`, `{"known":{},"included":{},"facts":{},"changers":[[-1,[]]]}`} {
		v, err := value.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := New(Options{Program: &program.Program{}}).Thaw(v.(*value.Dict)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
