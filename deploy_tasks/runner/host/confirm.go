package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"runner/change"
	"runner/value"
)

// A deployment that is to be confirmed has a file for it in its folder, in turn with one of three names. Renaming one is
// how the one who confirms and the one who takes back decide which of them was first.
const (
	waitingName   = "unconfirmed.json"
	confirmedName = "confirmed.json"
	expiredName   = "expired.json"
)

// watchName is the file that the watching process holds locked, however it ends.
const watchName = "watch"

// Confirmation is what a deployment waits for.
type Confirmation struct {
	Deployment string
	Until      time.Time
	Watched    bool // the process that takes it back then is there
}

// Fields implements record.Record.
func (c Confirmation) Fields() *value.Dict {
	return value.DictOf("until", c.Until.UTC().Format(time.RFC3339), "watched", c.Watched)
}

// AwaitConfirmation begins to wait.
func (d *Deployment) AwaitConfirmation(until time.Time) error {
	return write(d.confirmation(waitingName), value.DictOf("until_ns", until.UnixNano()))
}

// Watch is the lock that the watching process gets.
func (d *Deployment) Watch() (*os.File, error) {
	f, err := os.OpenFile(d.confirmation(watchName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if got, err := tryLock(f); !got {
		return nil, errors.Join(err, errors.New("another process watches "+d.ID), f.Close())
	}
	return f, nil
}

func (d *Deployment) watched() bool {
	f, err := os.OpenFile(d.confirmation(watchName), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	got, err := tryLock(f)
	return !got && err == nil
}

func (d *Deployment) confirmation(name string) string { return filepath.Join(d.Dir, name) }

// Confirmation is what the deployment waits for, or waited for in vain without having been taken back; false when it
// is neither.
func (d *Deployment) Confirmation() (Confirmation, bool, error) {
	for _, name := range []string{waitingName, expiredName} {
		r, found, err := readRecord(d.confirmation(name))
		if err != nil {
			return Confirmation{}, false, err
		}
		if found {
			c := Confirmation{d.ID, time.Unix(0, r.Int64("until_ns")), d.watched()}
			return c, r.Err() == nil, inFile(d.confirmation(name), r.Err())
		}
	}
	return Confirmation{}, false, nil
}

// Confirm has the deployment stay; false when it does not wait for that any more.
func (d *Deployment) Confirm() (bool, error) { return d.turn(confirmedName) }

// Expire ends the time to confirm; false when somebody was first.
func (d *Deployment) Expire() (bool, error) { return d.turn(expiredName) }

func (d *Deployment) turn(name string) (bool, error) {
	err := os.Rename(d.confirmation(waitingName), d.confirmation(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = change.SyncDir(d.Dir)
	}
	return err == nil, err
}

// Confirmed says whether it was confirmed.
func (d *Deployment) Confirmed() bool { return change.Exists(d.confirmation(confirmedName)) }

// Expired says whether its time was over before somebody confirmed it, and it was not taken back yet.
func (d *Deployment) Expired() bool { return change.Exists(d.confirmation(expiredName)) }

// EndConfirmation ends waiting and expiry: the deployment was taken back.
func (d *Deployment) EndConfirmation() {
	for _, name := range []string{waitingName, expiredName, watchName} {
		_ = os.Remove(d.confirmation(name))
	}
}

// Unconfirmed are the deployments that wait to be confirmed, and those that were not and still stand.
func (f *Folder) Unconfirmed() ([]Confirmation, error) {
	var out []Confirmation
	for _, name := range []string{waitingName, expiredName} {
		found, err := filepath.Glob(filepath.Join(f.deployments(), "*", name))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			c, waits, err := f.Deployment(filepath.Base(filepath.Dir(path))).Confirmation()
			if err != nil {
				return nil, err
			}
			if waits {
				out = append(out, c)
			}
		}
	}
	return out, nil
}
