package change

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"runner/fmt"
	"runner/hashing"
	"runner/hex"
)

// saved keeps originals by their SHA-256 in one private folder.
type saved struct {
	dir  string
	seen map[string]bool // written and synced by this process
	late []string        // written, not yet synced
}

func newSaved(dir string) *saved { return &saved{dir: dir, seen: map[string]bool{}} }

func (s *saved) path(digest string) string { return filepath.Join(s.dir, digest) }

// keep copies the file's content and returns its digest and size; flush must follow before the original changes.
func (s *saved) keep(path string) (digest string, size int64, err error) {
	in, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err == nil {
		err = checkSpace(s.dir, info.Size())
	}
	if err != nil {
		return "", 0, err
	}
	temp := filepath.Join(s.dir, "temp-"+randomName())
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, noSpace(err, temp, info.Size())
	}
	defer os.Remove(temp) // gone already when all went well
	sum := hashing.New()
	size, err = io.Copy(io.MultiWriter(out, sum), in)
	if err = errors.Join(err, out.Close()); err != nil {
		return "", 0, noSpace(err, temp, info.Size())
	}
	step("original copied")
	digest = hex.EncodeToString(sum.Sum(nil))
	if s.seen[digest] {
		return digest, size, nil
	}
	if err := os.Rename(temp, s.path(digest)); err != nil {
		return "", 0, err
	}
	s.late = append(s.late, digest)
	s.seen[digest] = true
	return digest, size, nil
}

// flush brings what keep wrote to the disk.
func (s *saved) flush() error {
	if len(s.late) == 0 {
		return nil
	}
	for _, digest := range s.late {
		if err := syncFile(s.path(digest)); err != nil {
			return err
		}
	}
	s.late = nil
	err := SyncDir(s.dir)
	step("originals synced")
	return err
}

// fetch copies an original into out and checks that it is what was saved.
func (s *saved) fetch(digest string, out io.Writer) error {
	in, err := os.Open(s.path(digest))
	if err != nil {
		return err
	}
	defer in.Close()
	sum := hashing.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), in); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("the saved original %s is damaged", digest)
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return SyncData(f)
}

// randomName is a short unique name.
func randomName() string {
	return strconv.FormatUint(rand.Uint64(), 36)
}
