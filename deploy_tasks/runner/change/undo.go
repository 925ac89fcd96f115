package change

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fmt"
	"runner/record"
)

// Conflict is something undo left alone, and why.
type Conflict struct {
	Path string
	Why  string
}

// Irreversible is a step that cannot be taken back.
type Irreversible struct {
	Task string
	What string
}

// UndoReport says what an undo did. The lists are in the order of undoing.
type UndoReport struct {
	Undone       []string
	Conflicted   []Conflict
	Irreversible []Irreversible
}

// Empty says whether there was nothing to take back.
func (r *UndoReport) Empty() bool { return len(r.Undone)+len(r.Conflicted)+len(r.Irreversible) == 0 }

// Handler is a handler's call as it ran.
type Handler struct {
	Name, Module string
	Args         any
}

// Effects are the parts of an undo that are not files. Tools are what kinds look and restore with.
//
// Fire returns ErrNothingToRun when the handler's program came with what was undone.
type Effects interface {
	Run(what string, argv []string) error
	Fire(h Handler) error
	// Perform makes one call of a module that the plan has for an undo. name is what the plan calls it.
	Perform(call any) (name string, err error)
	Tools() Tools
}

// ErrNothingToRun is a handler whose program is not there, as it was not before: there is nothing that could notice.
var ErrNothingToRun = errors.New("its program is not there any more")

// undoing is one undo of one journal.
type undoing struct {
	after   int // entries up to this one stay
	j       *journal
	saved   *saved
	entries []entry
	fx      Effects
	tasks   map[int]entry           // by their Seq
	done    map[int]bool            // entries taken back
	undone  map[int]bool            // tasks of which something was taken back
	fires   map[int]bool            // tasks that are journalled calls of handlers
	files   map[int]bool            // tasks that changed files
	again   bool                    // not the first attempt
	linked  map[string]Irreversible // files that had other names, as far back as the undo has come
	stuck   map[string]bool         // paths where a conflict stopped the undo
	foreign map[pathText]bool
	begun   map[int]bool     // entries that an undo has begun to take back
	groups  map[int]*around  // by the Seq of their heads
	things  map[int]*outcome // what became of what is no file, by the Seq of its entry
	report  UndoReport
	dry     *foresight // nil: it acts
	loose   loose      // what is back and not yet on the disk
}

// Undo takes back what the journal in a deployment's folder says, newest first. It may be killed at any moment and
// repeated; what is taken back stays so, conflicts are tried again. Without a journal there is nothing to do.
// The error tells that the journal itself could not be used.
func Undo(dir string, fx Effects) (UndoReport, error) { return UndoAfter(dir, 0, fx) }

// UndoAfter takes back only what the journal says after one of its lines; what is before it stays, and can be undone later.
func UndoAfter(dir string, mark int, fx Effects) (UndoReport, error) {
	empty := NothingUndone()
	path := filepath.Join(dir, JournalName)
	if !Exists(path) {
		return empty, nil
	}
	j, entries, damaged, err := openJournal(path)
	if err != nil {
		return empty, err
	}
	u := newUndoing(dir, mark, entries, damaged, fx)
	u.j = j
	u.index()
	err = u.all()
	return u.report, errors.Join(err, j.close())
}

func newUndoing(dir string, mark int, entries []entry, damaged []int, fx Effects) *undoing {
	u := &undoing{after: mark, saved: newSaved(filepath.Join(dir, SavedName)), entries: entriesAfter(entries, mark), fx: fx,
		report: NothingUndone(), tasks: map[int]entry{}, done: map[int]bool{}, undone: map[int]bool{}, fires: map[int]bool{},
		files: map[int]bool{}, stuck: map[string]bool{}, linked: map[string]Irreversible{}, foreign: map[pathText]bool{},
		begun: map[int]bool{}, groups: map[int]*around{}, things: map[int]*outcome{}}
	for _, n := range damaged {
		u.report.Conflicted = append(u.report.Conflicted, Conflict{fmt.Sprintf("%s line %d", filepath.Join(dir, JournalName), n), "is damaged"})
	}
	return u
}

func entriesAfter(entries []entry, mark int) []entry {
	for i, e := range entries {
		if e.Seq > mark {
			return entries[i:]
		}
	}
	return nil
}

// NothingUndone is the report of an undo that had nothing to do.
func NothingUndone() UndoReport {
	return UndoReport{Undone: []string{}, Conflicted: []Conflict{}, Irreversible: []Irreversible{}}
}

