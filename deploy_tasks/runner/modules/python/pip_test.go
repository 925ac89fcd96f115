//go:build unix

package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/modules/moduletest"
	"runner/value"
)

func TestNamesAreJoined(t *testing.T) {
	for given, want := range map[string]string{
		"a|b":                "a b",
		"a>1.1|<2|b":         "a<2,>1.1 b",
		"a >= 1,< 2,b":       "a<2,>=1 b",
		"a[x|y]==1|b":        "a[x,y]==1 b",
		"a; python>'3'":      "a; python>'3'",
		"git+https://h/a@v1": "git+https://h/a@v1",
	} {
		names := joined(strings.Split(given, "|"))
		for i := range names {
			names[i] = plain(names[i])
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, wanted %s", given, got, want)
		}
	}
}

func TestNamesOfRequirements(t *testing.T) {
	for given, want := range map[string]string{
		"Zope.Interface": "zope-interface", "a_b>=1": "a-b", "a [x]": "a", "a @ https://h/x.whl": "", "./here": "", "-r other.txt": "",
		"git+https://h/a": "", "a==1 --hash=sha256:0": "a", "": "",
	} {
		if got := nameOf(given); got != want {
			t.Errorf("%s: %q, wanted %q", given, got, want)
		}
	}
}

func TestOptionsOfPip(t *testing.T) {
	for given, want := range map[string]string{
		"-t /opt": "--target", "-t/opt": "--target", "-Ut/opt": "--target", "--target=/opt": "--target", "--targ /opt": "--target", "--prefix=/opt": "--prefix",
		"--root=/": "--root", "--pre": "", "--timeout=3": "", "-i t": "", "--no-deps -U": "", "-": "", "--": "",
	} {
		j := &job{extra: strings.Fields(given)}
		if got := j.elsewhere(); got != want {
			t.Errorf("%s: %q, wanted %q", given, got, want)
		}
	}
	for given, want := range map[string]bool{"-e": true, "-e/srv/app": true, "--editable=/srv/app": true, "-ve": true, "--extra-index-url=e": false, "-re": false} {
		if got := isOption(given, "e", "--editable"); got != want {
			t.Errorf("%s: %v", given, got)
		}
	}
}

func TestFilesElsewhere(t *testing.T) {
	h, dir := installed(t)
	h.Write("lib/site-packages/own-2.dist-info/RECORD", "own/x.py,,\n../../etc/own.conf,,\n../../share/own/man,,\n../../bin/own,,\n")
	s := site{[]string{dir}, h.Path("bin"), h.Dir}
	got, err := s.outside([]string{dir, s.scripts, h.Path("etc")})
	if err != nil || !slices.Equal(got, []string{h.Path("share/own/man")}) {
		t.Error(got, err)
	}
}

func TestFirstFields(t *testing.T) {
	for given, want := range map[string]string{"a/b.py,sha256=x,1": "a/b.py", `"a,""b"".py",,`: `a,"b".py`, "": ""} {
		if got := field(given); got != want {
			t.Errorf("%s: %q, wanted %q", given, got, want)
		}
	}
}

func TestPlacesInPythonsBefore310(t *testing.T) {
	if exec.Command("python3", "-c", "import distutils.command.install").Run() != nil {
		t.Skip("there is no python3 with distutils")
	}
	for _, user := range [][]string{nil, {"--user"}} {
		asked := func(script string) string {
			out, err := exec.Command("python3", append([]string{"-c", script}, user...)...).Output()
			if err != nil || strings.Count(string(out), "\n") != 4 {
				t.Fatalf("%q %v", out, err)
			}
			return string(out)
		}
		if older, now := asked("import sysconfig\ndel sysconfig.get_default_scheme\n"+where), asked(where); older != now {
			t.Errorf("%v: %q, wanted %q", user, older, now)
		}
	}
}

// installed is a folder of packages, as pip leaves it.
func installed(t *testing.T) (h *moduletest.Host, dir string) {
	h = moduletest.New(t)
	dir = h.Path("lib/site-packages")
	for name, text := range map[string]string{
		"six.py": "", "__pycache__/six.cpython-311.pyc": "", "__pycache__/own.cpython-311.pyc": "", "Own_Lib-1.dist-info/RECORD": "own.py,,\nshared/a.py,,\n", "own.py": "",
		"shared/a.py": "", "odd.pth": "", "old-1-py3.egg-info/top_level.txt": "older\n", "older/x.py": "",
	} {
		h.Write("lib/site-packages/"+name, text)
	}
	return h, dir
}

