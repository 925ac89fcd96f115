package system

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var mountSpec = kit.Spec{Args: []kit.Arg{
	{Name: "path", Kind: kit.Text, Required: true, Aliases: []string{"name"}},
	{Name: "src", Kind: kit.Text},
	{Name: "fstype", Kind: kit.Text},
	{Name: "opts", Kind: kit.Text},
	{Name: "opts_no_log", Kind: kit.Bool, Default: false},
	{Name: "dump", Kind: kit.Text, Default: "0"},
	{Name: "passno", Kind: kit.Text, Default: "0"},
	{Name: "state", Kind: kit.Text, Required: true,
		Choices: []string{"absent", "absent_from_fstab", "mounted", "present", "unmounted", "remounted", "ephemeral"}},
	{Name: "fstab", Kind: kit.Text},
	{Name: "boot", Kind: kit.Bool, Default: true},
	{Name: "backup", Kind: kit.Bool, Default: false},
}}

// mounting is one call of the module mount.
type mounting struct {
	c       *module.Call
	p       *kit.Params
	tools   kit.Tools
	table   []mounted
	state   string
	path    string
	row     row
	fstab   *kit.Edit
	lines   fstab // the table as it was
	data    *value.Dict
	changed bool
	lost    string // what an undo cannot bring back
}

// mount keeps a file system in fstab, and mounts and unmounts it.
func mount(c *module.Call) module.Result {
	p, err := mountSpec.Parse("mount", c)
	if err == nil {
		err = kit.LinuxOnly("mount", runtime.GOOS)
	}
	if err == nil {
		err = requiredFor(p, "state", []string{"mounted", "present", "ephemeral"}, "src", "fstype")
	}
	if err == nil && p.Str("state") == "ephemeral" && strings.HasPrefix(p.Str("src"), "-") { // not every mount knows --
		err = fmt.Errorf("src cannot begin with -: mount would take %s for an option", value.Repr(p.Str("src")))
	}
	if err != nil {
		return kit.Failure(err)
	}
	m, err := newMounting(c, p)
	if err == nil {
		err = m.manage()
	}
	if err != nil {
		r := kit.Failure(err)
		r.Irreversible = m.lost
		return r
	}
	return module.Result{Changed: m.changed, Data: m.data, Irreversible: m.lost}
}

func newMounting(c *module.Call, p *kit.Params) (*mounting, error) {
	name := kit.Expand(c, p.Str("path"))
	m := &mounting{c: c, p: p, tools: kit.Tools{Call: c}, state: p.Str("state"), path: kit.Absolute(c, name)}
	m.row = row{src: kit.Expand(c, p.Str("src")), name: name, fstype: p.Str("fstype"), opts: "defaults", dump: p.Str("dump"), passno: p.Str("passno")}
	if p.Has("opts") {
		m.row.opts = p.Str("opts")
	}
	var warnings []string
	boot := "yes"
	switch at := slices.Contains(strings.Split(m.row.opts, ","), "noauto"); {
	case p.Flag("boot") && at:
		warnings = append(warnings, "Ignore the 'boot' due to 'opts' contains 'noauto'.")
	case !p.Flag("boot"):
		boot = "no"
		m.row.opts += ",noauto"
	}
	file := "/etc/fstab"
	if p.Has("fstab") {
		file = p.Str("fstab")
	}
	m.fstab = &kit.Edit{Call: c, Path: kit.Absolute(c, file), Backup: p.Flag("backup")}
	m.data = kit.Dict("name", name, "opts", m.row.opts, "dump", m.row.dump, "passno", m.row.passno, "fstab", file, "boot", boot,
		"backup_file", "")
	for _, name := range []string{"src", "fstype"} {
		if p.Has(name) {
			m.data.Set(name, map[string]string{"src": m.row.src, "fstype": m.row.fstype}[name])
		}
	}
	if len(warnings) > 0 {
		m.data.Set("warnings", kit.Items(warnings))
	}
	text, err := m.fstab.Read()
	m.lines = readFstab(string(text))
	if err == nil {
		m.table, err = mountTable()
	}
	return m, err
}

