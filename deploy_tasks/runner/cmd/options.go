package cmd

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"runner/fmt"
	"runner/host"
	"runner/value"
)

// options are the options of all commands; each command defines those it takes.
type options struct {
	flags      flagSet
	command    string
	usage      string
	stateDir   string
	serve      bool
	json       bool
	check      bool
	diff       bool
	verify     bool
	noUndo     bool
	tags, skip string
	extra      []string
	vars       string
	id         string
	artifact   string
	timeout    time.Duration
	keep       int
	dryRun     bool
	withLater  bool
	confirm    time.Duration
}

func newOptions(name, rest, about string) *options {
	o := &options{command: name, usage: strings.TrimRight("usage: "+self()+" "+name+" [OPTIONS] "+rest, " ") + "\n\n" + about + "\n\n"}
	o.flags.text(&o.stateDir, "state-dir", "folder", "the folder of deployments and journals")
	return o
}

// performing adds the options of commands that perform the program.
func (o *options) performing() *options {
	f := &o.flags
	f.flag(&o.diff, "diff", "show what changes in texts")
	f.text(&o.tags, "tags", "tags", "only tasks with one of these tags, by comma")
	f.text(&o.skip, "skip-tags", "tags", "no task with one of these tags")
	f.texts(&o.extra, "e", "name=value", "a variable: name=value, a JSON object, or @file.json; may be repeated")
	f.text(&o.vars, "vars", "file", "a file with the host's variables as JSON; - reads standard input")
	f.text(&o.id, "deployment", "id", "the deployment's id; made up when it is not given")
	f.duration(&o.timeout, "timeout", "how long it may take, such as 90s")
	f.flag(&o.json, "json", "print events as lines of JSON")
	f.flag(&o.serve, "serve", "read the request from standard input and print events "+forWorkers)
	f.text(&o.artifact, "artifact", "digest", "the SHA-256 this file must have")
	return o
}

// parse reads the options; more than max arguments after them are a mistake.
func (o *options) parse(args []string, max int) ([]string, error) {
	rest, err := o.flags.parse(args)
	if errors.Is(err, errHelp) {
		_, _ = io.WriteString(os.Stdout, o.usage)
		o.flags.help(os.Stdout)
	}
	if err != nil {
		return nil, err
	}
	if max >= 0 && len(rest) > max {
		return nil, usage("unexpected argument %q", rest[max])
	}
	return rest, nil
}

func (o *options) folder() (*host.Folder, error) {
	root := o.stateDir
	if root == "" {
		var err error
		if root, err = host.DefaultRoot(); err != nil {
			return nil, err
		}
	}
	f, err := host.Open(root)
	if err != nil && !o.serve {
		err = fmt.Errorf("the folder of deployments cannot be used: %w\nhint: start this as the user who deploys here, or name another folder with --state-dir", err)
	}
	return f, err
}

// present is the folder of deployments for commands that only look: where there is none, none is made.
func (o *options) present() (*host.Folder, error) {
	root := o.stateDir
	if root == "" {
		root, _ = host.DefaultRoot() // what is wrong with that is told below
	}
	if _, err := os.Stat(root); root != "" && os.IsNotExist(err) {
		return host.At(root)
	}
	return o.folder()
}

func words(list string) []string {
	var out []string
	for _, word := range strings.Split(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// extraVars are the variables of -e, later ones first.
func (o *options) extraVars() (*value.Dict, error) {
	out := value.NewDict()
	for _, text := range o.extra {
		d, err := oneExtra(text)
		if err != nil {
			return nil, usage("-e %s: %s", text, err)
		}
		out.Update(d)
	}
	return out, nil
}

func oneExtra(text string) (*value.Dict, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		return readVars(name)
	}
	if strings.HasPrefix(text, "{") {
		return parseVars([]byte(text))
	}
	name, v, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return nil, errors.New("is not name=value")
	}
	return value.DictOf(name, v), nil
}

// maxVars bounds a file of variables, bytes.
const maxVars = 16 << 20

func readVars(name string) (*value.Dict, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxVars+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxVars {
		return nil, fmt.Errorf("is larger than %d bytes", maxVars)
	}
	return parseVars(text)
}

func parseVars(text []byte) (*value.Dict, error) {
	v, err := value.Decode(text)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*value.Dict)
	if !ok {
		return nil, errors.New("is not a JSON object")
	}
	return d, nil
}
