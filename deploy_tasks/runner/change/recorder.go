package change

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"sync"

	"runner/fmt"
)

// Recorder is the Log of a run: it journals into a deployment's folder.
type Recorder struct {
	mu       sync.Mutex
	j        *journal
	saved    *saved
	prefix   string          // of the names of temporary files
	temps    int             // how many there were
	touched  map[string]bool // folders whose times are journalled
	reserved map[string]bool // folders in which temporary files may be
	earlier  map[string]bool // those that earlier stages have touched
	task     entry           // the task that acts now
	taskSeq  int             // its line, 0 before its first change
	written  []Touch
	lines    int
	closed   bool
	tools    Tools    // for the kinds of things that are no files
	fires    int      // the task that is a handler's call
	lasting  int      // steps that cannot be taken back
	covers   []*Cover // what takes back what the task does
	actor    Actor    // whose rights changes are made with, nil: the runner's own
}

// Touch is one path that a task changed.
type Touch struct {
	Task int // Seq of the task's line
	Path string
}

// JournalName and SavedName are where a deployment's folder holds journal and originals.
const (
	JournalName = "journal"
	SavedName   = "saved"
)

// NewRecorder starts the journal of a deployment in its folder, which exists and is private.
func NewRecorder(dir string) (*Recorder, error) {
	if err := os.Mkdir(filepath.Join(dir, SavedName), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	j, err := createJournal(filepath.Join(dir, JournalName))
	if err != nil {
		return nil, err
	}
	if err := SyncDir(dir); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return &Recorder{j: j, saved: newSaved(filepath.Join(dir, SavedName)), prefix: ".dt-" + randomName(),
		touched: map[string]bool{}, reserved: map[string]bool{}}, nil
}

// Task says which task the next changes belong to. It is written with the task's first change.
func (r *Recorder) Task(name string, handler bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.task, r.taskSeq = entry{Op: opTask, Name: name, Handler: handler}, 0
}

// TaskSeq is the journal's number of the current task, 0 when it has changed nothing.
func (r *Recorder) TaskSeq() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taskSeq
}

// Lines is how many lines the tasks have written so far: 0 means that nothing was changed or noted.
func (r *Recorder) Lines() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines
}

// Touched lists every path changed so far, in order.
func (r *Recorder) Touched() []Touch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.written)
}

// Irreversible is how many of the steps so far cannot be taken back.
func (r *Recorder) Irreversible() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lasting
}

// Handler journals the call of a handler before it runs; by are the tasks that notified it.
func (r *Recorder) Handler(name, module string, args any, by []int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.record(entry{Op: opHandler, Name: name, What: module, Args: args, By: by}, true)
}

// Close ends the journal of a run: the times of the touched folders are noted and their names brought to the disk.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return errors.Join(r.end(), r.j.close())
}

// Pause ends the journal as Close does, and goes on with it after its last line, whose number is returned.
func (r *Recorder) Pause() (mark int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, errClosed
	}
	if err := r.end(); err != nil {
		return 0, err
	}
	if r.earlier == nil {
		r.earlier = map[string]bool{}
	}
	maps.Copy(r.earlier, r.touched)
	r.touched, r.reserved = map[string]bool{}, map[string]bool{}
	r.taskSeq = 0
	return r.j.seq, nil
}

// Leave closes the journal without a word: it ends with the line of Pause.
func (r *Recorder) Leave() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return r.j.close()
}

func (r *Recorder) end() error {
	end := entry{Op: opEnd}
	folders := maps.Clone(r.touched)
	maps.Copy(folders, r.earlier)
	for dir := range folders {
		if st, err := inspect(dir); err == nil && st.Kind == Dir {
			end.Folders = append(end.Folders, folderTime{pathText(dir), st.Mtime})
			_ = SyncDir(dir) // a folder that cannot be synced is no reason to fail what is done
		}
	}
	sort.SliceStable(end.Folders, func(i, j int) bool { return end.Folders[i].Path < end.Folders[j].Path })
	_, err := r.j.add(true, end)
	return err
}

