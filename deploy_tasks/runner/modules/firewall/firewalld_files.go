package firewall

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/base64"
	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

const (
	networkFile = "/etc/sysconfig/network-scripts/ifcfg-"
	largestKept = 1 << 20
	beside      = ".deploy-tasks" // a file that is about to replace another
)

var zonesFolder = "/etc/firewalld/zones" // another one in a test

// file is where a zone is kept once it is not as its package has it.
func (s setting) file() string { return filepath.Join(zonesFolder, s.zone+".xml") }

// files are those that firewalld writes for a setting: the zone's own, the copy that it keeps of it, and where the network's
// scripts name the zones of interfaces, the interface's. A name that firewalld does not take has none.
func (s setting) files() []string {
	if !plainName(s.zone, "/") {
		return nil
	}
	out := []string{zonesFolder, s.file(), s.file() + ".old"}
	if s.what == "interface" && plainName(s.value, ".:") && kit.IsDir(filepath.Dir(networkFile)) {
		out = append(out, networkFile+s.value, networkFile+s.value+".bak")
	}
	return out
}

// plainName tells whether a name is made of letters, digits, - and _, and of these more; it leads nowhere else.
func plainName(name, more string) bool {
	for _, r := range name {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune("-_"+more, r) {
			return false
		}
	}
	return name != "" && !strings.Contains(name, "..")
}

// readKept reads files whole, with what an undo brings back of them; of a folder, whether it is there.
func readKept(paths []string) (*value.Dict, error) {
	out := value.NewDict()
	for _, path := range paths {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out.Set(path, nil)
		case err != nil:
			return nil, err
		case info.IsDir():
			out.Set(path, "folder")
		case !info.Mode().IsRegular() || info.Size() > largestKept:
			return nil, fmt.Errorf("%s is no regular file of at most %d bytes: it could not be brought back", path, largestKept)
		default:
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			st := kit.StatusOf(info)
			out.Set(path, value.DictOf("content", base64.EncodeToString(text), "mode", int64(kit.BitsOf(info.Mode())),
				"uid", int64(st.UID), "gid", int64(st.GID), "mtime", info.ModTime().UnixNano()))
		}
	}
	return out, nil
}

// writeKept makes files what readKept has found. It may be cut off anywhere and called again.
func writeKept(was *value.Dict) error {
	paths := kit.KeysOf(was)
	now, err := readKept(paths)
	if err != nil {
		return err
	}
	for i := range paths {
		path := paths[len(paths)-1-i] // the folder comes first
		before, _ := was.Get(path)
		is, _ := now.Get(path)
		switch {
		case value.Equal(before, is) || before == "folder":
			continue
		case before == nil:
			err = os.Remove(path)
		default:
			err = writeOne(path, record.Of(before))
		}
		if err == nil {
			err = change.SyncDir(filepath.Dir(path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeOne replaces a file at once, never by halves. What a call that was cut off has left beside it goes first.
func writeOne(path string, was record.Reader) error {
	text, err := base64.DecodeString(was.Text("content"))
	if err != nil {
		return err
	}
	temp, mtime := path+beside, time.Unix(0, was.Int64("mtime"))
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chown(was.Int("uid"), was.Int("gid")), f.Chmod(kit.ModeOf(uint32(was.Int("mode")))), change.SyncData(f), f.Close())
	if err == nil {
		err = os.Chtimes(temp, mtime, mtime)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	return err
}
