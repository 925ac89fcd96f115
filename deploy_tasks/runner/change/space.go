package change

import (
	"errors"
	"os"
	"path/filepath"

	"runner/fmt"
)

// Space is what a file system has left for us.
type Space struct {
	Bytes, Inodes int64 // Inodes is -1 where there is no limit
}

// NoSpace is a disk too full for a file in Folder: what the file takes and what there is, in Unit.
type NoSpace struct {
	Folder     string
	Need, Have int64
	Unit       string
	Err        error
}

func (e *NoSpace) Error() string {
	return fmt.Sprintf("no space in %s: need %d %s, have %d", e.Folder, e.Need, e.Unit, e.Have)
}

func (e *NoSpace) Unwrap() error { return e.Err }

// checkSpace refuses a file of this size before the disk is written full, which others on the host would feel too.
func checkSpace(folder string, size int64) error {
	space, err := SpaceAt(folder)
	switch {
	case err != nil:
		return nil // writing tells
	case space.Inodes == 0:
		return &NoSpace{Folder: folder, Need: 1, Unit: "inodes", Err: errDiskFull}
	case space.Bytes < size:
		return &NoSpace{Folder: folder, Need: size, Have: space.Bytes, Unit: "bytes", Err: errDiskFull}
	}
	return nil
}

// noSpace says how much was lacking when err means that temp could not take need bytes. It removes temp.
func noSpace(err error, temp string, need int64) error {
	if !IsNoSpace(err) {
		return err
	}
	var took int64
	if info, err := os.Lstat(temp); err == nil {
		took = info.Size()
	}
	_ = os.Remove(temp)
	folder := filepath.Dir(temp)
	var full *NoSpace
	if errors.As(checkSpace(folder, need), &full) {
		full.Err = err
		return full
	}
	return &NoSpace{Folder: folder, Need: need, Have: min(took, need), Unit: "bytes", Err: err} // a quota, or somebody made room
}
