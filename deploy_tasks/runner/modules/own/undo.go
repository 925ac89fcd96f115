package own

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/hashing"
	"runner/hex"
	"runner/module"
	"runner/record"
	"runner/value"
)

const (
	maxState = 1 << 20 // bytes of what a module tells of the thing it changes
	asked    = "_deploy_tasks_undo"
	told     = "_deploy_tasks_state"
	named    = "_deploy_tasks_thing"
	maxName  = 200       // bytes of what a module calls the thing
	folder   = "modules" // within what a deployment keeps for its undo
)

// keeper is a Log that has a folder of its own for what an undo needs.
type keeper interface{ SavedDir() string }

// keep puts the module and its call aside, for the undo of what it is about to do. ref names them; it is empty where the
// module has no undo, or acts for another user: the undo is root's.
func (m *own) keep(c *module.Call, at placed) (ref string, err error) {
	log, ok := c.Log.(keeper)
	if !m.undo || c.As != nil || c.Check || !ok {
		return "", nil
	}
	dir := filepath.Join(log.SavedDir(), folder)
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return "", err
	}
	path := at.argv[len(at.argv)-1]
	ref, err = m.reference(c, at)
	if err != nil {
		return "", err
	}
	text := record.Line(value.DictOf("name", m.name, "style", m.style, "digest", m.entry.Digest, "file", m.entry.Digest+filepath.Ext(path),
		"argv", record.Texts(at.argv[:len(at.argv)-1]), "args", m.given(c, ""), "env", record.Texts(added(c.Env))))
	if err := keepFile(filepath.Join(dir, m.entry.Digest+filepath.Ext(path)), 0o700, func() (io.ReadCloser, error) { return os.Open(path) }); err != nil {
		return "", err
	}
	call := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	if err := keepFile(filepath.Join(dir, callFile(ref)), 0o600, call); err != nil {
		return "", err
	}
	return ref, errors.Join(change.SyncDir(dir), change.SyncDir(log.SavedDir()))
}

// reference is what the journal and reports call the thing that is about to change: what the module calls it, or a mark
// of the call's own.
func (m *own) reference(c *module.Call, at placed) (string, error) {
	given := m.given(c, at.folder)
	given.Update(value.DictOf(asked, "look", "_ansible_check_mode", true))
	path := filepath.Join(at.folder, "_look") // the names of modules begin with a letter
	if err := writePrivate(path, 0o600, strings.NewReader(written(m.style, given))); err != nil {
		return "", err
	}
	f, err := started(c, append(at.argv[:len(at.argv):len(at.argv)], path))
	if err != nil {
		return "", err
	}
	if f.TimedOut {
		return "", fmt.Errorf("the module %s was stopped before it told how things are", m.name)
	}
	said, err := said(change.Output{Code: f.Code, Stdout: f.Stdout, Stderr: f.Stderr}, m.hidden)
	if err != nil {
		return "", fmt.Errorf("the module %s does not tell how things are: %w", m.name, err)
	}
	thing, _ := said.Get(named)
	if text, ok := thing.(string); ok && text != "" && len(text) <= maxName && !m.hidden && !strings.ContainsAny(text, "\n\r\x1b\x00") {
		return m.name + " " + text, nil
	}
	return m.name + "-" + digest(record.Line(m.args))[:12], nil
}

func digest(b []byte) string {
	s := hashing.Sum(b)
	return hex.EncodeToString(s[:])
}

// callFile is where a call is put aside. Calls that change the same thing share it: each can bring it back.
func callFile(ref string) string { return digest([]byte(ref))[:16] + ".json" }

// added is what the task has put into the environment.
func added(env []string) (out []string) {
	own := os.Environ()
	for _, pair := range env {
		if !slices.Contains(own, pair) {
			out = append(out, pair)
		}
	}
	return out
}

