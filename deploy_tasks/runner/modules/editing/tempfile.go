package editing

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("tempfile", tempFile) }

var tempSpec = kit.Spec{Args: []kit.Arg{
	{Name: "state", Kind: kit.Text, Default: "file", Choices: []string{"file", "directory"}},
	{Name: "path", Kind: kit.Path},
	{Name: "prefix", Kind: kit.Text, Default: "ansible."},
	{Name: "suffix", Kind: kit.Text, Default: ""},
}}

// tempFile makes a file or folder with a new name that only its owner can use. A check is skipped: it has no name to tell.
func tempFile(c *module.Call) module.Result {
	p, err := tempSpec.Parse("tempfile", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true, Msg: "remote module (tempfile) does not support check mode"}
	}
	if strings.ContainsAny(p.Str("prefix")+p.Str("suffix"), "/\x00") {
		return module.Failure("prefix and suffix are parts of a name: they hold no slash")
	}
	path, err := newName(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	if err := makeTemp(c, path, p.Str("state") == "directory"); err != nil {
		return kit.Failure(err)
	}
	return kit.Done(true, kit.Dict("path", path), nil)
}

func makeTemp(c *module.Call, path string, folder bool) error {
	if folder {
		return c.Log.Mkdir(path, 0o700)
	}
	mode := fs.FileMode(0o600)
	return c.Log.WriteFile(path, bytes.NewReader(nil), change.Meta{Mode: &mode})
}

const (
	nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789_"
	nameLength  = 8
	nameTries   = 100
)

// newName is a path at which nothing is.
func newName(c *module.Call, p *kit.Params) (string, error) {
	folder, err := tempFolder(c, p.Str("path"))
	if err != nil {
		return "", err
	}
	for range nameTries {
		random := make([]byte, nameLength)
		for i := range random {
			random[i] = nameLetters[rand.IntN(len(nameLetters))]
		}
		path := filepath.Join(folder, p.Str("prefix")+string(random)+p.Str("suffix"))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", errors.New("no usable temporary file name found")
}

// tempFolder is the folder that is asked for, or the first usual one that is there.
func tempFolder(c *module.Call, wanted string) (string, error) {
	if wanted != "" {
		if _, err := os.ReadDir(wanted); err != nil {
			return "", errors.New(kit.ReasonAt(err, wanted))
		}
		return wanted, nil
	}
	usual := []string{kit.Environ(c.Env, "TMPDIR"), kit.Environ(c.Env, "TEMP"), kit.Environ(c.Env, "TMP"), "/tmp", "/var/tmp", "/usr/tmp", os.TempDir()}
	for _, folder := range usual {
		if folder != "" && kit.IsDir(folder) && kit.Access(folder, kit.CanWrite) {
			return kit.Absolute(c, folder), nil
		}
	}
	return "", fmt.Errorf("No usable temporary directory found in %s", strings.Join(usual[3:], ", "))
}