func (m *mounting) manage() error {
	switch m.state {
	case "present":
		_, err := m.write()
		return err
	case "absent_from_fstab":
		return m.unwrite()
	case "absent":
		return m.absent()
	case "unmounted":
		m.changed = m.mountedAt("")
		if !m.changed || m.c.Check {
			return nil
		}
		return m.unmount()
	case "remounted":
		m.changed = true
		if m.c.Check {
			return nil
		}
		return m.again("Error remounting %s: %s")
	}
	return m.mounted()
}

// write puts the line into fstab.
func (m *mounting) write() (changed bool, err error) {
	lines, changed := m.lines.with(m.row)
	m.changed = m.changed || changed
	if !changed || m.c.Check {
		return changed, nil
	}
	return true, m.put(lines)
}

func (m *mounting) put(lines fstab) error {
	backup, err := m.fstab.Write([]byte(lines.String()))
	if err != nil {
		return kit.AtPath(m.fstab.Path, err)
	}
	m.fstab.There = true
	m.data.Set("backup_file", backup)
	return nil
}

func (m *mounting) unwrite() error {
	lines, changed := m.lines.without(m.row)
	m.changed = changed
	if !changed || m.c.Check {
		return nil
	}
	err := m.put(lines)
	m.data.Set("backup_file", "") // Ansible tells it only of what it adds
	return err
}

func (m *mounting) absent() error {
	if err := m.unwrite(); err != nil || !m.changed || m.c.Check {
		return err
	}
	if m.mountedAt("") {
		if err := m.unmount(); err != nil {
			return err
		}
	}
	if !kit.Exists(m.path) {
		return nil
	}
	if names, err := os.ReadDir(m.path); err != nil || len(names) > 0 {
		why := fmt.Sprintf("[Errno 39] Directory not empty: '%s'", m.path)
		if err != nil {
			why = kit.Reason(err)
		}
		return fmt.Errorf("Error rmdir %s: %s", m.path, why)
	}
	return m.c.Log.Remove(m.path)
}

// mountedAt tells whether something is mounted at the path: what comes from src, or anything when that is empty.
func (m *mounting) mountedAt(src string) bool {
	if isMount(m.path) {
		return true
	}
	from, there := sources(m.table)[m.path]
	return there && (src == "" || src == from)
}

// mounted mounts what is not mounted, and mounts anew what has changed.
func (m *mounting) mounted() error {
	made, err := m.makePlace()
	if err != nil {
		return err
	}
	changed := false
	if m.state == "mounted" {
		if changed, err = m.write(); err != nil {
			return err
		}
	}
	switch already := m.mountedAt(m.row.src); {
	case !already:
		m.changed = true
		if !m.c.Check {
			err = m.mount()
		}
	case m.state == "ephemeral":
		if !m.fromSource() {
			return fmt.Errorf("Ephemeral mount point is already mounted with a different source than the specified one. Failing in order to " +
				"prevent an unwanted unmount or override operation. Try replacing this command with a \"state: unmounted\" followed by a " +
				"\"state: ephemeral\", or use a different destination path.")
		}
		m.changed = true
		if !m.c.Check {
			err = m.again("Error mounting %s: %s")
		}
	case changed && !m.c.Check:
		err = m.again("Error mounting %s: %s")
	}
	if err != nil {
		m.giveUp(changed, made)
	}
	return err
}

// makePlace makes the missing folders of the path.
func (m *mounting) makePlace() (made []string, err error) {
	if m.c.Check {
		return nil, nil
	}
	for at := m.path; !kit.Exists(at); at = filepath.Dir(at) {
		made = append(made, at)
	}
	if at, err := kit.MakeFolders(m.c, m.path, kit.Attributes{}); err != nil && len(made) > 0 {
		return nil, fmt.Errorf("Error making dir %s: %s", m.path, kit.ReasonAt(err, at))
	}
	return made, nil
}

