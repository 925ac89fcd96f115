package host

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"runner/record"
	"runner/value"
)

// Fields implements record.Record.
func (h Holder) Fields() *value.Dict {
	return value.DictOf("deployment", h.Deployment, "pid", h.PID, "since", h.Since)
}

// Fields implements record.Record.
func (a Fence) Fields() *value.Dict {
	d := value.DictOf("sequence", a.Sequence, "attempt", a.Attempt, "deployment", a.Deployment)
	record.Optional(d, "stage", a.Stage)
	return d
}

// Fields implements record.Record.
func (a Applied) Fields() *value.Dict {
	return value.DictOf("deployment", a.Deployment, "artifact", a.Artifact, "at", a.At)
}

// Fields implements record.Record.
func (o Origin) Fields() *value.Dict { return value.DictOf("artifact", o.Artifact, "runner", o.Runner) }

// Fields implements record.Record.
func (r Record) Fields() *value.Dict {
	d := value.DictOf("deployment", r.Deployment)
	record.Optional(d, "artifact", r.Artifact)
	record.Optional(d, "runner", r.Runner)
	d.Set("status", r.Status)
	d.Set("at", r.At)
	d.Set("applied", r.Applied)
	if r.Confirm != nil {
		d.Set("unconfirmed", r.Confirm.Fields())
	}
	return d
}

// Fields implements record.Record.
func (p Pruned) Fields() *value.Dict {
	return value.DictOf("deployments", record.Texts(p.Deployments), "artifacts", record.Texts(p.Artifacts),
		"blobs", record.Texts(p.Blobs), "bytes", p.Bytes)
}

// maxStateFile bounds what is read of our own small files, bytes.
const maxStateFile = 16 << 20

// read reads one of our small files; nil when it does not exist.
func read(path string) (any, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxStateFile {
		return nil, errors.New(path + " is larger than " + strconv.Itoa(maxStateFile) + " bytes")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(data)
	return v, inFile(path, err)
}

// readRecord reads a file with one object; false when it does not exist.
func readRecord(path string) (record.Reader, bool, error) {
	v, err := read(path)
	if v == nil || err != nil {
		return record.Of(value.NewDict()), false, err
	}
	r := record.Of(v)
	return r, true, inFile(path, r.Err())
}

// inFile says which file an error is about.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "read", Path: path, Err: err}
}

// write writes a record, or any value, atomically and synced.
func write(path string, v any) error { return WriteFile(path, record.Line(v)) }
