package change

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"runner/hashing"
	"runner/hex"
)

// around is what the journal tells of files that a tool has changed.
type around struct {
	head     entry
	watched  []entry
	after    map[int]entry // how a watched one was afterwards, by its Seq, where that is otherwise
	appeared []entry
	ended    bool // the tool has: the lists of what became of them are whole
	torn     bool // the journal ends within the list
}

// around takes back what a tool has done to files: first goes what is new, the deepest first, then comes back what was.
func (u *undoing) around(g *around) error {
	if len(g.watched) != g.head.Count {
		return u.unlisted(g)
	}
	err := u.sync()
	if err != nil {
		return err
	}
	unlock, err := u.locked(g)
	if err != nil {
		return u.conflict(g.head, err.Error())
	}
	defer unlock()
	for _, e := range slices.Backward(u.surplus(g)) {
		if err := u.one(g, e, u.vanish); err != nil {
			return err
		}
	}
	for _, e := range g.watched {
		if e.Before.Kind != Absent {
			if err := u.one(g, e, u.refill); err != nil {
				return err
			}
		}
	}
	for _, e := range append(g.appeared, g.watched...) {
		if u.stuck[string(e.Path)] {
			return nil
		}
	}
	return u.mark(g.head, "", false)
}

// unlisted is for a group whose list is not whole. With its end torn off the tool has never run; otherwise nobody can tell
// what is new there.
func (u *undoing) unlisted(g *around) error {
	if g.torn {
		return nil
	}
	lost := entry{Seq: g.head.Seq, Task: g.head.Task, Path: "files changed by " + pathText(g.head.What)}
	return u.conflict(lost, "the list of them in the journal is damaged")
}

// locked locks the accounts where a group has something of them.
func (u *undoing) locked(g *around) (unlock func(), err error) {
	for _, e := range g.watched {
		if u.dry == nil && sharedLines(string(e.Path)) {
			return lockAccounts()
		}
	}
	return func() {}, nil
}

// surplus are the paths that were not there before, parents first.
func (u *undoing) surplus(g *around) []entry {
	known := map[string]bool{}
	var tops []string
	var out []entry
	for _, e := range g.watched {
		if len(tops) == 0 || !below(string(e.Path), tops[len(tops)-1]) {
			tops = append(tops, string(e.Path))
		}
		if e.Before.Kind == Absent {
			out = append(out, e)
		}
		known[string(e.Path)] = true
	}
	if g.ended {
		return append(out, g.appeared...)
	}
	for _, path := range appeared(tops, known) {
		out = append(out, entry{Task: g.head.Task, Path: pathText(path)})
	}
	return out
}

// one takes one path of a group back, when that is due.
func (u *undoing) one(g *around, e entry, revert func(*around, entry) (string, bool, error)) error {
	path := string(e.Path)
	if u.stuck[path] || u.done[e.Seq] {
		return nil
	}
	u.loose.add(path)
	why, did, err := revert(g, e)
	if err != nil {
		why = err.Error()
	}
	step("path back")
	switch {
	case why != "" && e.Seq == 0:
		return u.conflict(entry{Seq: g.head.Seq, Task: e.Task, Path: e.Path}, why)
	case why != "":
		return u.conflict(e, why)
	case !did:
		return nil
	}
	u.tell(path)
	u.undone[e.Task] = true
	u.noteLinks(e)
	if e.Seq == 0 {
		return nil // found, not journalled: gone is gone
	}
	return u.mark(e, "", false)
}

// ours says how a path is not what the tool has left there.
func (g *around) ours(e entry, now State) string {
	if !g.ended {
		return ""
	}
	if after, changed := g.after[e.Seq]; changed {
		return now.differs(*after.After)
	}
	if e.After != nil {
		return now.differs(*e.After)
	}
	return now.differs(*e.Before)
}

// vanish removes what is new.
func (u *undoing) vanish(g *around, e entry) (string, bool, error) {
	path := string(e.Path)
	now, err := u.inspectAll(path)
	if err != nil || now.Kind == Absent {
		return "", false, err
	}
	if _, changed := g.after[e.Seq]; g.ended && !changed && e.After == nil {
		return "", false, nil // the tool did not make it
	}
	if why := g.ours(e, now); why != "" {
		return why, false, nil
	}
	if now.Kind == Dir {
		return u.revertMkdir(path)
	}
	step("vanish")
	return "", true, u.remove(path)
}

func (u *undoing) remove(path string) error {
	return u.act(effect{path: path, st: State{Kind: Absent}}, func() error { return os.Remove(path) })
}

