package editing

import (
	"bytes"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("blockinfile", blockInFile) }

var blockSpec = kit.Spec{
	Shared: [][]kit.Arg{kit.FileArgs},
	Args: []kit.Arg{
		{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest", "destfile", "name"}},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
		{Name: "marker", Kind: kit.Text, Default: "# {mark} ANSIBLE MANAGED BLOCK"},
		{Name: "block", Kind: kit.Text, Default: "", Aliases: []string{"content"}},
		{Name: "insertafter", Kind: kit.Text},
		{Name: "insertbefore", Kind: kit.Text},
		{Name: "create", Kind: kit.Bool, Default: false},
		{Name: "backup", Kind: kit.Bool, Default: false},
		{Name: "validate", Kind: kit.Text},
		{Name: "marker_begin", Kind: kit.Text, Default: "BEGIN"},
		{Name: "marker_end", Kind: kit.Text, Default: "END"},
		{Name: "append_newline", Kind: kit.Bool, Default: false},
		{Name: "prepend_newline", Kind: kit.Bool, Default: false},
	},
	Exclusive: [][]string{{"insertbefore", "insertafter"}},
}

// blockInFile keeps lines between two marks in a file, or takes them away.
func blockInFile(c *module.Call) module.Result {
	p, err := blockSpec.Parse("blockinfile", c)
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
	switch {
	case err != nil:
		return kit.Failure(err)
	case !edit.There && !p.Flag("create"):
		return kit.Failed(fmt.Sprintf("Path %s does not exist !", edit.Path), kit.Dict("rc", int64(257)))
	case !edit.There && p.Str("state") == "absent":
		return module.Result{Msg: fmt.Sprintf("File %s not present", edit.Path)}
	}
	b := blockOf(p)
	after, err := b.edited(before)
	if err != nil {
		return kit.Failure(kit.AtPath(edit.Path, err))
	}
	return finish(edit, before, after, b.message(before, after), edit.Path+" (content)", kit.Dict())
}

// block is what a task wants to be in a file, and where.
type block struct {
	first, last              []byte   // the lines of the marks
	lines                    [][]byte // with the marks; none: the block goes
	after, before            *string
	blankBefore, blankBehind bool
}

func blockOf(p *kit.Params) block {
	present := p.Str("state") == "present"
	b := block{first: mark(p, "marker_begin"), last: mark(p, "marker_end"),
		after: p.Optional("insertafter"), before: p.Optional("insertbefore"),
		blankBefore: present && p.Flag("prepend_newline"), blankBehind: present && p.Flag("append_newline")}
	if text := p.Str("block"); present && text != "" {
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		b.lines = append([][]byte{b.first}, splitLines([]byte(text))...)
		b.lines = append(b.lines, b.last)
	}
	return b
}

func mark(p *kit.Params, which string) []byte {
	return []byte(strings.ReplaceAll(p.Str("marker"), "{mark}", p.Str(which)) + "\n")
}

// message is what Ansible says of the change, empty where there is none.
func (b block) message(before, after []byte) string {
	switch {
	case before == nil:
		return "File created"
	case bytes.Equal(before, after):
		return ""
	case len(b.lines) == 0:
		return "Block removed"
	}
	return "Block inserted"
}

var newline = []byte("\n")

// edited is the content with the block in it, or without.
func (b block) edited(content []byte) ([]byte, error) {
	lines := splitLines(content)
	at, kept := b.removed(lines)
	if at < 0 {
		var err error
		if at, err = b.place(content, lines); err != nil {
			return nil, err
		}
	}
	head, tail := kept[:at:at], kept[at:]
	if at > 0 && !bytes.HasSuffix(head[at-1], newline) {
		head = append(head[:at-1:at-1], append(bytes.Clone(head[at-1]), '\n'))
	}
	if b.blankBefore && at > 0 && !bytes.Equal(head[at-1], newline) {
		head = append(head, newline)
	}
	if b.blankBehind && len(tail) > 0 && !bytes.Equal(tail[0], newline) {
		tail = append([][]byte{newline}, tail...)
	}
	all := append(append(head, b.lines...), tail...)
	return bytes.Join(all, nil), nil
}

// removed are the lines without the block that is there, from its last beginning to its last end, and where that was;
// -1 when there is none.
func (b block) removed(lines [][]byte) (int, [][]byte) {
	first, last := lastIndex(lines, b.first), lastIndex(lines, b.last)
	if first < 0 || last < 0 {
		return -1, lines
	}
	if last < first {
		first, last = last, first
	}
	return first, append(lines[:first:first], lines[last+1:]...)
}

func lastIndex(lines [][]byte, line []byte) int {
	for i := len(lines) - 1; i >= 0; i-- {
		if bytes.Equal(lines[i], line) {
			return i
		}
	}
	return -1
}

// place is the number of the line before which a new block goes: at the end where no line matches.
func (b block) place(content []byte, lines [][]byte) (int, error) {
	pattern, step := "", 0
	switch {
	case b.after != nil && *b.after != "EOF":
		pattern, step = *b.after, 1
	case b.before != nil && *b.before == "BOF":
		return 0, nil
	case b.before != nil:
		pattern = *b.before
	default:
		return len(lines), nil
	}
	re, err := kit.CompilePattern(pattern, false)
	if err != nil {
		return 0, err
	}
	at := -1
	if acrossLines(pattern) {
		at, err = lineOf(re, content, step)
	} else {
		at, err = lastMatch(re, lines)
	}
	if at < 0 || err != nil {
		return len(lines), err
	}
	return min(at+step, len(lines)), nil
}

// acrossLines tells whether a pattern begins with the flag m, by which it is searched in the whole text.
func acrossLines(pattern string) bool {
	flags, _, found := strings.Cut(strings.TrimPrefix(pattern, "(?"), ")")
	return found && strings.HasPrefix(pattern, "(?") && strings.Contains(flags, "m") && strings.Trim(flags, "aiLmsux") == ""
}

// lineOf is the number of the line in which the first match begins, or ends when the block goes behind it.
func lineOf(re *kit.Pattern, content []byte, edge int) (int, error) {
	m, err := re.Find(content)
	if m == nil || err != nil {
		return -1, err
	}
	return bytes.Count(content[:m[edge]], newline), nil
}

func lastMatch(re *kit.Pattern, lines [][]byte) (int, error) {
	for i := len(lines) - 1; i >= 0; i-- {
		if m, err := re.Find(lines[i]); m != nil || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// splitLines splits as Python's bytes.splitlines does, and keeps the ends: \n, \r and \r\n.
func splitLines(content []byte) [][]byte {
	var lines [][]byte
	for len(content) > 0 {
		end := bytes.IndexAny(content, "\r\n") + 1
		if end == 0 {
			end = len(content)
		}
		if content[end-1] == '\r' && end < len(content) && content[end] == '\n' {
			end++
		}
		lines = append(lines, content[:end])
		content = content[end:]
	}
	return lines
}
