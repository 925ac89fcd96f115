package change

import (
	"runner/fmt"
	"runner/value"
)

// outcome is what an act has made of a thing that is no file.
type outcome struct {
	value any
	ended bool
}

// gather reads what became of the things and files that tools have changed.
func (u *undoing) gather() {
	var last *around
	for i, e := range u.entries {
		switch e.Op {
		case opAround:
			last = &around{head: e, after: map[int]entry{}}
			u.groups[e.Seq] = last
		case opWatched:
			if last != nil { // otherwise its head is damaged: the report tells
				last.watched = append(last.watched, e)
				u.groups[e.Seq] = last
			}
		case opSet:
			u.things[e.Seq] = &outcome{}
		case opBecame:
			u.learn(e)
		case opActed:
			if g := u.groups[e.Ref]; g != nil {
				g.ended = true
			}
			if t := u.things[e.Ref]; t != nil {
				t.ended = true
			}
		}
		if end := i+1 == len(u.entries) || u.entries[i+1].Op == opUndoBegin; end && (e.Op == opAround || e.Op == opWatched) && last != nil {
			last.torn = len(last.watched) < last.head.Count
		}
	}
}

func (u *undoing) learn(e entry) {
	if t := u.things[e.Ref]; t != nil {
		t.value = e.Value
		return
	}
	u.files[e.Task] = true
	g := u.groups[e.Ref]
	switch {
	case g == nil: // its line is damaged: the report tells
	case g.head.Seq == e.Ref:
		g.appeared = append(g.appeared, e)
	default:
		g.after[e.Ref] = e
	}
}

// set takes a change of a thing that is no file back.
func (u *undoing) set(e entry) error {
	if u.stuck[e.label()] {
		return nil
	}
	why, did, err := u.revertThing(e)
	step("thing back")
	switch {
	case err != nil:
		return u.conflict(e, err.Error())
	case why != "":
		return u.conflict(e, why)
	case !did && !u.again:
		return u.markKept(e)
	}
	u.tell(e.label())
	u.undone[e.Task] = true
	return u.mark(e, "", true)
}

func (u *undoing) revertThing(e entry) (why string, did bool, err error) {
	kind := kindIn(u.saved.dir, e.Kind)
	if kind == nil {
		return fmt.Sprintf("cannot be restored by this runner, which knows no %s: undo with the deployment's own executable", e.Kind), false, nil
	}
	now, err := u.thing(e.Kind, e.Name)
	if err != nil || value.Equal(now, e.Value) {
		return "", false, err
	}
	if t := u.things[e.Seq]; t.ended && !u.begun[e.Seq] && !value.Equal(now, t.value) {
		return "changed since", false, nil
	}
	if u.dry != nil {
		u.dry.things[e.label()] = e.Value
		return "", true, nil
	}
	if err := u.write(true, entry{Op: opUndoing, Ref: e.Seq}); err != nil {
		return "", false, err
	}
	step("restore thing")
	if err := kind.Restore(u.fx.Tools(), e.Name, e.Value, now); err != nil {
		return "could not be restored: " + err.Error(), false, nil
	}
	step("thing restored")
	now, err = inspectThing(u.fx.Tools(), kind, e.Kind, e.Name)
	if err == nil && !value.Equal(now, e.Value) {
		why = "was restored, and is not as it was all the same"
	}
	return why, true, err
}
