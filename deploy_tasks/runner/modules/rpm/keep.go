package rpm

import (
	"os"
	"path/filepath"

	"runner/change"
	"runner/modules/kit"
)

// keeper is a Log that has a folder of its own for what an undo needs.
type keeper interface{ SavedDir() string }

// keep fetches the packages of these versions; folder is "" when there is none to keep. Those that no repository has any
// more are lost when they go: they are returned.
func (j *job) keep(gone []pkg) (folder string, lost []pkg, err error) {
	log, ok := j.c.Log.(keeper)
	if len(gone) == 0 || !ok {
		return "", gone, nil
	}
	folder = filepath.Join(log.SavedDir(), "rpms")
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return "", nil, err
	}
	if err := j.fetch(folder, gone); err != nil {
		for _, p := range gone {
			if err := j.fetch(folder, []pkg{p}); err != nil && j.c.Ctx.Err() != nil {
				return "", nil, err
			}
		}
	}
	for _, p := range gone {
		if _, err := os.Stat(filepath.Join(folder, p.file())); err != nil {
			lost = append(lost, p)
		}
	}
	if len(lost) == len(gone) {
		return "", lost, nil
	}
	return folder, lost, kit.SyncFiles(folder)
}

// fetch has dnf download versions that are installed.
func (j *job) fetch(folder string, wanted []pkg) error {
	argv := []string{"reinstall", "-y", "--downloadonly", "--destdir=" + folder}
	for _, p := range wanted {
		if _, err := os.Stat(filepath.Join(folder, p.file())); err != nil {
			argv = append(argv, p.full())
		}
	}
	if len(argv) == 4 {
		return nil // an earlier step of this deployment has kept them
	}
	_, err := change.Demand(j.t, append([]string{j.dnf}, argv...)...)
	return err
}
