// Package host is the runner's folder on a host: what was sent, what was done, what is applied, and who is at work.
package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/record"
)

// Folder is the state folder of a host.
type Folder struct{ Root string }

// DefaultRoot is where the state folder is when nobody says: the machine's for root, the user's own otherwise.
func DefaultRoot() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/deploy-tasks", nil
	}
	if base := os.Getenv("XDG_STATE_HOME"); base != "" {
		return filepath.Join(base, "deploy-tasks"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home folder for the state: %w; name one with --state-dir", err)
	}
	return filepath.Join(home, ".local", "state", "deploy-tasks"), nil
}

// Open makes the folder where it is missing.
func Open(root string) (*Folder, error) {
	f, err := At(root)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{f.Root, f.Blobs(), f.Artifacts(), f.deployments()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// At is the folder at root, which may not exist.
func At(root string) (*Folder, error) {
	root, err := filepath.Abs(root)
	return &Folder{root}, err
}

// Blobs, Artifacts and deployments are its parts.
func (f *Folder) Blobs() string { return filepath.Join(f.Root, "blobs") }

// Artifacts is where artifacts lie by digest.
func (f *Folder) Artifacts() string { return filepath.Join(f.Root, "artifacts") }

func (f *Folder) deployments() string { return filepath.Join(f.Root, "deployments") }

// Deployment is the folder of one deployment, which may not exist.
func (f *Folder) Deployment(id string) *Deployment {
	return &Deployment{ID: id, Dir: filepath.Join(f.deployments(), id)}
}

// Deployment is one deployment on this host.
type Deployment struct{ ID, Dir string }

// Make makes the deployment's folder.
func (d *Deployment) Make() error { return os.MkdirAll(d.Dir, 0o700) }

// Executable is the deployment's artifact.
func (d *Deployment) Executable() string { return filepath.Join(d.Dir, "run") }

// ReportPath is where the report of a finished deployment lies.
func (d *Deployment) ReportPath() string { return filepath.Join(d.Dir, "report.json") }

// Report reads the kept report; false when there is none.
func (d *Deployment) Report() (record.Reader, bool, error) { return readRecord(d.ReportPath()) }

// KeepReport writes the report, synced: from now on the deployment is finished.
func (d *Deployment) KeepReport(v any) error {
	if err := d.Make(); err != nil {
		return err
	}
	return write(d.ReportPath(), v)
}

// HasJournal says whether something may have been changed.
func (d *Deployment) HasJournal() bool {
	return change.Exists(filepath.Join(d.Dir, change.JournalName))
}

// SetAsideJournal makes room for a new run after an interrupted one was undone.
func (d *Deployment) SetAsideJournal() error {
	path := filepath.Join(d.Dir, change.JournalName)
	old := path + ".1"
	for n := 2; change.Exists(old); n++ {
		old = fmt.Sprintf("%s.%d", path, n)
	}
	if err := os.Rename(path, old); err != nil {
		return err
	}
	return change.SyncDir(d.Dir)
}

// ValidID says whether a deployment id from outside is safe as a file name.
func ValidID(id string) bool {
	if id == "" || len(id) > 128 || strings.HasPrefix(id, ".") || strings.HasPrefix(id, "-") {
		return false
	}
	return strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-~") == ""
}

// Delegated says whether the id is of one task that this host performed for another one: DEPLOYMENT~HOST.N. It has a
// folder, a journal and a lock of its own, so that hosts that delegate to each other never wait for each other.
func Delegated(id string) bool { return strings.Contains(id, "~") }

// parent is the deployment that a deployment's id belongs to: its own, or the one that delegated.
func parent(id string) string {
	base, _, _ := strings.Cut(id, "~")
	return base
}

// ValidDigest says whether s is a SHA-256 in hex.
func ValidDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// WriteFile writes a private file atomically and synced.
func WriteFile(path string, data []byte) error {
	out, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // gone already when all went well
	_, err = out.Write(data)
	if err == nil {
		err = change.SyncData(out)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return err
	}
	return change.SyncDir(filepath.Dir(path))
}
