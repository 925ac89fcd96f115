package kit

import (
	"path/filepath"

	"runner/module"
)

// MakeFolders makes a folder and its missing parents, each with the wanted attributes.
// On an error the path names the folder that could not be made.
func MakeFolders(c *module.Call, path string, attrs Attributes) (string, error) {
	path = filepath.Clean(path)
	if IsDir(path) {
		return path, nil
	}
	if parent := filepath.Dir(path); parent != path {
		if at, err := MakeFolders(c, parent, attrs); err != nil {
			return at, err
		}
	}
	bits, err := attrs.Bits(path, NewDirMode, true)
	if err != nil {
		return path, err
	}
	if _, _, err := attrs.Owners(path); err != nil {
		return path, err
	}
	if err := c.Log.Mkdir(path, ModeOf(bits)); err != nil {
		return path, err
	}
	_, err = attrs.Apply(c, path, nil)
	return path, err
}
