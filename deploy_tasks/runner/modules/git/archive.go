package git

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"runner/modules/kit"
)

var formats = map[string]string{".zip": "zip", ".gz": "tar.gz", ".tar": "tar", ".tgz": "tgz"}

// archive packs the checkout, where the task wants that.
func (j *job) archive() error {
	path := j.p.Str("archive")
	if path == "" {
		return nil
	}
	if j.c.Check {
		j.changed = true
		return nil
	}
	format, ok := formats[filepath.Ext(path)]
	if !ok {
		return failed("Unable to get file extension from archive file name : "+path,
			"details", "Please specify archive as filename with extension. File extension can be one of ['tar', 'tar.gz', 'zip', 'tgz']")
	}
	temp := filepath.Join(j.c.TempDir(), "archive-"+filepath.Base(path))
	defer os.Remove(temp)
	argv := []string{"archive", "--format", format, "--output", temp}
	if j.p.Has("archive_prefix") {
		argv = append(argv, "--prefix", j.p.Str("archive_prefix"))
	}
	f, err := j.ask(append(argv, j.version)...)
	if err != nil {
		return err
	}
	if f.Code != 0 {
		return failed("Failed to perform archive operation", "details", "Git archive command failed to create archive "+path+
			" using "+j.dest+" directory.Error: "+f.Stderr)
	}
	same, err := equal(temp, path)
	if err != nil {
		return err
	}
	// Ansible judges by the archive alone when there is one.
	if j.changed = !same; same {
		return nil
	}
	return j.place(temp, path)
}

func (j *job) place(temp, path string) error {
	in, err := os.Open(temp)
	if err != nil {
		return err
	}
	defer in.Close()
	return j.c.Log.WriteFile(path, in, newFile())
}

// equal compares two files; one that is not there equals none.
func equal(a, b string) (bool, error) {
	if !kit.Exists(b) {
		return false, nil
	}
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	here, there := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errX := io.ReadFull(x, here)
		m, errY := io.ReadFull(y, there)
		if !bytes.Equal(here[:n], there[:m]) {
			return false, nil
		}
		if errX != nil || errY != nil {
			return errX == errY, nil
		}
	}
}
