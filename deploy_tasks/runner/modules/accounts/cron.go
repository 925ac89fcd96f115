package accounts

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

var cronSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "user", Kind: kit.Text},
	{Name: "job", Kind: kit.Text, Aliases: []string{"value"}},
	{Name: "cron_file", Kind: kit.Text},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"present", "absent"}},
	{Name: "backup", Kind: kit.Bool, Default: false},
	{Name: "minute", Kind: kit.Text, Default: "*"},
	{Name: "hour", Kind: kit.Text, Default: "*"},
	{Name: "day", Kind: kit.Text, Default: "*", Aliases: []string{"dom"}},
	{Name: "month", Kind: kit.Text, Default: "*"},
	{Name: "weekday", Kind: kit.Text, Default: "*", Aliases: []string{"dow"}},
	{Name: "special_time", Kind: kit.Text, Choices: []string{"reboot", "yearly", "annually", "monthly", "weekly", "daily", "hourly"}},
	{Name: "disabled", Kind: kit.Bool, Default: false},
	{Name: "env", Kind: kit.Bool, Default: false},
	{Name: "insertafter", Kind: kit.Text},
	{Name: "insertbefore", Kind: kit.Text},
}, Exclusive: [][]string{{"insertafter", "insertbefore"}}}

// cronTask is one call of cron.
type cronTask struct {
	c        *module.Call
	p        *kit.Params
	file     string // empty for the table of a user
	table    cronTable
	before   string
	old      string // the table as it was, as it would be written
	warnings []string
}

