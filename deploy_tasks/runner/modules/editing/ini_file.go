package editing

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("ini_file", iniFile) }

var iniSpec = kit.Spec{
	Shared: [][]kit.Arg{kit.FileArgs},
	Args: []kit.Arg{
		{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest"}},
		{Name: "section", Kind: kit.Text},
		{Name: "section_has_values", Kind: kit.Raw},
		{Name: "option", Kind: kit.Text},
		{Name: "value", Kind: kit.Text},
		{Name: "values", Kind: kit.List},
		{Name: "backup", Kind: kit.Bool, Default: false},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
		{Name: "exclusive", Kind: kit.Bool, Default: true},
		{Name: "no_extra_spaces", Kind: kit.Bool, Default: false},
		{Name: "ignore_spaces", Kind: kit.Bool, Default: false},
		{Name: "allow_no_value", Kind: kit.Bool, Default: false},
		{Name: "modify_inactive_option", Kind: kit.Bool, Default: true},
		{Name: "create", Kind: kit.Bool, Default: true},
		{Name: "follow", Kind: kit.Bool, Default: false},
	},
	Exclusive: [][]string{{"value", "values"}},
}

// iniFile sets or removes an option of an INI file, or a section.
func iniFile(c *module.Call) module.Result {
	p, err := iniSpec.Parse("ini_file", c)
	if err != nil {
		return kit.Failure(err)
	}
	edit, err := kit.NewEdit(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	edit.Unlink = true
	if p.Flag("follow") && kit.IsLink(edit.Path) {
		edit.Path = kit.RealPath(edit.Path)
	}
	task, err := iniTaskOf(p)
	if err != nil {
		return kit.Failure(err)
	}
	before, err := edit.Read()
	switch {
	case err != nil:
		return kit.Failure(err)
	case !edit.There && !p.Flag("create"):
		return kit.Failed(fmt.Sprintf("Destination %s does not exist!", edit.Path), kit.Dict("rc", int64(257)))
	case !utf8.Valid(before):
		return module.Failure(fmt.Sprintf("%s is not in UTF-8", edit.Path))
	}
	return task.apply(edit, before, p.Str("path"))
}

// apply edits the file and words the result. Like the module of the collection, it writes line ends of Unix and no mark
// of the byte order where it changes something.
func (t *iniTask) apply(edit *kit.Edit, before []byte, path string) module.Result {
	text := unixLines(bytes.TrimPrefix(before, []byte("\ufeff")))
	out, changed, msg, err := t.edited(strings.SplitAfter(text, "\n"))
	if err != nil {
		return kit.Failure(kit.AtPath(edit.Path, err))
	}
	after := strings.Join(out, "")
	data := kit.Dict("path", path, "msg", msg)
	moded, failure := edit.Put([]byte(after), changed, data)
	if failure.Failed {
		return failure
	}
	kit.Describe(data)
	return module.Result{Changed: changed || moded, Msg: msg, Data: data,
		Diff: edit.ContentDiff([]byte(text), []byte(after), path+" (content)")}
}

func iniTaskOf(p *kit.Params) (*iniTask, error) {
	t := &iniTask{section: p.Str("section"), option: p.Str("option"), present: p.Str("state") == "present",
		exclusive: p.Flag("exclusive"), bare: p.Flag("allow_no_value"), ignoreSpaces: p.Flag("ignore_spaces"), equals: " = "}
	if p.Flag("no_extra_spaces") {
		t.equals = "="
	}
	if p.Has("value") {
		t.values = []string{p.Str("value")}
	}
	for _, v := range p.List("values") {
		t.values = withOnce(t.values, v)
	}
	if t.present && !t.bare && !p.Has("value") && len(t.values) == 0 {
		return nil, errors.New("Parameter 'value(s)' must be defined if state=present and allow_no_value=False.")
	}
	if !t.present && t.section == "" && t.option == "" {
		return nil, errors.New("state=absent needs the section or the option to remove")
	}
	if err := t.readConditions(p.Raw("section_has_values")); err != nil {
		return nil, err
	}
	return t, t.compile(p.Flag("modify_inactive_option"))
}

// readConditions takes section_has_values.
func (t *iniTask) readConditions(v any) error {
	for _, item := range kit.ListOf(v) {
		d, ok := item.(*value.Dict)
		if !ok {
			return fmt.Errorf("section_has_values must be a list of dictionaries, not of %s", value.TypeName(item))
		}
		option, _ := d.Get("option")
		one, _ := d.Get("value")
		many, _ := d.Get("values")
		switch {
		case option == nil:
			return errors.New("missing required arguments: option found in section_has_values")
		case one != nil && many != nil:
			return errors.New("parameters are mutually exclusive: value|values found in section_has_values")
		case one != nil:
			many = one
		}
		has, err := newIniCondition(value.Str(option), kit.Texts(kit.ListOf(many)))
		if err != nil {
			return err
		}
		t.conditions = append(t.conditions, has)
	}
	if len(t.conditions) > 0 && t.section == "" {
		return errors.New("section_has_values needs the section that has them")
	}
	return nil
}

func withOnce(values []string, v string) []string {
	for _, known := range values {
		if known == v {
			return values
		}
	}
	return append(values, v)
}
