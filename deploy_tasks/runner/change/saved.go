package change

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"runner/fmt"
	"runner/hashing"
	"runner/hex"
)

// saved keeps originals by their SHA-256 in one private folder.
type saved struct {
	dir  string
	seen map[string]bool // written by this process
	late []string        // written, not yet synced
	link string          // the digest of what the last keep gave a second name, "" when it made a copy
}

func newSaved(dir string) *saved { return &saved{dir: dir, seen: map[string]bool{}} }

func (s *saved) path(digest string) string { return filepath.Join(s.dir, digest) }

// keep saves the file's content and returns its digest and size; flush must follow before the original changes. A file
// that goes, because another takes its name, only gets a second name in the folder where that is as good as a copy:
// after a change that failed, drop must follow.
func (s *saved) keep(path string, goes bool) (digest string, size int64, err error) {
	s.link = ""
	in, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	temp := filepath.Join(s.dir, "temp-"+randomName())
	linked := goes && linkOnly(in, path, temp)
	defer os.Remove(temp) // gone already when all went well
	sum := hashing.New()
	if linked {
		size, err = io.Copy(sum, in)
	} else {
		size, err = s.copy(in, temp, sum)
	}
	if err != nil {
		return "", 0, err
	}
	step("original copied")
	digest = hex.EncodeToString(sum.Sum(nil))
	if s.seen[digest] {
		return digest, size, nil
	}
	if _, err := os.Lstat(s.path(digest)); err == nil {
		if digest, size, err = s.again(in, temp); err != nil {
			return "", 0, err
		}
		linked = false
	}
	if err := os.Rename(temp, s.path(digest)); err != nil {
		return "", 0, err
	}
	s.late = append(s.late, digest)
	s.seen[digest] = true
	if linked {
		s.link = digest
	}
	return digest, size, nil
}

// again copies what an earlier stage has saved too, or left half done: a second name must not take the place of its original,
// and neither a copy that is not on the disk.
func (s *saved) again(in *os.File, temp string) (digest string, size int64, err error) {
	if err := os.Remove(temp); err != nil {
		return "", 0, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", 0, err
	}
	sum := hashing.New()
	if size, err = s.copy(in, temp, sum); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(sum.Sum(nil)), size, syncFile(temp)
}

// copy writes all of in to the new file temp, and to sum.
func (s *saved) copy(in *os.File, temp string, sum io.Writer) (size int64, err error) {
	info, err := in.Stat()
	if err == nil {
		err = checkSpace(s.dir, info.Size())
	}
	if err != nil {
		return 0, err
	}
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, noSpace(err, temp, info.Size())
	}
	size, err = io.Copy(io.MultiWriter(out, sum), in)
	return size, noSpace(errors.Join(err, out.Close()), temp, info.Size())
}

// drop forgets the second name of a file that still stands at path, where anybody may write to it.
func (s *saved) drop(path string) {
	if s.link == "" {
		return
	}
	here, err := os.Lstat(path)
	kept, gone := os.Lstat(s.path(s.link))
	if err == nil && gone == nil && os.SameFile(here, kept) {
		_ = os.Remove(s.path(s.link))
		delete(s.seen, s.link)
		s.late = slices.DeleteFunc(s.late, func(digest string) bool { return digest == s.link }) // what is gone cannot be synced
	}
	s.link = ""
}

// flush brings what keep saved to the disk.
func (s *saved) flush() error { return s.flushing()() }

// flushing is flush of which all is on the disk when the result returns: meanwhile the journal can come there too.
func (s *saved) flushing() (done func() error) {
	if len(s.late) == 0 {
		return func() error { return nil }
	}
	digests, ended := s.late, make(chan error, 1)
	s.late = nil
	go func() { ended <- s.sync(digests) }()
	return func() error {
		err := <-ended
		if err != nil {
			s.late = append(s.late, digests...) // the next flush must not take them for saved
		}
		step("originals synced")
		return err
	}
}

func (s *saved) sync(digests []string) error {
	for _, digest := range digests {
		if err := syncFile(s.path(digest)); err != nil {
			return err
		}
	}
	return SyncDir(s.dir)
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
