// Package synchronize is the part of the runner that makes a folder of the host what a folder of the plan is.
package synchronize

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("synchronize", synchronize) }

var spec = kit.Spec{Args: []kit.Arg{
	{Name: "src", Kind: kit.Text, Required: true},
	{Name: "dest", Kind: kit.Path, Required: true},
	{Name: "archive", Kind: kit.Bool, Default: true},
	{Name: "recursive", Kind: kit.Bool},
	{Name: "perms", Kind: kit.Bool},
	{Name: "delete", Kind: kit.Bool, Default: false},
	{Name: "existing_only", Kind: kit.Bool, Default: false},
	{Name: "rsync_opts", Kind: kit.List},
	{Name: "mode", Kind: kit.Text, Default: "push", Choices: []string{"push"}},
	// Files of a plan are compared by their contents, are no links, and have no times or owners.
	{Name: "checksum", Kind: kit.Bool}, {Name: "copy_links", Kind: kit.Bool}, {Name: "links", Kind: kit.Bool},
	{Name: "dirs", Kind: kit.Bool}, {Name: "times", Kind: kit.Bool}, {Name: "owner", Kind: kit.Bool}, {Name: "group", Kind: kit.Bool},
	// No rsync connects to the host.
	{Name: "compress", Kind: kit.Bool}, {Name: "delay_updates", Kind: kit.Bool}, {Name: "dest_port", Kind: kit.Int},
	{Name: "partial", Kind: kit.Bool}, {Name: "private_key", Kind: kit.Text}, {Name: "rsync_timeout", Kind: kit.Int},
	{Name: "set_remote_user", Kind: kit.Bool}, {Name: "ssh_connection_multiplexing", Kind: kit.Bool},
	{Name: "use_ssh_args", Kind: kit.Bool}, {Name: "verify_host", Kind: kit.Bool},
}}

// syncing is one call. Names are relative to dest; a folder's children are in the order of names.
type syncing struct {
	c      *module.Call
	p      *kit.Params
	dest   string
	perms  bool
	rules  []rule
	files  map[string]module.Entry
	below  map[string]*children
	made   map[string]bool // folders that a check only thinks of
	output []string
	did    bool
}

// children are what a folder of the plan holds.
type children struct{ files, folders []string }

// synchronize makes dest what src is, as rsync does with --checksum, --no-times, --no-owner and --no-group.
func synchronize(c *module.Call) module.Result {
	p, err := spec.Parse("synchronize", c)
	if err != nil {
		return kit.Failure(err)
	}
	s := &syncing{c: c, p: p, dest: p.Str("dest"), perms: p.Flag("archive"), files: map[string]module.Entry{}, below: map[string]*children{}, made: map[string]bool{}}
	if p.Has("perms") {
		s.perms = p.Flag("perms")
	}
	for _, name := range []string{"times", "owner", "group"} {
		if p.Flag(name) {
			return module.Failure(name + " can only be false: files of a plan travel without it")
		}
	}
	if !p.Flag("archive") && !p.Flag("recursive") || p.Has("recursive") && !p.Flag("recursive") {
		return module.Failure("recursive can only be true: a folder is sent with all that is in it")
	}
	if s.rules, err = readRules(p.List("rsync_opts")); err != nil {
		return kit.Failure(err)
	}
	if err := s.find(p.Str("src")); err != nil {
		return kit.Failure(err)
	}
	if err = s.begin(); err == nil {
		err = s.run()
	}
	said := strings.Join(s.output, "\n")
	if said != "" {
		said += "\n"
	}
	if err != nil {
		r := module.Failure(kit.Reason(err))
		r.Changed, r.Data = s.did, kit.Dict("rc", int64(23), "stdout_lines", kit.Items(s.output))
		return r
	}
	data := kit.Dict("rc", int64(0), "stdout_lines", kit.Items(s.output), "msg", said) // also where it is empty
	return module.Result{Changed: s.did, Msg: said, Data: data}
}

// find lists what is sent, by the names that it gets.
func (s *syncing) find(src string) error {
	name := strings.TrimSuffix(strings.TrimPrefix(src, "./"), "/")
	if e, ok := s.c.Files.Lookup(name); ok && !strings.HasSuffix(src, "/") {
		to := kit.LastOf(name)
		if !strings.HasSuffix(s.dest, "/") && !kit.IsDir(s.dest) {
			s.dest, to = filepath.Dir(s.dest), filepath.Base(s.dest)
		}
		s.add(to, e)
		return nil
	}
	prefix := name + "/"
	if name == "." || name == "" {
		prefix = ""
	}
	entries := s.c.Files.List(prefix)
	if len(entries) == 0 {
		return fmt.Errorf("Could not find or access '%s' in the artifact", src)
	}
	top := ""
	if !strings.HasSuffix(src, "/") {
		top = kit.LastOf(name) + "/"
	}
	for _, e := range entries {
		to := top + e.Name[len(prefix):]
		if !hidden(s.rules, to, false) {
			s.add(to, e)
			continue
		}
		in := path.Dir(to)
		for in != "." && hidden(s.rules, in, true) {
			in = path.Dir(in)
		}
		s.folder(in) // it is sent without this file
	}
	if top == "" {
		s.folder(".")
	}
	return nil
}

func (s *syncing) add(name string, e module.Entry) {
	s.files[name] = e
	in := s.folder(path.Dir(name))
	in.files = append(in.files, name)
}

// folder are the children of a folder, which is among those of the one it is in.
func (s *syncing) folder(name string) *children {
	if found := s.below[name]; found != nil {
		return found
	}
	made := &children{}
	s.below[name] = made
	if name != "." {
		in := s.folder(path.Dir(name))
		in.folders = append(in.folders, name)
	}
	return made
}

// begin makes dest itself where it is missing, if the folder it belongs into is there.
func (s *syncing) begin() error {
	s.dest = filepath.Clean(s.dest)
	if info, err := os.Stat(s.dest); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", s.dest)
		}
		return nil
	}
	if !kit.IsDir(filepath.Dir(s.dest)) && !s.c.Check { // an earlier task may make it
		return fmt.Errorf("mkdir \"%s\" failed: No such file or directory (2)", s.dest)
	}
	s.output = append(s.output, "created directory "+s.p.Str("dest"))
	s.made["."] = true
	if s.isTop() {
		s.tell("cd+++++++++ ./")
	}
	s.did = true
	if s.c.Check {
		return nil
	}
	return s.c.Log.Mkdir(s.dest, newFolder)
}

// isTop tells whether dest is itself what is sent, not the folder it comes into.
func (s *syncing) isTop() bool {
	return strings.HasSuffix(s.p.Str("src"), "/")
}

func (s *syncing) tell(line string) {
	s.output, s.did = append(s.output, line), true
}

func (s *syncing) place(name string) string { return filepath.Join(s.dest, name) }