// Incomplete says whether something that could be undone was not.
func (r *UndoReport) Incomplete() bool { return len(r.Conflicted) > 0 }

// index reads from the journal what earlier undoes did.
func (u *undoing) index() {
	for _, e := range u.entries {
		switch {
		case e.Op == opTask:
			u.tasks[e.Seq] = e
		case e.Op == opHandler:
			u.fires[e.Task] = true
		case e.Op == opUndone && !e.Conflict:
			u.done[e.Ref] = true
			if !e.Kept {
				u.undone[e.Task] = true
				if u.dry == nil { // what an earlier undo has done is not to be done
					u.tell(e.label())
				}
			}
		case e.Op == opUndoing:
			u.begun[e.Ref] = true
		case changesFile(e.Op):
			u.files[e.Task] = true
		}
	}
	u.gather()
}

// tell notes a path as undone, once.
func (u *undoing) tell(path string) {
	if path != "" && !slices.Contains(u.report.Undone, path) {
		u.report.Undone = append(u.report.Undone, path)
	}
}

func changesFile(op Op) bool {
	switch op {
	case opWrite, opMkdir, opRemove, opAway, opSymlink, opHardlink, opChmod, opChown, opChtimes, opRename:
		return true
	}
	return false
}

func (u *undoing) all() error {
	if err := u.begin(); err != nil {
		return err
	}
	for i := len(u.entries) - 1; i >= 0; i-- {
		if err := u.back(u.entries[i]); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(u.linked)) {
		u.report.Irreversible = append(u.report.Irreversible, u.linked[path])
	}
	if err := u.afterwards(); err != nil {
		return err
	}
	if u.dry != nil {
		return nil
	}
	u.folderTimes()
	if err := u.sync(); err != nil {
		return err
	}
	if _, err := u.j.add(true, entry{Op: opUndoEnd}); err != nil || u.report.Incomplete() || u.after > 0 {
		return err
	}
	return os.RemoveAll(u.saved.dir) // all of it is back: nobody needs the copies
}

// begin finds out, at the first attempt, which folders somebody else has changed since the run ended: their times stay.
func (u *undoing) begin() error {
	i := 0
	for i < len(u.entries) && u.entries[i].Op != opUndoBegin {
		i++
	}
	u.again = i < len(u.entries)
	if u.dry != nil {
		return nil
	}
	if !u.again {
		begin := entry{Op: opUndoBegin}
		for _, e := range u.entries {
			switch {
			case e.Op == opEnd:
				begin.Folders = changedFolders(e.Folders)
			case changesFile(e.Op) || e.Op == opWatched || e.Op == opTemps || e.Op == opTemp: // the run went on: what it changed since is no stranger's
				begin.Folders = nil
			}
		}
		if _, err := u.j.add(true, begin); err != nil {
			return err
		}
		u.entries = append(u.entries, begin)
		i = len(u.entries) - 1
	}
	for _, f := range u.entries[i].Folders {
		u.foreign[f.Path] = true
	}
	return nil
}

func changedFolders(then []folderTime) []folderTime {
	var out []folderTime
	for _, f := range then {
		if st, err := inspect(string(f.Path)); err != nil || st.Mtime != f.Mtime {
			out = append(out, f)
		}
	}
	return out
}

// back takes one entry back, when that is due.
func (u *undoing) back(e entry) error {
	if u.done[e.Seq] {
		return nil
	}
	switch {
	case e.Op == opTemp:
		return u.clear(e.Temp)
	case e.Op == opTemps:
		return u.sweep(e)
	case e.Op == opCommand:
		return u.command(e)
	case e.Op == opWarn:
		u.report.Irreversible = append(u.report.Irreversible, Irreversible{u.tasks[e.Task].Name, e.What})
	case e.Op == opTasks:
		return u.perform(e)
	case e.Op == opSet:
		return u.set(e)
	case e.Op == opAround:
		return u.around(u.groups[e.Seq])
	case changesFile(e.Op):
		return u.file(e)
	}
	return nil
}

