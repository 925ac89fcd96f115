package basics

import (
	"io"
	"os"
	"time"

	"runner/clock"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

const defaultTimeFormat = "%Y%m%d%H%M.%S"

// moment is what a time argument asks for: keep what is there, the present, or a point in time.
type moment struct {
	keep, now bool
	at        time.Time
}

// times are the time stamps that a task asks for.
type times struct{ access, modification moment }

func timesOf(p *kit.Params, touch bool) (times, error) {
	modification, err := momentOf(p, "modification_time", touch)
	if err != nil {
		return times{}, err
	}
	access, err := momentOf(p, "access_time", touch)
	return times{access: access, modification: modification}, err
}

func momentOf(p *kit.Params, name string, touch bool) (moment, error) {
	word := p.Str(name)
	if word == "" {
		word = "preserve"
		if touch {
			word = "now"
		}
	}
	switch word {
	case "preserve":
		return moment{keep: true}, nil
	case "now":
		return moment{now: true}, nil
	}
	format := p.Str(name + "_format")
	at, ok := clock.Strptime(word, format, time.Local)
	if !ok {
		return moment{}, fmt.Errorf("Error while obtaining timestamp for time %s using format %s: time data '%s' does not match format '%s'",
			word, format, word, format)
	}
	return moment{at: at}, nil
}

// withoutNow leaves out what a file that was just made has anyway.
func (t times) withoutNow() times {
	if t.access.now {
		t.access = moment{keep: true}
	}
	if t.modification.now {
		t.modification = moment{keep: true}
	}
	return t
}

// apply sets the time stamps that differ.
func (t times) apply(c *module.Call, path string, d *kit.Delta) (bool, error) {
	if t.access.keep && t.modification.keep {
		return false, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		if c.Check {
			return true, nil
		}
		return false, kit.AtPath(path, fmt.Errorf("Error while updating modification or access time: %s", kit.Reason(err)))
	}
	now := kit.StatusOf(info)
	atime, mtime := t.access.from(now.Atime), t.modification.from(now.Mtime)
	if atime.Equal(now.Atime) && mtime.Equal(now.Mtime) {
		return false, nil
	}
	d.Set("mtime", kit.Seconds(now.Mtime), kit.Seconds(mtime))
	d.Set("atime", kit.Seconds(now.Atime), kit.Seconds(atime))
	if c.Check {
		return true, nil
	}
	if err := c.Log.Chtimes(path, atime, mtime); err != nil {
		return false, kit.AtPath(path, fmt.Errorf("Error while updating modification or access time: %w", err))
	}
	return true, nil
}

func (m moment) from(before time.Time) time.Time {
	switch {
	case m.keep:
		return before
	case m.now:
		return time.Now()
	}
	return m.at
}

// noBytes is the content of an empty file.
type noBytes struct{}

func (noBytes) Read([]byte) (int, error) { return 0, io.EOF }
