package host

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/record"
	"runner/value"
)

// Jobs is where the tasks that a deployment left running in the background keep their results: for each its result once
// it has one, and the processes that are its own until then.
type Jobs struct{ dir string }

// Jobs are the deployment's.
func (d *Deployment) Jobs() *Jobs { return &Jobs{filepath.Join(d.Dir, "jobs")} }

// JobsAt are the jobs beside the result at path.
func JobsAt(path string) *Jobs { return &Jobs{filepath.Dir(path)} }

// New makes an id that no other job has.
func (j *Jobs) New() (string, error) {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return "", err
	}
	return fmt.Sprintf("j%d.%d", rand.Int64N(1e12), os.Getpid()), nil
}

// Path is where the result of a job is or will be.
func (j *Jobs) Path(id string) string { return filepath.Join(j.dir, id) }

// Note says that a process group belongs to the job. It stays the job's until its result is there.
func (j *Jobs) Note(id string, pid int) error {
	f, err := os.OpenFile(j.Path(id)+".pids", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.Itoa(pid) + " " + startTime(pid) + "\n")
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// Keep writes the result of a job.
func (j *Jobs) Keep(id string, result *value.Dict) error {
	temp := j.Path(id) + ".new"
	if err := os.WriteFile(temp, record.Line(result), 0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, j.Path(id)); err != nil {
		return err
	}
	if err := os.Remove(j.Path(id) + ".pids"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Result reads what has become of a job: nothing while it runs, and an empty result when it ended without one. known is
// false when there is no such job.
func (j *Jobs) Result(id string) (result *value.Dict, known bool) {
	if !ValidID(id) {
		return nil, false
	}
	lives := len(j.groups(id)) > 0 // before the result is looked for: it may come between the two
	if text, err := os.ReadFile(j.Path(id)); err == nil {
		if r, err := record.Parse(text); err == nil {
			return r.All(), true
		}
		return value.NewDict(), true
	}
	if lives {
		return nil, true
	}
	if _, err := os.Stat(j.Path(id) + ".pids"); err == nil {
		return value.NewDict(), true
	}
	return nil, false
}

// Erase forgets the result of a job.
func (j *Jobs) Erase(id string) {
	if ValidID(id) {
		_ = os.Remove(j.Path(id))
	}
}

// groups are the process groups of the job that are still there.
func (j *Jobs) groups(id string) []int {
	text, err := os.ReadFile(j.Path(id) + ".pids")
	if err != nil {
		return nil
	}
	var out []int
	for line := range strings.Lines(string(text)) {
		number, start, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(number); err == nil && pid > 1 && start != "" && startTime(pid) == start {
			out = append(out, pid)
		}
	}
	return out
}

// End ends the jobs that still run.
func (j *Jobs) End() {
	names, _ := filepath.Glob(filepath.Join(j.dir, "*.pids"))
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".pids")
		for _, pid := range j.groups(id) {
			module.EndGroup(pid, leftoverGrace)
		}
	}
}
