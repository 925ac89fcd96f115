package web

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
	"runner/modules/kit"
	"runner/value"
)

func init() {
	module.Register("get_url", getURL)
	module.Register("uri", callURI)
}

var getURLSpec = kit.Spec{Shared: [][]kit.Arg{urlArgs, kit.FileArgs}, Args: []kit.Arg{
	{Name: "dest", Kind: kit.Path, Required: true},
	{Name: "backup", Kind: kit.Bool, Default: false},
	{Name: "checksum", Kind: kit.Text, Default: ""},
	{Name: "timeout", Kind: kit.Int, Default: int64(10)},
	{Name: "tmp_dest", Kind: kit.Path},
	{Name: "url_username", Kind: kit.Text, Aliases: []string{"username"}},
	{Name: "url_password", Kind: kit.Text, Aliases: []string{"password"}},
}}

// download is one call of get_url.
type download struct {
	c     *module.Call
	p     *kit.Params
	o     *options
	attrs kit.Attributes
	url   string // as the task has it
	dest  string
	sum   checksum
	since *time.Time
	data  *value.Dict
}

// getURL brings a file from a server to the host, unless the one that is there is as new or has the checksum.
func getURL(c *module.Call) module.Result {
	p, err := getURLSpec.Parse("get_url", c)
	if err != nil {
		return kit.Failure(err)
	}
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return kit.Failure(err)
	}
	o, err := newOptions(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	d := &download{c: c, p: p, o: o, attrs: attrs, url: p.Str("url"), dest: p.Str("dest")}
	d.data = kit.Dict("checksum_dest", nil, "checksum_src", nil, "dest", d.dest, "elapsed", int64(0), "url", shown(d.url))
	return d.run()
}

func (d *download) run() module.Result {
	var err error
	if d.sum, err = parseChecksum(d.p.Str("checksum"), d.url, d.fetchText); err != nil {
		return kit.Failed(err.Error(), d.data)
	}
	if info, err := os.Stat(d.dest); err == nil && !info.IsDir() {
		if r, done := d.asItIs(); done {
			return r
		}
		since := info.ModTime()
		d.since = &since
	}
	return d.fetch()
}

// asItIs is the result when the file at dest has the checksum already: then nothing is fetched.
func (d *download) asItIs() (module.Result, bool) {
	if d.o.fresh || d.sum.digest == "" {
		return module.Result{}, false
	}
	now, err := d.sum.of(d.dest)
	if err != nil {
		return kit.Failed(kit.Reason(err), d.data), true
	}
	if now != d.sum.digest {
		d.o.fresh = true // it may be newer than the right one
		return module.Result{}, false
	}
	changed, err := d.attrs.Apply(d.c, d.dest, nil)
	if err != nil {
		return kit.Failure(err), true
	}
	r := kit.Done(changed, d.data, nil)
	r.Msg = "file already exists"
	if changed {
		r.Msg += " but file attributes changed"
	}
	return r, true
}

// request performs one request; the result is the failure when there is no good answer.
func (d *download) request(text, method string) (*answer, module.Result, bool) {
	u, login, err := address(text)
	if err != nil {
		return nil, kit.Failed(err.Error(), d.data), false
	}
	began := time.Now()
	a, err := d.o.send(request{method: method, url: u, since: d.since}, login)
	d.data.Set("elapsed", int64(time.Since(began).Seconds()))
	if err != nil {
		return nil, kit.Failed(err.Error(), kit.Dict("url", shown(text), "dest", d.dest, "elapsed", elapsed(d.data))), false
	}
	if a.resp.StatusCode == 304 || a.resp.StatusCode == 200 {
		return a, module.Result{}, true
	}
	defer a.close()
	data := kit.Dict("status_code", int64(a.resp.StatusCode), "response", a.msg(), "url", shown(text), "dest", d.dest,
		"elapsed", elapsed(d.data))
	return nil, kit.Failed("Request failed", data), false
}

func elapsed(data *value.Dict) any {
	v, _ := data.Get("elapsed")
	return v
}

// fetchText reads a file of checksums.
func (d *download) fetchText(text string) (string, error) {
	a, r, ok := d.request(text, "GET")
	if !ok {
		response, _ := r.Data.Get("response")
		if s, told := response.(string); told {
			return "", fmt.Errorf("%s: %s: %s", r.Msg, shown(text), s)
		}
		return "", errors.New(r.Msg)
	}
	defer a.close()
	return readText(a.body, maxChecksums)
}

// fetch asks for the file and puts it into its place.
func (d *download) fetch() module.Result {
	method := "GET"
	if d.c.Check {
		method = "HEAD"
	}
	a, r, ok := d.request(d.url, method)
	if !ok {
		return r
	}
	defer a.close()
	if a.resp.StatusCode == 304 {
		data := kit.Dict("url", shown(d.url), "dest", d.dest, "status_code", int64(304), "elapsed", elapsed(d.data))
		return worded(kit.Done(false, data, nil), a.msg())
	}
	temp, err := d.stored(a)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		return kit.Failed(err.Error(), d.data)
	}
	if kit.IsDir(d.dest) {
		if err := d.intoFolder(a); err != nil {
			return kit.Failed(err.Error(), d.data)
		}
	}
	d.data.Set("src", temp)
	return d.place(a, temp)
}

func worded(r module.Result, msg string) module.Result {
	r.Msg = msg
	return r
}

