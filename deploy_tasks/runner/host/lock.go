package host

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"runner/fmt"
	"runner/record"
)

// Holder is who holds the lock.
type Holder struct {
	Deployment string
	PID        int
	Since      string
}

// Lock is the host's lock, held. The system lets go of it when the process ends, however it ends.
type Lock struct{ f *os.File }

// Busy means that another deployment holds the lock.
type Busy struct{ Holder Holder }

func (b *Busy) Error() string {
	if b.Holder.Deployment == "" {
		return "another run is at work on this host"
	}
	return fmt.Sprintf("deployment %s is at work on this host since %s (process %d)", b.Holder.Deployment, b.Holder.Since, b.Holder.PID)
}

// lockPoll is how often a waiting run looks.
const lockPoll = 50 * time.Millisecond

// lockPath is the host's one lock, or a delegated task's own.
func (f *Folder) lockPath(deployment string) string {
	if Delegated(deployment) {
		return filepath.Join(f.Deployment(deployment).Dir, "lock")
	}
	return filepath.Join(f.Root, "lock")
}

// Lock takes the lock that is for the deployment. When the same deployment holds it, it waits as long as ctx allows; for another one at most patience.
func (f *Folder) Lock(ctx context.Context, deployment string, patience time.Duration) (*Lock, error) {
	if Delegated(deployment) {
		if err := f.Deployment(deployment).Make(); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(f.lockPath(deployment), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(patience); ; {
		got, err := tryLock(file)
		if err != nil {
			file.Close()
			return nil, err
		}
		if got {
			return f.hold(file, deployment)
		}
		holder := readHolder(file)
		if holder.Deployment != deployment && time.Now().After(until) {
			file.Close()
			return nil, &Busy{holder}
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

func (f *Folder) hold(file *os.File, deployment string) (*Lock, error) {
	text := record.Encode(Holder{deployment, os.Getpid(), time.Now().UTC().Format(time.RFC3339)})
	err := file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt(text, 0)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

// Holder reads who holds the lock that is for the deployment; false when nobody does.
func (f *Folder) Holder(deployment string) (Holder, bool) {
	file, err := os.OpenFile(f.lockPath(deployment), os.O_RDWR, 0)
	if err != nil {
		return Holder{}, false
	}
	defer file.Close()
	if free, err := tryLock(file); free || err != nil {
		return Holder{}, false
	}
	return readHolder(file), true
}

func readHolder(file *os.File) Holder {
	text, _ := io.ReadAll(io.NewSectionReader(file, 0, 4096))
	r, err := record.Parse(text)
	if err != nil { // half written: nobody is named
		return Holder{}
	}
	return Holder{r.Text("deployment"), r.Int("pid"), r.Text("since")}
}

// Release lets go of the lock.
func (l *Lock) Release() {
	_ = l.f.Truncate(0)
	_ = l.f.Close()
}
