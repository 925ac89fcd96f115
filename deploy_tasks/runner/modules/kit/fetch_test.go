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

func TestTextsAreShownWithoutPasswords(t *testing.T) {
	for text, want := range map[string]string{
		"fatal: 'https://me:p@w@h:1/a@b/' and http://token@h x@y": "fatal: 'https://h:1/a@b/' and http://h x@y",
		"ssh://git@h/a git+ssh://git@h ssh://git:word@h/a":        "ssh://git@h/a git+ssh://git@h ssh://h/a",
		"file:///srv/a@b git@h:a https://":                        "file:///srv/a@b git@h:a https://", "": "",
	} {
		if got := ShownText(text); got != want {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}
