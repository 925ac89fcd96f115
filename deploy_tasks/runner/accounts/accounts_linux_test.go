package accounts

import (
	"os"
	"testing"
)

func TestLookups(t *testing.T) {
	root := UserOf(0)
	if root.Name != "root" || root.Home == "" || UserNamed("root") != root {
		t.Errorf("%+v", root)
	}
	if g := GroupOf(0); !g.Found() || GroupNamed(g.Name) != g {
		t.Errorf("%+v", g)
	}
	if os.Getuid() == 0 && Current() != root {
		t.Errorf("%+v", Current())
	}
	for _, name := range []string{"no-such-user-here", "", "-x", "a\x00b"} {
		if u, g := UserNamed(name), GroupNamed(name); u.Found() || g.Found() {
			t.Errorf("%q: %+v %+v", name, u, g)
		}
	}
}

func TestLines(t *testing.T) {
	const text = "#web:x:1:1::/:/bin/sh\n\nweb:x:7:8:Web:/srv:/bin/sh\nbroken\n+::::::\nodd:x:a:b::/x:\n"
	if u := user(find(text, 0, "web")); u != (User{"web", 7, 8, "/srv"}) {
		t.Errorf("%+v", u)
	}
	if u := user(find(text, 0, "odd")); u.Found() {
		t.Errorf("%+v", u)
	}
	if got := find(text, 2, "9"); got != nil {
		t.Errorf("%v", got)
	}
}
