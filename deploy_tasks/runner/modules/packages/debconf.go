package packages

import (
	"errors"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/debconf"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("debconf", answered) }

var debconfSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true, Aliases: []string{"pkg"}},
	{Name: "question", Kind: kit.Text, Aliases: []string{"selection", "setting"}},
	{Name: "vtype", Kind: kit.Text, Choices: []string{"boolean", "error", "multiselect", "note", "password", "seen", "select", "string", "text", "title"}},
	{Name: "value", Kind: kit.Raw, Aliases: []string{"answer"}},
	{Name: "unseen", Kind: kit.Bool, Default: false},
}}

// hiddenAnswer is how debconf shows passwords.
const hiddenAnswer = "(password omitted)"

// answering is one call of the module debconf.
type answering struct {
	c        *module.Call
	p        *kit.Params
	tools    kit.Tools
	name     string
	question string
	vtype    string
	value    string
	shown    string // the value as results show it
}

// answered gives a package an answer before it asks.
func answered(c *module.Call) module.Result {
	p, err := debconfSpec.Parse("debconf", c)
	if err != nil {
		return kit.Failure(err)
	}
	a := &answering{c: c, p: p, tools: kit.Tools{Call: c}, name: p.Str("name"), question: p.Str("question"), vtype: p.Str("vtype")}
	if err := a.accepted(); err != nil {
		return kit.Failure(err)
	}
	before, err := a.selections()
	if err != nil {
		return kit.Failure(err)
	}
	if !p.Has("question") {
		return module.Result{Data: kit.Dict("current", before, "msg", "")}
	}
	return a.manage(before)
}

func (a *answering) accepted() error {
	together := []string{"question", "vtype", "value"}
	if given := slices.DeleteFunc(slices.Clone(together), a.p.Has); len(given) > 0 && len(given) < len(together) {
		return errors.New("parameters are required together: " + strings.Join(together, ", "))
	}
	if err := debconf.Plain(a.name); err != nil {
		return err
	}
	if !a.p.Has("question") {
		return nil
	}
	if err := debconf.Plain(a.question); err != nil {
		return err
	}
	a.value = a.wanted()
	if a.shown = a.value; a.vtype == "password" {
		a.shown = hiddenAnswer
	}
	if strings.ContainsAny(a.value, "\n\x00") || strings.HasSuffix(a.value, `\`) {
		return fmt.Errorf("the value of %s has a line end, a NUL or a backslash at its end: debconf takes one line", a.question)
	}
	return nil
}

// wanted is the value as debconf has it: the items of a list in order, true and false.
func (a *answering) wanted() string {
	v := a.p.Raw("value")
	if items, ok := value.Items(v); ok && a.vtype == "multiselect" {
		words := kit.Texts(items)
		slices.Sort(words)
		return strings.Join(words, ", ")
	}
	if a.vtype == "boolean" {
		return strings.ToLower(value.Str(v))
	}
	return value.Str(v)
}

// selections are the answers of the package, as debconf-show tells them.
func (a *answering) selections() (*value.Dict, error) {
	program, err := a.tools.Require("debconf-show")
	if err != nil {
		return nil, err
	}
	out, err := a.tools.Run([]string{program, a.name}, "")
	if err == nil && out.Code != 0 {
		err = errors.New(out.Stderr)
	}
	found := value.NewDict()
	for _, line := range strings.Split(out.Stdout, "\n") {
		if key, said, ok := strings.Cut(line, ":"); ok {
			found.Set(strings.TrimSpace(strings.Trim(key, "*")), strings.TrimSpace(said))
		}
	}
	return found, err
}

func (a *answering) manage(before *value.Dict) module.Result {
	was, there := before.Get(a.question)
	same := there && a.same(value.Str(was))
	if there && a.vtype == "password" {
		now, err := debconf.Answer(a.tools, a.name, a.question)
		if err != nil {
			return kit.Failure(err)
		}
		same = now == a.value
	}
	if same {
		return module.Result{Data: kit.Dict("current", before, "msg", "")}
	}
	msg, err := "", error(nil)
	if !a.c.Check {
		if msg, err = a.set(); err != nil {
			return kit.Failure(err)
		}
	}
	previous := kit.Dict(a.question, was)
	if !there {
		previous = before.Copy()
		previous.Set(a.question, "")
	}
	current := kit.Dict(a.question, a.shown)
	after := previous.Copy()
	after.Update(current)
	r := module.Result{Changed: true, Msg: msg, Data: kit.Dict("current", current, "previous", previous, "msg", msg)}
	if a.c.Diff {
		r.Diff = []module.Diff{{Before: value.Repr(previous) + "\n", After: value.Repr(after) + "\n"}}
	}
	return r
}

// same compares an answer with the wanted one.
func (a *answering) same(now string) bool {
	if _, list := value.Items(a.p.Raw("value")); list && a.vtype == "multiselect" {
		words, _ := kit.ToList(now)
		slices.Sort(words)
		now = strings.Join(words, ", ")
	}
	if a.vtype == "boolean" {
		now = strings.ToLower(now)
	}
	return now == a.value
}

func (a *answering) set() (said string, err error) {
	program, err := a.tools.Require("debconf-set-selections")
	if err != nil {
		return "", err
	}
	argv := []string{program}
	if a.p.Flag("unseen") {
		argv = append(argv, "-u")
	}
	err = a.c.Log.Set(debconf.Kind, debconf.Name(a.name, []string{a.question}), func() error {
		out, err := a.tools.Run(argv, strings.Join([]string{a.name, a.question, a.vtype, a.value}, " "))
		if err == nil && out.Code != 0 {
			err = errors.New(out.Stderr)
		}
		said = out.Stdout
		return err
	})
	return said, err
}
