package kit

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// Rejection is a validate command that did not like the file: its exit status and what it printed.
type Rejection struct {
	Code           int
	stdout, Stderr string
}

// badValidate is a validate argument that cannot be used.
type badValidate struct{ msg string }

func (b *badValidate) Error() string { return b.msg }

// Error is what Ansible says then.
func (r *Rejection) Error() string { return "failed to validate" }

// write puts the content at dest, after the validate command and after a backup, and returns its SHA-1 and MD5.
func (t *Placement) write(src Source, dest string, meta change.Meta) (sums []string, backup string, err error) {
	if t.validate != "" {
		if err := t.validated(src, dest, meta); err != nil {
			return nil, "", err
		}
	}
	if t.backup && Exists(dest) {
		if backup, err = KeepBackup(t.Call, dest); err != nil {
			return nil, "", err
		}
	}
	r, err := src.Open()
	if err != nil {
		return nil, "", err
	}
	h := NewHashes("sha1", "md5")
	var in io.Reader = io.TeeReader(r, h)
	if t.expected != "" {
		in = &checkedReader{in: in, sha1: h[:1], want: t.expected}
	}
	meta.Size = src.Size
	err = errors.Join(t.Call.Log.WriteFile(dest, in, meta), r.Close())
	return h.Sums(), backup, err
}

// checkedReader ends with an error when the content is not the expected one, before it replaces anything.
type checkedReader struct {
	in   io.Reader
	sha1 Hashes
	want string
}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err == io.EOF && r.sha1.Sums()[0] != r.want {
		return n, errors.New("Copied file does not match the expected checksum. Transfer failed.")
	}
	return n, err
}

// validated runs the validate command on a private copy that has the name's suffix and the mode the file will get.
func (t *Placement) validated(src Source, dest string, meta change.Meta) error {
	temp, err := os.CreateTemp(t.Call.TempDir(), "validate-*"+filepath.Ext(dest))
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	r, err := src.Open()
	if err != nil {
		return errors.Join(err, temp.Close())
	}
	_, err = io.Copy(temp, r)
	if err := errors.Join(err, r.Close(), temp.Close()); err != nil {
		return err
	}
	if meta.Mode != nil {
		if err := os.Chmod(temp.Name(), *meta.Mode); err != nil {
			return err
		}
	}
	return ValidateFile(t.Call, t.validate, temp.Name())
}

// ValidateFile runs a validate command on a file; a rejection when it does not end well.
func ValidateFile(c *module.Call, commandLine, path string) error {
	if !strings.Contains(commandLine, "%s") {
		return &badValidate{"validate must contain %s: " + commandLine}
	}
	words, err := SplitWords(strings.ReplaceAll(commandLine, "%s", Quoted(path)))
	if err != nil || len(words) == 0 {
		return &badValidate{"validate is no command: " + commandLine}
	}
	f, err := c.Run(module.Process{Argv: ExpandAll(c, words), Stdin: strings.NewReader("")})
	if err != nil {
		code, msg := StartError(err, words[0])
		return &Rejection{int(code), "", msg}
	}
	if f.Code != 0 || f.TimedOut {
		return &Rejection{f.Code, f.Stdout, f.Stderr}
	}
	return nil
}

// Quoted is a word as a POSIX shell reads it literally.
func Quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// KeepBackup copies a file beside itself, with mode, owner and times, and returns the name of the copy.
func KeepBackup(c *module.Call, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s.%d.%s~", path, os.Getpid(), time.Now().Format("2006-01-02@15:04:05"))
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	mode, mtime, st := ModeOf(BitsOf(info.Mode())), info.ModTime(), StatusOf(info)
	meta := change.Meta{Mode: &mode, Mtime: &mtime}
	if st.HasOwner {
		meta.UID, meta.GID = &st.UID, &st.GID
	}
	return name, c.Log.WriteFile(name, in, meta)
}
