package system

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"runner/fmt"
	"runner/modules/debconf"
	"runner/modules/kit"
)

// byFiles is a host without systemd: the zone is a line of a file and what /etc/localtime is, or is a copy of.
type byFiles struct {
	*zoning
	zoneFile  string // a line of it names the zone
	zoneKey   string // what stands before the name there, none in /etc/timezone
	clockFile string // says UTC=yes or UTC=no
	update    func() error
	hwclock   string
}

func newByFiles(z *zoning) (*byFiles, error) {
	b := &byFiles{zoning: z, zoneFile: "/etc/timezone"}
	var err error
	if b.hwclock, err = z.tools.Require("hwclock"); err != nil {
		return nil, err
	}
	if program := z.tools.Find("dpkg-reconfigure"); program != "" {
		b.clockFile = "/etc/default/rcS"
		b.update = func() error { return b.reconfigure(program) }
		return b, nil
	}
	switch distribution() {
	case "alpine":
		program, err := z.tools.Require("setup-timezone")
		b.clockFile, b.update = "/etc/conf.d/hwclock", func() error { return b.tool(program, "-z", z.zone) }
		return b, err
	case "gentoo":
		b.clockFile, b.update = "/etc/conf.d/hwclock", b.copy
		return b, nil
	}
	return b, b.sysconfig()
}

// sysconfig is for the families of Red Hat and SUSE.
func (b *byFiles) sysconfig() error {
	b.zoneFile, b.clockFile, b.zoneKey = "/etc/sysconfig/clock", "/etc/sysconfig/clock", "ZONE"
	text, err := kit.ReadAll(b.zoneFile)
	if err != nil {
		return fmt.Errorf("could not read configuration file \"%s\"", b.zoneFile)
	}
	suse := text == nil && strings.HasPrefix(distribution(), "sles")
	for _, line := range strings.Split(string(text), "\n") {
		key, _, ok := strings.Cut(line, "=")
		suse = suse || ok && strings.TrimRight(key, " \t") == "TIMEZONE"
	}
	if suse {
		b.zoneKey = "TIMEZONE"
	}
	b.update = b.copy
	if program := b.tools.Find("tzdata-update"); program != "" && !kit.IsLink(localtime) {
		b.update = func() error { return b.tool(program) }
	}
	return nil
}

// lineValue is what a line says of the zone; ok is false for other lines.
func (b *byFiles) lineValue(line string) (string, bool) {
	if b.zoneKey == "" {
		words := strings.Fields(line)
		if len(words) == 0 || line[0] == ' ' || line[0] == '\t' {
			return "", false
		}
		return words[0], true
	}
	key, said, ok := strings.Cut(line, "=")
	said = strings.TrimPrefix(strings.TrimLeft(said, " \t"), `"`)
	if end := strings.IndexAny(said, "\" \t"); end >= 0 {
		said = said[:end]
	}
	return said, ok && strings.TrimRight(key, " \t") == b.zoneKey && said != ""
}

func clockValue(line string) (string, bool) {
	key, said, ok := strings.Cut(line, "=")
	words := strings.Fields(said)
	if !ok || strings.TrimRight(key, " \t") != "UTC" || len(words) == 0 {
		return "", false
	}
	utc, err := kit.ToBool(words[0])
	return map[bool]string{true: "UTC", false: "local"}[utc], err == nil
}

// first is the value of the first line that has one.
func first(path string, of func(string) (string, bool)) (string, bool, error) {
	text, err := kit.ReadAll(path)
	for _, line := range strings.Split(string(text), "\n") {
		if v, ok := of(line); ok {
			return v, true, err
		}
	}
	return "", false, err
}

func (b *byFiles) get(key string, after bool) (string, error) {
	if key == "hwclock" {
		now, ok, err := first(b.clockFile, clockValue)
		if ok && now == b.wanted[key] {
			return adjusted()
		}
		return orUnset(now, ok), err
	}
	now, ok, err := first(b.zoneFile, b.lineValue)
	switch {
	case err != nil:
		return "", fmt.Errorf("tried to configure name using a file \"%s\", but could not read it", b.zoneFile)
	case !ok && after && kit.Exists(b.zoneFile):
		return "", fmt.Errorf("tried to configure name using a file \"%s\", but could not find a valid value in it", b.zoneFile)
	case ok && now == b.zone:
		return b.linked(), nil
	}
	return orUnset(now, ok), nil
}