func TestFilesOfPackages(t *testing.T) {
	_, dir := installed(t)
	got, err := files(dir, []string{"own-lib", "old"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range got {
		names = append(names, strings.TrimPrefix(path, dir+"/"))
	}
	if want := []string{"Own_Lib-1.dist-info", "old-1-py3.egg-info", "older", "older.py", "own.py", "shared"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

func TestNewPackagesGoAgain(t *testing.T) {
	h, dir := installed(t)
	name := kindNameOf(dir, h.Dir, []string{"new", "own-lib"})
	before, err := fresh{}.Inspect(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	tree := h.Tree()
	h.Write("bin/new", "")
	for name, text := range map[string]string{
		"new/__init__.py": "", "new/sub/x.py": "", "new/__pycache__/__init__.cpython-311.pyc": "", "shared/b.py": "",
		"new-2.0.dist-info/RECORD": "new/__init__.py,,\nnew/sub/x.py,,\nshared/a.py,,\nshared/b.py,,\n../../bin/new,,\nnew-2.0.dist-info/RECORD,,\n",
		"half/done.py":             "", "~half/was.py": "",
	} {
		h.Write("lib/site-packages/"+name, text)
	}
	if now, err := (fresh{}).Inspect(nil, name); err != nil || value.Equal(now, before) {
		t.Fatal(now, err)
	}
	if err := (fresh{}).Restore(nil, name, before, nil); err != nil {
		t.Fatal(err)
	}
	if now, err := (fresh{}).Inspect(nil, name); err != nil || !value.Equal(now, before) {
		t.Error(value.Repr(now), err)
	}
	if err := os.Remove(h.Path("bin")); err != nil {
		t.Error(err)
	}
	if after := h.Tree(); after != tree {
		t.Errorf("%s\nwas\n%s", after, tree)
	}
}

func TestListsThatNameStrangersAreRefused(t *testing.T) {
	h, dir := installed(t)
	name := kindNameOf(dir, filepath.Join(h.Dir, "lib"), []string{"new"})
	before, _ := fresh{}.Inspect(nil, name)
	h.Write("precious", "")
	h.Write("lib/site-packages/new-1.dist-info/RECORD", "../../precious,,\n")
	if err := (fresh{}).Restore(nil, name, before, nil); err == nil || !strings.Contains(err.Error(), "which is not below") {
		t.Error(err)
	}
	h.Read("precious")
	if err := os.Symlink(h.Dir, h.Path("lib/site-packages/new")); err != nil {
		t.Fatal(err)
	}
	h.Write("lib/site-packages/new-1.dist-info/RECORD", "new/precious,,\n")
	if err := (fresh{}).Restore(nil, name, before, nil); err == nil || !strings.Contains(err.Error(), "which is not below") {
		t.Error(err)
	}
	h.Read("precious")
}

func TestWhatIsRefused(t *testing.T) {
	h := moduletest.New(t)
	for words, pairs := range map[string][]any{
		"one of the following is required":             {"state", "absent"},
		"version is incompatible with state=latest":    {"name", "a", "state", "latest", "version", "1"},
		"'version' argument is ambiguous":              {"name", "a,b", "version", "1"},
		"'version' argument conflicts":                 {"name", "a>1", "version", "1"},
		"umask must be an octal integer":               {"name", "a", "umask", "9"},
		"which pip would read as an option":            {"name", "--pre"},
		"parameters are mutually exclusive: name|requ": {"name", "a", "requirements", "b"},
		"is no command":                                {"name", "a", "virtualenv", "@/v", "virtualenv_command", ""},
	} {
		moduletest.Fails(t, h.Run("pip", pairs...), words)
	}
	script := h.Path("pip9")
	h.Write("pip9", "#!/opt/x/bin/python3.9\nimport pip\n")
	if got := shebang(script); got != "/opt/x/bin/python3.9" {
		t.Error(got)
	}
}
