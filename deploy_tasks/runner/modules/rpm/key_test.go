//go:build unix

package rpm

import (
	"os"
	"slices"
	"strings"
	"testing"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

const (
	plainKey = keyBegins + "\n\n" + `mDMEXgvhABYJKwYBBAHaRw8BAQdA7Arh2SF6ksXwt1GDSyYedfrP23twrN6FxQ5/
qCy+FNi0F1R3aW4gPHR3aW5AZXhhbXBsZS5vcmc+iJAEExYIADgWIQR3x4RBHLDv
XARqxdjXiV/u4sOkGwUCXgvhAAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRDXiV/u4sOkG2z2AQDvvVTrCxQEMX+KF77Zq1RcGZtJmjwbVEJI1DNSSuQclwD/
RTsWUn+Xg3dNRL26SAebgq53bxrZy3qWCiBBsKfwMgw=
=tu3l
` + keyEnds + "\n"
	// A key with a subkey.
	pairKey = keyBegins + "\n" + `Version: of no matter

mDMEXgvhABYJKwYBBAHaRw8BAQdAjbxCYmdwWpJxPWhMigKPc8V2FvyRiah86ktU
IeGLu/y0FXN1YiA8c3ViQGV4YW1wbGUub3JnPoiQBBMWCAA4FiEEchati/ps/5z5
JVCfvMcZaxIjx+MFAl4L4QACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
vMcZaxIjx+N8yAD+PCtzzLYUn8V6HlkWUk9P8a6Opt5X2LckyfaRG6qchLYBALVw
HkAod4SjSx2p1RvLE9GWyBIiZl+9Hxu2/LnpATAEuDgEXgvhABIKKwYBBAGXVQEF
AQEHQLNpLDykz8uyV4cyNpz8vi8pEMj3fJOr6eIT3cZsi7h6AwEIB4h4BBgWCAAg
FiEEchati/ps/5z5JVCfvMcZaxIjx+MFAl4L4QACGwwACgkQvMcZaxIjx+PIhAD/
bAfg21Pa9KIbn8oVdlH1+muMuAgtTICFov2D4TvPou0BAINWhaHeO2KtZcylkCfd
Kup8Gl7qL6BCmcHLNi1aNZ8O
=gB1t
` + keyEnds + "\n"
	plainPrint = "77C784411CB0EF5C046AC5D8D7895FEEE2C3A41B"
	pairPrint  = "7216AD8BFA6CFF9CF925509FBCC7196B1223C7E3"
	subPrint   = "A7F9AF5C2E13DEE56DACE27442D79CA325E3913A"
)

func TestKeysAreRead(t *testing.T) {
	blocks := keyBlocks("a word before\r\n" + strings.ReplaceAll(plainKey, "\n", "\r\n") + pairKey + keyBegins + "\ncut off")
	if len(blocks) != 2 || blocks[0] != plainKey || blocks[1] != pairKey {
		t.Fatalf("%q", blocks)
	}
	want := [][]pgpKey{
		{{plainPrint[24:], plainPrint, true}},
		{{pairPrint[24:], pairPrint, true}, {subPrint[24:], subPrint, false}},
	}
	for i, block := range blocks {
		if got, err := readBlock(block); !slices.Equal(got, want[i]) || err != nil {
			t.Errorf("%+v %v", got, err)
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	for name, block := range map[string]string{
		"nothing":        keyBegins + "\n\n" + keyEnds + "\n",
		"no empty line":  strings.Replace(plainKey, "\n\n", "\n", 1),
		"no base64":      keyBegins + "\n\n!!!!\n" + keyEnds + "\n",
		"other checksum": strings.Replace(plainKey, "RTsW", "RTsX", 1),
		"no packet":      keyBegins + "\n\nAAAA\n" + keyEnds + "\n",
	} {
		if got, err := readBlock(block); err != errNoKey {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	// Behind a packet of no certain length there may be another key.
	if found, err := readKeys([]byte{0xc6, 2, 4, 1, 0x9b, 1, 0xc6, 2, 4, 2}); err != errNoKey || len(found) != 1 {
		t.Errorf("%+v %v", found, err)
	}
	if _, err := readKeys([]byte{0xc6, 1, 3}); err == nil || err.Error() != "Unhandled key version 3" {
		t.Error(err)
	}
}

func TestPacketHeaders(t *testing.T) {
	for _, c := range []struct {
		bytes               []byte
		tag, header, length int
	}{
		{[]byte{0x98, 0x33}, 6, 2, 0x33}, {[]byte{0x99, 1, 2}, 6, 3, 0x102}, {[]byte{0x9a, 0, 1, 0, 0}, 6, 5, 0x10000}, {[]byte{0x9b, 1}, 0, 0, 0}, {[]byte{0x99, 1}, 0, 0, 0},
		{[]byte{0xc6, 191}, 6, 2, 191}, {[]byte{0xc6, 192, 1}, 6, 3, 193}, {[]byte{0xce, 255, 0, 0, 1, 0}, 14, 6, 256}, {[]byte{0xc6, 224, 0}, 0, 0, 0}, {[]byte{0xc6}, 0, 0, 0},
		{[]byte{0xc6, 255, 255, 255, 255, 255}, 6, 6, 1<<31 - 1},
	} {
		if tag, header, length := packetHeader(c.bytes); tag != c.tag || header != c.header || length != c.length {
			t.Errorf("%x: %d %d %d", c.bytes, tag, header, length)
		}
	}
	// RFC 9580: the number of a key of version 6 is the beginning of its fingerprint.
	if key, err := readKey([]byte{6, 1, 2}, true); err != nil || len(key.fingerprint) != 64 || key.id != key.fingerprint[:16] {
		t.Errorf("%+v %v", key, err)
	}
}

func TestNumbersOfKeys(t *testing.T) {
	for text, want := range map[string]bool{"DEADB33F": true, "0xdeadb33f": true, "7216 AD8B FA6C": true, "/etc/key": false, "deadb33": false, "0xdeadb33": false, "": false} {
		if isKeyID(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	key := rpmKey{keys: []pgpKey{{pairPrint[24:], pairPrint, true}, {subPrint[24:], subPrint, false}}}
	for id, want := range map[string]bool{pairPrint: true, pairPrint[24:]: true, pairPrint[32:]: true, subPrint[32:]: true, pairPrint[20:]: false, "DEADBEEF": false} {
		if (&keyTask{id: id}).isMeant(key) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}

// keyHost stands in for a host's rpm with the keys that it holds.
type keyHost struct {
	held map[string]string // version and release to armour
	ran  []string
}

func (h *keyHost) Find(program string) string { return "/usr/bin/" + program }

func (h *keyHost) Run(argv []string, _ string) (change.Output, error) {
	if argv[1] == "--import" {
		text, err := os.ReadFile(argv[2])
		h.ran = append(h.ran, "import "+string(text))
		return change.Output{}, err
	}
	if argv[1] != "-q" {
		h.ran = append(h.ran, strings.Join(argv, " "))
		return change.Output{}, nil
	}
	if len(h.held) == 0 {
		return change.Output{Code: 1, Stdout: "package gpg-pubkey is not installed\n"}, nil
	}
	var out strings.Builder
	for name, armour := range h.held {
		out.WriteString("\ngpg-pubkey " + name + "\n" + armour + "\n")
	}
	return change.Output{Stdout: out.String()}, nil
}

func TestKeysComeBackAndGo(t *testing.T) {
	both := plainPrint + " " + pairPrint
	none, err := keyring{}.Inspect(&keyHost{}, both)
	if none != nil || err != nil {
		t.Fatal(none, err)
	}
	plain, err := keyring{}.Inspect(&keyHost{held: map[string]string{"e2c3a41b 5e0be100": plainKey, "old 1": "(none)"}}, both)
	if got, _ := plain.(*value.Dict).Get("gpg-pubkey-e2c3a41b-5e0be100"); got != plainKey || err != nil {
		t.Fatal(plain, err)
	}
	now := map[string]string{"1223c7e3 5e0be100": pairKey, strings.ToLower(plainPrint) + " 5e0be100": plainKey, "old 1": "(none)"}
	for _, c := range []struct {
		before any
		held   map[string]string
		want   []string
	}{
		{none, now, []string{"rpm -e -- gpg-pubkey-1223c7e3-5e0be100", "rpmkeys --delete " + strings.ToLower(plainPrint)}},
		{plain, nil, []string{"import " + plainKey}},
		{plain, map[string]string{"e2c3a41b 5e0be100": plainKey}, nil},
		{plain, map[string]string{"1223c7e3 5e0be100": pairKey}, []string{"rpm -e -- gpg-pubkey-1223c7e3-5e0be100", "import " + plainKey}},
	} {
		h := &keyHost{held: c.held}
		if err := (keyring{}).Restore(h, both, c.before, nil); err != nil || !slices.Equal(h.ran, c.want) {
			t.Errorf("%q %v", h.ran, err)
		}
	}
}

func TestKeysOfAddresses(t *testing.T) {
	h := moduletest.New(t)
	h.Write("key", pairKey)
	h.Write("page", "<html>\n")
	kit.Fetcher = func(_ *module.Call, url string, validate bool) (string, error) {
		if validate {
			t.Error("validate_certs did not arrive")
		}
		return h.Path(url[len("https://h/"):]), nil
	}
	t.Cleanup(func() { kit.Fetcher = nil })
	c := h.Call(false, "key", "https://h/key", "validate_certs", false)
	p, err := keySpec.Parse("rpm_key", c)
	if err != nil {
		t.Fatal(err)
	}
	k := &keyTask{c: c, p: p}
	if err := k.identify(); err != nil || k.id != pairPrint[24:] || len(k.blocks) != 1 {
		t.Errorf("%+v %v", k, err)
	}
	moduletest.Fails(t, h.Run("rpm_key", "key", "https://h/page", "validate_certs", false), "Not a public key: https://h/page")
}

func TestKeysThatAreRefused(t *testing.T) {
	h := moduletest.New(t)
	h.Write("nothing", "no key\n")
	h.Write("broken", strings.Replace(plainKey, "RTsW", "RTsX", 1))
	for words, pairs := range map[string][]any{
		"missing required arguments: key":                    {"state", "absent"},
		"Not a valid key " + h.Path("none"):                  {"key", h.Path("none")},
		h.Path("nothing") + ": Unable to parse PGP key":      {"key", h.Path("nothing")},
		h.Path("broken") + ": Unable to parse PGP key":       {"key", h.Path("broken")},
		"failed to fetch key at https://h/k , error was: th": {"key", "https://h/k"},
	} {
		moduletest.Fails(t, h.Run("rpm_key", pairs...), words)
	}
	found, err := readBlock(plainKey)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := readBlock(pairKey)
	if err != nil {
		t.Fatal(err)
	}
	other := "key also holds " + plainPrint + ", which fingerprint does not name: take that key out of the file, or name it too"
	for _, c := range []struct {
		prints []any
		found  []pgpKey
		want   string
	}{
		{[]any{"7216 ad8b"}, found, "The specified fingerprint, '{'7216AD8B'}', does not match any key fingerprints in 'frozenset({'" + plainPrint + "'})'"},
		{[]any{strings.ToLower(plainPrint)}, found, ""},
		{[]any{subPrint}, pair, ""},
		{[]any{pairPrint}, slices.Concat(pair, found), other},
		{[]any{subPrint}, slices.Concat(found, pair), other},
		{[]any{pairPrint, plainPrint}, slices.Concat(found, pair), ""},
		{nil, slices.Concat(found, pair), ""},
	} {
		p, err := keySpec.Parse("rpm_key", h.Call(false, "key", "x", "fingerprint", c.prints))
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		if err := (&keyTask{p: p}).compare(c.found); err != nil {
			said = err.Error()
		}
		if said != c.want {
			t.Error(c.prints, said)
		}
	}
}
