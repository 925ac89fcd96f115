package change

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// A deployment of several stages has one journal: each stage goes on where the one before it ended. A stage that was cut
// off is taken back alone, then the journal is as if it had never begun.

// Last is the number of the journal's last line, 0 without a journal.
func Last(dir string) (int, error) {
	path := filepath.Join(dir, JournalName)
	if !Exists(path) {
		return 0, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	entries, _, good, err := parseJournal(data)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	last := entries[len(entries)-1].Seq
	if good < len(data) {
		last++ // a torn line: somebody was at work
	}
	return last, nil
}

// Resume goes on with the journal of a deployment, whose last line must be mark.
func Resume(dir string, mark int) (*Recorder, error) {
	path := filepath.Join(dir, JournalName)
	j, entries, damaged, err := openJournal(path)
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 || j.seq != mark {
		return nil, errors.Join(errors.New(path+" does not end with line "+strconv.Itoa(mark)+" of the stage before"), j.close())
	}
	r := &Recorder{j: j, saved: newSaved(filepath.Join(dir, SavedName)), prefix: ".dt-" + randomName(), touched: map[string]bool{},
		reserved: map[string]bool{}, earlier: map[string]bool{}}
	for _, e := range entries {
		r.remember(e)
	}
	return r, nil
}

// remember takes in what an earlier stage has journalled. The times of its folders are journalled anew when this stage
// touches them: they are to come back as they were between the two.
func (r *Recorder) remember(e entry) {
	for _, f := range e.Folders {
		r.earlier[string(f.Path)] = true
	}
	r.trace(e)
}

// Mark is the number of the journal's last line.
func (r *Recorder) Mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.j.seq
}

// Rewind cuts the journal after a line, atomically: what followed has been taken back.
func Rewind(dir string, mark int) error {
	path := filepath.Join(dir, JournalName)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	entries, damaged, _, err := parseJournal(data)
	if err != nil {
		return err
	}
	if len(damaged) > 0 {
		return errors.New(path + " is damaged")
	}
	var kept []byte
	for _, e := range entries {
		if e.Seq <= mark {
			kept = append(kept, data[len(kept):len(kept)+lineLength(data[len(kept):])]...)
		}
	}
	return replace(path, kept)
}

// lineLength is the length of the first line with its end.
func lineLength(data []byte) int {
	for i, b := range data {
		if b == '\n' {
			return i + 1
		}
	}
	return len(data)
}

func replace(path string, data []byte) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = SyncData(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	step("journal cut")
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}
