package regex

import "errors"

// ErrBudget says that a pattern takes too many steps on a text.
var ErrBudget = errors.New("the regular expression takes too long on this text: it backtracks too much")

// How many steps one search may take: this many, and more for long texts.
const (
	budget             = 20_000_000
	budgetPerCharacter = 500
)

// machine runs a program with a stack of what to try next.
type machine struct {
	regex    *Regex
	in       text
	length   int
	saves    []int
	marks    []int
	stack    []choicePoint
	steps    int // that are left
	start    int
	whole    bool // a match must reach the end
	mustMove bool // a match must not be empty
}

// choicePoint is where to go on when a way fails, or, with pc < 0, a save or mark to put back.
type choicePoint struct {
	pc, at int
	slot   int
	isMark bool
}

func newMachine(r *Regex, in text) *machine {
	return &machine{regex: r, in: in, length: in.size(), steps: budget + budgetPerCharacter*in.size(), saves: make([]int, 2*r.groups+2), marks: make([]int, r.marks)}
}

// at looks for a match that begins at a position.
func (m *machine) at(start int) (*Match, error) {
	for i := range m.saves {
		m.saves[i] = -1
	}
	m.stack, m.start = m.stack[:0], start
	_, ok, err := m.run(0, start)
	if err != nil || !ok {
		return nil, err
	}
	return &Match{m.in, append([]int(nil), m.saves...)}, nil
}

// run executes from pc until an accept; what it left on the stack of its own is dropped.
func (m *machine) run(pc, at int) (end int, ok bool, err error) {
	base := len(m.stack)
	for {
		if m.steps--; m.steps < 0 {
			return 0, false, ErrBudget
		}
		i := &m.regex.program[pc]
		if i.op == opAccept {
			if pc != len(m.regex.program)-1 || m.acceptable(at) {
				m.forget(base)
				return at, true, nil
			}
			ok = false
		} else {
			pc, at, ok, err = m.step(i, pc, at)
			if err != nil {
				return 0, false, err
			}
		}
		if !ok {
			if pc, at, ok = m.back(base); !ok {
				return 0, false, nil
			}
		}
	}
}

func (m *machine) acceptable(at int) bool {
	return (!m.whole || at == m.length) && (!m.mustMove || at > m.start)
}

// forget drops the ways not taken above base, but keeps what restores saves for those below.
func (m *machine) forget(base int) {
	kept := m.stack[:base]
	for _, point := range m.stack[base:] {
		if point.pc < 0 {
			kept = append(kept, point)
		}
	}
	m.stack = kept
}

// back undoes up to the last choice above base and returns where it leads.
func (m *machine) back(base int) (pc, at int, ok bool) {
	for len(m.stack) > base {
		point := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		switch {
		case point.pc >= 0:
			return point.pc, point.at, true
		case point.isMark:
			m.marks[point.slot] = point.at
		default:
			m.saves[point.slot] = point.at
		}
	}
	return 0, 0, false
}

func (m *machine) step(i *instruction, pc, at int) (int, int, bool, error) {
	switch i.op {
	case opRune, opSet, opAny:
		return pc + 1, at + 1, at < m.length && m.matches(i, m.in.at(at)), nil
	case opJump:
		return i.x, at, true, nil
	case opSplit:
		m.stack = append(m.stack, choicePoint{pc: i.y, at: at})
		return i.x, at, true, nil
	case opSave:
		m.stack = append(m.stack, choicePoint{pc: -1, at: m.saves[i.n], slot: i.n})
		m.saves[i.n] = at
	case opMark:
		m.stack = append(m.stack, choicePoint{pc: -1, at: m.marks[i.n], slot: i.n, isMark: true})
		m.marks[i.n] = at
	case opMoved:
		if m.marks[i.n] == at { // an empty round: leave the loop after its jump
			return pc + 2, at, true, nil
		}
	case opAssert:
		return pc + 1, at, m.asserts(i, at), nil
	case opBackref:
		return m.backref(i, pc, at)
	case opConditional:
		if m.saves[2*i.n+1] >= 0 {
			return i.x, at, true, nil
		}
		return i.y, at, true, nil
	case opLook:
		return m.look(i, pc, at)
	case opAtomic:
		end, ok, err := m.run(pc+1, at)
		return i.x, end, ok, err
	}
	return pc + 1, at, true, nil
}

func (m *machine) matches(i *instruction, r rune) bool {
	switch i.op {
	case opRune:
		return same(i.r, r, i.flags)
	case opSet:
		return i.set.matches(r)
	}
	return r != '\n' || i.flags&DotAll != 0
}

func (m *machine) look(i *instruction, pc, at int) (int, int, bool, error) {
	from := at
	if i.behind {
		from -= i.n
	}
	found := false
	if from >= 0 {
		depth := len(m.stack)
		_, ok, err := m.run(pc+1, from)
		if err != nil {
			return 0, 0, false, err
		}
		if found = ok; ok && i.negative {
			m.back2(depth)
		}
	}
	return i.x, at, found != i.negative, nil
}

// back2 undoes the saves above base.
func (m *machine) back2(base int) {
	for ok := true; ok; {
		_, _, ok = m.back(base)
	}
}

func (m *machine) backref(i *instruction, pc, at int) (int, int, bool, error) {
	start, end := m.saves[2*i.n], m.saves[2*i.n+1]
	if start < 0 || end < start || at+end-start > m.length {
		return pc, at, false, nil
	}
	for k := range end - start {
		if !same(m.in.at(start+k), m.in.at(at+k), i.flags) {
			return pc, at, false, nil
		}
	}
	return pc + 1, at + end - start, true, nil
}

func (m *machine) asserts(i *instruction, at int) bool {
	switch i.r {
	case '^':
		return at == 0 || i.flags&MultiLine != 0 && m.in.at(at-1) == '\n'
	case '$':
		return at == m.length || at == m.length-1 && m.in.at(at) == '\n' || i.flags&MultiLine != 0 && m.in.at(at) == '\n'
	case 'A':
		return at == 0
	case 'Z':
		return at == m.length
	}
	before := at > 0 && isWordRune(m.in.at(at-1), i.flags)
	after := at < m.length && isWordRune(m.in.at(at), i.flags)
	if m.length == 0 {
		return false // as in Python, also for \B
	}
	return (before != after) == (i.r == 'b')
}
