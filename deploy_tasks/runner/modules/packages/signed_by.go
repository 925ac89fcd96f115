package packages

import (
	"io/fs"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

const armour = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// signedBy brings the key that signed_by gives the address of to a file of its own; path is that file, or the file that
// it names. Neither: what it says is the field's text.
func signedBy(c *module.Call, p *kit.Params, slug string) (path string, changed bool, err error) {
	text := p.Str("signed_by")
	if kit.IsRegular(text) {
		return text, false, nil
	}
	if !kit.IsURL(text) || strings.Contains(text, "\n") {
		return "", false, nil
	}
	fetched, err := kit.Fetch(c, text, true)
	key := ""
	if err == nil {
		key, err = readBounded(fetched)
	}
	if err != nil {
		return "", false, fmt.Errorf("Could not fetch signed_by key: %s", kit.Reason(err))
	}
	if key == "" {
		return text, false, nil
	}
	path = keyringsFolder + "/" + slug + ".gpg"
	if strings.Contains(key, armour) {
		path = keyringsFolder + "/" + slug + ".asc"
	}
	changed, err = keepKey(c, path, key)
	return path, changed, err
}

// keepKey writes the file of a key, with the folder for it.
func keepKey(c *module.Call, path, key string) (changed bool, err error) {
	is, err := readBounded(path)
	if err == nil && is != key {
		mode := fs.FileMode(0o644)
		if changed, err = true, keyringsReady(c); err == nil && !c.Check {
			err = c.Log.WriteFile(path, strings.NewReader(key), change.Meta{Mode: &mode})
		}
	}
	if err != nil || !kit.Exists(path) {
		return changed, err
	}
	moded, err := kit.Attributes{Mode: "0644"}.Apply(c, path, nil)
	return changed || moded, err
}

// keyringsReady makes the folder of keys, owned by root and open to all.
func keyringsReady(c *module.Call) error {
	if !kit.IsDir(keyringsFolder) {
		if c.Check {
			return nil
		}
		if err := c.Log.Mkdir(keyringsFolder, 0o755); err != nil {
			return err
		}
	}
	_, err := kit.Attributes{Mode: "0755"}.Apply(c, keyringsFolder, nil)
	return err
}
