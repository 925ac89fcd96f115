package editing

import (
	"slices"
	"strings"
)

// iniEdit edits the lines of one section.
type iniEdit struct {
	t       *iniTask
	lines   []string
	done    []bool   // lines that are as wanted
	values  []string // those that no line has yet
	bare    bool     // a line has the option without a value
	changed bool
	msg     string
}

func (e *iniEdit) run() error {
	if !e.t.present {
		return e.remove()
	}
	if e.t.option == "" {
		if len(e.values) > 0 && e.t.exclusive && !e.t.bare {
			return errNoOption
		}
		return nil
	}
	e.values = slices.Clone(e.values)
	if err := e.keep(); err != nil {
		return err
	}
	if e.t.exclusive && !e.t.bare {
		if err := e.replace(); err != nil {
			return err
		}
	}
	e.insert()
	return nil
}

// keep sees to the lines that have one of the values already: they are written as they should be.
func (e *iniEdit) keep() error {
	for i, line := range e.lines {
		v, ok, err := valueIn(line, e.t.replaceable)
		if err != nil {
			return err
		}
		at := slices.Index(e.values, v)
		switch {
		case !ok:
			continue
		case at >= 0:
			err = e.write(i, v, v == "" && e.t.bare)
			e.bare = e.bare || v == "" && e.t.bare
			e.values = slices.Delete(e.values, at, at+1)
		case len(e.values) == 0 && e.t.bare:
			e.bare = true
			return e.write(i, "", true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replace gives the other lines with the option the values that are left, and removes those that are too many.
func (e *iniEdit) replace() error {
	for i, line := range e.lines {
		if len(e.values) == 0 {
			break
		}
		_, ok, err := valueIn(line, e.t.replaceable)
		if err == nil && ok && !e.done[i] {
			err = e.write(i, e.values[0], false)
			e.values = e.values[1:]
		}
		if err != nil {
			return err
		}
	}
	for i := len(e.lines) - 1; i >= 0; i-- {
		_, ok, err := valueIn(e.lines[i], e.t.replaceable)
		if err != nil {
			return err
		}
		if ok && !e.done[i] {
			e.lines, e.done = slices.Delete(e.lines, i, i+1), slices.Delete(e.done, i, i+1)
			e.changed, e.msg = true, "option changed"
		}
	}
	return nil
}

// write makes a line the option with a value. Where spaces do not count, a line with this value stays.
func (e *iniEdit) write(i int, value string, bare bool) error {
	line := e.t.option + e.t.equals + value + "\n"
	if bare {
		line = e.t.option + "\n"
	}
	differs := e.lines[i] != line
	if e.t.ignoreSpaces {
		m, err := e.t.anyLine.Match(e.lines[i])
		if err != nil {
			return err
		}
		if mark, _ := m.Group(2); mark == "" {
			old, _ := m.Group(8)
			differs = old != strings.TrimLeft(value, " \t")
		}
	}
	e.done[i] = true
	if differs {
		e.lines[i] = line
		e.changed, e.msg = true, "option changed"
	}
	return nil
}

// insert puts what is missing behind the last line that is neither blank nor a comment.
func (e *iniEdit) insert() {
	at := len(e.lines)
	for at > 0 && isRemark(e.lines[at-1]) {
		at--
	}
	missing := e.t.assignments(e.t.option, e.values)
	if len(e.values) == 0 && e.t.bare && !e.bare {
		missing = []string{e.t.option + "\n"}
	}
	if len(missing) > 0 {
		e.lines = slices.Insert(e.lines, at, missing...)
		e.changed, e.msg = true, "option added"
	}
}

// isRemark tells whether a line is blank or a comment.
func isRemark(line string) bool {
	line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " \t")
	return line == "" || line[0] == '#' || line[0] == ';'
}

// remove removes the option, its lines with the values alone, or the section.
func (e *iniEdit) remove() error {
	if e.t.option == "" {
		e.changed, e.msg = len(e.lines) > 0, "section removed"
		e.lines = nil
		return nil
	}
	var left []string
	for _, line := range e.lines {
		v, ok, err := valueIn(line, e.t.active)
		if err != nil {
			return err
		}
		if !ok || !e.t.exclusive && !slices.Contains(e.values, v) {
			left = append(left, line)
		}
	}
	if len(left) < len(e.lines) {
		e.changed, e.msg = true, "option changed"
	}
	e.lines = left
	return nil
}