// stored is a private file with what came.
func (d *download) stored(a *answer) (string, error) {
	folder := d.c.TempDir()
	if named := d.p.Str("tmp_dest"); named != "" {
		switch {
		case !kit.Exists(named):
			return "", fmt.Errorf("%s directory does not exist.", named)
		case !kit.IsDir(named):
			return "", fmt.Errorf("%s is a file but should be a directory.", named)
		}
		folder = named
	}
	f, err := os.CreateTemp(folder, "download-*")
	if err != nil {
		return "", fmt.Errorf("failed to create temporary content file: %s", kit.Reason(err))
	}
	if _, err = io.Copy(f, a.body); err != nil {
		err = errors.New(d.o.unreached(err))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return f.Name(), fmt.Errorf("failed to create temporary content file: %w", err)
	}
	return f.Name(), nil
}

// intoFolder names the file as the server does, or as the URL that it came from.
func (d *download) intoFolder(a *answer) error {
	name := attachment(a.resp.Header.Get("Content-Disposition"))
	if name == "" {
		name = urlName(a.url.String())
	}
	full := filepath.Join(d.dest, name)
	if name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || kit.IsDir(full) {
		return errors.New("the server names no file to be put into " + d.dest + ": name one in dest")
	}
	d.dest = full
	d.data.Set("dest", full)
	return nil
}

// attachment is the file's name in a header Content-Disposition, without folders.
func attachment(header string) string {
	rest, ok := strings.CutPrefix(header, "attachment;")
	if !ok {
		return ""
	}
	rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, " "), "filename=")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `"`)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// place compares what came with what is there, and replaces that.
func (d *download) place(a *answer, temp string) module.Result {
	sums, err := kit.Checksums(temp, "sha1", "md5")
	if err != nil {
		return kit.Failed(kit.Reason(err), d.data)
	}
	d.data.Set("checksum_src", sums[0])
	now, err := d.now()
	if err != nil {
		return kit.Failed(err.Error(), d.data)
	}
	same := now == sums[0]
	if d.c.Check {
		return worded(kit.Done(!same, d.data, nil), a.msg())
	}
	if got, err := d.sum.check(temp); err != nil {
		return kit.Failed(kit.Reason(err), d.data)
	} else if got != d.sum.digest {
		return kit.Failed(fmt.Sprintf("The checksum for %s did not match %s; it was %s.", temp, d.sum.digest, got), d.data)
	}
	if !same {
		if err := d.replace(temp); err != nil {
			return kit.Failed(fmt.Sprintf("failed to copy %s to %s: %s", temp, d.dest, kit.Reason(err)), d.data)
		}
	}
	changed, err := d.attrs.Apply(d.c, d.dest, nil)
	if err != nil {
		return kit.Failure(err)
	}
	d.data.Set("md5sum", sums[1])
	d.data.Set("status_code", int64(a.resp.StatusCode))
	return worded(kit.Done(changed || !same, d.data, nil), a.msg())
}

// check is the digest that a file has, empty when none is asked for.
func (s checksum) check(path string) (string, error) {
	if s.digest == "" {
		return "", nil
	}
	return s.of(path)
}

// now is the SHA-1 of the file at dest, empty when there is none and it can be made.
func (d *download) now() (string, error) {
	folder := filepath.Dir(d.dest)
	switch there := kit.Exists(d.dest); {
	case there && !kit.Access(d.dest, kit.CanWrite):
		return "", fmt.Errorf("Destination %s is not writable", d.dest)
	case there && !kit.Access(d.dest, kit.CanRead):
		return "", fmt.Errorf("Destination %s is not readable", d.dest)
	case !there && (!kit.Exists(folder) || strings.HasSuffix(d.dest, "/")):
		return "", fmt.Errorf("Destination %s does not exist", folder)
	case !there && !kit.Access(folder, kit.CanWrite):
		return "", fmt.Errorf("Destination %s is not writable", folder)
	case !there:
		return "", nil
	}
	sums, err := kit.Checksums(d.dest, "sha1")
	if err != nil {
		return "", err
	}
	d.data.Set("checksum_dest", sums[0])
	return sums[0], nil
}

func (d *download) replace(temp string) error {
	if d.p.Flag("backup") && kit.Exists(d.dest) {
		backup, err := kit.KeepBackup(d.c, d.dest)
		if err != nil {
			return err
		}
		d.data.Set("backup_file", backup)
	}
	return writeOver(d.c, d.attrs, temp, d.dest)
}

// writeOver replaces dest with a file; mode and owner stay those of what was there, also behind a link.
func writeOver(c *module.Call, attrs kit.Attributes, from, dest string) error {
	now, err := os.Stat(dest)
	if err != nil {
		now = nil
	}
	meta, err := attrs.Meta(dest, now)
	if err != nil {
		return err
	}
	keepOwner(&meta, now)
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if info, err := in.Stat(); err == nil {
		meta.Size = info.Size()
	}
	return c.Log.WriteFile(dest, in, meta)
}

// keepOwner has a file that replaces one belong to whom that belonged.
func keepOwner(m *change.Meta, now os.FileInfo) {
	if now == nil {
		return
	}
	st := kit.StatusOf(now)
	if m.UID == nil && st.HasOwner {
		m.UID = &st.UID
	}
	if m.GID == nil && st.HasOwner {
		m.GID = &st.GID
	}
}
