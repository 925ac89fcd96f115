package packages

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
)

// Where apt looks for repositories.
var (
	sourcesFile   = "/etc/apt/sources.list"
	sourcesFolder = "/etc/apt/sources.list.d"
)

// source is one line of a file of repositories: one, one that is commented out, or something else.
type source struct {
	valid, enabled bool
	text, comment  string
}

// parseSource reads a line; the rest is what a message names when it is no repository.
func parseSource(line string) (s source, rest string) {
	s.enabled = true
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		s.enabled, line = false, line[1:]
	}
	if i := strings.IndexByte(line, '#'); i > 0 {
		s.comment, line = strings.TrimSpace(line[i+1:]), line[:i]
	}
	s.text = strings.TrimSpace(line)
	if words := strings.Fields(s.text); len(words) > 0 && isType(words[0]) {
		s.valid, s.text = true, strings.Join(words, " ")
	}
	return s, line
}

func isType(word string) bool { return word == "deb" || word == "deb-src" }

// String is the line that a file gets.
func (s source) String() string {
	line := s.text
	if !s.enabled {
		line = "# " + line
	}
	if s.comment != "" {
		line += " # " + s.comment
	}
	return line + "\n"
}

// sourceList are the files of repositories, as they are and as they are to be.
type sourceList struct {
	before map[string]string // as the lines read below would be written
	files  map[string][]source
}

func readSources(paths []string) (*sourceList, error) {
	l := &sourceList{map[string]string{}, map[string][]source{}}
	for _, path := range paths {
		text, err := readBounded(path)
		if err != nil {
			return nil, err
		}
		var lines []source
		for line := range strings.Lines(text) {
			s, _ := parseSource(line)
			lines = append(lines, s)
		}
		l.files[path] = lines
	}
	l.before = l.dump()
	return l, nil
}

// sourcePaths are the files of repositories that are there.
func sourcePaths() ([]string, error) {
	paths, err := filepath.Glob(sourcesFolder + "/*.list")
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(sourcesFile)
	switch {
	case err == nil && info.Mode().IsRegular():
		paths = append(paths, sourcesFile)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return paths, nil
}

func (l *sourceList) dump() map[string]string {
	out := map[string]string{}
	for path, lines := range l.files {
		var text strings.Builder
		for _, s := range lines {
			text.WriteString(s.String())
		}
		if len(lines) > 0 {
			out[path] = text.String()
		}
	}
	return out
}

// has tells whether a repository is there and not commented out.
func (l *sourceList) has(text string) bool {
	for _, lines := range l.files {
		if slices.ContainsFunc(lines, func(s source) bool { return s.valid && s.enabled && s.text == text }) {
			return true
		}
	}
	return false
}

// add has a repository where it is commented out already, or at the end of a file.
func (l *sourceList) add(text, path string) {
	found := false
	for _, lines := range l.files {
		for i := range lines {
			if lines[i].valid && lines[i].text == text {
				lines[i].enabled, found = true, true
			}
		}
	}
	if !found {
		l.files[path] = append(l.files[path], source{valid: true, enabled: true, text: text})
	}
}

func (l *sourceList) remove(text string) {
	for path, lines := range l.files {
		l.files[path] = slices.DeleteFunc(lines, func(s source) bool { return s.valid && s.enabled && s.text == text })
	}
}

// fileFor is where a new repository is written: a file of its own, named by the task or by its address.
func fileFor(text, filename string) (string, error) {
	name := filename
	if name == "" {
		words := slices.DeleteFunc(strings.Fields(withoutScheme(withoutOptions(text))), isType)
		if len(words) == 0 {
			return "", fmt.Errorf("Invalid repository string: %s names no address", text)
		}
		address := words[0]
		if _, host, ok := strings.Cut(address, "@"); ok {
			address = host
		}
		name = strings.Join(strings.FieldsFunc(address, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
		}), "_")
	}
	name += ".list"
	if strings.Contains(name, "/") {
		return filepath.Clean(name), nil
	}
	return filepath.Join(sourcesFolder, name), nil
}

// withoutOptions is a line without what stands in brackets.
func withoutOptions(text string) string {
	for {
		before, rest, ok := strings.Cut(text, "[")
		_, after, closed := strings.Cut(rest, "]")
		if !ok || !closed {
			return text
		}
		text = before + after
	}
}

// withoutScheme is a line without the names of protocols before addresses.
func withoutScheme(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if scheme, rest, ok := strings.Cut(word, "://"); ok {
			words[i] = strings.TrimRightFunc(scheme, isWord) + rest
		}
	}
	return strings.Join(words, " ")
}

func isWord(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
}
