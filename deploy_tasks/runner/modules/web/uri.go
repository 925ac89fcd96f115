package web

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

var uriSpec = kit.Spec{Shared: [][]kit.Arg{urlArgs, kit.FileArgs}, Exclusive: [][]string{{"body", "src"}}, Args: []kit.Arg{
	{Name: "dest", Kind: kit.Path},
	{Name: "url_username", Kind: kit.Text, Aliases: []string{"user"}},
	{Name: "url_password", Kind: kit.Text, Aliases: []string{"password"}},
	{Name: "body", Kind: kit.Raw},
	{Name: "body_format", Kind: kit.Text, Default: "raw", Choices: []string{"form-urlencoded", "json", "raw"}},
	{Name: "src", Kind: kit.Text},
	{Name: "method", Kind: kit.Text, Default: "GET"},
	{Name: "return_content", Kind: kit.Bool, Default: false},
	{Name: "follow_redirects", Kind: kit.Text, Default: "safe", Choices: []string{"all", "no", "none", "safe", "urllib2", "yes"}},
	{Name: "creates", Kind: kit.Path},
	{Name: "removes", Kind: kit.Path},
	{Name: "status_code", Kind: kit.Raw},
	{Name: "timeout", Kind: kit.Int, Default: int64(30)},
	{Name: "unix_socket", Kind: kit.Path},
	{Name: "remote_src", Kind: kit.Bool, Default: false},
	{Name: "ca_path", Kind: kit.Path},
}}

// uriCall is one call of uri.
type uriCall struct {
	c        *module.Call
	p        *kit.Params
	o        *options
	attrs    kit.Attributes
	method   string
	expected []int64
}

// callURI performs a request and tells what came back.
func callURI(c *module.Call) module.Result {
	p, err := uriSpec.Parse("uri", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true, Msg: "remote module (uri) does not support check mode"}
	}
	u := &uriCall{c: c, p: p, method: strings.ToUpper(p.Str("method"))}
	if u.attrs, err = kit.FileAttributes(p); err != nil {
		return kit.Failure(err)
	}
	if u.o, err = newOptions(c, p); err != nil {
		return kit.Failure(err)
	}
	u.o.socket, u.o.follow = p.Str("unix_socket"), p.Str("follow_redirects")
	if u.expected, err = statusCodes(p.Raw("status_code")); err != nil {
		return kit.Failure(err)
	}
	if u.method == "" || strings.Trim(u.method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return module.Failure("Parameter 'method' needs to be a single word in uppercase, like GET or POST.")
	}
	if path := p.Str("creates"); path != "" && kit.Exists(path) {
		return module.Result{Data: kit.Dict("stdout", "skipped, since '"+path+"' exists")}
	}
	if path := p.Str("removes"); path != "" && !kit.Exists(path) {
		return module.Result{Data: kit.Dict("stdout", "skipped, since '"+path+"' does not exist")}
	}
	return u.run()
}

// statusCodes are those that count as success: a number, numbers between commas, or a list.
func statusCodes(v any) ([]int64, error) {
	if v == nil {
		return []int64{200}, nil
	}
	texts, err := kit.ToList(v)
	var out []int64
	for _, text := range texts {
		n, bad := kit.ToInt(text)
		err = errors.Join(err, bad)
		out = append(out, n)
	}
	if err != nil {
		return nil, fmt.Errorf("argument 'status_code' must be a list of whole numbers: %w", err)
	}
	return out, nil
}

func (u *uriCall) run() module.Result {
	place, login, err := address(u.p.Str("url"))
	if err != nil {
		return kit.Failure(err)
	}
	sent, kind, err := bodyOf(u.c, u.p)
	if err != nil {
		return kit.Failed(err.Error(), kit.Dict("elapsed", int64(0)))
	}
	if kind != "" && !slices.ContainsFunc(u.o.headers, func(h pair) bool { return strings.EqualFold(h.name, "content-type") }) {
		u.o.headers = append(u.o.headers, pair{"Content-Type", kind})
	}
	r := request{method: u.method, url: place, body: sent}
	if info, err := os.Stat(u.p.Str("dest")); u.p.Has("dest") && err == nil && info.Mode().IsRegular() {
		since := info.ModTime()
		r.since = &since
	}
	// What a server does with a request is beyond the journal. Neither the path nor the query is named: they hold tokens.
	if err := u.c.Log.Command(u.method+" to "+place.Host, harmless(u.method), nil); err != nil {
		return kit.Failure(err)
	}
	began := time.Now()
	a, err := u.o.send(r, login)
	took := int64(time.Since(began).Seconds())
	if err != nil {
		data := kit.Dict("redirected", false, "url", shown(u.p.Str("url")), "status", int64(-1), "elapsed", took)
		return kit.Failed(fmt.Sprintf("Status code was -1 and not %s: %s", u.wanted(), err.Error()), data)
	}
	defer a.close()
	return u.told(place.String(), a, took)
}

// harmless tells whether a method changes nothing by its definition.
func harmless(method string) bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, method)
}

// wanted are the expected codes as Python shows a list.
func (u *uriCall) wanted() string {
	var out []string
	for _, n := range u.expected {
		out = append(out, fmt.Sprintf("%d", n))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// fileName is the name of an answer in a folder: what the server calls it, or its place.
func (a *answer) fileName() (string, error) {
	name := parameter(a.resp.Header.Get("Content-Disposition"), "filename")
	if name == "" {
		name = path.Base(a.url.Path)
	}
	if name == "/" || name == "." {
		name = "index.html"
	}
	if name = kit.LastOf(name); name == ".." || name == "" || strings.Contains(name, "\x00") {
		return "", errors.New("the server names no file to be put into dest: name one there")
	}
	return name, nil
}

// parameter is one of a header's, such as charset of Content-Type; empty when it is not there.
func parameter(header, name string) string {
	for _, part := range strings.Split(header, ";")[1:] {
		key, text, ok := strings.Cut(part, "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(text), `"`)
		}
	}
	return ""
}
