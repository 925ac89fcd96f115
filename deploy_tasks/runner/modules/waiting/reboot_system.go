package waiting

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// system is what a host's commands depend on, each in small letters: the distribution with its version, the distribution,
// and its family.
type system []string

func systemOf(facts *value.Dict) system {
	text := func(name string) string {
		v, _ := facts.Get("ansible_" + name)
		return strings.ToLower(value.Str(v))
	}
	major, _, _ := strings.Cut(text("distribution_version"), ".")
	return system{text("distribution") + major, text("distribution"), text("os_family")}
}

// of is what a table has for the host, most exactly first.
func (s system) of(table map[string]string, otherwise string) string {
	for _, name := range s {
		if found, known := table[name]; known {
			return found
		}
	}
	return otherwise
}

func bootCommands() map[string]string {
	const sysctl, who = "/sbin/sysctl kern.boottime", "who -b"
	return map[string]string{"freebsd": sysctl, "openbsd": sysctl, "macosx": who, "solaris": who, "sunos": who, "aix": who,
		"vmkernel": "grep booted /var/log/vmksummary.log | tail -n 1"}
}

func (r *rebooting) bootCommand() string {
	if given := r.p.Str("boot_time_command"); given != "" {
		return given
	}
	return r.kind.of(bootCommands(), "cat /proc/sys/kernel/random/boot_id")
}

func (r *rebooting) testCommand() string {
	if given := r.p.Optional("test_command"); given != nil {
		return *given
	}
	return r.kind.of(map[string]string{"solaris": "who", "vmkernel": "who"}, "whoami")
}

// command is what restarts the host: a line for the shell when it is the plan's own.
func (r *rebooting) command() ([]string, error) {
	if given := r.p.Optional("reboot_command"); given != nil {
		name, words, _ := strings.Cut(*given, " ")
		full, err := r.find(name)
		return kit.ShellArgv("", full+" "+words, nil), err
	}
	full, err := r.find(r.kind.of(map[string]string{"alpine": "reboot", "vmkernel": "reboot"}, "shutdown"))
	return append([]string{full}, shutdownWords(r.kind, max(r.p.Int("pre_reboot_delay"), 0), r.p.Str("msg"))...), err
}

// shutdownWords are the words after the command, by system.
func shutdownWords(s system, delay int64, msg string) []string {
	minutes, seconds := strconv.FormatInt(delay/60, 10), strconv.FormatInt(delay, 10)
	switch s.of(map[string]string{"alpine": "none", "void": "plus", "macosx": "plus", "openbsd": "plus", "freebsd": "seconds",
		"solaris": "init", "sunos": "init", "vmkernel": "delay", "aix": "fast"}, "") {
	case "none":
		return nil
	case "plus":
		return []string{"-r", "+" + minutes, msg}
	case "seconds":
		return []string{"-r", "+" + seconds + "s", msg}
	case "init":
		return []string{"-y", "-g", seconds, "-i", "6", msg}
	case "delay":
		return []string{"-d", seconds}
	case "fast":
		return []string{"-Fr"}
	}
	return []string{"-r", minutes, msg}
}

// find is where a command is: as it is written, or in the first of the folders that has it.
func (r *rebooting) find(name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return name, nil
	}
	folders := r.p.List("search_paths")
	for _, folder := range folders {
		full := filepath.Join(folder, name)
		if _, err := os.Lstat(full); err == nil && name != "" {
			return full, nil
		}
	}
	return "", fmt.Errorf("Unable to find command \"%s\" in search paths: %s", name, value.Repr(kit.Items(folders)))
}
