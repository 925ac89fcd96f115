package basics

import (
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// templateSpec has copy's arguments without content, and how Ansible writes templates. The marks that begin and end a
// template's parts were used when it was compiled.
var templateSpec = kit.Spec{Shared: [][]kit.Arg{placeArgs, kit.FileArgs}, Args: []kit.Arg{
	{Name: "src", Kind: kit.Text, Required: true},
	{Name: "newline_sequence", Kind: kit.Text, Default: "\n"},
	{Name: "trim_blocks", Kind: kit.Bool, Default: true},
	{Name: "lstrip_blocks", Kind: kit.Bool, Default: false},
	{Name: "output_encoding", Kind: kit.Text, Default: "utf-8"},
	{Name: "variables", Kind: kit.Raw},
	{Name: "block_start_string", Kind: kit.Text, Default: "{%"},
	{Name: "block_end_string", Kind: kit.Text, Default: "%}"},
	{Name: "variable_start_string", Kind: kit.Text, Default: "{{"},
	{Name: "variable_end_string", Kind: kit.Text, Default: "}}"},
	{Name: "comment_start_string", Kind: kit.Text, Default: "{#"},
	{Name: "comment_end_string", Kind: kit.Text, Default: "#}"},
}}

// settings are those with which a template is read, in the order of their names, and what each usually is.
var settings = [][2]string{{"block_end_string", "%}"}, {"block_start_string", "{%"}, {"comment_end_string", "#}"},
	{"comment_start_string", "{#"}, {"lstrip_blocks", "false"}, {"trim_blocks", "true"}, {"variable_end_string", "}}"},
	{"variable_start_string", "{{"}}

// rendered is what the program calls the template as it was read: its name, and the settings that are not the usual.
func rendered(p *kit.Params) string {
	name := p.Str("src")
	for _, setting := range settings {
		said, isText := p.Raw(setting[0]).(string)
		if !isText {
			said = strconv.FormatBool(p.Flag(setting[0]))
		}
		if said != setting[1] {
			name += "\n" + setting[0] + "=" + said
		}
	}
	return name
}

// template renders an embedded template with the task's variables and puts the text at its place.
func template(c *module.Call) module.Result {
	p, err := templateSpec.Parse("template", c)
	if err != nil {
		return kit.Failure(err)
	}
	attrs, err := kit.FileAttributes(p)
	if err != nil {
		return kit.Failure(err)
	}
	if name := strings.ToLower(p.Str("output_encoding")); name != "utf-8" && name != "utf8" && name != "" {
		return module.Failure(fmt.Sprintf("output_encoding %s is not supported, only utf-8", p.Str("output_encoding")))
	}
	newline, err := newlineOf(p.Str("newline_sequence"))
	if err != nil {
		return kit.Failure(err)
	}
	out, err := c.Render(rendered(p))
	if err != nil {
		return kit.Failure(err)
	}
	if newline != "\n" {
		out = strings.ReplaceAll(out, "\n", newline)
	}
	from := kit.BytesSource(p.Str("src"), []byte(out))
	if entry, ok := c.Files.Lookup(p.Str("src")); ok {
		from.Mode = kit.BitsOf(entry.Mode)
	}
	return kit.NewPlacement(c, p, attrs).Put(from, p.Str("dest"), p.Flag("follow"))
}

func newlineOf(word string) (string, error) {
	switch word {
	case "\n", `\n`:
		return "\n", nil
	case "\r", `\r`:
		return "\r", nil
	case "\r\n", `\r\n`:
		return "\r\n", nil
	}
	return "", fmt.Errorf("newline_sequence needs to be one of: \n, \r or \r\n")
}
