package change

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/value"
)

// Kind of things that are no files: how one is looked at and brought back. Values are plain (what JSON can hold, with
// *value.Dict and []any), the same as long as the thing is the same, and free of what changes by itself.
type Kind interface {
	// Inspect is the whole state of a thing; nil: it is not there.
	Inspect(t Tools, name string) (any, error)
	// Restore makes it before again. now is how it is; it may be anything when a change or another restore was cut off.
	Restore(t Tools, name string, before, now any) error
}

// Kept is a Kind that needs what was put aside in the folder of the originals (SavedDir): In is the kind with that folder.
type Kept interface{ In(saved string) Kind }

// kindIn finds a kind, for a journal whose originals are in that folder; nil when this runner does not know it.
func kindIn(saved, name string) Kind {
	kind := kinds[name]
	if kept, ok := kind.(Kept); ok {
		return kept.In(saved)
	}
	return kind
}

// Tools are the host's commands, for kinds.
type Tools interface {
	// Run runs a command in the language C, with a bounded output and a limit of time. The error is set when it could not
	// start or did not end in time; an exit status is none.
	Run(argv []string, stdin string) (Output, error)
	// Find is where a program is, "" when it is not there.
	Find(program string) string
}

// Output is what a command has said.
type Output struct {
	Code           int // exit status; 128+n after signal n
	Stdout, Stderr string
}

// Demand runs a command that has to end well, and returns what it printed. The error says what it said last.
func Demand(t Tools, argv ...string) (string, error) {
	out, err := t.Run(argv, "")
	if err != nil || out.Code == 0 {
		return out.Stdout, err
	}
	said := strings.TrimSpace(out.Stderr + out.Stdout)
	if i := strings.LastIndexByte(said, '\n'); i >= 0 {
		said = said[i+1:]
	}
	return out.Stdout, fmt.Errorf("%s: exit status %d: %s", strings.Join(argv[:min(2, len(argv))], " "), out.Code, said[:min(500, len(said))])
}

var kinds = map[string]Kind{}

// RegisterKind makes a kind known by its name; called from init functions.
func RegisterKind(name string, kind Kind) { kinds[name] = kind }

// Equip gives the recorder the commands that kinds look with.
func (r *Recorder) Equip(tools Tools) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tools = tools
}

// Set implements Log.
func (r *Recorder) Set(kind, name string, act func() error) error {
	before, err := r.look(kind, name)
	if err != nil {
		return err
	}
	ref, err := r.announce(entry{Op: opSet, Kind: kind, Name: name, Value: before})
	if err != nil {
		return err
	}
	step("set")
	err = r.do(act)
	step("set done")
	after, looked := r.look(kind, name)
	if looked == nil {
		looked = r.conclude(entry{Op: opBecame, Ref: ref, Value: after}, entry{Op: opActed, Ref: ref})
	}
	return errors.Join(err, looked)
}

func (r *Recorder) look(kind, name string) (any, error) {
	r.mu.Lock()
	tools := r.tools
	r.mu.Unlock()
	return inspectThing(tools, kindIn(r.saved.dir, kind), kind, name)
}

// inspectThing looks at a thing, as a value that is the same when it comes back from the journal.
func inspectThing(tools Tools, k Kind, kind, name string) (any, error) {
	if k == nil || tools == nil {
		return nil, fmt.Errorf("this runner cannot look at a %s", kind)
	}
	v, err := k.Inspect(tools, name)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return value.Decode(value.Encode(v))
}

// announce journals what is about to be done, synced. ref is its line.
func (r *Recorder) announce(entries ...entry) (ref int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.saved.flush(); err != nil {
		return 0, err
	}
	err = r.recordAll(entries, true)
	return r.j.seq - len(entries) + 1, err
}

// conclude journals what has become of it. Lost in a crash, this reads as an act that was cut off: no sync is needed.
func (r *Recorder) conclude(entries ...entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.recordAll(entries, false)
}
