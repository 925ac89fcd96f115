package rpm

import (
	"cmp"
	"slices"
	"strings"

	"runner/fmt"
)

// repoFile is a file of repositories, read as Python's configparser reads it, which dnf and Ansible use: names of options
// in small letters, values that go on in lines that are indented deeper, no section and no option twice. Comments are not
// kept.
type repoFile struct{ sections []*repoSection }

type repoSection struct {
	name    string
	options []repoOption
}

type repoOption struct{ name, value string }

// parseRepoFile reads a text; the error says which line is not understood.
func parseRepoFile(text string) (*repoFile, error) {
	r := repoReader{file: &repoFile{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	for _, s := range r.file.sections {
		for i := range s.options {
			s.options[i].value = strings.TrimRight(s.options[i].value, " \t\n")
		}
	}
	return r.file, nil
}

// repoReader is how far a file has been read.
type repoReader struct {
	file   *repoFile
	now    *repoSection
	inside bool // the last line was one of an option
	indent int
}

func (r *repoReader) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";"):
		return nil
	case text == "":
		r.goOn("")
		return nil
	}
	indent := strings.Index(line, text)
	if r.inside && indent > r.indent {
		r.goOn(text)
		return nil
	}
	r.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end > 1 {
		return r.section(text[1:end])
	}
	return r.option(text)
}

// goOn adds a line to the value of the last option.
func (r *repoReader) goOn(text string) {
	if r.inside {
		r.now.options[len(r.now.options)-1].value += "\n" + text
	}
}

func (r *repoReader) section(name string) error {
	switch {
	case name == "DEFAULT":
		return fmt.Errorf("a section [DEFAULT] would be in all repositories, which this module does not write")
	case r.file.find(name) != nil:
		return fmt.Errorf("section %q already exists", name)
	}
	r.now, r.inside = &repoSection{name: name}, false
	r.file.sections = append(r.file.sections, r.now)
	return nil
}

func (r *repoReader) option(text string) error {
	i := strings.IndexAny(text, "=:")
	switch {
	case r.now == nil:
		return fmt.Errorf("there is no [section] before it")
	case i < 1:
		return fmt.Errorf("it is neither a [section] nor an option with = and a value")
	}
	name := strings.ToLower(strings.TrimSpace(text[:i]))
	if slices.ContainsFunc(r.now.options, func(o repoOption) bool { return o.name == name }) {
		return fmt.Errorf("option %q in section %q already exists", name, r.now.name)
	}
	r.now.options = append(r.now.options, repoOption{name, strings.TrimSpace(text[i+1:])})
	r.inside = true
	return nil
}

func (f *repoFile) find(name string) *repoSection {
	i := slices.IndexFunc(f.sections, func(s *repoSection) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return f.sections[i]
}

func (f *repoFile) remove(name string) {
	f.sections = slices.DeleteFunc(f.sections, func(s *repoSection) bool { return s.name == name })
}

// set puts a section with these options at the end, in place of one of that name.
func (f *repoFile) set(name string, options []repoOption) {
	f.remove(name)
	f.sections = append(f.sections, &repoSection{name, options})
}

// text is the file as it is written.
func (f *repoFile) text() string {
	var out strings.Builder
	for _, s := range f.sections {
		out.WriteString("[" + s.name + "]\n")
		for _, o := range s.options {
			out.WriteString(o.name + " = " + strings.ReplaceAll(o.value, "\n", "\n\t") + "\n")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// sorted is what the file says, whatever its order: two files that agree in it are the same to dnf.
func (f *repoFile) sorted() string {
	var out strings.Builder
	for _, s := range slices.SortedFunc(slices.Values(f.sections), func(a, b *repoSection) int { return cmp.Compare(a.name, b.name) }) {
		out.WriteString("[" + s.name + "]\n")
		for _, o := range slices.SortedFunc(slices.Values(s.options), func(a, b repoOption) int { return cmp.Compare(a.name, b.name) }) {
			out.WriteString(o.name + " = " + o.value + "\n")
		}
		out.WriteString("\n")
	}
	return out.String()
}
