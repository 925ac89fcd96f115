// Package fetching is the part of the runner with the module that hands files of the host to whoever deploys.
package fetching

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("fetch", fetch) }

var spec = kit.Spec{Args: []kit.Arg{
	{Name: "src", Kind: kit.Text, Required: true},
	{Name: "dest", Kind: kit.Text, Required: true},
	{Name: "flat", Kind: kit.Bool, Default: false},
	{Name: "fail_on_missing", Kind: kit.Bool, Default: true},
	{Name: "validate_checksum", Kind: kit.Bool, Default: true},
}}

// tries is how often a file is sent anew after the worker that had its first half has died.
const tries = 3

// fetch hands one file to the worker, which knows where it may go. It changes nothing on the host.
func fetch(c *module.Call) module.Result {
	p, err := spec.Parse("fetch", c)
	switch {
	case err != nil:
		return kit.Failure(err)
	case c.Check:
		return module.Result{Skipped: true, Msg: "check mode not (yet) supported for this module"}
	case c.Undo:
		return module.Result{Skipped: true, Msg: "an undo brings no files"}
	case c.Ask == nil:
		return module.Failure("fetch: nobody is here to take the file: this executable was started by hand; deploy-tasks deploy can")
	}
	f := &file{c: c, p: p, source: expanded(c, p.Str("src"))}
	f.path = kit.Absolute(c, f.source)
	if failed := f.measure(); failed != nil {
		return *failed
	}
	result, err := f.hand()
	if err != nil {
		return module.Failure("fetch: " + err.Error())
	}
	return result
}

// expanded is a path with the home folder for ~, as Ansible's; variables of the environment stay as they are.
func expanded(c *module.Call, path string) string {
	if path != "" && path[0] == '~' {
		return kit.Expand(c, path)
	}
	return path
}

// file is one on its way.
type file struct {
	c      *module.Call
	p      *kit.Params
	source string // as the result names it
	path   string // as it is opened
	size   int64
	sum    string // SHA-1, as Ansible tells
}

// measure reads the whole file once: its checksum says whether it has to travel at all. A result is why it cannot.
func (f *file) measure() *module.Result {
	info, err := os.Stat(f.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
		return f.unknown(kit.Strerror(err))
	case err == nil && info.IsDir():
		return f.folder()
	case err == nil && !info.Mode().IsRegular():
		return f.unknown("it is no regular file")
	}
	var sums kit.Hashes
	if err == nil {
		sums, f.size, err = f.read(-1, func([]byte) error { return nil }, "sha1")
	}
	if err != nil {
		return f.unreadable(err)
	}
	f.sum = sums.Sums()[0]
	return nil
}

// read gives the file piece by piece, at most so many bytes of it if that is not negative, with its checksums.
func (f *file) read(most int64, take func([]byte) error, names ...string) (kit.Hashes, int64, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	sums, size, piece := kit.NewHashes(names...), int64(0), make([]byte, 1<<20)
	for most < 0 || size < most {
		if most >= 0 {
			piece = piece[:min(int64(len(piece)), most-size)]
		}
		n, err := io.ReadFull(in, piece)
		if n > 0 {
			_, _ = sums.Write(piece[:n])
			if err := errors.Join(f.c.Ctx.Err(), take(piece[:n])); err != nil {
				return nil, 0, err
			}
			size += int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return sums, size, nil
}

// unknown is the result for a path of which not even that is known whether something is there.
func (f *file) unknown(why string) *module.Result {
	r := module.Result{Data: kit.Dict("file", f.source)}
	r.Msg = fmt.Sprintf("Failed to get information on remote file (%s): %s", f.source, why)
	r.Failed = f.p.Flag("fail_on_missing")
	if !r.Failed {
		r.Msg += ", ignored"
	}
	return &r
}

func (f *file) folder() *module.Result {
	r := module.Result{Failed: f.p.Flag("fail_on_missing"), Msg: "remote file is a directory, fetch cannot work on directories"}
	if !r.Failed {
		r.Msg += ", not transferring, ignored"
	}
	return &r
}

// unreadable is the result for a file that cannot be read, in the words of Ansible, which takes its slurp to it.
func (f *file) unreadable(err error) *module.Result {
	r := module.Result{Failed: f.p.Flag("fail_on_missing")}
	if !r.Failed {
		r.Data = kit.Dict("file", f.source)
	}
	switch no, _ := kit.ErrnoOf(err); {
	case no == syscall.ENOENT:
		r.Msg = "the remote file does not exist, not transferring, ignored"
	case !r.Failed:
	case no == syscall.EACCES:
		r.Msg = "file is not readable: " + f.source
	default:
		r.Msg = "unable to slurp file: " + kit.ReasonAt(err, f.source)
	}
	return &r
}

// hand offers the file to the worker, and sends it if it is wanted.
func (f *file) hand() (module.Result, error) {
	for range tries {
		answer, err := f.ask("offer", "src", filepath.ToSlash(f.source), "dest", f.p.Str("dest"), "flat", f.p.Flag("flat"),
			"size", f.size, "checksum", f.sum)
		if err != nil {
			return module.Result{}, err
		}
		upload := text(answer, "upload")
		if upload == "" {
			return f.ended(answer), nil
		}
		if answer, err = f.send(upload); err != nil {
			return module.Result{}, err
		}
		if _, again := answer.Get("again"); !again {
			return f.ended(answer), nil
		}
	}
	return module.Result{}, errors.New("the workers that took the file went away too often")
}
