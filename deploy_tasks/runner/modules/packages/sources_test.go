package packages

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestLinesOfRepositories(t *testing.T) {
	for line, want := range map[string]source{
		"deb  http://x  stable   main\n":       {true, true, "deb http://x stable main", ""},
		"# deb http://x stable main # why # y": {true, false, "deb http://x stable main", "why # y"},
		"#deb-src [a=b] http://x ./":           {true, false, "deb-src [a=b] http://x ./", ""},
		"# A remark":                           {false, false, "A remark", ""},
		"":                                     {false, true, "", ""},
		"debian http://x":                      {false, true, "debian http://x", ""},
	} {
		if got, _ := parseSource(line); got != want {
			t.Errorf("%q: %+v", line, got)
		}
	}
	for line, want := range map[string]string{"deb http://x a": "deb http://x a\n", "#deb  x a # b": "# deb x a # b\n", "": "\n"} {
		if got, _ := parseSource(line); got.String() != want {
			t.Errorf("%q is written as %q", line, got)
		}
	}
}

func TestFilesOfRepositories(t *testing.T) {
	for text, want := range map[string]string{
		"deb http://archive.ubuntu.com/ubuntu trusty main":                           "archive_ubuntu_com_ubuntu.list",
		"deb [arch=amd64 signed-by=/etc/a.gpg] https://me:pw@x.org/a-b/ stable main": "x_org_a_b.list",
		"deb file:/srv/repo ./":         "file_srv_repo.list",
		"deb mirror+http://x.org/a b c": "mirror_x_org_a.list",
	} {
		if got, err := fileFor(text, ""); err != nil || got != sourcesFolder+"/"+want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	if got, _ := fileFor("deb x y", "mine"); got != sourcesFolder+"/mine.list" {
		t.Error(got)
	}
	if got, _ := fileFor("deb x y", "/etc/other/mine"); got != "/etc/other/mine.list" {
		t.Error(got)
	}
	if _, err := fileFor("deb", ""); err == nil {
		t.Error("a line without an address")
	}
}

func TestListsOfRepositoriesChange(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a.list"), filepath.Join(t.TempDir(), "b.list")
	for path, text := range map[string]string{a: "deb http://x  one\n# deb http://x two\n", b: "deb http://x one\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := readSources([]string{a, b})
	if err != nil {
		t.Fatal(err)
	}
	list.add("deb http://x two", "/never")
	list.add("deb http://x three", "/new")
	list.remove("deb http://x one")
	want := map[string]string{a: "deb http://x two\n", "/new": "deb http://x three\n"}
	if got := list.dump(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if list.has("deb http://x one") || !list.has("deb http://x two") {
		t.Error("what is there")
	}
}

func TestOrigins(t *testing.T) {
	sources := "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\n 500 http://d/debian bookworm/main amd64 Packages\n" +
		"     release v=12,o=Debian,a=stable\n     origin d\nPinned packages:\n"
	versions := "bash:\n  Version table:\n     2 500\n        500 http://d/debian bookworm/main amd64 Packages\n *** 1 100\n        100 /var/lib/dpkg/status\n" +
		"apt:\n  Version table:\n *** 2 500\n        500 http://d/debian bookworm/main amd64 Packages\n        100 /var/lib/dpkg/status\n"
	if got := parseOrigins(sources, versions); !reflect.DeepEqual(got, map[string]string{"bash": "", "apt": "Debian"}) {
		t.Errorf("%q", got)
	}
}