// Revoke makes every further change an error: the run has given up on the task that may still try one.
func (r *Recorder) Revoke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

var errClosed = errors.New("the run has ended, no change is allowed any more")

// record writes the task's line when it is due, then the entry.
func (r *Recorder) record(e entry, sync bool) error {
	return r.recordAll([]entry{e}, sync)
}

func (r *Recorder) recordAll(entries []entry, sync bool) error {
	if r.closed {
		return errClosed
	}
	if r.taskSeq == 0 && r.task.Op == opTask {
		seq, err := r.j.add(false, r.task)
		if err != nil {
			return err
		}
		r.taskSeq = seq
	}
	entries = append(r.due(), entries...)
	for i := range entries {
		e := &entries[i]
		e.Task = r.taskSeq
		e.Folders = r.folders(e)
	}
	if _, err := r.j.add(sync, entries...); err != nil {
		return err
	}
	r.lines += len(entries)
	for _, c := range r.covers {
		c.noted = true
	}
	for _, e := range entries {
		r.trace(e)
	}
	return nil
}

// trace remembers which paths an entry changes, and what cannot be taken back.
func (r *Recorder) trace(e entry) {
	switch {
	case e.Op == opSet:
		r.written = append(r.written, Touch{e.Task, e.label()})
	case e.Op == opHandler:
		r.fires = e.Task
	case e.Op == opWarn, e.Op == opCommand && len(e.Argv) == 0 && e.Task != r.fires:
		r.lasting++
	}
	for _, path := range []pathText{e.Path, e.To} {
		if path != "" && e.Op != opTemps && e.Op != opWatched {
			r.written = append(r.written, Touch{e.Task, string(path)})
		}
	}
}

// folders are the times of the folders that an entry touches first.
func (r *Recorder) folders(e *entry) []folderTime {
	var dirs []string
	for _, path := range []pathText{e.Path, e.To, e.Temp} {
		if path != "" && e.Op != opTemps {
			dirs = append(dirs, filepath.Dir(string(path)))
		}
	}
	if e.Op == opTemps || e.Op == opWatched && e.Before.Kind == Dir {
		dirs = append(dirs, string(e.Path))
	}
	var out []folderTime
	for _, dir := range dirs {
		if r.touched[dir] || dir == r.saved.dir {
			continue
		}
		r.touched[dir] = true
		if st, err := inspect(dir); err == nil && st.Kind == Dir {
			out = append(out, folderTime{pathText(dir), st.Mtime})
		}
	}
	return out
}

// reserve journals, once for a folder, how the temporary files are called that are made in it before they are journalled.
func (r *Recorder) reserve(dir string) error {
	if r.reserved[dir] {
		return nil
	}
	if err := r.record(entry{Op: opTemps, Path: pathText(dir), Name: r.prefix}, true); err != nil {
		return err
	}
	r.reserved[dir] = true
	return nil
}

// temp is a new name in path's folder.
func (r *Recorder) temp(path string) string {
	r.temps++
	return filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%d", r.prefix, r.temps))
}

// stands is what is at a path that is about to change.
func (r *Recorder) stands(path string) (State, error) {
	if r.closed {
		return State{}, errClosed
	}
	if !filepath.IsAbs(path) {
		return State{}, &os.PathError{Op: "change", Path: path, Err: errors.New("is not absolute")}
	}
	return inspect(path)
}

// before is stands that also saves a file's content; goes is as for keep.
func (r *Recorder) before(path string, goes bool) (*State, error) {
	st, err := r.stands(path)
	if err != nil || st.Kind != File || !journalled {
		return &st, err
	}
	st.Digest, st.Size, err = r.saved.keep(path, goes)
	return &st, err
}

// SavedDir is the private folder of the originals. What an undo of a kind needs besides may lie in a folder within.
func (r *Recorder) SavedDir() string { return r.saved.dir }
