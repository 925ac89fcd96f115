package kit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
)

const keptIn = ", kept in "

// SetName is what the journal calls several packages that one step changes together, and the folder where those are kept
// that the step removes or replaces, if there is one: "hello libhello, kept in /var/lib/deploy-tasks/…".
func SetName(names []string, kept string) string {
	if kept != "" {
		kept = keptIn + kept
	}
	return strings.Join(names, " ") + kept
}

// SplitSetName reads such a name.
func SplitSetName(name string) (names []string, kept string) {
	list, kept, _ := strings.Cut(name, keptIn)
	return strings.Fields(list), kept
}

// SyncFiles brings the files of a folder to the disk, and the folder.
func SyncFiles(folder string) error {
	names, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(folder, name.Name()))
		if err != nil {
			return err
		}
		if err := errors.Join(change.SyncData(f), f.Close()); err != nil {
			return err
		}
	}
	return change.SyncDir(folder)
}
