package basics

import (
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var copySpec = kit.Spec{Shared: [][]kit.Arg{placeArgs, kit.FileArgs}, Args: []kit.Arg{
	{Name: "src", Kind: kit.Text},
	{Name: "content", Kind: kit.Raw},
	{Name: "remote_src", Kind: kit.Bool, Default: false},
}}

// placeArgs are shared by copy and template.
var placeArgs = []kit.Arg{
	{Name: "dest", Kind: kit.Path, Required: true},
	{Name: "backup", Kind: kit.Bool, Default: false},
	{Name: "force", Kind: kit.Bool, Default: true, Aliases: []string{"thirsty"}},
	{Name: "validate", Kind: kit.Text},
	{Name: "directory_mode", Kind: kit.Raw},
	{Name: "local_follow", Kind: kit.Bool, Default: true},
	{Name: "checksum", Kind: kit.Text},
	{Name: "follow", Kind: kit.Bool, Default: false},
	{Name: "decrypt", Kind: kit.Bool, Default: true},
}

// copying is a placement whose source may be anything that copy takes.
type copying struct{ *kit.Placement }

// copyFiles puts content, an embedded file or folder, or something that is on the host already, at its place.
func copyFiles(c *module.Call) module.Result {
	p, err := copySpec.Parse("copy", c)
	if err != nil {
		return kit.Failure(err)
	}
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return kit.Failure(err)
	}
	t := copying{kit.NewPlacement(c, p, attrs)}
	src, content := p.Str("src"), p.Raw("content")
	switch {
	case src == "" && content == nil:
		return module.Failure("src (or content) is required")
	case src != "" && content != nil:
		return module.Failure("src and content are mutually exclusive")
	case content != nil:
		return t.content(content)
	case p.Flag("remote_src"):
		return t.remote(kit.Expand(c, src))
	}
	return t.embedded(src)
}

// content writes a text, or a value as JSON.
func (t copying) content(content any) module.Result {
	if strings.HasSuffix(t.Dest, "/") || kit.IsDir(t.Dest) {
		return module.Failure("can not use content with a dir as dest")
	}
	return t.Put(kit.BytesSource("", contentBytes(content)), t.Dest, t.Follow)
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
func (t copying) embedded(src string) module.Result {
	name := strings.TrimPrefix(src, "./")
	if entry, ok := t.Call.Files.Lookup(strings.TrimSuffix(name, "/")); ok {
		return t.Put(kit.EmbeddedSource(t.Call, entry), t.Dest, t.Follow)
	}
	entries := t.Call.Files.List(strings.TrimSuffix(name, "/") + "/")
	if len(entries) == 0 {
		return module.Failure(fmt.Sprintf("Could not find or access '%s' in the artifact", src))
	}
	return t.tree(src, entries)
}
