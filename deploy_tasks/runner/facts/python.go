package facts

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

// maxProgram is how much of an interpreter or its library is searched for its version, in bytes.
const maxProgram = 16 << 20

// python tells about the host's own interpreter; the runner needs none.
func python(g *gathering) {
	program := pythonProgram(g.env)
	version := g.text("python_version")
	if version == "" {
		version = pythonVersion(g.env)
	}
	parts := strings.Split(version, ".")
	if program == "" || len(parts) < 3 {
		return
	}
	major, minor, micro := number(parts[0]), number(parts[1]), number(parts[2])
	ssl := exists("/usr/lib/python"+parts[0]+"."+parts[1]+"/ssl.py") || exists("/usr/lib64/python"+parts[0]+"."+parts[1]+"/ssl.py")
	g.set("python", dict(
		"version", dict("major", major, "minor", minor, "micro", micro, "releaselevel", "final", "serial", int64(0)),
		"version_info", []any{major, minor, micro, "final", int64(0)},
		"executable", program, "has_sslcontext", ssl, "type", "cpython"))
}

func pythonProgram(env []string) string {
	if exists("/usr/bin/python3") {
		return "/usr/bin/python3"
	}
	return inPath(env, "python3")
}

// pythonVersion is the version of the host's python3, empty without one. It is read from the interpreter's own
// constants: starting it would take longer than all other facts together.
func pythonVersion(env []string) string {
	program, err := filepath.EvalSymlinks(pythonProgram(env))
	if err != nil {
		return ""
	}
	series := strings.TrimPrefix(filepath.Base(program), "python")
	if minor, ok := strings.CutPrefix(series, "3."); !ok || number(minor) == nil {
		return ""
	}
	dirs := []string{filepath.Dir(program)}
	for _, lib := range []string{"lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"} {
		dirs = append(dirs, filepath.Join(filepath.Dir(filepath.Dir(program)), lib))
	}
	for i, dir := range dirs {
		name := "libpython" + series + ".so.1.0"
		if i == 0 {
			name = filepath.Base(program)
		}
		if v := versionIn(filepath.Join(dir, name), series); v != "" {
			return v
		}
	}
	return ""
}

// versionIn finds a constant such as "3.11.2" in a program.
func versionIn(path, series string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, done := mapped(f, maxProgram)
	defer done()
	for mark := []byte(series + "."); ; {
		at := bytes.Index(b, mark)
		if at < 1 {
			return ""
		}
		starts := b[at-1] == 0
		b = b[at:]
		end := bytes.IndexByte(b[:min(len(b), 16)], 0)
		if starts && end > 0 && strings.Trim(string(b[len(mark):end]), "0123456789+") == "" {
			return strings.TrimSuffix(string(b[:end]), "+")
		}
		b = b[len(mark):]
	}
}
