package firewall

import (
	"errors"
	"strconv"
	"strings"

	"runner/fmt"
)

// perform does what the arguments say, or finds out in a check what that would change.
func (w *wall) perform() error {
	steps := []struct {
		wanted bool
		do     func() error
	}{
		{w.p.Has("state"), w.setState},
		{w.p.Has("default"), w.setDefault},
		{w.p.Has("rule"), w.setRule},
		{w.logging != "", w.setLogging},
	}
	for _, step := range steps {
		if !step.wanted {
			continue
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

func (w *wall) setState() error {
	state := w.p.Str("state")
	if state == "reloaded" || state == "reset" {
		w.changed = true
	}
	if w.c.Check {
		on := strings.Contains(w.state, " active")
		w.changed = w.changed || state == "disabled" && on || state == "enabled" && !on
		return nil
	}
	verb := map[string]string{"enabled": "enable", "disabled": "disable", "reloaded": "reload", "reset": "reset"}[state]
	_, err := w.run(words("-f", verb))
	return err
}

func (w *wall) setLogging() error {
	on, level, told := loggingOf(w.state)
	switch {
	case !told:
		w.changed = true
	case w.logging == "off":
		w.changed = w.changed || on
	default:
		w.changed = w.changed || !on || w.logging != "on" && w.logging != level
	}
	if w.c.Check {
		return nil
	}
	_, err := w.run(words("logging", w.logging))
	return err
}

// loggingOf reads "Logging: on (low)".
func loggingOf(status string) (on bool, level string, told bool) {
	_, rest, told := strings.Cut(status, "Logging: ")
	rest, _, _ = strings.Cut(rest, "\n")
	state, level, _ := strings.Cut(rest, " (")
	return state == "on", strings.TrimSuffix(level, ")"), told && (state == "on" || state == "off")
}

func (w *wall) setDefault() error {
	direction := w.p.Str("direction")
	switch direction {
	case "in", "out":
		return errors.New(`For default, direction must be one of "outgoing", "incoming" and "routed", or direction must not be specified.`)
	case "":
		direction = "incoming"
	}
	if w.c.Check {
		now, told := defaultOf(w.state, direction)
		w.changed = w.changed || !told || now != w.p.Str("default") && now != "disabled"
		return nil
	}
	line := words("default", w.p.Str("default"))
	if w.p.Has("direction") {
		line = append(line, words(direction)...)
	}
	_, err := w.run(line)
	return err
}

// defaultOf reads "Default: deny (incoming), allow (outgoing), disabled (routed)".
func defaultOf(status, direction string) (string, bool) {
	_, rest, told := strings.Cut(status, "Default: ")
	rest, _, _ = strings.Cut(rest, "\n")
	for _, one := range strings.Split(rest, ", ") {
		if policy, ok := strings.CutSuffix(one, " ("+direction+")"); ok {
			return policy, told
		}
	}
	return "", false
}

func (w *wall) setRule() error {
	p := w.p
	switch direction := p.Str("direction"); {
	case direction != "" && direction != "in" && direction != "out":
		return errors.New(`For rules, direction must be one of "in" and "out", or direction must not be specified.`)
	case !p.Flag("route") && p.Str("interface_in") != "" && p.Str("interface_out") != "":
		return errors.New("Only route rules can combine interface_in and interface_out")
	}
	line, err := w.ruleLine()
	if err != nil {
		return err
	}
	said, err := w.run(line)
	if err == nil && w.c.Check {
		w.changed = w.changed || w.wouldChange(said)
	}
	return err
}

// ruleLine is the long form of a rule:
// [--dry-run] [route] [delete | insert N] ACTION [in|out] [on IF] [log] from … to … [proto P] [app A] [comment C].
func (w *wall) ruleLine() ([]word, error) {
	p := w.p
	var line []word
	add := func(wanted bool, texts ...string) {
		if wanted {
			line = append(line, words(texts...)...)
		}
	}
	add(w.c.Check, "--dry-run")
	add(p.Flag("route"), "route")
	add(p.Flag("delete"), "delete")
	if p.Has("insert") && !p.Flag("delete") {
		at, err := w.position()
		if err != nil {
			return nil, err
		}
		add(at != 0, "insert "+strconv.FormatInt(at, 10))
	}
	add(true, p.Str("rule"))
	add(p.Has("direction"), p.Str("direction"))
	for _, each := range []struct{ name, before string }{{"interface", "on"}, {"interface_in", "in on"}, {"interface_out", "out on"}} {
		if v := p.Str(each.name); v != "" {
			line = append(line, word{each.before + " " + v, append(strings.Fields(each.before), v)})
		}
	}
	add(p.Flag("log"), "log")
	for _, each := range []struct{ name, before string }{{"from_ip", "from"}, {"from_port", "port"}, {"to_ip", "to"}, {"to_port", "port"}, {"proto", "proto"}} {
		if v := p.Str(each.name); v != "" {
			line = append(line, word{each.before + " " + v, []string{each.before, v}})
		}
	}
	if v := p.Str("name"); v != "" {
		line = append(line, word{"app '" + v + "'", []string{"app", v}})
	}
	comments, err := w.knowsComments()
	if v := p.Str("comment"); v != "" && comments {
		line = append(line, word{"comment '" + v + "'", []string{"comment", v}})
	}
	return line, err
}

// knowsComments tells whether this ufw is 0.35 or later.
func (w *wall) knowsComments() (bool, error) {
	said, err := w.run(words("--version"))
	if err != nil {
		return false, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	name, version, _ := strings.Cut(first, " ")
	major, rest, dotted := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(major)
	n, wrong := strconv.Atoi(minor)
	if name != "ufw" || !dotted || err != nil || wrong != nil {
		return false, fmt.Errorf("Failed to get ufw version.")
	}
	return m > 0 || n >= 35, nil
}

// position is the number that a rule is inserted at, 0 for the end.
func (w *wall) position() (int64, error) {
	at, relative := w.p.Int("insert"), w.p.Str("insert_relative_to")
	if relative == "zero" {
		return at, nil
	}
	out, err := w.tools.Run([]string{w.program, "status", "numbered"}, "")
	if err != nil {
		return 0, err
	}
	return insertAt(out.Stdout, at, relative), nil
}

// insertAt works a position out from the numbered rules; those for IPv6 come behind all others.
func insertAt(numbered string, at int64, relative string) int64 {
	var last, lastV4 int64
	for _, line := range strings.Split(numbered, "\n") {
		text, _, ok := strings.Cut(strings.TrimPrefix(line, "["), "] ")
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if !ok || err != nil || line[0] != '[' {
			continue
		}
		last = max(last, n)
		if !strings.Contains(line, "(v6)") {
			lastV4 = max(lastV4, n)
		}
	}
	base := int64(1)
	switch {
	case relative == "last-ipv4" && lastV4 > 0:
		base = lastV4
	case relative == "first-ipv6" && lastV4 > 0:
		base = lastV4 + 1
	case relative == "last-ipv6" && last > lastV4:
		base = last
	case relative == "last-ipv6":
		base = last + 1
	}
	if at += base; at > last {
		return 0
	}
	return at
}

// wouldChange compares the rules that a dry run prints with those there are.
func (w *wall) wouldChange(dry string) bool {
	lines := strings.SplitAfter(strings.TrimSuffix(dry, "\n"), "\n")
	skipped := 0
	for _, line := range lines {
		if strings.Contains(line, "Skipping") {
			skipped++
		}
	}
	if skipped > 0 && skipped == len(lines) {
		return false
	}
	before, after := w.rules, tuples(dry)
	from, to := w.p.Str("from_ip"), w.p.Str("to_ip")
	// A dry run prints the rules of one family only when the rule is about that.
	switch {
	case isIPv4(from) || isIPv4(to):
		return only(before, hasIPv4) != only(after, hasIPv4)
	case isIPv6(from) || isIPv6(to):
		return only(before, hasIPv6) != only(after, hasIPv6)
	}
	return before != after
}

func only(text string, has func(string) bool) string {
	var out strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		if has(line) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// isIPv4 and isIPv6 tell what an address or network is; any is neither.
func isIPv4(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' && hasIPv4(s) }
func isIPv6(s string) bool { return !isIPv4(s) && strings.Count(s, ":") >= 2 }

// hasIPv4 tells whether four numbers with dots between them stand in a line.
func hasIPv4(line string) bool {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }) {
		numbers := 0
		for _, part := range strings.Split(word, ".") {
			if n, err := strconv.Atoi(part); err == nil && n < 256 {
				numbers++
			}
		}
		if numbers >= 4 {
			return true
		}
	}
	return false
}

func hasIPv6(line string) bool {
	for _, word := range strings.Fields(line) {
		if strings.Count(word, ":") >= 2 {
			return true
		}
	}
	return false
}