// giveUp leaves fstab and the folders as they were after a mount that failed.
func (m *mounting) giveUp(written bool, made []string) {
	m.fstab.Backup = false
	if written {
		_ = m.put(m.lines) // the failure itself is what is told
	}
	for _, at := range made {
		if names, err := os.ReadDir(at); err == nil && len(names) == 0 {
			_ = m.c.Log.Remove(at)
		}
	}
}

// place is the path as the kernel has it in its table: without links and a slash at its end.
func (m *mounting) place() string { return filepath.Clean(kit.RealPath(m.path)) }

// fromSource tells whether what is mounted at the path comes from src.
func (m *mounting) fromSource() bool {
	if sources(m.table)[m.path] == m.row.src {
		return true
	}
	return slices.ContainsFunc(stack(m.table, m.place()), func(one mounted) bool { return one.source == m.row.src })
}

func (m *mounting) mount() error {
	return m.c.Log.Set(mountsKind, m.place(), func() error { return m.wrapped("Error mounting %s: %s", m.mountArgs("mount")) })
}

// mountArgs is the command that mounts, or with a further option mounts anew.
func (m *mounting) mountArgs(words ...string) []string {
	if m.state == "ephemeral" {
		words = append(words, "-t", m.row.fstype)
		if m.row.opts != "defaults" {
			words = append(words, "-o", m.row.opts)
		}
		return append(words, "--", m.row.src, m.path)
	}
	if m.p.Has("fstab") && m.p.Str("fstab") != "/etc/fstab" {
		words = append(words, "-T", m.fstab.Path)
	}
	return append(words, m.path)
}

// wrapped runs a command; what it says when it fails goes into the message.
func (m *mounting) wrapped(message string, argv []string) error {
	out, err := m.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf(message, m.path, out.Stdout+out.Stderr)
	}
	return err
}

// again mounts anew: with the option remount, or where that does not work by unmounting and mounting.
func (m *mounting) again(message string) error {
	strict := m.state == "remounted" && m.row.opts != "defaults"
	option := "remount"
	if strict {
		option += "," + m.row.opts
	}
	argv := m.mountArgs("mount", "-o", option)
	return m.c.Log.Set(mountsKind, m.place(), func() error {
		if err := m.wrapped(message, argv); err == nil {
			return nil
		}
		if strict {
			return fmt.Errorf("Options were specified with remounted, but the remount command failed. Failing in order to prevent an " +
				"unexpected mount result. Try replacing this command with a \"state: unmounted\" followed by a \"state: mounted\" using " +
				"the full desired mount options instead.")
		}
		m.noteLost()
		if err := m.wrapped(message, []string{"umount", m.path}); err != nil {
			m.lost = ""
			return err
		}
		return m.wrapped(message, m.mountArgs("mount"))
	})
}

func (m *mounting) unmount() error {
	m.noteLost()
	err := m.c.Log.Set(mountsKind, m.place(), func() error { return m.wrapped("Error unmounting %s: %s", []string{"umount", m.path}) })
	if err != nil {
		m.lost = ""
	}
	return err
}

// noteLost notes what is in a file system that ends with its last mount.
func (m *mounting) noteLost() {
	here := stack(m.table, m.place())
	if len(here) == 0 {
		return
	}
	top := here[len(here)-1]
	elsewhere := slices.ContainsFunc(m.table, func(o mounted) bool { return o.device == top.device && o.id != top.id })
	if names, err := os.ReadDir(m.path); err != nil || len(names) == 0 || elsewhere {
		return
	}
	if top.fstype == "tmpfs" || top.fstype == "ramfs" {
		m.lost = fmt.Sprintf("what was in the %s at %s", top.fstype, m.path)
	}
}
