package web

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// maxContent is how many bytes of an answer become a result: it is held in memory and kept as a variable.
var maxContent int64 = 32 << 20

// told is the result of a request that was answered.
func (u *uriCall) told(asked string, a *answer, took int64) module.Result {
	expected := slices.Contains(u.expected, int64(a.resp.StatusCode))
	isJSON, charset := contentKind(a.resp.Header.Get("Content-Type"))
	data := u.info(asked, a)
	data.Set("elapsed", took)
	returned := u.p.Flag("return_content")
	needed := isJSON || returned || !expected || !a.ok()
	var content string
	var err error
	if needed {
		if content, err = readText(a.body, maxContent); err != nil {
			return kit.Failed("the answer cannot be read: "+u.o.unreached(err), data)
		}
	}
	changed := false
	if dest := u.p.Str("dest"); dest != "" {
		if changed, err = u.keep(dest, a, content, needed, expected, data); err != nil {
			return kit.Failed(kit.Reason(err), data)
		}
	}
	text := decoded(content, charset)
	if isJSON {
		if v, err := value.Decode([]byte(text)); err == nil {
			data.Set("json", v)
		}
	} else if !a.ok() && expected && !returned {
		data.Set("body", text)
	}
	if returned {
		data.Set("content", text)
	}
	r := kit.Done(changed, data, nil)
	r.Msg = a.msg()
	if !expected {
		r.Failed, r.Msg = true, fmt.Sprintf("Status code was %d and not %s: %s", a.resp.StatusCode, u.wanted(), r.Msg)
	}
	return r
}

// info are the return values that headers, cookies and the place make.
func (u *uriCall) info(asked string, a *answer) *value.Dict {
	at := asked
	if a.ok() {
		at = a.url.String()
	}
	data := kit.Dict("redirected", at != asked, "url", at, "status", int64(a.resp.StatusCode))
	names := make([]string, 0, len(a.resp.Header))
	for name := range a.resp.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		key := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		if _, ours := data.Get(key); ours || slices.Contains(reserved, key) {
			continue
		}
		data.Set(key, strings.Join(a.resp.Header[name], ", "))
	}
	if len(a.resp.TransferEncoding) > 0 {
		data.Set("transfer_encoding", strings.Join(a.resp.TransferEncoding, ", "))
	}
	if place := a.resp.Header.Get("Location"); place != "" {
		if to, err := a.url.Parse(place); err == nil {
			to.User = nil
			data.Set("location", to.String())
		}
	}
	if a.ok() {
		cookies, line := kit.Dict(), []string{}
		for _, c := range a.cookies {
			cookies.Set(c.name, c.text)
			line = append(line, c.name+"="+c.text)
		}
		data.Set("cookies", cookies)
		data.Set("cookies_string", strings.Join(line, "; "))
	}
	return data
}

// reserved are return values that no header may stand for.
var reserved = []string{"changed", "failed", "skipped", "msg", "json", "content", "body", "elapsed", "cookies", "cookies_string", "path", "dest"}

// contentKind tells whether a type may be JSON, and the encoding of its text.
func contentKind(header string) (isJSON bool, charset string) {
	kind, _, _ := strings.Cut(header, ";")
	kind, _, _ = strings.Cut(kind, ",")
	_, sub, _ := strings.Cut(strings.ToLower(strings.TrimSpace(kind)), "/")
	if _, suffix, ok := strings.Cut(sub, "+"); ok {
		sub = suffix
	}
	charset, _, _ = strings.Cut(parameter(header, "charset"), ",")
	return sub == "json" || sub == "javascript", strings.ToLower(charset)
}

// decoded is a content as text; Latin-1 is read as what it is, any other must be UTF-8.
func decoded(content, charset string) string {
	switch charset {
	case "iso-8859-1", "latin-1", "latin1":
		out := make([]rune, len(content))
		for i := range len(content) {
			out[i] = rune(content[i])
		}
		return string(out)
	}
	if utf8.ValidString(content) {
		return content
	}
	return strings.ToValidUTF8(content, "\uFFFD")
}

// keep writes an expected answer to dest. As with Ansible it counts as a change also when the content is the same.
func (u *uriCall) keep(dest string, a *answer, content string, read, expected bool, data *value.Dict) (bool, error) {
	if kit.IsDir(dest) {
		name, err := a.fileName()
		if err != nil {
			return false, err
		}
		dest = filepath.Join(dest, name)
	}
	data.Set("path", dest)
	if !expected || a.resp.StatusCode == 304 {
		return false, nil
	}
	var in io.Reader = a.body
	if read {
		in = strings.NewReader(content)
	}
	temp, err := u.stored(in)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		return false, err
	}
	if !sameContent(temp, dest) {
		if err := writeOver(u.c, u.attrs, temp, dest); err != nil {
			return false, fmt.Errorf("failed to copy %s to %s: %s", temp, dest, kit.Reason(err))
		}
	}
	_, err = u.attrs.Apply(u.c, dest, nil)
	return true, err
}

// stored is a private file with an answer: it is whole before anything is replaced.
func (u *uriCall) stored(in io.Reader) (string, error) {
	f, err := os.CreateTemp(u.c.TempDir(), "answer-*")
	if err != nil {
		return "", fmt.Errorf("Failed to create temporary content file: %s", kit.Reason(err))
	}
	_, err = io.Copy(f, in)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return f.Name(), fmt.Errorf("Failed to create temporary content file: %s", u.o.unreached(err))
	}
	return f.Name(), nil
}

func sameContent(a, b string) bool {
	x, err1 := kit.Checksums(a, "sha256")
	y, err2 := kit.Checksums(b, "sha256")
	return err1 == nil && err2 == nil && x[0] == y[0]
}
