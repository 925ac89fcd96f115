package modules

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

// rejection is a validate command that did not like the file.
type rejection struct {
	code           int
	stdout, stderr string
}

// badValidate is a validate argument that cannot be used.
type badValidate struct{ msg string }

func (b *badValidate) Error() string { return b.msg }

func (r *rejection) Error() string { return "failed to validate" }

// write puts the content at dest, after the validate command and after a backup, and returns its SHA-1 and MD5.
func (t *placement) write(src source, dest string, meta change.Meta) (sums []string, backup string, err error) {
	if t.validate != "" {
		if err := t.validated(src, dest, meta); err != nil {
			return nil, "", err
		}
	}
	if t.backup && exists(dest) {
		if backup, err = keepBackup(t.c, dest); err != nil {
			return nil, "", err
		}
	}
	r, err := src.open()
	if err != nil {
		return nil, "", err
	}
	h := newHashes("sha1", "md5")
	var in io.Reader = io.TeeReader(r, h)
	if t.expected != "" {
		in = &checkedReader{in: in, sha1: h[:1], want: t.expected}
	}
	meta.Size = src.size
	err = errors.Join(t.c.Log.WriteFile(dest, in, meta), r.Close())
	return h.sums(), backup, err
}

// checkedReader ends with an error when the content is not the expected one, before it replaces anything.
type checkedReader struct {
	in   io.Reader
	sha1 hashes
	want string
}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err == io.EOF && r.sha1.sums()[0] != r.want {
		return n, errors.New("Copied file does not match the expected checksum. Transfer failed.")
	}
	return n, err
}

// validated runs the validate command on a private copy that has the name's suffix and the mode the file will get.
func (t *placement) validated(src source, dest string, meta change.Meta) error {
	temp, err := os.CreateTemp(t.c.TempDir(), "validate-*"+filepath.Ext(dest))
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	r, err := src.open()
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
	return validateFile(t.c, t.validate, temp.Name())
}

// validateFile runs a validate command on a file; a rejection when it does not end well.
func validateFile(c *module.Call, commandLine, path string) error {
	if !strings.Contains(commandLine, "%s") {
		return &badValidate{"validate must contain %s: " + commandLine}
	}
	words, err := splitWords(strings.ReplaceAll(commandLine, "%s", quoted(path)))
	if err != nil || len(words) == 0 {
		return &badValidate{"validate is no command: " + commandLine}
	}
	f, err := c.Run(module.Process{Argv: expandAll(c, words), Stdin: strings.NewReader("")})
	if err != nil {
		code, msg := startError(err, words[0])
		return &rejection{int(code), "", msg}
	}
	if f.Code != 0 || f.TimedOut {
		return &rejection{f.Code, f.Stdout, f.Stderr}
	}
	return nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// keepBackup copies a file beside itself, with mode, owner and times, and returns the name of the copy.
func keepBackup(c *module.Call, path string) (string, error) {
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
	mode, mtime, st := modeOf(bitsOf(info.Mode())), info.ModTime(), statusOf(info)
	meta := change.Meta{Mode: &mode, Mtime: &mtime}
	if st.hasOwner {
		meta.UID, meta.GID = &st.uid, &st.gid
	}
	return name, c.Log.WriteFile(name, in, meta)
}
