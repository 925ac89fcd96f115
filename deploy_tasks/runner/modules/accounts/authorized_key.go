package accounts

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

var keySpec = kit.Spec{Args: []kit.Arg{
	{Name: "user", Kind: kit.Text, Required: true},
	{Name: "key", Kind: kit.Text, Required: true},
	{Name: "path", Kind: kit.Path},
	{Name: "manage_dir", Kind: kit.Bool, Default: true},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	{Name: "key_options", Kind: kit.Text},
	{Name: "exclusive", Kind: kit.Bool, Default: false},
	{Name: "comment", Kind: kit.Text},
	{Name: "validate_certs", Kind: kit.Bool, Default: true},
	{Name: "follow", Kind: kit.Bool, Default: false},
}}

// maxKeys is how large a file of keys may be, in bytes.
const maxKeys = 16 << 20

// authorizedKey makes sure that a user may log in with a key, or may not.
func authorizedKey(c *module.Call) module.Result {
	p, err := keySpec.Parse("authorized_key", c)
	if err == nil {
		err = onLinux("authorized_key")
	}
	if err != nil {
		return kit.Failure(err)
	}
	r, err := placeKeys(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

func placeKeys(c *module.Call, p *kit.Params) (module.Result, error) {
	text, err := keySource(p.Str("key"))
	if err != nil {
		return module.Result{}, err
	}
	owner, file, err := keyFile(c, p)
	if err != nil {
		return module.Result{}, err
	}
	before, err := readText(file)
	if err != nil {
		return module.Result{}, err
	}
	keys, err := wantedKeys(text, p.Optional("key_options"), p.Optional("comment"))
	if err != nil {
		return module.Result{}, err
	}
	lines := parseKeyLines(before)
	changed := p.Str("state") == "absent" && lines.remove(keys)
	if p.Str("state") == "present" {
		changed = lines.add(keys, p.Flag("exclusive"))
	}
	r := module.Result{Changed: changed, Data: kit.Dict("user", p.Str("user"), "key", p.Str("key"), "path", p.Raw("path"),
		"manage_dir", p.Flag("manage_dir"), "state", p.Str("state"), "key_options", p.Raw("key_options"),
		"exclusive", p.Flag("exclusive"), "comment", p.Raw("comment"), "validate_certs", p.Flag("validate_certs"),
		"follow", p.Flag("follow"), "keyfile", file)}
	if !changed {
		return r, nil
	}
	real := file
	if p.Flag("follow") {
		real = kit.RealPath(file)
	}
	if c.Diff {
		r.Diff = []module.Diff{{Before: before, After: lines.String(), BeforeHeader: file, AfterHeader: real}}
	}
	if c.Check {
		return r, nil
	}
	return r, writeKeys(c, p, owner, real, lines.String())
}

// keySource is the text of the keys: as it is given, or what a file of the host holds.
func keySource(key string) (string, error) {
	if strings.HasPrefix(key, "http") {
		return "", errors.New("a key that is an address is not supported: give its text, for example by the lookup url")
	}
	path, named := strings.CutPrefix(key, "file:")
	if !named {
		return key, nil
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		return "", fmt.Errorf("Path to a key file not found: %s", path)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("Path to a key is a directory and must be a file: %s", path)
	}
	return readText(path)
}

// keyFile is the file of the user's keys.
func keyFile(c *module.Call, p *kit.Params) (account, string, error) {
	owner, there := userNamed(c, p.Str("user"))
	switch path := p.Str("path"); {
	case !there && c.Check && path == "":
		return owner, "", errors.New("Either user must exist or you must provide full path to key file in check mode")
	case !there && !c.Check:
		name := p.Str("user")
		return owner, "", fmt.Errorf("Failed to lookup user %s: \"getpwnam(): name not found: '%s'\"", name, name)
	case path != "":
		return owner, path, nil
	}
	return owner, filepath.Join(owner.home, ".ssh", "authorized_keys"), nil
}

// readText is what a file holds, nothing where there is none.
func readText(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeys+1))
	if len(text) > maxKeys {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxKeys)
	}
	return string(text), err
}

// writeKeys writes the file, for its user alone, and its folder too where that is wanted.
func writeKeys(c *module.Call, p *kit.Params, owner account, file, text string) error {
	if p.Flag("manage_dir") {
		dir := filepath.Join(owner.home, ".ssh")
		if p.Has("path") {
			dir = filepath.Dir(p.Str("path"))
		}
		if err := ownDir(c, dir, owner); err != nil {
			return err
		}
	}
	if _, err := kit.MakeFolders(c, filepath.Dir(file), kit.Attributes{}); err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	return c.Log.WriteFile(file, strings.NewReader(text), change.Meta{Mode: &mode, UID: &owner.uid, GID: &owner.gid, Size: int64(len(text))})
}

// ownDir makes the folder of the keys the user's own and nobody else's.
func ownDir(c *module.Call, dir string, owner account) error {
	if !kit.Exists(dir) {
		if err := c.Log.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("Failed to create directory %s : %w", dir, err)
		}
	}
	dir = kit.RealPath(dir)
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if st := kit.StatusOf(info); st.UID != owner.uid || st.GID != owner.gid {
		if err := c.Log.Chown(dir, owner.uid, owner.gid); err != nil {
			return err
		}
	}
	if kit.BitsOf(info.Mode()) == 0o700 {
		return nil
	}
	return c.Log.Chmod(dir, 0o700)
}