func orUnset(now string, ok bool) string {
	if !ok {
		return unset
	}
	return now
}

// linked is the zone that /etc/localtime is about, as far as it can be told.
func (b *byFiles) linked() string {
	target, err := os.Readlink(localtime)
	if err != nil {
		wanted, missing := os.ReadFile(zoneFolder + b.zone)
		if is, err := os.ReadFile(localtime); err != nil || missing != nil || !bytes.Equal(is, wanted) {
			return unset
		}
		return b.zone
	}
	if !isFile(kit.RealPath(localtime)) {
		return unset
	}
	for _, folder := range []string{zoneFolder, "/etc/zoneinfo/"} {
		if i := strings.Index(target, folder); i >= 0 {
			return target[i+len(folder):]
		}
	}
	return unset
}

func (b *byFiles) set(key string) error {
	if key == "hwclock" {
		return b.setClock()
	}
	line := b.zone
	if b.zoneKey != "" {
		line = b.zoneKey + `="` + b.zone + `"`
	}
	if err := b.edit(b.zoneFile, line, b.lineValue); err != nil {
		return err
	}
	return b.update()
}

// edit puts a line where the first of its sort stands, at the top when there is none, and removes the others.
func (b *byFiles) edit(path, line string, of func(string) (string, bool)) error {
	edit := &kit.Edit{Call: b.c, Path: path}
	text, err := edit.Read()
	if err != nil {
		return err
	}
	at, gone := 0, 0
	var kept []string
	for _, old := range strings.SplitAfter(string(text), "\n") {
		if _, ok := of(strings.TrimSuffix(old, "\n")); !ok {
			kept = append(kept, old)
			continue
		}
		if gone == 0 {
			at = len(kept)
		}
		gone++
	}
	kept = append(kept[:at:at], append([]string{line + "\n"}, kept[at:]...)...)
	if _, err := edit.Write([]byte(strings.Join(kept, ""))); err != nil {
		return kit.AtPath(path, err)
	}
	b.said = append(b.said, fmt.Sprintf("Added 1 line and deleted %d line(s) on %s", gone, path))
	return nil
}

// reconfigure is for Debian: a link, and the package of time zones is told. That has answers of its own, which change.
func (b *byFiles) reconfigure(program string) error {
	if err := b.c.Log.Symlink(zoneFolder+b.zone, localtime); err != nil {
		return kit.AtPath(localtime, err)
	}
	act := func() error {
		return b.c.Log.Around([]string{localtime, "/etc/timezone"}, "dpkg-reconfigure tzdata", func() error {
			_, err := b.execute(program, "--frontend", "noninteractive", "tzdata")
			return err
		})
	}
	if b.tools.Find("debconf-communicate") == "" {
		return act()
	}
	return b.c.Log.Set(debconf.Kind, debconf.Name("tzdata", tzdataQuestions()), act)
}

// tzdataQuestions are those of the package: the part of the world, and the place in each.
func tzdataQuestions() []string {
	out := []string{"tzdata/Areas"}
	for _, area := range strings.Fields("Africa America Antarctica Arctic Asia Atlantic Australia Etc Europe Indian Pacific US") {
		out = append(out, "tzdata/Zones/"+area)
	}
	return out
}

func (b *byFiles) tool(argv ...string) error {
	paths := []string{localtime, b.zoneFile, "/etc/zoneinfo"}
	return b.c.Log.Around(paths, filepath.Base(argv[0]), func() error {
		_, err := b.execute(argv...)
		return err
	})
}

// copy puts a copy of the zone in place.
func (b *byFiles) copy() error {
	text, err := os.ReadFile(zoneFolder + b.zone)
	if err != nil {
		return err
	}
	edit := &kit.Edit{Call: b.c, Path: localtime, Unlink: true}
	if _, err := edit.Read(); err != nil {
		return err
	}
	_, err = edit.Write(text)
	return err
}

func (b *byFiles) setClock() error {
	option, line := "--utc", "UTC=yes"
	if b.wanted["hwclock"] == "local" {
		option, line = "--localtime", "UTC=no"
	}
	if err := b.edit(b.clockFile, line, clockValue); err != nil {
		return err
	}
	err := b.c.Log.Set(clockKind, "hardware clock", func() error {
		_, err := b.execute(b.hwclock, "--systohc", option)
		return err
	})
	if err == nil {
		b.said = append(b.said, "executed `"+b.hwclock+" --systohc "+option+"`")
	}
	return err
}
