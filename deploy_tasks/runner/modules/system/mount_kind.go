package system

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

const mountsKind = "mount"

// mounts are what is mounted at one path, the lowest first.
type mounts struct{}

// Inspect implements change.Kind.
func (mounts) Inspect(_ change.Tools, path string) (any, error) {
	table, err := mountTable()
	if err != nil {
		return nil, err
	}
	var out []any
	for _, m := range stack(table, path) {
		out = append(out, value.DictOf("source", m.source, "root", m.root, "fstype", m.fstype, "from", origin(table, m),
			"options", strings.Join(options(m.opts), ","), "super", strings.Join(options(m.super), ",")))
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

// Restore implements change.Kind: mounts that are too many go, those that are missing are made again, and options return.
func (m mounts) Restore(t change.Tools, path string, before, now any) error {
	was, is := layers(before), layers(now)
	kept := 0
	for kept < min(len(was), len(is)) && was[kept].same(is[kept]) {
		kept++
	}
	for range is[kept:] {
		if _, err := change.Demand(t, "umount", path); err != nil {
			return err
		}
	}
	for _, layer := range was[kept:] {
		if _, err := change.Demand(t, layer.mount(path)...); err != nil {
			return err
		}
	}
	now, err := m.Inspect(t, path)
	if err != nil || len(was) == 0 || value.Equal(now, before) {
		return err
	}
	top := layers(now)
	if len(top) != len(was) {
		return fmt.Errorf("%d file systems are mounted there, not %d", len(top), len(was))
	}
	_, err = change.Demand(t, was[len(was)-1].remount(path, top[len(top)-1])...)
	return err
}

// layer is one mount of several at a path, as the journal has it.
type layer struct{ source, root, fstype, from, options, super string }

func layers(v any) []layer {
	items, _ := value.Items(v)
	out := make([]layer, len(items))
	for i, item := range items {
		r := record.Of(item)
		out[i] = layer{r.Text("source"), r.Text("root"), r.Text("fstype"), r.Text("from"), r.Text("options"), r.Text("super")}
	}
	return out
}

// same tells whether two are of the same file system; their options may differ.
func (l layer) same(other layer) bool {
	return l.source == other.source && l.root == other.root && l.fstype == other.fstype
}

// mount is the command that makes the mount again.
func (l layer) mount(path string) []string {
	if l.from != "" {
		return []string{"mount", "--bind", "--", l.from, path}
	}
	return []string{"mount", "-t", l.fstype, "-o", explicit(l.options) + "," + l.super, "--", l.source, path}
}

// remount is the command that gives the mount its options back. Those of the file system, which other mounts of it have
// too, are left alone where they are right.
func (l layer) remount(path string, now layer) []string {
	if l.super == now.super {
		return []string{"mount", "-o", "remount,bind," + explicit(l.options), path}
	}
	return []string{"mount", "-t", l.fstype, "-o", "remount," + explicit(l.options) + "," + l.super, "--", l.source, path}
}

// explicit are options that say what the kernel leaves out, so that nothing of the options before stays.
func explicit(opts string) string {
	words := strings.Split(opts, ",")
	for _, pair := range [][2]string{{"ro", "rw"}, {"nosuid", "suid"}, {"nodev", "dev"}, {"noexec", "exec"}, {"nodiratime", "diratime"}} {
		if !slices.Contains(words, pair[0]) && !slices.Contains(words, pair[1]) {
			words = append(words, pair[1])
		}
	}
	if !slices.Contains(words, "relatime") && !slices.Contains(words, "noatime") {
		words = append(words, "strictatime")
	}
	return strings.Join(words, ",")
}
