package host

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"runner/module"
)

// Running remembers on disk the process groups that a run has started, so that the next one can end what a killed
// runner left behind.
type Running struct {
	path string
	mu   sync.Mutex
	pids map[int]string // process → when it started
}

// Running is the deployment's list.
func (d *Deployment) Running() *Running {
	return &Running{path: filepath.Join(d.Dir, "running"), pids: map[int]string{}}
}

// Started notes a process group; the function it returns forgets it.
func (r *Running) Started(pid int) (ended func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pids[pid] = startTime(pid)
	r.write()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.pids, pid)
		r.write()
	}
}

// write needs no sync: a crash of the machine ends the processes too.
func (r *Running) write() {
	if len(r.pids) == 0 {
		_ = os.Remove(r.path)
		return
	}
	var out strings.Builder
	for pid, start := range r.pids {
		out.WriteString(strconv.Itoa(pid) + " " + start + "\n")
	}
	temp := r.path + ".new"
	if os.WriteFile(temp, []byte(out.String()), 0o600) == nil {
		_ = os.Rename(temp, r.path)
	}
}

// EndLeftovers ends the process groups of a run that was killed, where they are still the same processes.
func (d *Deployment) EndLeftovers() {
	d.Jobs().End()
	path := filepath.Join(d.Dir, "running")
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		number, start, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err != nil || pid <= 1 || start == "" || startTime(pid) != start {
			continue
		}
		module.EndGroup(pid, leftoverGrace)
	}
	_ = os.Remove(path)
}

// leftoverGrace is how long such a process has to end by itself.
const leftoverGrace = 2 * time.Second