// cron keeps a job or a variable in a table of timed jobs.
func cron(c *module.Call) module.Result {
	p, err := cronSpec.Parse("cron", c)
	if err == nil {
		err = onLinux("cron")
	}
	if err != nil {
		return kit.Failure(err)
	}
	t := &cronTask{c: c, p: p}
	if err = t.read(); err == nil {
		err = checkCron(p)
	}
	if err != nil {
		return kit.Failure(err)
	}
	changed, err := t.edit()
	if err != nil {
		return kit.Failure(err)
	}
	r, err := t.finish(changed)
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

// checkCron is what is wrong with the arguments beyond their types.
func checkCron(p *kit.Params) error {
	timed := false
	for _, name := range []string{"minute", "hour", "day", "month", "weekday"} {
		timed = timed || p.Str(name) != "*"
	}
	present := p.Str("state") == "present"
	switch {
	case p.Has("special_time") && timed:
		return errors.New("You must specify time and date fields or special time.")
	case p.Has("user") && badName(p.Str("user")):
		return errBadName
	case present && p.Str("cron_file") != "" && !p.Has("user"):
		return errors.New("To use cron_file=... parameter you must specify user=... as well")
	case present && !p.Has("job"):
		return errors.New("You must specify 'job' to install a new cron job or variable")
	case present && (p.Has("insertafter") || p.Has("insertbefore")) && !p.Flag("env"):
		return errors.New("Insertafter and insertbefore parameters are valid only with env=yes")
	case p.Flag("env") && strings.Contains(p.Str("name"), " "):
		return errors.New("Invalid name for environment variable")
	}
	return nil
}

// read reads the table.
func (t *cronTask) read() error {
	if _, err := tool(t.c, "crontab"); err != nil {
		return err
	}
	text, err := "", error(nil)
	if file := kit.Expand(t.c, t.p.Str("cron_file")); file != "" {
		if file == "/etc/crontab" {
			return errors.New("Will not manage /etc/crontab via cron_file, see documentation.")
		}
		t.warnOfName(filepath.Base(file))
		if !filepath.IsAbs(file) {
			file = filepath.Join("/etc/cron.d", file)
		}
		t.file = file
		text, err = readText(file)
	} else if text, err = t.printed(); err != nil {
		return err
	}
	t.table, t.before = parseTable(text, t.file == "")
	t.old = t.table.String()
	return err
}

// printed is the user's table, nothing where there is none.
func (t *cronTask) printed() (string, error) {
	out, err := t.crontab("-l", "")
	if err == nil && out.code > 1 {
		err = errors.New("Unable to read crontab")
	}
	if out.code != 0 {
		out.stdout = ""
	}
	return out.stdout, err
}

func (t *cronTask) crontab(what, stdin string) (said, error) {
	path, err := tool(t.c, "crontab")
	if err != nil {
		return said{}, err
	}
	argv := crontabArgs(t.own(), t.p.Str("user"), what)
	return run(t.c, stdin, append([]string{path}, argv[1:]...)...)
}

// own is whose rights the task has.
func (t *cronTask) own() string {
	if t.c.As != nil {
		return kit.UserName(t.c.As.UID)
	}
	return kit.UserName(os.Getuid())
}

const cronLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func (t *cronTask) warnOfName(name string) {
	if name == "" || strings.Trim(name, cronLetters) != "" {
		t.warnings = append(t.warnings, fmt.Sprintf("Filename portion of cron_file (\"%s\") should consist"+
			" solely of upper- and lower-case letters, digits, underscores, and hyphens", name))
	}
}

// edit makes the table as it is wanted; it says whether that is a change.
func (t *cronTask) edit() (bool, error) {
	name, present := t.p.Str("name"), t.p.Str("state") == "present"
	switch {
	case t.p.Flag("env") && present:
		declared := fmt.Sprintf("%s=\"%s\"", name, t.p.Str("job"))
		return t.table.setVariable(name, declared, t.p.Str("insertafter"), t.p.Str("insertbefore"))
	case t.p.Flag("env"):
		return t.table.removeVariable(name), nil
	case present:
		job := strings.Trim(t.p.Str("job"), "\r\n")
		if strings.ContainsAny(job, "\r\n") {
			t.warnings = append(t.warnings, "Job should not contain line breaks")
		}
		return t.table.setJob(name, cronLine(t.p, job, t.file != "")), nil
	}
	return t.table.removeJob(name), nil
}

// cronLine is the line of a job; in a file of the system it names the user.
func cronLine(p *kit.Params, job string, named bool) string {
	words := []string{p.Str("minute"), p.Str("hour"), p.Str("day"), p.Str("month"), p.Str("weekday")}
	if p.Has("special_time") {
		words = []string{"@" + p.Str("special_time")}
	}
	if named {
		words = append(words, p.Str("user"))
	}
	line := strings.Join(append(words, job), " ")
	if p.Flag("disabled") {
		return "#" + line
	}
	return line
}

// finish writes the table, or removes a file that holds nothing any more, and words the result.
func (t *cronTask) finish(changed bool) (module.Result, error) {
	if changed && t.file != "" && t.p.Str("state") == "absent" && !t.p.Flag("env") && t.table.empty() {
		return t.removed()
	}
	if !changed && t.before != "" && !strings.HasSuffix(t.before, "\n") && !strings.HasSuffix(t.before, "\r") {
		changed = true // the last line needs its end
	}
	jobs, variables := t.table.names()
	data := kit.Dict("jobs", kit.Items(jobs), "envs", kit.Items(variables))
	if len(t.warnings) > 0 {
		data.Set("warnings", kit.Items(t.warnings))
	}
	if t.file != "" {
		data.Set("cron_file", kit.Expand(t.c, t.p.Str("cron_file")))
	}
	r := module.Result{Changed: changed, Data: data}
	if !changed {
		return r, nil
	}
	r.Diff = t.diff(t.table.String())
	if t.c.Check {
		return r, nil
	}
	if t.p.Flag("backup") {
		name, err := t.backup()
		if err != nil {
			return r, err
		}
		data.Set("backup_file", name)
	}
	return r, t.write(t.table.String())
}

func (t *cronTask) removed() (module.Result, error) {
	info, err := os.Stat(t.file)
	r := module.Result{Changed: err == nil && info.Mode().IsRegular(), Data: kit.Dict("cron_file", t.p.Str("cron_file"), "state", "absent")}
	if t.c.Diff {
		r.Diff = []module.Diff{{Before: t.before, BeforeHeader: t.header(), AfterHeader: "/dev/null"}}
	}
	if t.c.Check {
		return r, nil
	}
	return r, t.c.Log.Remove(t.file)
}

// backup keeps the table as it was in a file of its own.
func (t *cronTask) backup() (string, error) {
	name, mode := filepath.Join(os.TempDir(), "crontab"+strconv.FormatInt(time.Now().UnixNano(), 36)), os.FileMode(0o600)
	return name, t.c.Log.WriteFile(name, strings.NewReader(t.old), change.Meta{Mode: &mode, Size: int64(len(t.old))})
}

func (t *cronTask) write(text string) error {
	if t.file != "" {
		return t.c.Log.WriteFile(kit.RealPath(t.file), strings.NewReader(text), change.Meta{Size: int64(len(text))})
	}
	user := t.p.Str("user")
	if user == "" {
		user = t.own()
	}
	return t.c.Log.Set("crontab", user, func() error {
		out, err := t.crontab("-", text)
		if err == nil && out.code != 0 {
			err = errors.New(out.stderr)
		}
		return err
	})
}

func (t *cronTask) header() string {
	switch {
	case t.file != "":
		return t.file
	case t.p.Has("user"):
		return "crontab for user \"" + t.p.Str("user") + "\""
	}
	return "crontab"
}

func (t *cronTask) diff(after string) []module.Diff {
	if !t.c.Diff {
		return nil
	}
	return []module.Diff{{Before: t.before, After: after, BeforeHeader: t.header(), AfterHeader: t.header()}}
}
