package facts

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"runner/expr/regex"
	"runner/value"
)

// maxRead is how much of a file in /proc, /sys or /etc is read, in bytes.
const maxRead = 4 << 20

// content is a file's text without surrounding blanks; false when it is empty or cannot be read.
func content(path string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRead))
	s := strings.TrimSpace(string(b))
	if err != nil || s == "" {
		return "", false
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s, true
}

func contentOf(path string) string {
	s, _ := content(path)
	return s
}

func lines(path string) []string {
	s, ok := content(path)
	if !ok {
		return nil
	}
	return strings.Split(s, "\n")
}

// known is a file's text, or nil.
func known(path string) any {
	if s, ok := content(path); ok {
		return s
	}
	return nil
}

// names are the entries of a folder in their order; nil when it cannot be read.
func names(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	out := make([]string, len(entries))
	for i, entry := range entries {
		out[i] = entry.Name()
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func texts(items []string) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

func dict(pairs ...any) *value.Dict { return value.DictOf(pairs...) }

// inPath finds a program where Ansible looks: in PATH and in the folders of the system's own programs.
func inPath(env []string, name string) string {
	dirs := []string{}
	for _, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			dirs = strings.Split(path, string(os.PathListSeparator))
		}
	}
	for _, dir := range append(dirs, "/sbin", "/usr/sbin", "/usr/local/sbin") {
		full := dir + "/" + name
		if info, err := os.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full
		}
	}
	return ""
}

// submatch is what a regular expression and its groups match first in a text; nil when nothing does. A group that took
// no part is empty.
func submatch(pattern, text string) []string {
	compiled, err := regex.Compile(pattern, regex.ASCII)
	if err != nil {
		return nil
	}
	m, err := compiled.Search(text)
	if m == nil || err != nil {
		return nil
	}
	out := make([]string, compiled.Groups()+1)
	for i := range out {
		out[i], _ = m.Group(i)
	}
	return out
}
