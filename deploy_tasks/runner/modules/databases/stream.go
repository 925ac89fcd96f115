// Package databases is the part of the runner that makes, removes, dumps and restores databases by the servers' own clients.
package databases

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// said is what a command told when it failed.
type said struct {
	code   int
	stderr string
}

func (s *said) Error() string { return strings.TrimSpace(s.stderr) }

// stream runs commands, each with the output of the one before it as its input, and reads what the last one writes. An error
// of any of them comes before the end of the data, so that nothing half is taken for whole. end waits for all of them.
func stream(c *module.Call, in io.Reader, stages ...module.Process) (io.Reader, func() error) {
	var before chan error
	for _, stage := range stages {
		out, into := io.Pipe()
		stage.Stdin, stage.Stdout = in, into
		done, earlier := make(chan error, 1), before
		go func() {
			err := ended(c.Run(stage))
			if piped, ok := stage.Stdin.(*io.PipeReader); ok {
				_ = piped.Close() // who still writes hears of it
			}
			if earlier != nil {
				if first := <-earlier; first != nil {
					err = first
				}
			}
			_ = into.CloseWithError(err) // never an error itself
			done <- err
		}()
		in, before = out, done
	}
	last := in
	return last, func() error {
		if piped, ok := last.(*io.PipeReader); ok {
			_ = piped.Close()
		}
		return <-before
	}
}

func ended(f module.Finished, err error) error {
	switch {
	case err != nil:
		return err
	case f.TimedOut:
		return errors.New("the command was stopped: its time was up")
	case f.Code != 0:
		return &said{f.Code, f.Stderr}
	}
	return nil
}

