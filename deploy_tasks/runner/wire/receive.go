package wire

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/hashing"
	"runner/hex"
	"runner/host"
	"runner/record"
	"runner/value"
)

// maxHeader bounds the line before a part, bytes.
const maxHeader = 4 << 10

// Receiver takes an artifact's parts from a connection. It never reads beyond them.
type Receiver struct {
	Folder *host.Folder
	In     io.Reader
	Out    io.Writer
	Self   string // the runner's own executable
	// Checked: this executable is an artifact whose digest was compared just now.
	Checked bool
}

// Artifact makes sure that the manifest's artifact is complete and right in the folder and linked to the deployment.
// It returns the path to execute. This executable is not looked at on its own: its bytes begin the artifact, whose
// digest as a whole decides.
func (r *Receiver) Artifact(m *Manifest) (string, error) {
	path := filepath.Join(r.Folder.Artifacts(), m.Artifact)
	whole, err := r.present(path, m)
	if err != nil {
		return "", r.explain(err, m.form.Size())
	}
	if whole {
		err = r.need([]string{})
	} else {
		err = r.fetch(path, m)
	}
	if err != nil {
		return "", err
	}
	run, err := r.link(path, m)
	if err != nil {
		return "", r.explain(err, m.form.Size())
	}
	return run, nil
}

// present says whether the artifact is here and undamaged; a damaged one is removed.
func (r *Receiver) present(path string, m *Manifest) (bool, error) {
	// A prune that runs meanwhile spares what is young.
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	_ = os.Chtimes(r.Self, now, now)
	if r.Checked && Same(r.Self, path) {
		return true, nil
	}
	digest, err := change.DigestFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case digest == m.Artifact:
		return true, nil
	}
	return false, os.Remove(path)
}

func (r *Receiver) need(digests []string) error {
	_, err := r.Out.Write(record.Line(value.DictOf("event", "need", "parts", record.Texts(digests))))
	return err
}

// fetch assembles the artifact from the runner, what the host has of its parts, and what the worker sends.
func (r *Receiver) fetch(path string, m *Manifest) (err error) {
	if err := r.checkSpace(m); err != nil {
		return err
	}
	out, err := os.CreateTemp(r.Folder.Artifacts(), ".new-")
	if err != nil {
		return r.explain(err, m.form.Size())
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	a := &assembly{Receiver: r, out: out, whole: hashing.New(), manifest: m}
	err = a.all()
	if err == nil {
		err = out.Chmod(0o700)
	}
	if err == nil {
		err = change.SyncData(out)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return r.explain(err, m.form.Size())
	}
	if digest := hex.EncodeToString(a.whole.Sum(nil)); digest != m.Artifact {
		return refuse("digest", "the assembled artifact is %s instead of %s", digest, m.Artifact)
	}
	return os.Rename(out.Name(), path)
}

// checkSpace refuses before a byte travels when the disk is too full. Some space is left for the journal.
func (r *Receiver) checkSpace(m *Manifest) error {
	const reserve, inodes = 1 << 20, 16
	space, err := change.SpaceAt(r.Folder.Root)
	if err != nil {
		return err
	}
	need := m.form.Size() + reserve
	if space.Bytes < need {
		return refuse("no_space", "no space in %s: need %d bytes, have %d", r.Folder.Root, need, space.Bytes)
	}
	if space.Inodes >= 0 && space.Inodes < inodes {
		return refuse("no_space", "no space in %s: need %d inodes, have %d", r.Folder.Root, inodes, space.Inodes)
	}
	return nil
}

// explain turns an error of the file system into a refusal.
func (r *Receiver) explain(err error, need int64) error {
	switch {
	case change.IsNoSpace(err):
		have := int64(0)
		if space, err := change.SpaceAt(r.Folder.Root); err == nil {
			have = space.Bytes
		}
		return refuse("no_space", "no space in %s: need %d bytes, have %d (%s)", r.Folder.Root, need, have, err)
	case host.IsReadOnly(err):
		return refuse("read_only", "%s is on a file system mounted read-only", r.Folder.Root)
	}
	return err
}

// link gives the deployment its artifact under the name run.
func (r *Receiver) link(path string, m *Manifest) (string, error) {
	d := r.Folder.Deployment(m.Deployment)
	if err := d.Make(); err != nil {
		return "", err
	}
	if err := d.KeepOrigin(host.Origin{Artifact: m.Artifact, Runner: m.Runner.Digest}); err != nil {
		return "", err
	}
	run := d.Executable()
	if Same(run, path) {
		return run, nil
	}
	temp := filepath.Join(d.Dir, fmt.Sprintf(".run-%d", os.Getpid()))
	defer os.Remove(temp)           // gone already when all went well
	if os.Link(path, temp) != nil { // not every file system has more than one name for a file
		if err := os.Symlink(path, temp); err != nil {
			return "", err
		}
	}
	return run, os.Rename(temp, run)
}

// Same says whether two paths name one file.
func Same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
