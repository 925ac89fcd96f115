// Package regex is Python's regular expressions: the syntax and the matching of the module re, over characters.
//
// It backtracks, so that lookaround, backreferences and atomic groups work; a budget of steps bounds what a pattern can
// cost. Bytes patterns, \N{…} and locale are not there.
package regex

import "strconv"

// Flags change how a pattern is read, as the flags of Python's re do.
type Flags int

// The flags, by Python's names.
const (
	IgnoreCase Flags = 1 << iota
	MultiLine
	DotAll
	Verbose
	ASCII
)

// Regex is a compiled pattern, safe for use by several goroutines.
type Regex struct {
	program []instruction
	groups  int            // how many, without the whole match
	names   map[string]int // of named groups
	marks   int            // registers of loops
}

// Groups is the number of groups in the pattern.
func (r *Regex) Groups() int { return r.groups }

// Names maps the names of named groups to their numbers.
func (r *Regex) Names() map[string]int { return r.names }

// Error is what is wrong with a pattern, and where (in characters, from 0).
type Error struct {
	Message  string
	Position int
}

func (e *Error) Error() string { return e.Message + " at position " + strconv.Itoa(e.Position) }

// Compile reads a pattern. The error is an *Error in Python's words.
func Compile(pattern string, flags Flags) (*Regex, error) {
	p := &parser{in: []rune(pattern), flags: flags, names: map[string]int{}}
	tree, err := p.parse()
	if err != nil {
		return nil, err
	}
	c := &compiler{}
	c.emit(instruction{op: opSave, n: 0})
	if err := c.node(tree); err != nil {
		return nil, err
	}
	c.emit(instruction{op: opSave, n: 1})
	c.emit(instruction{op: opAccept})
	return &Regex{program: c.program, groups: p.groups, names: p.names, marks: c.marks}, nil
}

// Match is one match: the offsets of its groups in characters, -1 for a group that took no part.
type Match struct {
	in    text
	saves []int
}

// Span returns the offsets of a group in characters; group 0 is the whole match.
func (m *Match) Span(group int) (start, end int) { return m.saves[2*group], m.saves[2*group+1] }

// Group returns the text of a group and whether the group took part.
func (m *Match) Group(group int) (string, bool) {
	start, end := m.Span(group)
	if start < 0 || end < 0 {
		return "", false
	}
	return m.in.cut(start, end), true
}

// Search finds the first match anywhere; nil when there is none.
func (r *Regex) Search(s string) (*Match, error) { return r.search(characters(s)) }

// SearchBytes is Search where every byte is a character, as in Python's patterns of bytes: offsets are in bytes, groups
// have a character for each byte.
func (r *Regex) SearchBytes(b []byte) (*Match, error) { return r.search(text{bytes: b}) }

// Match finds a match at the beginning.
func (r *Regex) Match(s string) (*Match, error) {
	m := newMachine(r, characters(s))
	return m.at(0)
}

// FullMatch finds a match of the whole text.
func (r *Regex) FullMatch(s string) (*Match, error) {
	m := newMachine(r, characters(s))
	m.whole = true
	return m.at(0)
}

func (r *Regex) search(in text) (*Match, error) {
	m := newMachine(r, in)
	first, fixed := r.first()
	for start := 0; start <= in.size(); start++ {
		if fixed && (start == in.size() || in.at(start) != first) {
			continue
		}
		if found, err := m.at(start); found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// first is the character that every match begins with; false when that may differ.
func (r *Regex) first() (rune, bool) {
	for _, i := range r.program {
		if i.op != opSave {
			return i.r, i.op == opRune && i.flags&IgnoreCase == 0
		}
	}
	return 0, false
}

// FindAll finds up to limit matches (all when it is not positive) that do not overlap; an empty one may follow another
// match directly.
func (r *Regex) FindAll(s string, limit int) ([]*Match, error) {
	in := characters(s)
	m := newMachine(r, in)
	var out []*Match
	for at := 0; at <= in.size() && (limit <= 0 || len(out) < limit); {
		found, err := m.at(at)
		if err != nil {
			return nil, err
		}
		m.mustMove = false
		if found == nil {
			at++
			continue
		}
		out = append(out, found)
		start, end := found.Span(0)
		m.mustMove = start == end
		at = end
	}
	return out, nil
}
