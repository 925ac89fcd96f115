package rpm

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

func init() { change.RegisterKind(kindName, set{}) }

const (
	kindName = "rpm packages"
	keys     = "gpg-pubkey" // as which rpm keeps keys: dnf brings those of a repository along
)

// set is the kind of several packages that one step changes together. Its name lists them, and says where those are kept
// that the step removes or replaces: "twin-app twin-lib, kept in /var/lib/deploy-tasks/…".
type set struct{}

// setNamed reads the name of a set. Keys are always of it.
func setNamed(name string) (names []string, kept string) {
	names, kept = kit.SplitSetName(name)
	return append(names, keys), kept
}

// Inspect implements change.Kind: the versions of each package that are there.
func (set) Inspect(t change.Tools, name string) (any, error) {
	here, err := installed(t)
	names, _ := setNamed(name)
	return states(here, names), err
}

func states(here map[string][]pkg, names []string) *value.Dict {
	out := value.NewDict()
	for _, name := range names {
		var all []string
		for _, p := range here[name] {
			all = append(all, p.evr()+"."+p.arch)
		}
		if len(all) > 0 {
			out.Set(name, kit.Items(all))
		}
	}
	return out
}

// recorded are the packages that a value of Inspect tells of.
func recorded(state any) []pkg {
	var out []pkg
	all, _ := state.(*value.Dict)
	for _, name := range kit.KeysOf(all) {
		versions, _ := all.Get(name)
		items, _ := value.Items(versions)
		for _, text := range kit.Texts(items) {
			evr, arch := cutArch(text)
			epoch, version, release := splitEVR(evr)
			out = append(out, pkg{name, epoch, version, release, arch})
		}
	}
	return out
}

// Restore implements change.Kind: by rpm alone, from the packages that are kept. Configuration files stay as they are: the
// journal has brought them back before.
func (set) Restore(t change.Tools, name string, before, _ any) error {
	names, kept := setNamed(name)
	here, err := installed(t)
	if err != nil {
		return err
	}
	was, is := recorded(before), recorded(states(here, names))
	missing := slices.DeleteFunc(slices.Clone(was), func(p pkg) bool { return slices.Contains(is, p) || p.name == keys })
	surplus := slices.DeleteFunc(slices.Clone(is), func(p pkg) bool { return slices.Contains(was, p) })
	files, err := keptFiles(kept, missing)
	if err != nil {
		return err
	}
	texts, err := readConfigurations(t, files)
	if err != nil {
		return err
	}
	if err := exchange(t, names, files, surplus); err != nil {
		return err
	}
	return texts.putBack()
}

func keptFiles(kept string, missing []pkg) ([]string, error) {
	var files []string
	for _, p := range missing {
		path := filepath.Join(kept, p.file())
		if _, err := os.Stat(path); kept == "" || err != nil {
			return nil, fmt.Errorf("%s is not kept and cannot be installed again", p.full())
		}
		files = append(files, path)
	}
	return files, nil
}

// exchange installs what is missing, which replaces other versions, and removes what is left over; the other way round where
// they exclude each other.
func exchange(t change.Tools, names, files []string, surplus []pkg) error {
	first := bringBack(t, files)
	if err := drop(t, names, surplus); err != nil {
		return errors.Join(first, err)
	}
	if first != nil {
		return bringBack(t, files)
	}
	return nil
}

func bringBack(t change.Tools, files []string) error {
	if len(files) == 0 {
		return nil
	}
	_, err := change.Demand(t, append([]string{"rpm", "-U", "--oldpackage", "--replacepkgs", "--nosignature", "--"}, files...)...)
	return err
}

// drop removes those of the packages that are still there. rpm refuses when somebody has since installed what needs them.
func drop(t change.Tools, names []string, surplus []pkg) error {
	here, err := installed(t)
	if err != nil {
		return err
	}
	is := recorded(states(here, names))
	argv := []string{"rpm", "-e", "--"}
	for _, p := range surplus {
		if slices.Contains(is, p) {
			argv = append(argv, strings.TrimSuffix(p.full(), ".(none)"))
		}
	}
	if len(argv) == 3 {
		return nil
	}
	_, err = change.Demand(t, argv...)
	return err
}
