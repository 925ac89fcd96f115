package expr

import (
	"errors"
	"slices"
	"strings"

	"runner/fmt"
)

const (
	iniDefaults      = "DEFAULT"
	maxInterpolation = 10
)

// iniFile is a file as Python's configparser reads it.
type iniFile struct {
	sections      map[string]*iniSection
	caseSensitive bool
	interpolates  bool
}

type iniSection struct {
	order  []string
	values map[string]*iniValue
}

// iniValue is the lines of a value; none at all when there is only a name.
type iniValue struct {
	lines []string
	none  bool
}

func (s *iniSection) set(name string, v *iniValue) {
	s.order = append(s.order, name)
	s.values[name] = v
}

// form is how the name of an option is compared.
func (f *iniFile) form(name string) string {
	if f.caseSensitive {
		return name
	}
	return strings.ToLower(name)
}

// names are those of a section: the defaults' first.
func (f *iniFile) names(s *iniSection) []string {
	out := slices.Clone(f.sections[iniDefaults].order)
	for _, name := range s.order {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (f *iniFile) raw(s *iniSection, name string) (*iniValue, bool) {
	if v, ok := s.values[name]; ok {
		return v, true
	}
	v, ok := f.sections[iniDefaults].values[name]
	return v, ok
}

func (f *iniFile) has(s *iniSection, name string) bool {
	_, ok := f.raw(s, name)
	return ok
}

// value is the text of an option, nil for one without; %(name)s in it is the value of another.
func (f *iniFile) value(s *iniSection, name string, depth int) (any, error) {
	v, _ := f.raw(s, name)
	if v.none {
		return nil, nil
	}
	text := strings.TrimRight(strings.Join(v.lines, "\n"), whitespace)
	if !f.interpolates {
		return text, nil
	}
	if depth > maxInterpolation {
		return nil, fmt.Errorf("the value of '%s' refers to others too deep", name)
	}
	return f.interpolated(s, text, depth)
}

func (f *iniFile) interpolated(s *iniSection, text string, depth int) (any, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		switch {
		case strings.HasPrefix(rest, "%"):
			out.WriteByte('%')
			text = rest[1:]
		case strings.HasPrefix(rest, "("):
			name, after, closed := strings.Cut(rest[1:], ")s")
			if !closed {
				return nil, fmt.Errorf("bad interpolation variable reference '%%%s'", rest)
			}
			if name = f.form(name); !f.has(s, name) {
				return nil, fmt.Errorf("Bad value substitution: the option '%s' is not there", name)
			}
			v, err := f.value(s, name, depth+1)
			if err != nil {
				return nil, err
			}
			if part, ok := v.(string); ok {
				out.WriteString(part)
			}
			text = after
		default:
			return nil, fmt.Errorf("'%%' must be followed by '%%' or '(', found: '%%%s'", rest)
		}
	}
}

// readINI reads sections, options, comments and values that go on in lines further in.
func readINI(text string, caseSensitive, allowNone bool) (*iniFile, error) {
	f := &iniFile{sections: map[string]*iniSection{}, caseSensitive: caseSensitive}
	f.section(iniDefaults)
	var section *iniSection
	var option *iniValue
	indent := 0
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		stripped := strings.Trim(line, whitespace)
		if strings.HasPrefix(stripped, "#") || strings.HasPrefix(stripped, ";") {
			continue
		}
		if stripped == "" {
			if option != nil && !option.none {
				option.lines = append(option.lines, "")
			}
			continue
		}
		here := len(line) - len(strings.TrimLeft(line, whitespace))
		if option != nil && here > indent {
			option.lines = append(option.lines, stripped)
			continue
		}
		indent = here
		if header, ok := iniHeader(stripped); ok {
			if header != iniDefaults && f.sections[header] != nil {
				return nil, fmt.Errorf("section '%s' already exists", header)
			}
			section, option = f.section(header), nil
			continue
		}
		if section == nil {
			return nil, errors.New("File contains no section headers.")
		}
		name, v, err := iniOption(stripped, allowNone)
		if err != nil {
			return nil, err
		}
		if name = f.form(name); section.values[name] != nil {
			return nil, fmt.Errorf("Duplicate option: '%s' already exists", name)
		}
		option = v
		section.set(name, v)
	}
	return f, nil
}

func (f *iniFile) section(name string) *iniSection {
	if f.sections[name] == nil {
		f.sections[name] = &iniSection{values: map[string]*iniValue{}}
	}
	return f.sections[name]
}

func iniHeader(line string) (string, bool) {
	end := strings.LastIndexByte(line, ']')
	return line[min(1, len(line)):max(1, end)], line[0] == '[' && end > 1
}

func iniOption(line string, allowNone bool) (string, *iniValue, error) {
	at := strings.IndexAny(line, "=:")
	switch {
	case at == 0 || at < 0 && !allowNone:
		return "", nil, fmt.Errorf("Source contains parsing errors: '%s'", line)
	case at < 0:
		return line, &iniValue{none: true}, nil
	}
	return strings.TrimRight(line[:at], whitespace), &iniValue{lines: []string{strings.Trim(line[at+1:], whitespace)}}, nil
}
