package accounts

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// sshKey makes a key pair for the user.
func (t *userTask) sshKey(r *module.Result, now account) error {
	if !t.p.Flag("generate_ssh_key") {
		return nil
	}
	file := t.p.Str("ssh_key_file")
	if !t.p.Has("ssh_key_file") {
		file = filepath.Join(now.home, ".ssh", "id_"+t.p.Str("ssh_key_type"))
		if !exists(now.home) && !t.c.Check {
			return fmt.Errorf("User %s home directory does not exist", t.name)
		}
	}
	made, err := t.makeKey(file, now)
	if err != nil {
		return err
	}
	r.Changed = r.Changed || made
	return t.tellKey(r, file)
}

// makeKey makes the pair unless one is there that is not to be replaced.
func (t *userTask) makeKey(file string, now account) (bool, error) {
	dir := filepath.Dir(file)
	if !exists(dir) && t.c.Check {
		return true, nil
	}
	if t.keepsKey(file, "private") || t.keepsKey(file+".pub", "public") {
		return false, nil
	}
	if t.c.Check {
		return true, nil
	}
	if !exists(dir) {
		if err := errors.Join(t.c.Log.Mkdir(dir, 0o700), t.c.Log.Chown(dir, now.uid, now.gid)); err != nil {
			return false, err
		}
	}
	return true, t.runKeygen(file, now)
}

// keepsKey says, with a warning, that a file is there and stays.
func (t *userTask) keepsKey(file, what string) bool {
	if !exists(file) {
		return false
	}
	if t.p.Flag("force") {
		t.warnings = append(t.warnings, fmt.Sprintf("Overwriting existing ssh key %s file \"%s\"", what, file))
		return false
	}
	t.warnings = append(t.warnings,
		fmt.Sprintf("Found existing ssh key %s file \"%s\", no force, so skipping ssh-keygen generation", what, file))
	return true
}

func (t *userTask) runKeygen(file string, now account) error {
	path, err := tool(t.c, "ssh-keygen")
	if err != nil {
		return err
	}
	argv := []string{path, "-q", "-t", t.p.Str("ssh_key_type")}
	if bits := t.p.Int("ssh_key_bits"); bits > 0 {
		argv = append(argv, "-b", strconv.FormatInt(bits, 10))
	}
	argv = append(argv, "-C", t.keyComment(), "-f", file, "-N", "")
	for _, old := range []string{file, file + ".pub"} {
		if err := t.c.Log.Remove(old); err != nil {
			return err
		}
	}
	return t.c.Log.Around([]string{file, file + ".pub"}, "the key of "+t.name, func() error {
		out, err := run(t.c, "", argv...)
		if err == nil && out.code != 0 {
			err = errors.New(out.stderr)
		}
		if err != nil {
			return err
		}
		return errors.Join(os.Lchown(file, now.uid, now.gid), os.Lchown(file+".pub", now.uid, now.gid))
	})
}

func (t *userTask) keyComment() string {
	if t.p.Has("ssh_key_comment") {
		return t.p.Str("ssh_key_comment")
	}
	name, _ := os.Hostname() // without a name the comment says less
	return "ansible-generated on " + name
}

// tellKey words what is known of the key.
func (t *userTask) tellKey(r *module.Result, file string) error {
	fingerprint := "" // where there is no key
	if kit.Exists(file) {
		path, err := tool(t.c, "ssh-keygen")
		if err != nil {
			return err
		}
		out, err := run(t.c, "", path, "-l", "-f", file)
		if err != nil {
			return err
		}
		fingerprint = strings.TrimSpace(out.stdout)
		if out.code != 0 {
			fingerprint = strings.TrimSpace(out.stderr)
		}
	}
	r.Data.Set("ssh_fingerprint", fingerprint)
	r.Data.Set("ssh_key_file", file)
	r.Data.Set("ssh_public_key", nil)
	if text, err := kit.ReadAll(file + ".pub"); err == nil && text != nil {
		r.Data.Set("ssh_public_key", strings.TrimSpace(string(text)))
	}
	return nil
}
