package git

import (
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
)

func (j *job) hasSubmodules() bool {
	return j.p.Flag("recursive") && !j.bare && kit.Exists(filepath.Join(j.dest, ".gitmodules"))
}

// submodules brings those of an updated checkout along.
func (j *job) submodules() error {
	if !j.hasSubmodules() {
		return nil
	}
	paths, err := j.submodulePaths()
	if err != nil {
		return err
	}
	fresh := false
	for _, path := range paths {
		fresh = fresh || !kit.Exists(filepath.Join(j.dest, path, ".git"))
	}
	if !fresh {
		if fresh, err = j.submodulesBehind(); err != nil {
			return err
		}
	}
	if !fresh {
		return nil
	}
	j.changed = true
	j.data.Set("submodules_changed", true)
	return j.guard("git submodule update", j.places(paths), j.updateSubmodules)
}

// submodulePaths are the work trees that .gitmodules names.
func (j *job) submodulePaths() ([]string, error) {
	text, err := readSmall(filepath.Join(j.dest, ".gitmodules"))
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(text) {
		key, path, ok := strings.Cut(line, "=")
		if path = strings.TrimSpace(path); ok && strings.TrimSpace(key) == "path" && inside(path) {
			out = append(out, path)
		}
	}
	return out, nil
}

// submodulesBehind fetches for the submodules, and tells whether one of them is not where it should be.
func (j *job) submodulesBehind() (bool, error) {
	before, err := j.submoduleVersions("HEAD")
	if err != nil {
		return false, err
	}
	err = j.guard("git submodule foreach git fetch", nil, func() error {
		_, err := j.demand("submodule", "foreach", j.git, "fetch")
		return err
	})
	if err != nil {
		return false, err
	}
	if j.p.Flag("track_submodules") {
		after, err := j.submoduleVersions(j.remote + "/master")
		return before != after, err
	}
	f, err := j.demand("submodule", "status")
	for line := range strings.Lines(f.Stdout) {
		if line[0] != ' ' {
			return true, err
		}
	}
	return false, err
}

// submoduleVersions are the commits that the submodules have, as git lists them.
func (j *job) submoduleVersions(version string) (string, error) {
	f, err := j.ask("submodule", "foreach", j.git, "rev-parse", version)
	if err == nil && f.Code != 0 {
		return "", j.told(f, "Unable to determine hashes of submodules")
	}
	return f.Stdout, err
}

func (j *job) updateSubmodules() error {
	if _, err := j.demand("submodule", "sync"); err != nil {
		return err
	}
	argv := []string{"submodule", "update", "--init", "--recursive"}
	if j.p.Flag("track_submodules") {
		argv = append(argv, "--remote")
	}
	if j.force {
		argv = append(argv, "--force")
	}
	f, err := j.ask(argv...)
	if err == nil && f.Code != 0 {
		return failed(fmt.Sprintf("Failed to init/update submodules: %s%s", f.Stdout, f.Stderr))
	}
	j.refresh()
	return err
}
