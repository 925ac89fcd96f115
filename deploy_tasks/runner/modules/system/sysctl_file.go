package system

import "strings"

// settings are the lines of a file of kernel parameters, and what it sets.
type settings struct {
	lines  []string
	values map[string]string
}

func readSettings(text string) settings {
	s := settings{values: map[string]string{}}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if text == "" {
			break
		}
		line = strings.TrimSpace(line)
		s.lines = append(s.lines, line)
		if key, value, ok := setting(line); ok {
			s.values[key] = value
		}
	}
	return s
}

// setting reads KEY = VALUE; remarks and lines without an equals sign are none.
func setting(line string) (key, value string, ok bool) {
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", false
	}
	key, value, ok = strings.Cut(line, "=")
	return strings.TrimSpace(key), strings.TrimSpace(value), ok
}

// with is the file with a key set or removed. As the module of the collection does, every key stays once, where it stood
// first and with what is said there.
func (s settings) with(name, value string, present bool) string {
	var out strings.Builder
	seen := map[string]bool{}
	for _, line := range s.lines {
		key, said, ok := setting(line)
		switch {
		case !ok:
			out.WriteString(line + "\n")
			continue
		case seen[key]:
			continue
		case key == name && present:
			out.WriteString(strings.TrimSpace(key+"="+value) + "\n")
		case key != name:
			out.WriteString(strings.TrimSpace(key+"="+said) + "\n")
		}
		seen[key] = true
	}
	if present && !seen[name] {
		out.WriteString(name + "=" + value + "\n")
	}
	return out.String()
}
