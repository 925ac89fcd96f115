//go:build unix

package rpm

import (
	"strings"
	"testing"

	"runner/modules/moduletest"
)

const others = `# of the distribution
[base]
Name = Base
baseurl: http://a/1
   http://a/2

   http://a/3
  ; a word between
enabled=1

[updates]
name = Updates
mirrorlist =
`

func TestFilesOfRepositoriesAreRead(t *testing.T) {
	f, err := parseRepoFile(others)
	if err != nil {
		t.Fatal(err)
	}
	want := "[base]\nname = Base\nbaseurl = http://a/1\n\thttp://a/2\n\t\n\thttp://a/3\nenabled = 1\n\n[updates]\nname = Updates\nmirrorlist = \n\n"
	if f.text() != want {
		t.Errorf("%q", f.text())
	}
	for text, words := range map[string]string{
		"name = x\n":               "line 1: there is no [section]",
		"[a]\nname\n":              "line 2: it is neither a [section] nor an option",
		"[a]\n= x\n":               "line 2: it is neither",
		"[a]\nb=1\n[a]\n":          `line 3: section "a" already exists`,
		"[a]\nb=1\nB=2\n":          `line 3: option "b" in section "a" already exists`,
		"\n[DEFAULT]\nenabled=1\n": "line 2: a section [DEFAULT]",
	} {
		if _, err := parseRepoFile(text); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

const twin = `[twin]
baseurl = http://b/1
	http://b/2
enabled = 1
exclude = x* y
gpgcheck = 0
metadata_expire = 6h
name = Twin
password = hidden

`

func TestRepositoriesAreWrittenAndTakenBack(t *testing.T) {
	h := moduletest.New(t)
	h.Write("all.repo", others)
	before := h.Tree()
	task := []any{"name", "twin", "description", "Twin", "reposdir", h.Path("."), "baseurl", []any{"http://b/1", "http://b/2"},
		"excludepkgs", "x*,y", "gpgcheck", false, "enabled", "yes", "metadata_expire", "6h", "password", "hidden"}
	r := h.Steady("yum_repository", task...)
	moduletest.Holds(t, r, "repo", "twin", "state", "present")
	if got := h.Read("twin.repo"); got != twin || h.Mode("twin.repo") != "0644" {
		t.Errorf("%s\n%s", h.Mode("twin.repo"), got)
	}
	h.Steady("yum_repository", append(task, "mode", "0600")...)
	h.Steady("yum_repository", append(task, "file", "all")...)
	if got := h.Read("all.repo"); !strings.HasPrefix(got, "[base]\nname = Base\n") || !strings.HasSuffix(got, "mirrorlist = \n\n"+twin) {
		t.Error(got)
	}
	h.Steady("yum_repository", "name", "updates", "file", "all", "reposdir", h.Path("."), "state", "absent")
	h.Steady("yum_repository", "name", "twin", "reposdir", h.Path("."), "state", "absent")
	if strings.Contains(h.Tree(), "twin.repo") {
		t.Error("an empty file is still there")
	}
	h.TakeBack(before)
}

func TestDiffsOfRepositoriesHideTheirPasswords(t *testing.T) {
	h := moduletest.New(t)
	h.Write("a.repo", "[a]\nname = A\nproxy_password = former\n")
	c := h.Call(false, "name", "a", "description", "A", "baseurl", "http://a", "password", "hidden", "reposdir", h.Path("."))
	c.Args.Set("proxy", "http://me:word@p:3128/")
	c.Diff = true
	r := h.Do("yum_repository", c)
	if len(r.Diff) != 1 || r.Diff[0].Before != "[a]\nname = A\nproxy_password = ********\n\n" ||
		r.Diff[0].After != "[a]\nbaseurl = http://a\nname = A\npassword = ********\nproxy = http://p:3128/\n\n" {
		t.Errorf("%+v", r.Diff)
	}
}

func TestRepositoriesThatAreRefused(t *testing.T) {
	h := moduletest.New(t)
	h.Write("bad.repo", "no section\n")
	for words, pairs := range map[string][]any{
		"any of the following are missing: baseurl": {"name", "a", "description", "A"},
		"following are missing: description":        {"name", "a", "metalink", "http://a"},
		"does not exist.":                           {"name", "a", "state", "absent", "reposdir", h.Path("none")},
		"not DEFAULT":                               {"name", "DEFAULT", "state", "absent"},
		"one line":                                  {"name", "a\n[b", "state", "absent"},
		"bad.repo, line 1: there is no [section]":   {"name", "bad", "state", "absent", "reposdir", h.Path(".")},
		"must be one of":                            {"name", "a", "state", "absent", "ip_resolve", "5"},
	} {
		moduletest.Fails(t, h.Run("yum_repository", pairs...), words)
	}
}
