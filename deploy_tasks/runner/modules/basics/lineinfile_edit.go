package basics

import (
	"bytes"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// place is where a line goes when no line is replaced.
type place struct {
	first, last   bool         // at the beginning, at the end
	after, before *kit.Pattern // beside the line that matches; at the end when none does
}

func placeOf(p *kit.Params) (place, error) {
	after, before := p.Str("insertafter"), p.Str("insertbefore")
	switch {
	case before == "BOF" || after == "BOF":
		return place{first: true}, nil
	case after == "EOF" || after == "" && before == "":
		return place{last: true}, nil
	case after != "":
		re, err := kit.CompilePattern(after, false)
		return place{after: re}, err
	}
	re, err := kit.CompilePattern(before, false)
	return place{before: re}, err
}

// edited is the content with the line in it, and a message when that is a change.
func (t *lineTask) edited(content []byte) ([]byte, string, error) {
	lines := splitKeeping(content)
	line := []byte(t.p.Str("line"))
	at, err := t.found(lines)
	matched, beside := at >= 0, -1
	if err == nil && !matched {
		at, beside, err = t.sameOrBeside(lines, line)
	}
	switch {
	case err != nil:
		return nil, "", err
	case at >= 0:
		return t.replaced(content, lines, at, matched)
	case t.p.Flag("backrefs"):
		return content, "", nil // without a match there is nothing to refer to
	case t.place.after != nil && beside >= 0 && beside < len(lines) && bytes.Equal(bytes.TrimRight(lines[beside], "\r\n"), line):
		return content, "", nil // it is where it should be
	}
	out := inserted(lines, line, beside, t.place.first)
	return out, "line added", nil
}

var newline = []byte("\n")

// replaced puts the line in the place of another.
func (t *lineTask) replaced(content []byte, lines [][]byte, at int, matched bool) ([]byte, string, error) {
	line := []byte(t.p.Str("line"))
	if t.p.Flag("backrefs") && matched {
		var err error
		if line, err = t.regexp.Fill(t.p.Str("line"), lines[at]); err != nil {
			return nil, "", err
		}
	}
	if !bytes.HasSuffix(line, newline) {
		line = append(line, newline...)
	}
	if bytes.Equal(lines[at], line) {
		return content, "", nil
	}
	lines[at] = line
	return bytes.Join(lines, nil), "line replaced", nil
}

// found is the line that the regexp or the search string finds: the last one, or the first when that is asked for.
func (t *lineTask) found(lines [][]byte) (int, error) {
	if t.regexp == nil && !t.p.Has("search_string") {
		return -1, nil
	}
	at := -1
	for i, l := range lines {
		hit, err := t.hits(l)
		if err != nil {
			return -1, err
		}
		if hit {
			at = i
		}
		if hit && t.p.Flag("firstmatch") {
			break
		}
	}
	return at, nil
}

// hits tells whether the regexp, the search string or else the line itself is in a line.
func (t *lineTask) hits(l []byte) (bool, error) {
	switch {
	case t.regexp != nil:
		m, err := t.regexp.Find(l)
		return m != nil, err
	case t.p.Has("search_string"):
		return bytes.Contains(l, []byte(t.p.Str("search_string"))), nil
	}
	return bytes.Equal(bytes.TrimRight(l, "\r\n"), []byte(t.p.Str("line"))), nil
}

// sameOrBeside looks for the line itself and for the place beside which a new one goes.
func (t *lineTask) sameOrBeside(lines [][]byte, line []byte) (same, beside int, err error) {
	same, beside = -1, -1
	mark, step := t.place.before, 0
	if t.place.after != nil {
		mark, step = t.place.after, 1
	}
	for i, l := range lines {
		if bytes.Equal(bytes.TrimRight(l, "\r\n"), line) {
			same = i
			continue
		}
		if mark == nil {
			continue
		}
		m, err := mark.Find(l)
		if err != nil {
			return -1, -1, err
		}
		if m != nil {
			beside = i + step
		}
		if m != nil && t.p.Flag("firstmatch") {
			break
		}
	}
	return same, beside, nil
}

// inserted puts the line before the line number beside, or at the end when that is -1.
func inserted(lines [][]byte, line []byte, beside int, first bool) []byte {
	line = append(bytes.Clone(line), newline...)
	switch {
	case first:
		beside = 0
	case beside < 0 || beside == len(lines):
		if n := len(lines); n > 0 && !bytes.HasSuffix(lines[n-1], newline) && !bytes.HasSuffix(lines[n-1], []byte("\r")) {
			lines = append(lines, newline)
		}
		beside = len(lines)
	}
	out := bytes.Join(lines[:beside], nil)
	out = append(out, line...)
	return append(out, bytes.Join(lines[beside:], nil)...)
}

// absent removes every line that matches.
func (t *lineTask) absent() module.Result {
	before, err := t.edit.Read()
	if err != nil {
		return kit.Failure(err)
	}
	if before == nil {
		return module.Result{Msg: "file not present"}
	}
	var kept [][]byte
	gone := 0
	for _, l := range splitKeeping(before) {
		hit, err := t.hits(l)
		if err != nil {
			return kit.Failure(kit.AtPath(t.edit.Path, err))
		}
		if hit {
			gone++
			continue
		}
		kept = append(kept, l)
	}
	msg := ""
	if gone > 0 {
		msg = fmt.Sprintf("%d line(s) removed", gone)
	}
	r := t.finish(before, bytes.Join(kept, nil), msg)
	if r.Data != nil && !r.Failed {
		r.Data.Set("found", int64(gone))
	}
	return r
}

// splitKeeping splits into lines that keep their ends.
func splitKeeping(content []byte) [][]byte {
	lines := bytes.SplitAfter(content, newline)
	if n := len(lines); len(lines[n-1]) == 0 {
		lines = lines[:n-1]
	}
	return lines
}
