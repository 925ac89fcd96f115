package accounts

import (
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

func TestRecords(t *testing.T) {
	for _, test := range []struct{ text, split, want string }{
		{"root:x:0:\n", ":", "{'root': ['x', '0', '']}"},
		{"127.0.0.1 localhost\n127.0.0.1 a b\n127.0.0.1 c\n\n", "", "{'127.0.0.1': [['localhost'], ['a', 'b'], ['c']]}"},
		{"", ":", "{}"},
	} {
		if got := value.Repr(records(test.text, test.split)); got != test.want {
			t.Errorf("%q: %s, wanted %s", test.text, got, test.want)
		}
	}
}

func TestLookedUp(t *testing.T) {
	h := moduletest.New(t)
	if r := h.Run("getent", "database", "passwd", "key", "root"); r.Failed || r.Changed || r.Facts.Len() != 1 {
		t.Errorf("%v %s", r, r.Msg)
	}
	moduletest.Fails(t, h.Run("getent", "database", "passwd", "key", "nobody-has-it"), "could not be found in the database")
	moduletest.Fails(t, h.Run("getent", "database", "no-such-database"), "Missing arguments, or database unknown.")
	if r := h.Run("getent", "database", "passwd", "key", "nobody-has-it", "fail_key", false); r.Failed || r.Msg != keyNotFound {
		t.Errorf("%v %s", r, r.Msg)
	}
}
