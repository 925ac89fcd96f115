// Package jobs runs single modules beside the run that started them, and beyond its end.
package jobs

import (
	"errors"
	"io"
	"os/exec"
	"time"

	"runner/engine"
	"runner/host"
	"runner/module"
	"runner/record"
)

// maxSpec bounds what a job is told, bytes.
const maxSpec = 64 << 20

// Starter starts the jobs of one deployment. Executable is this runner.
type Starter struct {
	*host.Jobs
	Executable string
}

// Start implements engine.Jobs. The job is a process of its own session: it does not end with the runner.
func (s Starter) Start(name string, c *module.Call, limit time.Duration) (string, error) {
	if !canDetach {
		return "", errors.New("tasks are left running in the background on Unix only")
	}
	id, err := s.New()
	if err != nil {
		return "", err
	}
	spec := engine.JobSpec(name, c, limit)
	spec.Set("id", id)
	spec.Set("path", s.Path(id))
	cmd := exec.Command(s.Executable, "job")
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	if err := s.Note(id, cmd.Process.Pid); err != nil {
		return "", errors.Join(err, cmd.Process.Kill())
	}
	_, err = in.Write(record.Line(spec))
	err = errors.Join(err, in.Close())
	go func() { _ = cmd.Wait() }() // its result is what it leaves behind
	return id, err
}

// Perform is the other side: it reads from in what to do, does it, and keeps the result.
func Perform(in io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(in, maxSpec))
	if err != nil {
		return err
	}
	spec, err := record.Parse(text)
	if err != nil {
		return err
	}
	jobs, id := host.JobsAt(spec.Text("path")), spec.Text("id")
	started := func(pid int) func() {
		_ = jobs.Note(id, pid) // without it nobody could end the command, but it runs
		return func() {}
	}
	result := engine.PerformJob(spec, started)
	return jobs.Keep(id, result)
}

var _ engine.Jobs = Starter{}
