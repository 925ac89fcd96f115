package kit

import "testing"

func TestAddressesAreShownWithoutPasswords(t *testing.T) {
	for text, want := range map[string]string{
		"https://me:p@w@h:1/a@b": "https://h:1/a@b", "https://h/a": "https://h/a", "https://me@h": "https://h",
		"https://me@h/": "https://h/", "/a/b@c": "/a/b@c",
	} {
		if got := ShownURL(text); got != want {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}
