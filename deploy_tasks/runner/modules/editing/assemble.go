package editing

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner/expr/regex"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("assemble", assemble) }

var assembleSpec = kit.Spec{Shared: [][]kit.Arg{kit.FileArgs}, Args: []kit.Arg{
	{Name: "src", Kind: kit.Text, Required: true},
	{Name: "dest", Kind: kit.Path, Required: true},
	{Name: "delimiter", Kind: kit.Text},
	{Name: "backup", Kind: kit.Bool, Default: false},
	{Name: "remote_src", Kind: kit.Bool, Default: true},
	{Name: "regexp", Kind: kit.Text},
	{Name: "ignore_hidden", Kind: kit.Bool, Default: false},
	{Name: "validate", Kind: kit.Text},
	{Name: "decrypt", Kind: kit.Bool, Default: true},
}}

// assemble makes a file of the fragments in a folder, one behind the other. A check is skipped, as Ansible does.
func assemble(c *module.Call) module.Result {
	p, err := assembleSpec.Parse("assemble", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true, Msg: "remote module (ansible.legacy.assemble) does not support check mode"}
	}
	edit, err := kit.NewEdit(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	edit.Path, edit.Unlink = p.Str("dest"), true
	if kit.IsDir(edit.Path) {
		return module.Failure(fmt.Sprintf("dest %s is a directory: name the file", edit.Path))
	}
	if parent := filepath.Dir(edit.Path); !kit.IsDir(parent) {
		return module.Failure(fmt.Sprintf("Destination directory %s does not exist", parent))
	}
	a := &assembly{c: c, delimiter: p.Str("delimiter"), hidden: !p.Flag("ignore_hidden"), always: !p.Flag("remote_src")}
	if p.Has("regexp") {
		if a.only, err = regex.Compile(p.Str("regexp"), 0); err != nil {
			return module.Failure(fmt.Sprintf("Invalid Regexp (%s) in \"%s\"", err, p.Str("regexp")))
		}
	}
	if err := a.read(p); err != nil {
		return kit.Failure(err)
	}
	return a.put(edit, p.Str("src"))
}

// assembly is a file that grows by fragments.
type assembly struct {
	c         *module.Call
	only      *regex.Regex // of the names; nil: all
	hidden    bool         // hidden fragments count too
	delimiter string
	always    bool // a line end follows the delimiter even where it ends with one, as for folders beside the playbook
	out       bytes.Buffer
	begun     bool
}

func (a *assembly) read(p *kit.Params) error {
	src := p.Str("src")
	if !p.Flag("remote_src") {
		return a.embedded(strings.TrimSuffix(strings.TrimPrefix(src, "./"), "/") + "/")
	}
	folder := kit.Absolute(a.c, kit.Expand(a.c, src))
	switch {
	case !kit.Exists(folder):
		return fmt.Errorf("Source (%s) does not exist", folder)
	case !kit.IsDir(folder):
		return fmt.Errorf("Source (%s) is not a directory", folder)
	}
	return a.onHost(folder)
}

// embedded takes the fragments of a folder that came along with the plan.
func (a *assembly) embedded(prefix string) error {
	entries := a.c.Files.List(prefix)
	if len(entries) == 0 {
		return fmt.Errorf("Source (%s) is not a directory", strings.TrimSuffix(prefix, "/"))
	}
	for _, entry := range entries {
		name := entry.Name[len(prefix):]
		if strings.Contains(name, "/") {
			continue
		}
		ok, err := a.wants(name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		r, err := a.c.Files.Open(entry)
		if err != nil {
			return err
		}
		content, err := readBounded(r)
		if err := errors.Join(err, r.Close(), a.add(content)); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) onHost(folder string) error {
	entries, err := os.ReadDir(folder) // in the order of their names
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		ok, err := a.wants(entry.Name())
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		content, err := readWhole(path)
		if err := errors.Join(err, a.add(content)); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) wants(name string) (bool, error) {
	if strings.HasPrefix(name, ".") && !a.hidden {
		return false, nil
	}
	if a.only == nil {
		return true, nil
	}
	m, err := a.only.Search(name)
	return m != nil, err
}

// add puts a fragment behind the others: on a line of its own, with the delimiter between.
func (a *assembly) add(fragment []byte) error {
	if a.begun && !endsLine(a.out.Bytes()) {
		a.out.WriteByte('\n')
	}
	if a.begun && a.delimiter != "" {
		// Ansible reads the escapes anew before each fragment, so that \\n is a line end from the second one on.
		delimiter, err := unescaped(a.delimiter)
		if err != nil {
			return err
		}
		a.delimiter = delimiter
		a.out.WriteString(delimiter)
		if a.always || !strings.HasSuffix(delimiter, "\n") {
			a.out.WriteByte('\n')
		}
	}
	a.out.Write(fragment)
	a.begun = true
	if int64(a.out.Len()) > largest {
		return fmt.Errorf("the fragments have more than %d bytes together", largest)
	}
	return nil
}

func endsLine(b []byte) bool { return bytes.HasSuffix(b, newline) }

// put writes the file where it is not the same, and gives it its attributes.
func (a *assembly) put(edit *kit.Edit, src string) module.Result {
	before, err := edit.Read()
	if err != nil {
		return kit.Failure(err)
	}
	after := a.out.Bytes()
	sums := kit.NewHashes("sha1", "md5")
	sums.Write(after)
	data := kit.Dict("src", src, "dest", edit.Path, "checksum", sums.Sums()[0], "md5sum", sums.Sums()[1])
	changed := !edit.There || !bytes.Equal(before, after)
	moded, failure := edit.Put(after, changed, data)
	if failure.Failed {
		return failure
	}
	kit.Describe(data)
	return module.Result{Changed: changed || moded, Msg: "OK", Data: data, Diff: edit.ContentDiff(before, after, edit.Path)}
}
