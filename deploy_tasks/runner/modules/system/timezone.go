package system

import (
	"path"
	"runtime"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

const (
	zoneFolder = "/usr/share/zoneinfo/"
	localtime  = "/etc/localtime"
	unset      = "n/a"
)

var timezoneSpec = kit.Spec{Args: []kit.Arg{
	{Name: "hwclock", Kind: kit.Text, Aliases: []string{"rtc"}, Choices: []string{"local", "UTC"}},
	{Name: "name", Kind: kit.Text},
}}

// zoning is one call of the module timezone.
type zoning struct {
	c      *module.Call
	tools  kit.Tools
	zone   string
	wanted map[string]string
	said   []string
}

// clockSetter is how a host keeps its time zone, and that of its hardware clock.
type clockSetter interface {
	// get is what there is now of name or hwclock; after tells that it was set.
	get(key string, after bool) (string, error)
	set(key string) error
}

// settable are what can be set, in the order in which it is.
var settable = []string{"hwclock", "name"}

// timezone sets the time zone of a host, and whether its hardware clock has that, too.
func timezone(c *module.Call) module.Result {
	p, err := timezoneSpec.Parse("timezone", c)
	if err == nil {
		err = kit.LinuxOnly("timezone", runtime.GOOS)
	}
	if err == nil && !p.Has("name") && !p.Has("hwclock") {
		err = fmt.Errorf("one of the following is required: hwclock, name")
	}
	if err != nil {
		return kit.Failure(err)
	}
	z := &zoning{c: c, tools: kit.Tools{Call: c}, zone: p.Str("name"), wanted: map[string]string{}}
	for _, key := range settable {
		if p.Has(key) {
			z.wanted[key] = p.Str(key)
		}
	}
	return z.manage()
}

// abort is a failure in the words of the collection.
func (z *zoning) abort(err error) module.Result {
	text := "Error message:\n" + kit.Reason(err)
	if len(z.said) > 0 {
		text += "\nOther message(s):\n" + strings.Join(z.said, "\n")
	}
	return module.Failure(text)
}

func (z *zoning) manage() module.Result {
	if _, ok := z.wanted["name"]; ok && !isZone(z.zone) {
		return z.abort(fmt.Errorf("given timezone \"%s\" is not available", z.zone))
	}
	setter, err := z.setter()
	if err != nil {
		return kit.Failure(err)
	}
	before, err := z.look(setter, false)
	if err != nil {
		return z.abort(err)
	}
	after := z.wanted
	if !z.c.Check {
		for _, key := range settable {
			if wanted, ok := z.wanted[key]; ok && before[key] != wanted {
				if err := setter.set(key); err != nil {
					return z.abort(err)
				}
			}
		}
		if after, err = z.look(setter, true); err != nil {
			return z.abort(err)
		}
		if planned := shownValues(z.wanted); planned != shownValues(after) {
			return z.abort(fmt.Errorf("still not desired state, though changes have made - planned: %s, after: %s", planned, shownValues(after)))
		}
	}
	r := module.Result{Changed: shownValues(before) != shownValues(after), Msg: strings.Join(z.said, "\n")}
	if r.Changed {
		r.Diff = []module.Diff{{Before: shownValues(before) + "\n", After: shownValues(after) + "\n"}}
	}
	return r
}

func (z *zoning) look(setter clockSetter, after bool) (map[string]string, error) {
	out := map[string]string{}
	for key := range z.wanted {
		now, err := setter.get(key, after)
		if err != nil {
			return nil, err
		}
		out[key] = now
	}
	return out, nil
}

// shownValues words values as Python shows a dictionary of them.
func shownValues(values map[string]string) string {
	out := value.NewDict()
	for _, key := range settable {
		if v, ok := values[key]; ok {
			out.Set(key, v)
		}
	}
	return value.Repr(out)
}

// isZone tells whether there is such a time zone. A name that leads elsewhere is none.
func isZone(name string) bool {
	return name != "" && path.Clean("/"+name) == "/"+name && !slices.Contains([]string{"/"}, name) && isFile(zoneFolder+name)
}

func isFile(name string) bool { return kit.Exists(name) && !kit.IsDir(name) }

// setter finds out how this host does it.
func (z *zoning) setter() (clockSetter, error) {
	if program := z.tools.Find("timedatectl"); program != "" {
		out, err := z.tools.Run([]string{program}, "")
		if err != nil {
			return nil, err
		}
		if out.Code == 0 {
			return &byTimedatectl{zoning: z, program: program}, nil
		}
	}
	return newByFiles(z)
}

// execute runs a command that has to end well.
func (z *zoning) execute(argv ...string) (string, error) {
	out, err := z.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("%s: exit status %d: %s", strings.Join(argv, " "), out.Code, kit.Said(out))
	}
	return out.Stdout, err
}
