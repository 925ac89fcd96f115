package archives

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
)

// local is a member's name below the destination, without a slash at either end; "." is the destination itself.
func local(name string) (string, error) {
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("the archive is refused: its member %s leads out of dest", name)
		}
	}
	return path.Clean(strings.TrimLeft(name, "/") + "/."), nil
}

// within makes sure that a place is below the destination also when links lead there. What does not exist yet is made below
// the nearest folder that does.
func within(dest, place string) error {
	if place == dest {
		return nil
	}
	near := filepath.Dir(place)
	for near != dest {
		if _, err := os.Lstat(near); err == nil {
			break
		}
		near = filepath.Dir(near)
	}
	real, err := filepath.EvalSymlinks(near)
	if top := kit.RealPath(dest); err != nil || real != top && !strings.HasPrefix(real, strings.TrimSuffix(top, "/")+"/") {
		return fmt.Errorf("the archive is refused: a link leads from %s out of dest", near)
	}
	return nil
}

// stripped is a member's name without its first parts; false when nothing is left of it.
func stripped(name string, parts int) (string, bool) {
	words := strings.Split(name, "/")
	if parts == 0 {
		return name, true
	}
	if len(words) <= parts || name == "." {
		return "", false
	}
	return strings.Join(words[parts:], "/"), true
}

// stripOption reads extra_opts: how many parts of the names are left out. Any other option of tar is refused.
func stripOption(options []string) (int, error) {
	parts := 0
	for i := 0; i < len(options); i++ {
		option, number, ok := strings.Cut(options[i], "=")
		if option != "--strip-components" && option != "--strip" {
			return 0, fmt.Errorf("extra_opts can hold --strip-components=N alone, not %s: archives are not unpacked by tar", options[i])
		}
		if !ok && i+1 < len(options) {
			i++
			number = options[i]
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("extra_opts: %s needs a number", option)
		}
		parts = n
	}
	return parts, nil
}

// matches works like fnmatch: a star stands for slashes too.
func matches(pattern, name string) bool {
	pattern = strings.ReplaceAll(pattern, "[!", "[^")
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x01"), strings.ReplaceAll(name, "/", "\x01"))
	return ok && err == nil
}

// excluded tells whether a pattern matches a member or a folder that it is in, by their whole names or the last parts.
func excluded(patterns []string, name string) bool {
	parts := strings.Split(name, "/")
	for end := 1; end <= len(parts); end++ {
		for from := range end {
			for _, p := range patterns {
				if matches(strings.TrimRight(p, "/"), strings.Join(parts[from:end], "/")) {
					return true
				}
			}
		}
	}
	return false
}

// included tells which of the names a member is, or is in; empty for none.
func included(names []string, name string) string {
	for _, each := range names {
		clean := path.Clean(each)
		if name == clean || strings.HasPrefix(name, clean+"/") {
			return each
		}
	}
	return ""
}
