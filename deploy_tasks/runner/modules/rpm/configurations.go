package rpm

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
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
		if info.Size() > largestConfiguration {
			return nil, fmt.Errorf("%s has more than %d bytes", path, largestConfiguration)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		st := kit.StatusOf(info)
		out = append(out, configuration{path, true, text, info.Mode(), st.UID, st.GID, info.ModTime()})
	}
	return out, nil
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

func (c configuration) write() error {
	temp := c.path + ".deploy-tasks"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(c.text)
	err = errors.Join(err, change.SyncData(f), f.Close())
	for _, step := range []func() error{
		func() error { return os.Chown(temp, c.uid, c.gid) },
		func() error { return os.Chmod(temp, c.mode) },
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
