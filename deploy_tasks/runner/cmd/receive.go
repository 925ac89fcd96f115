package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"runner/host"
	"runner/record"
	"runner/value"
	"runner/wire"
)

// receive answers a worker's manifest: it takes what the host lacks and executes the artifact, or answers by itself.
func receive(args []string) error {
	o := newOptions("receive", "DIR MANIFEST [checked]", "Takes an artifact's parts from standard input (for workers).")
	rest, err := o.parse(args, 3)
	if err != nil {
		return err
	}
	if len(rest) < 2 || len(rest) == 3 && rest[2] != checked {
		return usage("receive wants DIR, MANIFEST and perhaps %q", checked)
	}
	outliveOutput()
	if err := received(rest[0], rest[1], len(rest) == 3); err != nil {
		var told served
		if errors.As(err, &told) || errors.Is(err, notSucceeded) {
			return err
		}
		_ = say(os.Stdout, asRefusal(err)) // a caller that is gone is not told
		return served{err}
	}
	return nil
}

// checked says that this executable is an artifact whose digest the caller on this host has compared just now.
const checked = "checked"

func received(dir, text string, fresh bool) error {
	m, err := wire.ParseManifest(text)
	if err != nil {
		return err
	}
	folder, err := host.Open(dir)
	if err != nil {
		return err
	}
	switch m.Do {
	case "run", "verify", "task":
		return execute(folder, m, fresh)
	case "undo":
		return executeUndo(folder, m)
	case "preview":
		f, err := aside(folder, m.Deployment).Foresee(context.Background())
		return answer(err, value.DictOf("preview", f.Fields()))
	case "confirm":
		host.Umask(commandUmask)
		c, err := aside(folder, m.Deployment).ConfirmNow(context.Background())
		return answer(err, c.Fields())
	case "list":
		records, err := folder.List()
		return answer(err, value.DictOf("deployments", record.List(records)))
	case "prune":
		pruned, err := pruneLocked(folder, max(m.Keep, 0))
		return answer(err, value.DictOf("pruned", pruned.Fields()))
	case "facts":
		return answer(nil, value.DictOf("facts", gather(m.Subset, os.Environ())))
	}
	return answerStatus(folder, m)
}

func answer(err error, fields *value.Dict) error {
	if err != nil {
		return err
	}
	fields.Set("event", "answer")
	return say(os.Stdout, fields)
}

// execute completes the artifact and becomes it.
func execute(folder *host.Folder, m *wire.Manifest, fresh bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r := wire.Receiver{Folder: folder, In: os.Stdin, Out: os.Stdout, Self: self, Checked: fresh}
	path, err := r.Artifact(m)
	if err != nil {
		return err
	}
	serve := []string{"--serve", "--state-dir", folder.Root, "--artifact", m.Artifact}
	switch {
	case !wire.Same(self, path):
		return become(path, append([]string{m.Do}, serve...)...)
	case m.Do == "verify":
		return verify(serve)
	case m.Do == "task":
		return task(serve)
	}
	return run(serve) // this process is the artifact already
}

// executeUndo leaves the undo to the runner that did the run; without it the journal is enough for this one. It needs
// no parts, which asks for the request.
func executeUndo(folder *host.Folder, m *wire.Manifest) error {
	if err := say(os.Stdout, value.DictOf("event", "need", "parts", []any{})); err != nil {
		return err
	}
	path := folder.Deployment(m.Deployment).Executable()
	if _, err := os.Stat(path); err == nil {
		if err := become(path, "undo", "--serve", "--state-dir", folder.Root); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	host.Umask(commandUmask)
	return serveUndo(folder)
}

func become(path string, args ...string) error {
	err := host.Exec(path, append([]string{path}, args...), os.Environ())
	if errors.Is(err, fs.ErrPermission) {
		return &wire.Refusal{Reason: "noexec", Message: path + " cannot be executed: is its file system mounted noexec?"}
	}
	return err
}

func answerStatus(folder *host.Folder, m *wire.Manifest) error {
	stack, err := folder.Stack()
	if err != nil {
		return err
	}
	fields := value.DictOf("applied", record.List(stack), "version", Version, "report", nil, "holder", nil, "state", "absent")
	if holder, held := folder.Holder(m.Deployment); held {
		fields.Set("holder", holder.Fields())
	}
	if m.Deployment != "" {
		d := folder.Deployment(m.Deployment)
		report, found, err := d.Report()
		if err != nil {
			return err
		}
		switch {
		case found:
			fields.Set("report", report.All())
			fields.Set("state", "reported")
		case d.HasJournal():
			fields.Set("state", "unfinished")
		}
	}
	return answer(nil, fields)
}
