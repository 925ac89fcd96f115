package modules

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

var copySpec = spec{shared: [][]arg{placeArgs, fileArgs}, args: []arg{
	{name: "src", kind: text},
	{name: "content", kind: asIs},
	{name: "remote_src", kind: boolean, def: false},
}}

// placeArgs are shared by copy and template.
var placeArgs = []arg{
	{name: "dest", kind: path_, required: true},
	{name: "backup", kind: boolean, def: false},
	{name: "force", kind: boolean, def: true, aliases: []string{"thirsty"}},
	{name: "validate", kind: text},
	{name: "directory_mode", kind: asIs},
	{name: "local_follow", kind: boolean, def: true},
	{name: "checksum", kind: text},
	{name: "follow", kind: boolean, def: false},
	{name: "decrypt", kind: boolean, def: true},
}

// copyFiles puts content, an embedded file or folder, or something that is on the host already, at its place.
func copyFiles(c *module.Call) module.Result {
	p, err := copySpec.parse("copy", c)
	if err != nil {
		return failure(err)
	}
	attrs, err := fileAttributes(p)
	if err != nil {
		return failure(err)
	}
	t := newPlacement(c, p, attrs)
	src, content := p.str("src"), p.raw("content")
	switch {
	case src == "" && content == nil:
		return module.Failure("src (or content) is required")
	case src != "" && content != nil:
		return module.Failure("src and content are mutually exclusive")
	case content != nil:
		return t.content(content)
	case p.flag("remote_src"):
		return t.remote(expand(c, src))
	}
	return t.embedded(src)
}

// content writes a text, or a value as JSON.
func (t *placement) content(content any) module.Result {
	if strings.HasSuffix(t.dest, "/") || isDir(t.dest) {
		return module.Failure("can not use content with a dir as dest")
	}
	return t.file(bytesSource("", contentBytes(content)), t.dest, t.follow)
}

// contentBytes words content as Ansible writes it to a file.
func contentBytes(content any) []byte {
	if _, list := value.Items(content); list {
		return value.EncodeStyle(content, pythonJSON)
	}
	if _, ok := content.(*value.Dict); ok {
		return value.EncodeStyle(content, pythonJSON)
	}
	return []byte(value.Str(content))
}

// pythonJSON is the style of Python's json.dumps.
var pythonJSON = value.Style{ItemSep: ", ", KeySep: ": ", ASCII: true}

// embedded copies a file or a folder out of the artifact.
func (t *placement) embedded(src string) module.Result {
	name := strings.TrimPrefix(src, "./")
	if entry, ok := t.c.Files.Lookup(strings.TrimSuffix(name, "/")); ok {
		return t.file(embeddedSource(t.c, entry), t.dest, t.follow)
	}
	entries := t.c.Files.List(strings.TrimSuffix(name, "/") + "/")
	if len(entries) == 0 {
		return module.Failure(fmt.Sprintf("Could not find or access '%s' in the artifact", src))
	}
	return t.tree(src, entries)
}

// source is a content on its way to a place on the host.
type source struct {
	name   string // what the result shows as src
	base   string // the name it gets in a folder
	size   int64
	sha256 string // hex; empty where it is not known beforehand
	mode   uint32 // for mode: preserve
	open   func() (io.ReadCloser, error)
}

func bytesSource(name string, b []byte) source {
	h := newHashes("sha256")
	h.Write(b)
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	return source{name: name, base: lastOf(name), size: int64(len(b)), sha256: h.sums()[0], mode: newFileMode, open: open}
}

func embeddedSource(c *module.Call, e module.Entry) source {
	open := func() (io.ReadCloser, error) { return c.Files.Open(e) }
	return source{name: e.Name, base: lastOf(e.Name), size: e.Size, sha256: e.Digest, mode: bitsOf(e.Mode), open: open}
}

func lastOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// read returns the whole content, at most limit bytes of it.
func (s source) read(limit int64) ([]byte, error) {
	r, err := s.open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit))
	return b, errors.Join(err, r.Close())
}