// packers are the programs that pack and unpack, by the end of a file's name.
var packers = map[string]string{".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}

// packer is the program for a file, "" for none.
func packer(c *module.Call, target string) (string, error) {
	program := packers[filepath.Ext(target)]
	if program != "" && c.Program(program) == "" {
		return "", fmt.Errorf("Failed to find required executable \"%s\" in paths", program)
	}
	return program, nil
}

// dump writes what a command tells to a file, packed by its name.
func dump(c *module.Call, target string, command module.Process) error {
	if !kit.IsDir(filepath.Dir(target)) {
		return fmt.Errorf("the folder of target %s does not exist", target)
	}
	program, err := packer(c, target)
	if err != nil {
		return err
	}
	stages := []module.Process{command}
	if program != "" {
		stages = append(stages, module.Process{Argv: []string{program, "-c"}})
	}
	out, end := stream(c, nil, stages...)
	err = c.Log.WriteFile(target, out, change.Meta{})
	var of *said
	failed := end()
	if failed != nil && (err == nil || errors.As(err, &of)) { // otherwise it only had nobody to write to
		err = failed
	}
	return err
}

// load gives a file, unpacked by its name, to a command.
func load(c *module.Call, target string, command module.Process) error {
	file, err := os.Open(target)
	if err != nil {
		return err
	}
	defer file.Close()
	program, err := packer(c, target)
	if err != nil {
		return err
	}
	var in io.Reader = file
	end := func() error { return nil }
	if program != "" {
		in, end = stream(c, file, module.Process{Argv: []string{program, "-dc"}})
	}
	command.Stdin = in
	err = ended(c.Run(command))
	if failed := end(); failed != nil && err == nil {
		err = failed
	}
	return err
}

// keeper is a Log that has a folder of its own for what an undo needs; lender is one whose folder takes root's rights, which
// the task does not have.
type (
	keeper interface{ SavedDir() string }
	lender interface {
		Aside(work func(saved string) error) error
	}
)

// aside performs work on the folder for what an undo needs.
func aside(c *module.Call, work func(saved string) error) error {
	switch log := c.Log.(type) {
	case lender:
		return log.Aside(work)
	case keeper:
		return work(log.SavedDir())
	}
	return errors.New("the journal has no place for it")
}

// keep dumps a database into the journal's folder, which only root reads, and returns where.
func keep(c *module.Call, command module.Process) (path string, err error) {
	var file *os.File
	err = aside(c, func(saved string) error {
		folder := filepath.Join(saved, "databases")
		if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
			return err
		}
		file, err = os.CreateTemp(folder, "dump-")
		return err
	})
	if err == nil {
		out, end := stream(c, nil, command)
		_, err = io.Copy(file, out)
		if failed := end(); err == nil {
			err = failed
		}
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err == nil {
		err = aside(c, func(saved string) error {
			return errors.Join(change.SyncDir(filepath.Dir(file.Name())), change.SyncDir(saved))
		})
	}
	if err != nil && file != nil {
		err = errors.Join(err, aside(c, func(string) error { return os.Remove(file.Name()) }))
	}
	if err != nil {
		return "", fmt.Errorf("the database could not be kept for an undo: %w", err)
	}
	return file.Name(), nil
}

// thing is the name of a database in the journal: how it is reached, what was kept of it, and what it is called.
type thing struct {
	as      string   // the user whose commands reach it, "" for the runner's own
	options []string // of the server's clients
	kept    string
	db      string
}

const ofThing = "database "

func (t thing) name() string {
	words := append([]string{t.db, t.as, t.kept}, t.options...)
	for i, word := range words {
		if word == "" || strings.ContainsFunc(word, special) {
			words[i] = kit.Quoted(word)
		}
	}
	return ofThing + strings.Join(words, " ")
}

// special tells whether a character is one that a word is quoted for.
func special(r rune) bool {
	return !strings.ContainsRune("-_./=:@,+", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// thingNamed reads such a name.
func thingNamed(name string) (thing, error) {
	words, err := kit.SplitWords(strings.TrimPrefix(name, ofThing))
	if err != nil || !strings.HasPrefix(name, ofThing) || len(words) < 3 {
		return thing{}, fmt.Errorf("%s is no name of a database", name)
	}
	return thing{db: words[0], as: words[1], kept: words[2], options: words[3:]}, nil
}

// argv is a client's command for this database, as the user who reaches it.
func (t thing) argv(program string, more ...string) []string {
	argv := append(append([]string{program}, t.options...), more...)
	if t.as != "" {
		argv = append([]string{"runuser", "-u", t.as, "--"}, argv...)
	}
	return argv
}

// Shell scripts that data is given to as arguments: nothing of it is read as a script.
const (
	// A dump's sum, without the lines that are another time by time. What fails is like nothing else.
	sumScript = `{ "$@" || cat /proc/sys/kernel/random/uuid; } | grep -av "^.\(un\)\{0,1\}restrict " | sha256sum`
	fromFile  = `file=$1; shift; exec "$@" <"$file"`
)

// unhurried are tools that give a command the time it takes: reading and loading a database may last for hours.
type unhurried struct{ change.Tools }

// Run implements change.Tools.
func (u unhurried) Run(argv []string, stdin string) (change.Output, error) {
	if long, ok := u.Tools.(interface {
		RunLong(argv []string, stdin string) (change.Output, error)
	}); ok {
		return long.RunLong(argv, stdin)
	}
	return u.Tools.Run(argv, stdin)
}

// sum stands for everything in a database.
func (t thing) sum(tools change.Tools, program string, more ...string) (string, error) {
	out, err := change.Demand(unhurried{tools}, append([]string{"sh", "-c", sumScript, "sum"}, t.argv(program, more...)...)...)
	return strings.Fields(out + " ?")[0], err
}

// loadKept gives what was kept to a command.
func (t thing) loadKept(tools change.Tools, program string, more ...string) error {
	if t.kept == "" {
		return errors.New("nothing was kept of it")
	}
	_, err := change.Demand(unhurried{tools}, append([]string{"sh", "-c", fromFile, "load", t.kept}, t.argv(program, more...)...)...)
	return err
}

// asUser is the user whose rights the call's commands have, "" for the runner's.
func asUser(c *module.Call) string {
	if c.As == nil {
		return ""
	}
	return kit.UserName(c.As.UID)
}

// hidden marks what an undo cannot reach, because the password that it takes is kept nowhere.
const hidden = "a database that was reached with login_password, which is kept nowhere"
