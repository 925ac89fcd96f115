package change

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A dry run of an undo goes the same way as the undo: what judges asks `inspect`, `inspectAll` and `names` of the
// undoing, and what changes the host goes through `act`. In a dry run `act` notes the effect in place of having it, and
// the former three answer as if it had been had, so that an older entry is judged by what the newer ones would leave.

// foresight is what dry runs have undone in thought; nil is an undo that acts.
type foresight struct {
	effects []effect
	things  map[string]any    // what is no file, by its label
	texts   map[string]string // files of which only some lines change
	unknown bool              // something would be performed that nobody can foresee: the plan's own undo
}

// effect is one thing that undoing does: path becomes st, or what is at from moves to path.
type effect struct {
	path string
	from string
	st   State
}

// Preview says what Undo would do in these deployments' folders, one after the other, and changes nothing, the journals
// included. The tools are for looking only.
func Preview(tools Tools, dirs ...string) (reports []UndoReport, err error) {
	dry := &foresight{things: map[string]any{}, texts: map[string]string{}}
	for _, dir := range dirs {
		report, err := dry.undo(dir, tools)
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

func (f *foresight) undo(dir string, tools Tools) (UndoReport, error) {
	data, err := os.ReadFile(filepath.Join(dir, JournalName))
	if errors.Is(err, fs.ErrNotExist) {
		return NothingUndone(), nil
	}
	if err != nil {
		return NothingUndone(), err
	}
	entries, damaged, _, err := parseJournal(data)
	if err != nil {
		return NothingUndone(), err
	}
	u := newUndoing(dir, 0, entries, damaged, unfired{tools, f})
	u.dry = f
	u.index()
	err = u.all()
	return u.report, err
}

// act has one effect on the host.
func (u *undoing) act(does effect, act func() error) error {
	if u.dry == nil {
		return act()
	}
	u.dry.effects = append(u.dry.effects, does)
	return nil
}

// inspect is what is at a path when the undo has come so far.
func (u *undoing) inspect(path string) (State, error) {
	if u.dry == nil {
		return inspect(path)
	}
	return u.inspectAll(path) // what is noted as an effect later has to have everything
}

func (u *undoing) inspectAll(path string) (State, error) {
	at, st := u.dry.find(path)
	if st != nil {
		return *st, nil
	}
	return inspectAll(at)
}

// find is where what would be at path is now, or what it would be.
func (f *foresight) find(path string) (string, *State) {
	if f == nil {
		return path, nil
	}
	for i := len(f.effects) - 1; i >= 0; i-- {
		e := &f.effects[i]
		switch {
		case e.from != "" && within(path, e.from), e.from == "" && e.st.Kind != Dir && path != e.path && within(path, e.path):
			return path, &State{Kind: Absent}
		case e.from != "" && within(path, e.path):
			path = e.from + path[len(e.path):]
		case e.from == "" && path == e.path:
			return path, &e.st
		}
	}
	return path, nil
}

func within(path, top string) bool {
	rest, ok := strings.CutPrefix(path, top)
	return ok && (rest == "" || rest[0] == filepath.Separator)
}

// names are what is in a folder when the undo has come so far.
func (u *undoing) names(dir string) ([]string, error) {
	at, _ := u.dry.find(dir)
	found, err := os.ReadDir(at)
	if u.dry != nil && errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var out []string
	for _, name := range found {
		out = append(out, name.Name())
	}
	if u.dry == nil || err != nil {
		return out, err
	}
	for _, e := range u.dry.effects {
		if filepath.Dir(e.path) == dir {
			out = append(out, filepath.Base(e.path))
		}
	}
	return u.present(dir, out)
}

// present are the names, each once, at which something would be.
func (u *undoing) present(dir string, names []string) (out []string, err error) {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		st, err := u.inspect(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if st.Kind != Absent {
			out = append(out, name)
		}
	}
	return out, nil
}

// thing is how something that is no file is when the undo has come so far.
func (u *undoing) thing(kind, name string) (any, error) {
	if u.dry != nil {
		if v, noted := u.dry.things[kind+" "+name]; noted {
			return v, nil
		}
	}
	return inspectThing(u.fx.Tools(), kindIn(u.saved.dir, kind), kind, name)
}

// text is the content of a small file when the undo has come so far.
func (u *undoing) text(path string) (string, error) {
	if u.dry != nil {
		if text, noted := u.dry.texts[path]; noted {
			return text, nil
		}
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// restorable is an error when a saved state could not be brought back.
func (u *undoing) restorable(st State) error {
	switch st.Kind {
	case File:
		return u.saved.fetch(st.Digest, io.Discard)
	case Socket:
		return errSocket
	}
	return nil
}

// unfired are the effects of a dry run: none.
type unfired struct {
	tools Tools
	dry   *foresight
}

func (u unfired) Run(string, []string) error {
	u.dry.unknown = true
	return nil
}

func (u unfired) Perform(any) (string, error) {
	u.dry.unknown = true
	return "", nil
}

func (unfired) Fire(Handler) error { return nil }
func (u unfired) Tools() Tools     { return u.tools }

// unsure is said with what only holds if an undo of the plan's own, which came before, does nothing about it.
func (f *foresight) unsure() string {
	if f == nil || !f.unknown {
		return ""
	}
	return " (unless the plan's own undo removes it first)"
}
