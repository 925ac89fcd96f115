package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"time"

	"runner/change"
)

// Record is one deployment as the folder shows it.
type Record struct {
	Deployment string
	Artifact   string
	Runner     string
	Status     string // as Deployment.Status has it
	At         string
	Applied    bool
	Confirm    *Confirmation // it waits to be confirmed, or was not and stands all the same
	when       time.Time
}

// Origin is what a deployment's folder says of where it came from: manifest.json.
type Origin struct {
	Artifact string
	Runner   string
}

func (d *Deployment) originPath() string { return filepath.Join(d.Dir, "manifest.json") }

// KeepOrigin writes manifest.json where it does not say the same already.
func (d *Deployment) KeepOrigin(o Origin) error {
	if old, err := d.Origin(); err == nil && old == o {
		return nil
	}
	return write(d.originPath(), o)
}

// Origin reads manifest.json.
func (d *Deployment) Origin() (Origin, error) {
	r, _, err := readRecord(d.originPath())
	return Origin{r.Text("artifact"), r.Text("runner")}, err
}

// List is every deployment on this host, the oldest first.
func (f *Folder) List() ([]Record, error) {
	stack, err := f.Stack()
	if err != nil {
		return nil, err
	}
	names, err := os.ReadDir(f.deployments())
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	out := []Record{}
	for _, name := range names {
		if !name.IsDir() || !ValidID(name.Name()) {
			continue
		}
		r := f.Deployment(name.Name()).record()
		r.Applied = holds(stack, r.Deployment)
		out = append(out, r)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].when.Before(out[j].when) })
	return out, nil
}

func (d *Deployment) record() Record {
	r := Record{Deployment: d.ID, Status: "interrupted"}
	if !d.HasJournal() {
		r.Status = "not run"
	}
	if o, err := d.Origin(); err == nil {
		r.Artifact, r.Runner = o.Artifact, o.Runner
	}
	if c, found, err := d.Confirmation(); err == nil && found {
		r.Confirm = &c
	}
	path := d.Dir
	if d.waits() {
		r.Status = "waiting"
	}
	if report, found, err := d.Report(); err == nil && found {
		r.Status, path = report.Text("status"), d.ReportPath()
	}
	if info, err := os.Stat(path); err == nil {
		r.when = info.ModTime()
		r.At = r.when.UTC().Format(time.RFC3339)
	}
	return r
}

// Status is how the deployment ended; waiting between two stages or for a restart of the host, interrupted without a report, not run when its
// executable came and nothing was performed, as for a check; absent when the host does not know it.
func (d *Deployment) Status() string {
	if !change.Exists(d.Dir) {
		return "absent"
	}
	return d.record().Status
}

// Pruned says what a prune removed.
type Pruned struct {
	Deployments []string
	Artifacts   []string
	Blobs       []string
	Bytes       int64
}

// Prune keeps the newest good deployments and what lies between them; older ones go with all that only they needed.
// A failed deployment never counts, so it never pushes out a good one. With keep 0 all go, but for those that wait
// between two stages or for a restart of the host, and the runner with them. Artifacts and runners younger than spare stay: a session that waits
// for the lock may have brought them. The lock is held.
func (f *Folder) Prune(keep int, current string, spare time.Duration) (Pruned, error) {
	p := Pruned{Deployments: []string{}, Artifacts: []string{}, Blobs: []string{}}
	records, err := f.List()
	if err != nil {
		return p, err
	}
	kept, good := map[string]bool{}, map[string]bool{} // good are deployments; what one of them delegated stays with it
	for i := len(records) - 1; i >= 0; i-- {
		r := records[i]
		of := parent(r.Deployment)
		if len(good) >= keep && !good[of] && r.Deployment != current && r.Status != "waiting" && !f.atWork(r.Deployment) {
			p.Bytes += treeSize(f.Deployment(r.Deployment).Dir)
			if err := f.forget(r.Deployment); err != nil {
				return p, err
			}
			p.Deployments = append(p.Deployments, r.Deployment)
			continue
		}
		kept[r.Artifact], kept[r.Runner] = true, true
		if r.Status == "succeeded" {
			good[of] = true
		}
	}
	// A system that lets nobody remove a program that runs keeps this one.
	if self, err := os.Executable(); err == nil && (keep > 0 || len(kept) > 0 || runtime.GOOS == "windows") {
		kept[filepath.Base(self)] = true
	}
	err = errors.Join(sweep(f.Artifacts(), kept, spare, &p.Artifacts, &p.Bytes), sweep(f.Blobs(), kept, spare, &p.Blobs, &p.Bytes))
	return p, err
}

// atWork says whether a delegated task is being performed. What is no such task needs the lock that the caller holds.
func (f *Folder) atWork(id string) bool {
	_, held := f.Holder(id)
	return held && Delegated(id)
}

// forget removes a deployment's folder and its place in the stack.
func (f *Folder) forget(id string) error {
	stack, err := f.Stack()
	if err != nil {
		return err
	}
	if holds(stack, id) {
		if err := f.Pop(id); err != nil {
			return err
		}
	}
	return os.RemoveAll(f.Deployment(id).Dir)
}

// StaleAfter is how old a file must be for nobody to be on the way to it.
const StaleAfter = time.Hour

// sweep removes what nothing needs; temporary files only when they are old.
func sweep(dir string, kept map[string]bool, spare time.Duration, removed *[]string, bytes *int64) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := name.Info()
		if errors.Is(err, fs.ErrNotExist) || kept[name.Name()] {
			continue
		}
		if err != nil {
			return err
		}
		least := spare
		if strings.HasPrefix(name.Name(), ".") { // temporary: somebody may be writing it
			least = StaleAfter
		} else if !ValidDigest(name.Name()) {
			continue
		}
		if time.Since(info.ModTime()) < least {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name.Name())); err != nil {
			return err
		}
		*bytes += info.Size()
		*removed = append(*removed, name.Name())
	}
	return nil
}

func treeSize(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}
