package change

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"runner/hashing"
	"runner/hex"
)

// Shape is what is at a path.
type Shape string

// The kinds.
const (
	Absent Shape = "absent"
	File   Shape = "file"
	Dir    Shape = "dir"
	Link   Shape = "link"
	Fifo   Shape = "fifo"
	Char   Shape = "char"
	Block  Shape = "block"
	Socket Shape = "socket"
)

// State is everything about a path that undo brings back. Times are nanoseconds since 1970.
type State struct {
	Kind   Shape
	Mode   uint32 // as the system has it: 07777
	UID    int
	GID    int
	Size   int64
	Digest string
	Target pathText
	Mtime  int64
	Atime  int64
	Links  uint64
	Rdev   uint64
	Xattrs map[string][]byte
}

// inspect reads the state of path itself, without the digest of a file's content.
func inspect(path string) (State, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
		return State{Kind: Absent}, nil
	}
	if err != nil {
		return State{}, err
	}
	st := State{Kind: kindOf(info.Mode()), Mode: unixMode(info.Mode()), Size: info.Size(), Mtime: info.ModTime().UnixNano()}
	readOwner(info, &st)
	switch st.Kind {
	case Link:
		st.Size = 0
		target, err := os.Readlink(path)
		if err != nil {
			return State{}, err
		}
		st.Target = pathText(target)
	case Dir:
		st.Size, st.Links = 0, 0
	}
	st.Xattrs = readXattrs(path, st.Kind)
	return st, nil
}

// inspectAll is inspect with the content's digest.
func inspectAll(path string) (State, error) {
	st, err := inspect(path)
	if err != nil || st.Kind != File {
		return st, err
	}
	st.Digest, err = DigestFile(path)
	return st, err
}

// DigestFile is the SHA-256 of a file's content, hex.
func DigestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := hashing.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// differs says how a path is not what it should be, or "" when it is. Times and extended attributes do not count:
// reading and relabelling are not somebody's work.
func (st State) differs(want State) string {
	switch {
	case st.Kind != want.Kind && st.Kind == Absent:
		return "was removed since"
	case st.Kind != want.Kind && want.Kind == Absent:
		return "was made again since"
	case st.Kind != want.Kind:
		return "is a " + string(st.Kind) + " now"
	case st.Kind == File && (st.Size != want.Size || st.Digest != want.Digest):
		return "content changed since"
	case st.Kind == Link && st.Target != want.Target:
		return "points elsewhere since"
	case st.Kind != Link && st.Kind != Absent && st.Mode != want.Mode:
		return "mode changed since"
	case st.Kind != Absent && (want.UID >= 0 && st.UID != want.UID || want.GID >= 0 && st.GID != want.GID):
		return "owner changed since"
	}
	return ""
}

func kindOf(mode fs.FileMode) Shape {
	switch {
	case mode.IsRegular():
		return File
	case mode.IsDir():
		return Dir
	case mode&fs.ModeSymlink != 0:
		return Link
	case mode&fs.ModeNamedPipe != 0:
		return Fifo
	case mode&fs.ModeCharDevice != 0:
		return Char
	case mode&fs.ModeDevice != 0:
		return Block
	}
	return Socket
}

// unixMode is a file mode as the system has it.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for _, b := range specialBits {
		if mode&b.mode != 0 {
			bits |= b.unix
		}
	}
	return bits
}

// fileMode is unixMode's inverse.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for _, b := range specialBits {
		if bits&b.unix != 0 {
			mode |= b.mode
		}
	}
	return mode
}

var specialBits = [...]struct {
	mode fs.FileMode
	unix uint32
}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}}
