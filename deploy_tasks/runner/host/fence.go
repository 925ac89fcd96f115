package host

import (
	"path/filepath"

	"runner/fmt"
)

// Fence is the newest (sequence, stage, attempt) that this host has seen. What is older comes too late.
type Fence struct {
	Sequence   int64
	Stage      int64
	Attempt    int64
	Deployment string
}

// Superseded means that the host has seen a newer deployment or attempt.
type Superseded struct{ Seen, Asked Fence }

func (s *Superseded) Error() string {
	return fmt.Sprintf("deployment %s (sequence %d, attempt %d) comes after %s (sequence %d, attempt %d), which this host has seen",
		s.Asked.Deployment, s.Asked.Sequence, s.Asked.Attempt, s.Seen.Deployment, s.Seen.Sequence, s.Seen.Attempt)
}

func (a Fence) older(b Fence) bool {
	if a.Sequence != b.Sequence {
		return a.Sequence < b.Sequence
	}
	return a.Stage < b.Stage || a.Stage == b.Stage && a.Attempt < b.Attempt
}

func (f *Folder) fencePath() string { return filepath.Join(f.Root, "fence") }

// seen is the fence as it stands, zero on a host that has seen nothing.
func (f *Folder) seen() (Fence, error) {
	r, _, err := readRecord(f.fencePath())
	if err != nil {
		return Fence{}, err
	}
	fence := Fence{r.Int64("sequence"), r.Int64("stage"), r.Int64("attempt"), r.Text("deployment")}
	if err := r.Err(); err != nil {
		return Fence{}, inFile(f.fencePath(), err)
	}
	return fence, nil
}

// Pass moves the fence forward, or refuses. The lock is held.
func (f *Folder) Pass(asked Fence) error {
	seen, err := f.seen()
	if err != nil {
		return err
	}
	if asked.older(seen) {
		return &Superseded{seen, asked}
	}
	if asked == seen {
		return nil
	}
	return write(f.fencePath(), asked)
}

// Precedes refuses what belongs to an older deployment than the newest this host has seen, and moves nothing: a task
// performed for another host is no deployment of this one.
func (f *Folder) Precedes(asked Fence) error {
	seen, err := f.seen()
	if err != nil {
		return err
	}
	if asked.Sequence < seen.Sequence {
		return &Superseded{seen, asked}
	}
	return nil
}
