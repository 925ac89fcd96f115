package editing

import (
	"unicode/utf8"

	"runner/expr/regex"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("replace", replace) }

var replaceSpec = kit.Spec{Shared: [][]kit.Arg{kit.FileArgs}, Args: []kit.Arg{
	{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest", "destfile", "name"}},
	{Name: "regexp", Kind: kit.Text, Required: true},
	{Name: "replace", Kind: kit.Text, Default: ""},
	{Name: "after", Kind: kit.Text},
	{Name: "before", Kind: kit.Text},
	{Name: "backup", Kind: kit.Bool, Default: false},
	{Name: "validate", Kind: kit.Text},
	{Name: "encoding", Kind: kit.Text, Default: "utf-8"},
}}

// replace replaces all that a pattern matches in a file, or in a part of it.
func replace(c *module.Call) module.Result {
	p, err := replaceSpec.Parse("replace", c)
	if err != nil {
		return kit.Failure(err)
	}
	edit, err := kit.NewEdit(c, p)
	if err != nil {
		return kit.Failure(err)
	}
	if kit.IsDir(edit.Path) {
		return kit.Failed(fmt.Sprintf("Path %s is a directory !", edit.Path), kit.Dict("rc", int64(256)))
	}
	before, err := edit.Read()
	if err != nil {
		return module.Failure(fmt.Sprintf("Unable to read the contents of %s: %s", edit.Path, kit.ReasonAt(err, edit.Path)))
	}
	if !edit.There {
		return kit.Failed(fmt.Sprintf("Path %s does not exist !", edit.Path), kit.Dict("rc", int64(257)))
	}
	text, err := decoded(before)
	if err != nil {
		return module.Failure(fmt.Sprintf("Unable to read the contents of %s: %s", edit.Path, err))
	}
	s, msg, err := sectionOf(text, p.Str("after"), p.Str("before"))
	if err != nil || msg != "" {
		return notReplaced(msg, err)
	}
	return s.replaced(edit, p, before)
}

// notReplaced is the end of a task whose section has no pattern, or is not in the file.
func notReplaced(msg string, err error) module.Result {
	if err != nil {
		return module.Failure(err.Error())
	}
	return module.Result{Msg: msg, Data: kit.Dict("rc", int64(0), "msg", msg)}
}

// section is a part of a text, between what is left as it is.
type section struct{ before, text, after string }

// sectionOf is what lies after and before what two patterns match, the whole text without them. The message tells that
// there is no such section.
func sectionOf(text, after, before string) (section, string, error) {
	pattern := ""
	switch {
	case after != "" && before != "":
		pattern = after + "(?P<subsection>.*?)" + before
	case after != "":
		pattern = after + "(?P<subsection>.*)"
	case before != "":
		pattern = "(?P<subsection>.*)" + before
	default:
		return section{text: text}, "", nil
	}
	re, err := regex.Compile(pattern, regex.DotAll)
	if err != nil {
		return section{}, "", fmt.Errorf("Invalid regular expression %s: %w", pattern, err)
	}
	m, err := re.Search(text)
	if err != nil {
		return section{}, "", err
	}
	if m == nil {
		return section{}, "Pattern for before/after params did not match the given file: " + pattern, nil
	}
	start, end := m.Span(re.Names()["subsection"])
	runes := []rune(text)
	return section{string(runes[:start]), string(runes[start:end]), string(runes[end:])}, "", nil
}

// replaced replaces in the section and writes the file where that changes it.
func (s section) replaced(edit *kit.Edit, p *kit.Params, before []byte) module.Result {
	re, err := regex.Compile(p.Str("regexp"), regex.MultiLine)
	if err != nil {
		return module.Failure(fmt.Sprintf("Invalid regular expression %s: %s", p.Str("regexp"), err))
	}
	out, count, err := re.Replace(s.text, p.Str("replace"), 0)
	if err != nil {
		return module.Failure("Unable to process replace due to error: " + err.Error())
	}
	after, msg := before, ""
	if count > 0 && out != s.text {
		after, msg = encoded(s.before+out+s.after, !utf8.Valid(before)), fmt.Sprintf("%d replacements made", count)
	}
	return finish(edit, before, after, msg, edit.Path, kit.Dict("rc", int64(0)))
}

// finish writes a file where a message tells that it changes, gives it its attributes and words the result.
func finish(edit *kit.Edit, before, after []byte, msg, headers string, data *value.Dict) module.Result {
	changed := msg != ""
	diffs := edit.ContentDiff(before, after, headers)
	moded, failure := edit.Put(after, changed, data)
	if failure.Failed {
		return failure
	}
	msg = kit.Owned(msg, moded)
	data.Set("msg", msg)
	return module.Result{Changed: changed || moded, Msg: msg, Data: data, Diff: diffs}
}
