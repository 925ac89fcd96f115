package value

import (
	"math"
	"testing"

	"runner/big"
)

func big10(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func TestRepr(t *testing.T) {
	for want, v := range map[string]any{
		"None": nil, "True": true, "-3": int64(-3), "123456789012345678901": big10("123456789012345678901"),
		"0.1": 0.1, "1e+16": 1e16, "1e-05": 1e-5, "0.0001": 1e-4, "-0.0": math.Copysign(0, -1), "100.0": 100.0, "1.5e+300": 1.5e300, "inf": math.Inf(1),
		"'a'": "a", `"it's"`: "it's", `'it\'s "q"'`: `it's "q"`, `'\n\t\\\x07é☃\u200b\U000e0001'`: "\n\t\\\aé☃\u200b\U000e0001",
		"[1, 'a', [None]]": []any{int64(1), "a", []any{nil}}, "(1,)": Tuple{int64(1)}, "()": Tuple{}, "(1, 2)": Tuple{int64(1), int64(2)},
		"{'a': 1, 2: 'b', (1,): None}": DictOf("a", int64(1), int64(2), "b", Tuple{int64(1)}, nil), "{}": NewDict(),
	} {
		if got := Repr(v); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}

func TestJSONKeepsWhatItReads(t *testing.T) {
	for _, text := range []string{
		`{"b":1,"a":[null,true,false,-1.5,1e+22,12345678901234567890123]}`, `"\"\\\n\t\u0001é\u007f☃😀"`, `[]`, `{}`, `[NaN,Infinity,-Infinity]`,
		`{"z":{"y":{"x":[[[]]]}}}`, `-0.0`, `0.1`,
	} {
		v, err := Decode([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		again, err := Decode(Encode(v))
		if err != nil || Repr(again) != Repr(v) {
			t.Errorf("%s became %s, %v", text, Encode(v), err)
		}
	}
	if got := string(Encode(DictOf("a", []any{int64(1), 2.0, "é"}))); got != `{"a":[1,2.0,"é"]}` {
		t.Errorf("got %s", got)
	}
}

func TestJSONRefuses(t *testing.T) {
	deep := make([]byte, 5000)
	for i := range deep {
		deep[i] = '['
	}
	for _, text := range []string{``, `{`, `[1,]`, `{"a":}`, `01`, `1.`, `+1`, `"a`, `"\x"`, `nul`, `[1] 2`, `{'a':1}`, "\"\n\"", string(deep), `"\ud8"`} {
		if v, err := Decode([]byte(text)); err == nil {
			t.Errorf("%.20s was read as %s", text, Repr(v))
		}
	}
}

func TestNumbersCompareExactly(t *testing.T) {
	for _, c := range []struct {
		a, b  any
		order int
	}{
		{int64(1), 1.0, 0}, {true, int64(1), 0}, {int64(1) << 53, float64(int64(1)<<53) + 2, -1}, {int64(9007199254740993), 9007199254740992.0, 1},
		{big10("100000000000000000000"), 1e20, 0}, {big10("100000000000000000001"), 1e20, 1}, {math.Inf(-1), big10("-99999999999999999999999"), -1},
	} {
		order, unordered, err := Compare(c.a, c.b, "<")
		if order != c.order || unordered || err != nil || Equal(c.a, c.b) != (c.order == 0) {
			t.Errorf("%s and %s: %d, %v, %v", Repr(c.a), Repr(c.b), order, unordered, err)
		}
	}
	if Equal(math.NaN(), math.NaN()) {
		t.Error("NaN equals itself")
	}
}

func TestEqual(t *testing.T) {
	if !Equal(DictOf("a", int64(1), "b", int64(2)), DictOf("b", 2.0, "a", true)) {
		t.Error("the order of a dict matters")
	}
	if Equal([]any{int64(1)}, Tuple{int64(1)}) || !Equal([]any{int64(1)}, &List{[]any{1.0}}) || Equal("1", int64(1)) || Equal(nil, false) {
		t.Error("types are confused")
	}
}

func TestDictKeys(t *testing.T) {
	d := NewDict()
	for i, key := range []any{"a", int64(1), true, 1.0, nil, Tuple{"x", int64(1)}, "1", big10("123456789012345678901")} {
		if err := d.SetKey(key, i); err != nil {
			t.Fatal(err)
		}
	}
	if d.Len() != 6 { // 1, True and 1.0 are one key
		t.Errorf("keys: %s", Repr(d.KeyValues()))
	}
	if v, ok, _ := d.GetKey(Tuple{"x", 1.0}); !ok || v != 5 {
		t.Error("an equal tuple is not found")
	}
	if err := d.SetKey([]any{}, nil); err == nil || err.Error() != "unhashable type: 'list'" {
		t.Errorf("got %v", err)
	}
}

func TestLargeDictKeepsOrder(t *testing.T) {
	d := NewDict()
	name := func(i int) string { return Str(int64(i)) }
	for i := range 100 {
		d.Set(name(i), i)
	}
	for i := range 50 {
		d.Delete(name(2 * i))
	}
	d.Set(name(0), "again")
	keys := d.Keys()
	if len(keys) != 51 || keys[0] != "1" || keys[50] != "0" {
		t.Errorf("keys: %v", keys)
	}
	if v, ok := d.Get("99"); !ok || v != 99 {
		t.Error("99 is lost")
	}
}

func TestPlain(t *testing.T) {
	in := DictOf("a", &List{[]any{Tuple{&List{}}}})
	if got, ok := Plain(in).(*Dict).Get("a"); !ok || TypeName(got) != "list" {
		t.Error("a is lost")
	} else if _, isPlain := got.([]any); !isPlain {
		t.Errorf("still a %T", got)
	}
}