// refill brings back what was at a path.
func (u *undoing) refill(g *around, e entry) (string, bool, error) {
	path := string(e.Path)
	temp := filepath.Join(filepath.Dir(path), g.head.Name)
	now, err := u.inspectAll(path)
	if err != nil {
		return "", false, err
	}
	_, changed := g.after[e.Seq]
	if now.differs(*e.Before) == "" && (sameXattrs(now.Xattrs, e.Before.Xattrs) || g.ended && !changed) {
		return "", false, u.keepTimes(path, now, *e.Before)
	}
	if g.ended && !changed {
		return "", false, nil // the tool has left it alone, and what somebody did to it is not ours
	}
	if why := g.ours(e, now); why != "" && !between(now, e, g) {
		return u.refillShared(g, e, now, temp, why)
	}
	if err := u.clear(pathText(temp)); err != nil {
		return "", false, err
	}
	if now.Kind == Dir && e.Before.Kind == Dir {
		step("dress")
		return "", true, u.act(effect{path: path, st: *e.Before}, func() error {
			clearXattrs(path, now.Xattrs, e.Before.Xattrs)
			return dress(path, *e.Before)
		})
	}
	if (now.Kind == Dir) != (e.Before.Kind == Dir) && now.Kind != Absent {
		step("make room")
		if err := u.remove(path); err != nil {
			return notEmpty(err), false, nil
		}
	}
	return "", true, u.restore(path, temp, *e.Before)
}

func notEmpty(err error) string {
	if errors.Is(err, syscall.ENOTEMPTY) {
		return "holds what is not ours"
	}
	return err.Error()
}

// between says whether a path stands where an undo that was cut off has left it: half dressed, or not there while a
// folder makes room for a file.
func between(now State, e entry, g *around) bool {
	after, changed := g.after[e.Seq]
	if !changed {
		return false
	}
	a, b := *after.After, *e.Before
	switch {
	case now.Kind == Absent:
		return (a.Kind == Dir) != (b.Kind == Dir)
	case now.Kind != Dir || a.Kind != Dir || b.Kind != Dir:
		return false
	}
	return (now.Mode == a.Mode || now.Mode == b.Mode) && (now.UID == a.UID || now.UID == b.UID) && (now.GID == a.GID || now.GID == b.GID)
}

// refillShared is for a file that somebody has changed after the tool: of lines that belong to many, ours are taken back.
func (u *undoing) refillShared(g *around, e entry, now State, temp, why string) (string, bool, error) {
	path, after := string(e.Path), g.after[e.Seq].After
	if backupOfLines(path) {
		return "", false, nil // it belongs to whoever has changed the file last
	}
	if !sharedLines(path) || now.Kind != File || e.Before.Kind != File || after.Kind != File {
		return why, false, nil
	}
	text, touched, err := u.mergeLines(path, *e.Before, *after)
	if err != nil {
		return "", false, err
	}
	if text != nil {
		err = u.rewrite(path, temp, *text, now)
	}
	if len(touched) > 0 {
		why = "was changed since in the lines of " + strings.Join(touched, ", ")
	} else {
		why = ""
	}
	return why, true, err
}

// mergeLines is the file without our lines; nil when it is so already.
func (u *undoing) mergeLines(path string, before, after State) (text *string, touched []string, err error) {
	was, err := u.saved.content(before.Digest)
	if err != nil {
		return nil, nil, err
	}
	ours, err := u.saved.content(after.Digest)
	if err != nil {
		return nil, nil, err
	}
	now, err := u.text(path)
	if err != nil {
		return nil, nil, err
	}
	merged, touched := takeLinesBack(was, ours, now)
	if merged == now {
		return nil, touched, nil
	}
	return &merged, touched, nil
}

// rewrite replaces the content of a file and keeps all else.
func (u *undoing) rewrite(path, temp, text string, st State) error {
	if u.dry != nil {
		digest := hashing.Sum([]byte(text))
		st.Size, st.Digest = int64(len(text)), hex.EncodeToString(digest[:])
		u.dry.texts[path] = text
		u.dry.effects = append(u.dry.effects, effect{path: path, st: st})
		return nil
	}
	if err := removeTemp(pathText(temp)); err != nil {
		return err
	}
	if _, err := fill(temp, strings.NewReader(text), st, nil); err != nil {
		return errors.Join(err, removeTemp(pathText(temp)))
	}
	step("lines beside")
	return os.Rename(temp, path)
}
