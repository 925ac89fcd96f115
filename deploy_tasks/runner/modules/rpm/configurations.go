package rpm

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

const largestConfiguration = 16 << 20

// configuration is a file as it was before rpm installed its package again.
type configuration struct {
	path     string
	there    bool
	text     []byte
	mode     fs.FileMode
	uid, gid int
	changed  time.Time
}

type configurationFiles []configuration

// readConfigurations reads the configuration files of packages that are about to be installed, and what is beside them.
func readConfigurations(t change.Tools, files []string) (configurationFiles, error) {
	if len(files) == 0 {
		return nil, nil
	}
	listed, err := change.Demand(t, append([]string{"rpm", "-qpc", "--nosignature", "--"}, files...)...)
	if err != nil {
		return nil, err
	}
	var out configurationFiles
	for _, path := range withBesides(listed) {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			out = append(out, configuration{path: path})
			continue
		}
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		text, err := readRegular(path, info)
		if err != nil {
			return nil, err
		}
		st := kit.StatusOf(info)
		out = append(out, configuration{path, true, text, info.Mode(), st.UID, st.GID, info.ModTime()})
	}
	return out, nil
}

// readRegular reads the file that was looked at: not one that has taken its place since, nor what a link there leads to.
func readRegular(path string, seen fs.FileInfo) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(seen, info) {
		return nil, fmt.Errorf("%s was replaced while it was read", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, largestConfiguration+1))
	if err == nil && len(text) > largestConfiguration {
		err = fmt.Errorf("%s has more than %d bytes", path, largestConfiguration)
	}
	return text, err
}

// putBack makes them what they were. Those that were not there are new only where rpm has put them beside one.
func (all configurationFiles) putBack() error {
	for _, c := range all {
		if err := c.putBack(); err != nil {
			return err
		}
	}
	return nil
}

func (c configuration) putBack() error {
	info, err := os.Lstat(c.path)
	there := err == nil
	switch {
	case !c.there && there && beside(c.path):
		return os.Remove(c.path)
	case !c.there:
		return nil
	}
	if there && info.Mode() == c.mode && info.ModTime().Equal(c.changed) && kit.StatusOf(info).UID == c.uid && kit.StatusOf(info).GID == c.gid {
		if now, err := os.ReadFile(c.path); err == nil && bytes.Equal(now, c.text) {
			return nil
		}
	}
	return c.write()
}

func beside(path string) bool {
	return strings.HasSuffix(path, ".rpmsave") || strings.HasSuffix(path, ".rpmnew") || strings.HasSuffix(path, ".rpmorig")
}

// write makes the file anew, under a name that nobody can have put a link at: its folder may be another user's.
func (c configuration) write() error {
	f, err := os.CreateTemp(filepath.Dir(c.path), "."+filepath.Base(c.path)+".*")
	if err != nil {
		return err
	}
	temp := f.Name()
	_, err = f.Write(c.text)
	for _, step := range []func() error{
		func() error { return f.Chown(c.uid, c.gid) },
		func() error { return f.Chmod(c.mode) },
		func() error { return change.SyncData(f) },
	} {
		if err == nil {
			err = step()
		}
	}
	err = errors.Join(err, f.Close())
	for _, step := range []func() error{
		func() error { return os.Chtimes(temp, c.changed, c.changed) },
		func() error { return os.Rename(temp, c.path) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		_ = os.Remove(temp) // the first error says more
	}
	return err
}
