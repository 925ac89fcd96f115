package editing

import (
	"errors"
	"slices"
	"strings"

	"runner/expr/regex"
)

// iniTask is what is wanted of an INI file. Sections end where a line begins with a bracket; what stands before the first
// one is the section without a name.
type iniTask struct {
	section, option string // empty: none
	values          []string
	conditions      []iniCondition
	present         bool
	exclusive       bool // the option has these values and no others
	bare            bool // options may stand without a value
	ignoreSpaces    bool
	equals          string // between option and value

	header          *regex.Regex
	anyLine, active *regex.Regex // the option, also behind a comment's mark; as it counts
	replaceable     *regex.Regex // the lines that may become the option
}

// iniCondition is an option that the wanted section must have, with one of the values if there are any.
type iniCondition struct {
	option string
	values []string
	line   *regex.Regex
}

// In each expression for a line with an option, group 2 is the mark of a comment and group 8 the value.
const (
	blank     = `( |\t)*`
	anyOption = blank + `([#;]?)` + blank
	theActive = `()()` + blank
)

func optionLine(before, option string) (*regex.Regex, error) {
	return regex.Compile(before+"("+regex.Escape(option)+")"+blank+"(=|$)"+blank+"(.*)", 0)
}

func newIniCondition(option string, values []string) (iniCondition, error) {
	line, err := optionLine(anyOption, option)
	return iniCondition{option, values, line}, err
}

// compile makes the expressions; inactive tells whether a comment with the option may become it.
func (t *iniTask) compile(inactive bool) (err error) {
	if t.header, err = regex.Compile(`\[\s*`+regex.Escape(strings.TrimSpace(t.section))+`\s*]`, 0); err != nil {
		return err
	}
	if t.anyLine, err = optionLine(anyOption, t.option); err != nil {
		return err
	}
	if t.active, err = optionLine(theActive, t.option); err != nil {
		return err
	}
	t.replaceable = t.active
	if inactive {
		t.replaceable = t.anyLine
	}
	return nil
}

// valueIn is the value that a line gives the option of an expression.
func valueIn(line string, of *regex.Regex) (string, bool, error) {
	m, err := of.Match(line)
	if m == nil || err != nil {
		return "", false, err
	}
	v, _ := m.Group(8)
	return v, true, nil
}

// edited is the text with what is wanted, whether that changed it, and what Ansible says of it. Every line has its end.
func (t *iniTask) edited(lines []string) (out []string, changed bool, msg string, err error) {
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	}
	if len(lines) == 0 {
		lines = []string{"\n"}
	}
	if last := len(lines) - 1; !strings.HasSuffix(lines[last], "\n") {
		lines[last] += "\n"
		changed = true
	}
	start, end, err := t.find(lines)
	if err != nil {
		return nil, false, "", err
	}
	if start < 0 {
		if t.present {
			lines, msg = t.added(lines)
			return lines, true, msg, nil
		}
		return lines, changed, "OK", nil
	}
	e := &iniEdit{t: t, lines: slices.Clone(lines[start:end]), values: t.values, msg: "OK"}
	e.done = make([]bool, len(e.lines))
	if err := e.run(); err != nil {
		return nil, false, "", err
	}
	return slices.Concat(lines[:start], e.lines, lines[end:]), changed || e.changed, e.msg, nil
}

// find is where the wanted section begins, with its header, and ends; -1 when there is none.
func (t *iniTask) find(lines []string) (start, end int, err error) {
	within := t.section == ""
	for i, line := range lines {
		if !strings.HasPrefix(line, "[") {
			continue
		}
		if within {
			ok, err := t.suits(lines[start:i])
			if ok || err != nil {
				return start, i, err
			}
			within = false
		}
		m, err := t.header.Match(line)
		if err != nil {
			return 0, 0, err
		}
		if m != nil {
			within, start = true, i
		}
	}
	if ok, err := t.suits(lines[start:]); !within || !ok || err != nil {
		return -1, -1, err
	}
	return start, len(lines), nil
}

// suits tells whether a section has what section_has_values asks for.
func (t *iniTask) suits(lines []string) (bool, error) {
	for _, c := range t.conditions {
		found := false
		for _, line := range lines {
			v, ok, err := valueIn(line, c.line)
			if err != nil {
				return false, err
			}
			if found = ok && (len(c.values) == 0 || slices.Contains(c.values, v)); found {
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

// added is the text with a new section at its end.
func (t *iniTask) added(lines []string) ([]string, string) {
	lines = append(lines, "["+t.section+"]\n")
	values := t.values
	for _, c := range t.conditions {
		switch {
		case c.option != t.option && len(c.values) == 0 && t.bare:
			lines = append(lines, c.option+"\n")
		case c.option != t.option:
			lines = append(lines, t.assignments(c.option, c.values)...)
		case !t.exclusive:
			for _, v := range c.values {
				values = withOnce(values, v)
			}
		}
	}
	switch {
	case t.option != "" && len(values) > 0:
		return append(lines, t.assignments(t.option, values)...), "section and option added"
	case t.option != "" && t.bare:
		return append(lines, t.option+"\n"), "section and option added"
	}
	return lines, "only section added"
}

func (t *iniTask) assignments(option string, values []string) []string {
	var out []string
	for _, v := range values {
		out = append(out, option+t.equals+v+"\n")
	}
	return out
}

var errNoOption = errors.New("a value needs the option that is to have it; for a section alone give allow_no_value instead")
