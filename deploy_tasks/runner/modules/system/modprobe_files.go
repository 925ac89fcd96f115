package system

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/modules/kit"
)

// persist has the module loaded at every start with its parameters, or not any more.
func (m *probe) persist() error {
	if m.persistent == "disabled" {
		return nil
	}
	named, err := m.filesWith(loadFolder, m.isName)
	if err != nil {
		return err
	}
	set, err := m.parameters()
	if err != nil {
		return err
	}
	if m.persistent == "absent" {
		if len(named) > 0 {
			m.changed = true
			err = m.disable(loadFolder, m.isName)
		}
		if err == nil && len(set) > 0 {
			m.changed = true
			err = m.disable(optionsFolder, m.isOption)
		}
		return err
	}
	if len(named) == 0 {
		m.changed = true
		if err := m.write(filepath.Join(loadFolder, m.name+".conf"), m.name+"\n"); err != nil {
			return err
		}
	}
	wanted := strings.Fields(m.params)
	if sameSet(wanted, set) {
		return nil
	}
	m.changed = true
	if err := m.disable(optionsFolder, m.isOption); err != nil {
		return err
	}
	return m.write(filepath.Join(optionsFolder, m.name+".conf"), m.optionLines(wanted))
}

func (m *probe) optionLines(params []string) string {
	var out []string
	for _, param := range params {
		out = append(out, "options "+m.name+" "+param)
	}
	return strings.Join(out, "\n") + "\n"
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// files are those right in a folder, in order of names.
func files(folder string) []string {
	entries, _ := os.ReadDir(folder) // a folder that is not there has none
	var out []string
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			out = append(out, path)
		}
	}
	return out
}

// filesWith are the files of a folder that have a line of a sort.
func (m *probe) filesWith(folder string, is func(string) bool) ([]string, error) {
	var out []string
	for _, path := range files(folder) {
		text, err := kit.ReadAll(path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(strings.Split(string(text), "\n"), is) {
			out = append(out, path)
		}
	}
	return out, nil
}

// isName tells whether a line has the module loaded.
func (m *probe) isName(line string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), m.name)
	return ok && onlyRemark(rest)
}

// onlyRemark tells whether nothing but blanks and a remark is left of a line.
func onlyRemark(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return rest == "" || rest[0] == '#' || rest[0] == ';'
}

// isOption tells whether a line gives the module one parameter.
func (m *probe) isOption(line string) bool { return m.option(line) != "" }

// option is the parameter that a line gives the module, "" when it is another line.
func (m *probe) option(line string) string {
	rest, ok := strings.CutPrefix(line, "options "+m.name+" ")
	if !ok {
		return ""
	}
	param, after, _ := strings.Cut(rest, " ")
	key, value, ok := strings.Cut(param, "=")
	if !ok || value == "" || !isKey(key) || !onlyRemark(after) {
		return ""
	}
	return param
}

func isKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// parameters are those that the files give the module.
func (m *probe) parameters() ([]string, error) {
	var out []string
	for _, path := range files(optionsFolder) {
		text, err := kit.ReadAll(path)
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(string(text), "\n") {
			if param := m.option(line); param != "" {
				out = append(out, param)
			}
		}
	}
	return out, nil
}

// disable makes remarks of the lines of a sort in a folder's files. The module of the collection puts an empty line behind
// every line of such a file; here the rest stays as it is.
func (m *probe) disable(folder string, is func(string) bool) error {
	found, err := m.filesWith(folder, is)
	for _, path := range found {
		if err != nil || m.c.Check {
			break
		}
		text, _ := kit.ReadAll(path)
		lines := strings.Split(string(text), "\n")
		for i := range lines {
			if is(lines[i]) {
				lines[i] = "#" + lines[i]
			}
		}
		err = m.write(path, strings.Join(lines, "\n"))
	}
	return err
}

func (m *probe) write(path, text string) error {
	if m.c.Check {
		return nil
	}
	edit := &kit.Edit{Call: m.c, Path: path}
	_, err := edit.Read()
	if err == nil {
		_, err = edit.Write([]byte(text))
	}
	if err != nil {
		return kit.AtPath(path, err)
	}
	return nil
}
