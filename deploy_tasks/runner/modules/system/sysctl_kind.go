package system

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

const (
	parametersKind = "kernel parameters"
	parametersRoot = "/proc/sys/"
)

// parameters are those of the kernel that one step sets together. Their names are those that the command takes.
type parameters struct{}

// Inspect implements change.Kind: the text of each parameter that can be read.
func (parameters) Inspect(t change.Tools, name string) (any, error) {
	command := kit.FindTool(t.Find, "sysctl")
	out := value.NewDict()
	for _, key := range strings.Fields(name) {
		now, err := readParameter(t, command, key)
		if err != nil {
			return nil, err
		}
		if now != nil {
			out.Set(key, *now)
		}
	}
	return out, nil
}

// readParameter is a parameter's text; nil when it is not there or can only be written.
func readParameter(t change.Tools, command, key string) (*string, error) {
	if command == "" {
		return nil, errors.New("there is no sysctl any more")
	}
	out, err := t.Run([]string{command, "-n", key}, "")
	if err != nil || out.Code != 0 {
		return nil, err
	}
	text := strings.TrimSuffix(out.Stdout, "\n")
	return &text, nil
}

// Restore implements change.Kind. The kernel changes some parameters along with others, and takes a few only in one order:
// what is not as it was yet is set again.
func (p parameters) Restore(t change.Tools, name string, before, _ any) error {
	was, _ := before.(*value.Dict)
	command := kit.FindTool(t.Find, "sysctl")
	keys := strings.Fields(name)
	var failed error
	for range keys {
		done := true
		failed = nil
		for _, key := range keys {
			wanted, ok := was.Get(key)
			now, err := readParameter(t, command, key)
			if err != nil {
				return err
			}
			if !ok || now != nil && *now == wanted {
				continue
			}
			done = false
			out, err := t.Run([]string{command, "-w", key + "=" + value.Str(wanted)}, "")
			if err != nil {
				return err
			}
			if out.Code != 0 || refused(out.Stderr) {
				failed = fmt.Errorf("sysctl -w %s: %s", key, kit.Said(out))
			}
		}
		if done {
			return nil
		}
	}
	now, err := p.Inspect(t, name)
	if err != nil || value.Equal(now, before) {
		return err
	}
	return failed
}

// parameterPath is where a parameter, or a pattern of some, lies. The first of / and . parts the names, the other is one
// of their letters.
func parameterPath(key string) string {
	if i := strings.IndexAny(key, "/."); i >= 0 && key[i] == '.' {
		key = strings.Map(func(r rune) rune {
			switch r {
			case '.':
				return '/'
			case '/':
				return '.'
			}
			return r
		}, key)
	}
	return filepath.Join(parametersRoot, key)
}

// linked are parameters that the kernel changes along with one.
var linked = map[string][]string{
	"vm/dirty_ratio":                  {"vm/dirty_bytes"},
	"vm/dirty_bytes":                  {"vm/dirty_ratio"},
	"vm/dirty_background_ratio":       {"vm/dirty_background_bytes"},
	"vm/dirty_background_bytes":       {"vm/dirty_background_ratio"},
	"vm/overcommit_ratio":             {"vm/overcommit_kbytes"},
	"vm/overcommit_kbytes":            {"vm/overcommit_ratio"},
	"net/ipv4/ip_forward":             {"net/ipv4/conf/*/forwarding", "net/ipv4/conf/*/accept_redirects"},
	"net/ipv4/conf/all/forwarding":    {"net/ipv4/ip_forward", "net/ipv4/conf/*/forwarding", "net/ipv4/conf/*/accept_redirects"},
	"net/ipv6/conf/all/forwarding":    {"net/ipv6/conf/*/forwarding"},
	"net/ipv6/conf/all/disable_ipv6":  {"net/ipv6/conf/*/disable_ipv6"},
	"net/ipv4/conf/all/bc_forwarding": {"net/ipv4/conf/*/bc_forwarding"},
}

// together are these parameters and those that the kernel changes along with them.
func together(keys []string) []string {
	out := slices.Clone(keys)
	for _, key := range keys {
		for _, pattern := range linked[strings.TrimPrefix(parameterPath(key), parametersRoot)] {
			found, _ := filepath.Glob(filepath.Join(parametersRoot, pattern))
			for _, path := range found {
				name := strings.TrimPrefix(path, parametersRoot)
				if _, err := os.Lstat(path); err == nil && asWord("parameter", name) == nil && parameterPath(name) != parameterPath(key) {
					out = append(out, name)
				}
			}
		}
	}
	slices.Sort(out[len(keys):])
	return slices.Compact(out)
}
