package cmd

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// errHelp means that help was asked for and given.
var errHelp = errors.New("help")

// option is one option of a command.
type option struct {
	name, what, about string // what is the word for its value, "" when it takes none
	set               func(text string) error
}

// flagSet are the options of a command: --name value, --name=value, with one dash or two.
type flagSet []option

func (f *flagSet) add(name, what, about string, set func(string) error) {
	*f = append(*f, option{name, what, about, set})
}

func (f *flagSet) text(to *string, name, what, about string) {
	f.add(name, what, about, func(s string) error { *to = s; return nil })
}

func (f *flagSet) texts(to *[]string, name, what, about string) {
	f.add(name, what, about, func(s string) error { *to = append(*to, s); return nil })
}

func (f *flagSet) flag(to *bool, name, about string) {
	f.add(name, "", about, func(s string) (err error) { *to, err = strconv.ParseBool(s); return err })
}

func (f *flagSet) number(to *int, name, about string, otherwise int) {
	*to = otherwise
	f.add(name, "int", about+" (default "+strconv.Itoa(otherwise)+")", func(s string) (err error) { *to, err = strconv.Atoi(s); return err })
}

func (f *flagSet) duration(to *time.Duration, name, about string) {
	f.add(name, "duration", about, func(s string) (err error) { *to, err = time.ParseDuration(s); return err })
}

// parse reads the options; rest are the other arguments, and all after --.
func (f flagSet) parse(args []string) (rest []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		if arg == "--" {
			return append(rest, args...), nil
		}
		name, text, given := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		if name == "help" || name == "h" {
			return nil, errHelp
		}
		o := f.find(name)
		switch {
		case o == nil:
			return nil, usage("there is no option %s", arg)
		case !given && o.what == "":
			text = "true"
		case !given && len(args) == 0:
			return nil, usage("%s wants a value", arg)
		case !given:
			text, args = args[0], args[1:]
		}
		if o.set(text) != nil {
			return nil, usage("%s wants %s, not %q", "--"+name, o.kind(), text)
		}
	}
	return rest, nil
}

func (f flagSet) find(name string) *option {
	for i := range f {
		if f[i].name == name {
			return &f[i]
		}
	}
	return nil
}

// kind says what the option takes.
func (o *option) kind() string {
	switch o.what {
	case "int":
		return "a whole number"
	case "duration":
		return "a time such as 90s or 5m"
	case "":
		return "true or false"
	}
	return o.what
}

// forWorkers marks what people have no use for.
const forWorkers = "(for workers)"

// help lists the options that are for people.
func (f flagSet) help(out io.Writer) {
	var text strings.Builder
	for _, o := range f {
		if strings.HasSuffix(o.about, forWorkers) {
			continue
		}
		dashes := "--"
		if len(o.name) == 1 {
			dashes = "-"
		}
		text.WriteString(strings.TrimRight("  "+dashes+o.name+" "+o.what, " ") + "\n        " + o.about + "\n")
	}
	_, _ = io.WriteString(out, text.String())
}
