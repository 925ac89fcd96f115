package packages

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
)

// deb822Host is a host whose files of repositories lie in its folder.
func deb822Host(t *testing.T) *moduletest.Host {
	h := moduletest.New(t)
	sources, keyrings := sourcesFolder, keyringsFolder
	sourcesFolder, keyringsFolder = h.Path("sources"), h.Path("keyrings")
	t.Cleanup(func() { sourcesFolder, keyringsFolder = sources, keyrings })
	for _, dir := range []string{sourcesFolder, keyringsFolder} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

const debianSources = `Architectures: amd64 arm64
By-Hash: no
Components: main contrib
Date-Max-Future: 10
Enabled: yes
X-Repolib-Name: My Repo_s 1.2!
Signed-By:
    -----BEGIN PGP PUBLIC KEY BLOCK-----
    .
    mDMEabcd
    -----END PGP PUBLIC KEY BLOCK-----
Suites: stable
Types: deb deb-src
URIs: https://deb.example.org/debian
`

func TestDeb822IsWritten(t *testing.T) {
	h := deb822Host(t)
	task := []any{"name", "My Repo_s 1.2!", "types", []any{"deb", "deb-src"}, "uris", "https://deb.example.org/debian", "suites", "stable",
		"components", []any{"main", "contrib"}, "architectures", "amd64,arm64", "by_hash", false, "enabled", "yes", "date_max_future", 10,
		"signed_by", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEabcd\n-----END PGP PUBLIC KEY BLOCK-----\n"}
	r := h.Steady("deb822_repository", task...)
	const name = "sources/my-repo-s-12.sources"
	if got := h.Read(name); got != debianSources || h.Mode(name) != "0644" {
		t.Errorf("mode %s:\n%s", h.Mode(name), got)
	}
	moduletest.Holds(t, r, "repo", debianSources, "dest", h.Path(name), "key_filename", nil)
	h.Steady("deb822_repository", append(task, "mode", "0600")...)
	if h.Mode(name) != "0600" {
		t.Error(h.Mode(name))
	}
}

func TestDeb822IsRemovedAndTakenBack(t *testing.T) {
	h := deb822Host(t)
	h.Write("sources/web.sources", "Types: deb\n")
	h.Write("keyrings/web.asc", "a key")
	before := h.Tree()
	r := h.Steady("deb822_repository", "name", "web", "state", "absent")
	moduletest.Holds(t, r, "dest", h.Path("sources/web.sources"), "key_filename", h.Path("keyrings/web.gpg"), "repo", nil)
	h.Steady("deb822_repository", "name", "other", "uris", "http://x", "suites", "./")
	dir := filepath.Dir(h.Recorder.SavedDir())
	if err := h.Recorder.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := change.Undo(dir, noEffects{})
	if err != nil || report.Incomplete() {
		t.Fatalf("%+v %v", report, err)
	}
	if after := h.Tree(); after != before {
		t.Errorf("%s\nbecame\n%s", before, after)
	}
}

// served has every address answered with a text until the test ends.
func served(t *testing.T, text string) {
	path := filepath.Join(t.TempDir(), "fetched")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kit.Fetcher = func(*module.Call, string, bool) (string, error) { return path, nil }
	t.Cleanup(func() { kit.Fetcher = nil })
}

func TestDeb822FetchesTheKey(t *testing.T) {
	h := deb822Host(t)
	if err := os.Remove(keyringsFolder); err != nil {
		t.Fatal(err)
	}
	before := h.Tree()
	served(t, armour+"\n")
	task := []any{"name", "a", "uris", "http://x", "suites", "./", "signed_by", "https://x/key"}
	h.Steady("deb822_repository", task...)
	if got := h.Read("sources/a.sources"); !strings.Contains(got, "Signed-By: "+keyringsFolder+"/a.asc\n") || h.Mode("keyrings/a.asc") != "0644" {
		t.Error(got)
	}
	served(t, "\x99binary")
	moduletest.Holds(t, h.Run("deb822_repository", task...), "key_filename", keyringsFolder+"/a.gpg")
	if h.Read("keyrings/a.gpg") != "\x99binary" {
		t.Error("a key without armour has another ending")
	}
	h.TakeBack(before)
}

func TestDeb822Refuses(t *testing.T) {
	h := deb822Host(t)
	moduletest.Fails(t, h.Run("deb822_repository", "name", "!"), "no letter and no digit")
	moduletest.Fails(t, h.Run("deb822_repository", "name", "a", "types", "rpm"), "deb, deb-src")
	moduletest.Fails(t, h.Run("deb822_repository", "name", "a", "signed_by", "https://x/key.asc"), "get_url to a path")
	moduletest.Fails(t, h.Run("deb822_repository", "uris", "http://x"), "missing required arguments: name")
	moduletest.Fails(t, h.Run("deb822_repository", "name", "a", "by_hash", "perhaps"), "not a valid boolean")
}

func TestKeyNumbers(t *testing.T) {
	for id, want := range map[string]keyID{
		"0x1234abcd":           {"1234ABCD", "1234ABCD", "1234ABCD"},
		"0123456789abcdef":     {"89ABCDEF", "0123456789ABCDEF", "0123456789ABCDEF"},
		"FFFF0123456789ABCDEF": {"89ABCDEF", "0123456789ABCDEF", "FFFF0123456789ABCDEF"},
	} {
		if got, err := parseKeyID(id); got != want || err != nil {
			t.Errorf("%s: %+v %v", id, got, err)
		}
	}
	for _, id := range []string{"", "123", "xyzxyzxy", "123456789", "-1234567"} {
		if _, err := parseKeyID(id); err == nil {
			t.Errorf("%q is a number", id)
		}
	}
}

func TestListedKeys(t *testing.T) {
	listed := "/etc/apt/trusted.gpg\n-----\npub   rsa4096/0123456789ABCDEF 2020-01-01 [SC]\n      AAAA\nuid  x\nsub   rsa4096/1111111122222222 2020-01-01 [E]\n" +
		"pub   rsa4096/3333333344444444 2010-01-01 [SC] [expired: 2012-01-01]\npub:-:255:22:5555555566666666:1:::-:::scSC\npub\n"
	if got := parseKeys(listed, false); len(got) != 3 || got[0] != "0123456789ABCDEF" || got[1] != "1111111122222222" || got[2] != "5555555566666666" {
		t.Errorf("%q", got)
	}
	if got := parseKeys(listed, true); len(got) != 3 || got[0] != "89ABCDEF" {
		t.Errorf("%q", got)
	}
}

// noEffects is an undo that runs nothing.
type noEffects struct{}

var errNothing = errors.New("nothing runs here")

func (noEffects) Run(string, []string) error  { return errNothing }
func (noEffects) Fire(change.Handler) error   { return errNothing }
func (noEffects) Perform(any) (string, error) { return "", errNothing }
func (noEffects) Tools() change.Tools         { return nil }
