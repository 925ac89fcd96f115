package modules

import (
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
)

// templateSpec has copy's arguments without content, and how Ansible writes templates. The marks that begin and end a
// template's parts were used when it was compiled.
var templateSpec = spec{shared: [][]arg{placeArgs, fileArgs}, args: []arg{
	{name: "src", kind: text, required: true},
	{name: "newline_sequence", kind: text, def: "\n"},
	{name: "trim_blocks", kind: boolean, def: true},
	{name: "lstrip_blocks", kind: boolean, def: false},
	{name: "output_encoding", kind: text, def: "utf-8"},
	{name: "variables", kind: asIs},
	{name: "block_start_string", kind: text, def: "{%"},
	{name: "block_end_string", kind: text, def: "%}"},
	{name: "variable_start_string", kind: text, def: "{{"},
	{name: "variable_end_string", kind: text, def: "}}"},
	{name: "comment_start_string", kind: text, def: "{#"},
	{name: "comment_end_string", kind: text, def: "#}"},
}}

// settings are those with which a template is read, in the order of their names, and what each usually is.
var settings = [][2]string{{"block_end_string", "%}"}, {"block_start_string", "{%"}, {"comment_end_string", "#}"},
	{"comment_start_string", "{#"}, {"lstrip_blocks", "false"}, {"trim_blocks", "true"}, {"variable_end_string", "}}"},
	{"variable_start_string", "{{"}}

// rendered is what the program calls the template as it was read: its name, and the settings that are not the usual.
func rendered(p *params) string {
	name := p.str("src")
	for _, setting := range settings {
		said, isText := p.values[setting[0]].(string)
		if !isText {
			said = strconv.FormatBool(p.flag(setting[0]))
		}
		if said != setting[1] {
			name += "\n" + setting[0] + "=" + said
		}
	}
	return name
}

// template renders an embedded template with the task's variables and puts the text at its place.
func template(c *module.Call) module.Result {
	p, err := templateSpec.parse("template", c)
	if err != nil {
		return failure(err)
	}
	attrs, err := fileAttributes(p)
	if err != nil {
		return failure(err)
	}
	if name := strings.ToLower(p.str("output_encoding")); name != "utf-8" && name != "utf8" && name != "" {
		return module.Failure(fmt.Sprintf("output_encoding %s is not supported, only utf-8", p.str("output_encoding")))
	}
	newline, err := newlineOf(p.str("newline_sequence"))
	if err != nil {
		return failure(err)
	}
	out, err := c.Render(rendered(p))
	if err != nil {
		return failure(err)
	}
	if newline != "\n" {
		out = strings.ReplaceAll(out, "\n", newline)
	}
	from := bytesSource(p.str("src"), []byte(out))
	if entry, ok := c.Files.Lookup(p.str("src")); ok {
		from.mode = bitsOf(entry.Mode)
	}
	return newPlacement(c, p, attrs).file(from, p.str("dest"), p.flag("follow"))
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
