package python

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
)

// change has pip do what the task wants, in an environment that is there, so that it can be taken back.
func (j *job) change() (bool, error) {
	if name := j.elsewhere(); name != "" {
		return j.warned(name, j.perform)
	}
	s, err := j.site()
	if err != nil {
		return false, err
	}
	if j.state == "absent" {
		names, whole, err := j.named()
		if err != nil || whole || !s.nameable() {
			return j.whole(s, err)
		}
		return j.journalled(s, names)
	}
	if j.editable() {
		return j.whole(s, nil)
	}
	names, done, known, err := j.plan()
	switch {
	case err != nil || done:
		return false, err
	case !known || !s.nameable():
		return j.whole(s, nil)
	}
	return j.journalled(s, names)
}

// named are the packages that a task or its file of requirements names; whole says that this cannot be told from it.
func (j *job) named() (names []string, whole bool, err error) {
	lines := j.packages
	if at := j.p.Str("requirements"); at != "" {
		text, err := readRequirements(kit.Absolute(j.c, filepath.Join(j.dir, at)))
		if filepath.IsAbs(at) {
			text, err = readRequirements(at)
		}
		if err != nil {
			return nil, true, nil // pip says what is wrong with it
		}
		lines = strings.Split(text, "\n")
	}
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name := nameOf(line)
		if name == "" {
			return nil, true, nil
		}
		names = append(names, name)
	}
	return names, false, nil
}

func readRequirements(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > 1<<20 {
		return "", fmt.Errorf("%s cannot be read", path)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// nameOf is the plain name of a requirement, "" when it is of another form.
func nameOf(requirement string) string {
	end := strings.IndexFunc(requirement, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z')
	})
	name, rest := requirement, ""
	if end >= 0 {
		name, rest = requirement[:end], strings.TrimSpace(requirement[end:])
	}
	if name == "" || name[0] == '-' || name[0] == '.' || rest != "" && !strings.ContainsRune("<>=!~[;(", rune(rest[0])) {
		return ""
	}
	return canonical(name)
}

// editable tells whether pip would leave sources somewhere and link to them, which it does even when it only should say what it would do.
func (j *job) editable() bool {
	if slices.ContainsFunc(j.extra, func(word string) bool { return isOption(word, "e", "--editable") }) {
		return true
	}
	at := j.p.Str("requirements")
	if at == "" {
		return false
	}
	if !filepath.IsAbs(at) {
		at = filepath.Join(j.dir, at)
	}
	text, err := readRequirements(at)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		line = strings.TrimSpace(line)
		return strings.HasPrefix(line, "-e") || strings.HasPrefix(line, "--editable")
	})
}

// plan asks pip what it would install. done says that there is nothing to do; known is false when this pip cannot tell.
func (j *job) plan() (names []string, done, known bool, err error) {
	file := filepath.Join(j.c.TempDir(), "pip-report.json")
	defer os.Remove(file)
	f, err := j.exec(j.command("--dry-run", "--report", file), "")
	switch {
	case err != nil:
		return nil, false, false, err
	case f.Code != 0 && strings.Contains(f.Stderr, "no such option"):
		return nil, false, false, nil
	case f.Code != 0:
		j.say(f)
		return nil, false, false, j.failed(j.command())
	}
	text, err := readReport(file)
	if err != nil {
		return nil, false, false, err
	}
	r, err := record.Parse(text)
	if err != nil {
		return nil, false, false, fmt.Errorf("the report of pip: %w", err)
	}
	for _, install := range r.Records("install") {
		names = append(names, canonical(install.Record("metadata").Text("name")))
	}
	if len(names) == 0 {
		j.say(f)
		return nil, true, true, r.Err()
	}
	return names, false, true, r.Err()
}

const largestReport = 64 << 20

func readReport(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > largestReport {
		return nil, fmt.Errorf("the report of pip has more than %d bytes", largestReport)
	}
	return os.ReadFile(path)
}

// journalled runs pip for packages of these names.
func (j *job) journalled(s site, names []string) (changed bool, err error) {
	var watched []string
	for _, dir := range s.folders {
		paths, err := files(dir, names)
		if err != nil {
			return false, err
		}
		loose, err := exposed(dir, names)
		if err != nil {
			return false, err
		}
		watched = append(append(watched, paths...), loose...)
	}
	act := func() error {
		return j.c.Log.Around(watched, "pip "+j.state+" "+strings.Join(names, " "), func() error {
			changed, err = j.perform()
			return err
		})
	}
	if len(watched) == 0 {
		act = func() error { changed, err = j.perform(); return err }
	}
	for _, dir := range s.folders {
		inner := act
		name := kindNameOf(dir, s.prefix, names)
		act = func() error { return j.c.Log.Set(kindName, name, inner) }
	}
	return changed, act()
}
