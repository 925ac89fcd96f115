package web

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// pythonJSON is the style of Python's json.dumps.
var pythonJSON = value.Style{ItemSep: ", ", KeySep: ": ", ASCII: true}

// bodyOf is what a call of uri sends, and the type it has; nil for nothing.
func bodyOf(c *module.Call, p *kit.Params) (*body, string, error) {
	if src := p.Str("src"); src != "" {
		b, err := fileBody(c, src, p.Flag("remote_src"))
		return b, contentType[p.Str("body_format")], err
	}
	v := p.Raw("body")
	text, isText := v.(string)
	switch format := p.Str("body_format"); {
	case isText:
		return textBody(text), contentType[format], nil
	case format == "json":
		return textBody(string(value.EncodeStyle(v, pythonJSON))), contentType[format], nil
	case v == nil:
		return nil, contentType[format], nil
	case format == "form-urlencoded":
		form, err := formBody(v)
		return textBody(form), contentType[format], err
	}
	return nil, "", errors.New("body must be text unless body_format says how it is written: json or form-urlencoded")
}

var contentType = map[string]string{"json": "application/json", "form-urlencoded": "application/x-www-form-urlencoded"}

func textBody(text string) *body {
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(text))), nil }
	return &body{int64(len(text)), open}
}

// fileBody is a file of the artifact, or of the host.
func fileBody(c *module.Call, src string, remote bool) (*body, error) {
	if remote {
		path := kit.Absolute(c, kit.Expand(c, src))
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("Unable to open source file %s", src)
		}
		return &body{info.Size(), func() (io.ReadCloser, error) { return os.Open(path) }}, nil
	}
	entry, ok := c.Files.Lookup(strings.TrimPrefix(src, "./"))
	if !ok {
		return nil, fmt.Errorf("Could not find or access '%s' in the artifact", src)
	}
	return &body{entry.Size, func() (io.ReadCloser, error) { return c.Files.Open(entry) }}, nil
}

// formBody writes a dictionary, or a list of pairs, as forms are sent.
func formBody(v any) (string, error) {
	var out []string
	add := func(key, v any) {
		values := []any{v}
		if d, ok := v.(*value.Dict); ok {
			values = kit.Items(kit.KeysOf(d))
		} else if l, ok := value.Items(v); ok {
			values = l
		}
		for _, each := range values {
			if each != nil {
				out = append(out, url.QueryEscape(value.Str(key))+"="+url.QueryEscape(value.Str(each)))
			}
		}
	}
	if d, ok := v.(*value.Dict); ok {
		for key, each := range d.All() {
			add(key, each)
		}
		return strings.Join(out, "&"), nil
	}
	items, ok := value.Items(v)
	if !ok {
		return "", errors.New("failed to parse body as form_urlencoded: cannot form-urlencode body, expect list or dict")
	}
	for _, item := range items {
		pair, ok := value.Items(item)
		if !ok || len(pair) != 2 {
			return "", errors.New("failed to parse body as form_urlencoded: a list must be of pairs, [name, value]")
		}
		add(pair[0], pair[1])
	}
	return strings.Join(out, "&"), nil
}
