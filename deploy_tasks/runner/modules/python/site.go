package python

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
)

// site is where an interpreter has its packages.
type site struct {
	folders         []string // of packages
	scripts, prefix string
}

// where asks as pip does: sysconfig, and distutils before Python 3.10.
const where = `import site, sys, sysconfig
user = "--user" in sys.argv and hasattr(site, "getusersitepackages")
if hasattr(sysconfig, "get_default_scheme"):
    p = sysconfig.get_paths("posix_user" if user else sysconfig.get_default_scheme())
else:
    from distutils.dist import Distribution
    d = Distribution()
    d.parse_config_files()
    i = d.get_command_obj("install", create=True)
    if user:
        i.user, i.prefix = 1, ""
    i.finalize_options()
    p = {"purelib": i.install_purelib, "platlib": i.install_platlib, "scripts": i.install_scripts, "data": i.install_data}
print(p["purelib"], p["platlib"], p["scripts"], p["data"], sep="\n")
`

// site asks the interpreter where pip puts packages.
func (j *job) site() (site, error) {
	if j.interpreter == "" {
		return j.siteOfPip()
	}
	argv := []string{j.interpreter, "-c", where}
	if slices.Contains(j.extra, "--user") || j.env == "" && j.c.As != nil && j.c.As.UID != 0 {
		argv = append(argv, "--user")
	}
	f, err := j.exec(argv, "")
	if err != nil {
		return site{}, err
	}
	lines := strings.Split(strings.TrimSpace(f.Stdout), "\n")
	if f.Code != 0 || len(lines) != 4 {
		return site{}, fmt.Errorf("%s does not tell where its packages are: %s", j.interpreter, strings.TrimSpace(f.Stderr))
	}
	folders := []string{lines[0], lines[1]}
	slices.Sort(folders)
	return site{slices.Compact(folders), lines[2], lines[3]}, nil
}

// siteOfPip takes the folder that pip itself is in: pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11).
func (j *job) siteOfPip() (site, error) {
	f, err := j.exec(append(slices.Clone(j.pip), "--version"), "")
	if err != nil {
		return site{}, err
	}
	_, at, _ := strings.Cut(f.Stdout, " from ")
	at, _, ok := strings.Cut(at, " (python")
	if !ok || !filepath.IsAbs(at) {
		return site{}, fmt.Errorf("%s --version does not tell where its packages are: %s", j.pip[0], strings.TrimSpace(f.Stdout+f.Stderr))
	}
	folder := filepath.Dir(at)
	prefix := filepath.Dir(filepath.Dir(filepath.Dir(folder)))
	return site{[]string{folder}, filepath.Join(prefix, "bin"), prefix}, nil
}

// canonical is a name as it is compared: PEP 503.
func canonical(name string) string {
	var out strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			gap = true
			continue
		}
		if gap {
			out.WriteByte('-')
		}
		gap = false
		out.WriteRune(r)
	}
	return out.String()
}

// infos are the folders in which packages describe themselves, by the names of the folders, with those of the packages.
func infos(dir string) (map[string]string, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	found := map[string]string{}
	for _, n := range names {
		base, ok := strings.CutSuffix(n.Name(), ".dist-info")
		if !ok {
			if base, ok = strings.CutSuffix(n.Name(), ".egg-info"); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(base, "-")
		found[n.Name()] = canonical(name)
	}
	return found, err
}

// files are the paths that belong to packages of these names: folders of theirs whole, where these are in the site's.
func files(dir string, names []string) ([]string, error) {
	found, err := infos(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for info, name := range found {
		if !slices.Contains(names, name) {
			continue
		}
		listed, err := listed(dir, info)
		if err != nil {
			return nil, err
		}
		out = append(out, filepath.Join(dir, info))
		for _, path := range listed {
			out = append(out, top(dir, path))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// top is the entry of a folder in which a path lies, or the path where it lies elsewhere or beside those of others.
func top(dir, path string) string {
	rest, inside := strings.CutPrefix(path, dir+"/")
	first, _, _ := strings.Cut(rest, "/")
	if !inside || first == "__pycache__" {
		return path
	}
	return filepath.Join(dir, first)
}

const largestList = 32 << 20

// listed are the files of a package, as its own list names them: RECORD of a wheel, PEP 376, or installed-files.txt.
func listed(dir, info string) ([]string, error) {
	at := filepath.Join(dir, info)
	base := dir
	text, err := readList(filepath.Join(at, "RECORD"))
	if errors.Is(err, os.ErrNotExist) {
		base = at
		text, err = readList(filepath.Join(at, "installed-files.txt"))
	}
	if errors.Is(err, os.ErrNotExist) || !kit.IsDir(at) {
		return tops(dir, at), nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(text) {
		path := field(strings.TrimRight(line, "\r\n"))
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(base, path)
		}
		out = append(out, filepath.Clean(path))
	}
	return out, nil
}

// tops are what a package without a list of files has at the top.
func tops(dir, info string) []string {
	text, err := readList(filepath.Join(info, "top_level.txt"))
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range strings.Fields(text) {
		if !strings.ContainsAny(name, "/.") {
			out = append(out, filepath.Join(dir, name), filepath.Join(dir, name+".py"))
		}
	}
	return out
}

// field is the first field of a line of comma separated ones.
func field(line string) string {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		for i := 0; i < len(quoted); i++ {
			if quoted[i] == '"' {
				if i+1 < len(quoted) && quoted[i+1] == '"' {
					i++
					continue
				}
				return strings.ReplaceAll(quoted[:i], `""`, `"`)
			}
		}
	}
	path, _, _ := strings.Cut(line, ",")
	return path
}

func readList(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > largestList {
		return "", fmt.Errorf("%s has more than %d bytes", path, largestList)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