// keepFile writes a file that is whole once it has its name; one that is there already has the same content.
func keepFile(path string, mode os.FileMode, open func() (io.ReadCloser, error)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	temp := path + ".part"
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = change.SyncData(out)
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	return err
}

// kind is what own modules change: the modules themselves say how it is, and bring it back.
type kind struct{ dir string }

// In implements change.Kept.
func (kind) In(saved string) change.Kind { return kind{filepath.Join(saved, folder)} }

// Inspect implements change.Kind.
func (k kind) Inspect(t change.Tools, name string) (any, error) {
	call, err := k.call(name)
	if err != nil {
		return nil, err
	}
	said, err := k.ask(t, call, "look", nil)
	if err != nil {
		return nil, err
	}
	state, answered := said.Get(told)
	_, text := state.(string)
	switch {
	case !answered:
		return nil, fmt.Errorf("the module does not tell how things are: its answer to %s=look has no %s", asked, told)
	case call.Text("style") == plain && state != nil && !text:
		return nil, fmt.Errorf("%s must be text or null: the module takes its arguments as key=value", told)
	case len(value.Encode(state)) > maxState:
		return nil, fmt.Errorf("the module tells more than %d KiB in %s", maxState>>10, told)
	}
	return state, nil
}

// Restore implements change.Kind.
func (k kind) Restore(t change.Tools, name string, before, _ any) error {
	call, err := k.call(name)
	if err == nil {
		_, err = k.ask(t, call, "restore", before)
	}
	return err
}

// call reads a call that was put aside.
func (k kind) call(name string) (record.Reader, error) {
	text, err := os.ReadFile(filepath.Join(k.dir, callFile(name)))
	if err != nil {
		return record.Reader{}, err
	}
	return record.Parse(text)
}

// environed are tools that can add to a command's environment.
type environed interface {
	RunIn(argv []string, stdin string, env []string) (change.Output, error)
}

// ask calls a module that was put aside, for an undo.
func (k kind) ask(t change.Tools, call record.Reader, what string, state any) (*value.Dict, error) {
	path := filepath.Join(k.dir, call.Text("file"))
	if digest, err := change.DigestFile(path); err != nil || digest != call.Text("digest") {
		return nil, errors.Join(err, errors.New("the module that was kept for the undo is damaged"))
	}
	temp, err := os.MkdirTemp(k.dir, "call-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	args := call.Dict("args").Copy()
	args.Update(value.DictOf(asked, what, "_ansible_check_mode", what == "look", "_ansible_tmpdir", temp))
	if state != nil {
		args.Set(told, state)
	}
	file := filepath.Join(temp, "_args")
	if err := writePrivate(file, 0o600, strings.NewReader(written(call.Text("style"), args))); err != nil {
		return nil, err
	}
	argv := append(call.Texts("argv"), path, file)
	if err := call.Err(); err != nil {
		return nil, err
	}
	out, err := asking(t, argv, call.Texts("env"))
	if err != nil {
		return nil, err
	}
	hidden, _ := args.Get("_ansible_no_log")
	return said(out, value.Truthy(hidden))
}

func asking(t change.Tools, argv, env []string) (change.Output, error) {
	if with, ok := t.(environed); ok {
		return with.RunIn(argv, "", env)
	}
	return t.Run(argv, "")
}

var errHidden = errors.New("the module failed; what it said is hidden by no_log")

// said is the answer to what an undo asks. An error gets into the reports of the undo.
func said(out change.Output, hidden bool) (*value.Dict, error) {
	said, err := answer(out.Stdout)
	bad := err != nil || failed(said)
	switch {
	case bad && hidden:
		return nil, errHidden
	case err != nil:
		return nil, fmt.Errorf("exit status %d, %w: %s", out.Code, err, lastLine(out.Stderr+out.Stdout))
	case bad:
		msg, _ := said.Get("msg")
		return nil, errors.New(value.Str(msg))
	}
	return said, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	text = text[strings.LastIndexByte(text, '\n')+1:]
	return text[:min(500, len(text))]
}
