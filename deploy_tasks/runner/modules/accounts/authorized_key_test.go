package accounts

import (
	"os"
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

// TestKeyCases compares with what ansible.posix does to the same file (testdata/authorized_keys.json was recorded from it).
func TestKeyCases(t *testing.T) {
	for _, item := range moduletest.Cases(t, "testdata/authorized_keys.json", 15) {
		checkKeyCase(t, item.(*value.Dict))
	}
}

func checkKeyCase(t *testing.T, c *value.Dict) {
	t.Helper()
	h := moduletest.New(t)
	before, _ := c.Get("before")
	h.Write("keys", before.(string))
	given, _ := c.Get("args")
	pairs := []any{"user", "root", "path", "@/keys"}
	for _, name := range given.(*value.Dict).Keys() {
		v, _ := given.(*value.Dict).Get(name)
		pairs = append(pairs, name, v)
	}
	checked := h.Check("authorized_key", pairs...)
	if msg, fails := c.Get("fails"); fails {
		moduletest.Fails(t, checked, msg.(string))
		return
	}
	if h.Read("keys") != before {
		t.Errorf("%v: the check has changed the file", given)
	}
	r := h.Run("authorized_key", pairs...)
	after, _ := c.Get("after")
	changed, _ := c.Get("changed")
	if r.Failed || r.Changed != changed || checked.Changed != changed || h.Read("keys") != after {
		t.Errorf("%s: changed %v, checked %v: %s\n%swanted\n%s", value.Repr(given), r.Changed, checked.Changed, r.Msg, h.Read("keys"), after)
	}
	if again := h.Run("authorized_key", pairs...); again.Failed || again.Changed {
		t.Errorf("%s: changed again: %s", value.Repr(given), h.Read("keys"))
	}
}

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA1 one"

func TestKeysAndTheirFolder(t *testing.T) {
	h := moduletest.New(t)
	r := h.Steady("authorized_key", "user", "root", "key", aKey, "path", "@/ssh/keys")
	moduletest.Holds(t, r, "keyfile", h.Path("ssh/keys"), "user", "root", "state", "present", "comment", nil, "manage_dir", true)
	if h.Mode("ssh") != "0700" || h.Mode("ssh/keys") != "0600" {
		t.Error(h.Mode("ssh"), h.Mode("ssh/keys"))
	}
	h.Steady("authorized_key", "user", "root", "key", aKey, "path", "@/other/keys", "manage_dir", false)
	if h.Mode("other") != "0755" {
		t.Error(h.Mode("other"))
	}
	if err := os.Symlink("keys", h.Path("ssh/link")); err != nil {
		t.Fatal(err)
	}
	h.Run("authorized_key", "user", "root", "key", aKey, "path", "@/ssh/link", "state", "absent", "follow", true)
	if h.Read("ssh/keys") != "" {
		t.Error("the link was not followed")
	}
}

func TestKeyIsKeptApart(t *testing.T) {
	h := moduletest.New(t)
	h.Write("keys", "no end")
	h.Run("authorized_key", "user", "root", "key", aKey, "path", "@/keys")
	if got := h.Read("keys"); got != "no end\n"+aKey+"\n" {
		t.Errorf("%q", got)
	}
}

func TestKeySources(t *testing.T) {
	h := moduletest.New(t)
	h.Write("source", aKey+"\n")
	h.Steady("authorized_key", "user", "root", "key", "file://@/source", "path", "@/keys")
	if h.Read("keys") != aKey+"\n" {
		t.Error(h.Read("keys"))
	}
	moduletest.Fails(t, h.Run("authorized_key", "user", "root", "key", "file:///no/such", "path", "@/keys"), "Path to a key file not found: /no/such")
	moduletest.Fails(t, h.Run("authorized_key", "user", "root", "key", "https://example.org/a.keys"), "a key that is an address is not supported")
	moduletest.Fails(t, h.Run("authorized_key", "user", "no-such-user", "key", aKey),
		"Failed to lookup user no-such-user: \"getpwnam(): name not found: 'no-such-user'\"")
	moduletest.Fails(t, h.Check("authorized_key", "user", "no-such-user", "key", aKey), "Either user must exist")
}

func TestKeysComeBack(t *testing.T) {
	h := moduletest.New(t)
	h.Write("ssh/keys", "# mine\n"+aKey+"\n")
	if err := os.Chmod(h.Path("ssh"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := h.Tree()
	keys := []any{"user", "root", "key", aKey}[:4:4]
	undo := recorded(t, h, "authorized_key",
		append(keys, "path", "@/ssh/keys", "key_options", "no-pty"),
		append(keys, "path", "@/new/keys"),
		append(keys, "path", "@/ssh/keys", "state", "absent"))
	if h.Read("ssh/keys") != "# mine\n" || h.Mode("ssh") != "0700" {
		t.Error(h.Tree())
	}
	undo()
	if after := h.Tree(); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
}