// file takes a change of a path back.
func (u *undoing) file(e entry) error {
	path, to := string(e.Path), string(e.To)
	if err := u.settle(path, to); err != nil {
		return err
	}
	if e.Op == opAway {
		to = "" // our own folder
	}
	if u.stuck[path] || to != "" && u.stuck[to] {
		u.stuck[path] = true
		return nil
	}
	u.loose.add(path)
	u.loose.add(to)
	why, did, err := u.revert(e)
	if err != nil {
		why = err.Error()
	}
	step("reverted")
	if why != "" && to != "" {
		u.stuck[to] = true
	}
	if why != "" {
		return u.conflict(e, why)
	}
	// It had not happened, or was back already. A second attempt cannot tell which, and assumes the latter.
	if !did && !u.again {
		return u.markKept(e)
	}
	u.tell(path)
	u.undone[e.Task] = true
	u.noteLinks(e)
	return u.mark(e, "", false)
}

// conflict leaves what an entry is about as it is, also what older entries say of it.
func (u *undoing) conflict(e entry, why string) error {
	u.stuck[e.label()] = true
	u.report.Conflicted = append(u.report.Conflicted, Conflict{e.label(), why})
	return u.mark(e, why, false)
}

// noteLinks notes a restored file that had other names: it comes back as a file of its own. Only the oldest state counts.
func (u *undoing) noteLinks(e entry) {
	delete(u.linked, string(e.Path))
	if copied := e.Op == opWrite || e.Op == opSymlink || e.Op == opHardlink || e.Op == opRemove || e.Op == opWatched; copied && e.Before.Kind == File && e.Before.Links > 1 {
		u.linked[string(e.Path)] = Irreversible{u.tasks[e.Task].Name,
			fmt.Sprintf("%s was one of %d names of a file; it has the content back, as a file of its own", string(e.Path), e.Before.Links)}
	}
}

// command runs what takes a command back.
func (u *undoing) command(e entry) error {
	task := u.tasks[e.Task]
	if len(e.Argv) == 0 {
		if !u.fires[e.Task] {
			u.report.Irreversible = append(u.report.Irreversible, Irreversible{task.Name, e.What})
		}
		return nil
	}
	return u.run(e)
}

// run runs an entry's command and marks it; a failure is told and tried again by the next undo.
func (u *undoing) run(e entry) error {
	if err := u.fx.Run(e.What, e.Argv); err != nil {
		u.report.Conflicted = append(u.report.Conflicted, Conflict{u.tasks[e.Task].Name + ": " + strings.Join(e.Argv, " "), err.Error()})
		return u.mark(e, err.Error(), true)
	}
	step("ran")
	u.tell(e.What)
	return u.mark(e, "", true)
}

// mark journals the outcome of an entry.
func (u *undoing) mark(e entry, why string, sync bool) error {
	m := entry{Op: opUndone, Ref: e.Seq, Task: e.Task, Path: e.Path, Kind: e.Kind, Name: e.Name, Conflict: why != "", What: why}
	return u.write(sync, m)
}

// write adds to the journal what the undo did.
func (u *undoing) write(sync bool, e entry) error {
	if u.dry != nil {
		return nil
	}
	if sync {
		if err := u.sync(); err != nil {
			return err
		}
	}
	_, err := u.j.add(sync, e)
	return err
}

// markKept journals that there was nothing to take back.
func (u *undoing) markKept(e entry) error {
	return u.write(false, entry{Op: opUndone, Ref: e.Seq, Task: e.Task, Kept: true})
}

// afterwards runs what services need to notice that everything is as it was: handlers whose notifiers were undone,
// and the commands that tasks left for this moment.
func (u *undoing) afterwards() error {
	seen := map[string]bool{}
	for _, e := range u.entries {
		due := !u.done[e.Seq]
		switch {
		case e.Op == opAfterUndo && !u.fires[e.Task]:
			key := strings.Join(e.Argv, "\x00")
			if due && !seen[key] {
				if err := u.run(e); err != nil {
					return err
				}
			}
			seen[key] = true
		case e.Op == opHandler && !u.files[e.Task] && slices.ContainsFunc(e.By, func(t int) bool { return u.undone[t] }):
			key := e.What + "\x00" + string(record.Encode(e.Args))
			if due && !seen[key] {
				if err := u.fire(e); err != nil {
					return err
				}
			}
			seen[key] = true
		}
	}
	return nil
}

func (u *undoing) fire(e entry) error {
	why := ""
	err := u.fx.Fire(Handler{Name: e.Name, Module: e.What, Args: e.Args})
	switch {
	case errors.Is(err, ErrNothingToRun):
		u.tell("handler " + e.Name + ": " + err.Error())
	case err != nil:
		why = err.Error()
		u.report.Conflicted = append(u.report.Conflicted, Conflict{"handler " + e.Name, why})
	default:
		u.tell("handler " + e.Name)
	}
	return u.mark(e, why, true)
}
