package services

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

func init() { change.RegisterKind(sysvService, sysvKind{}) }

// sysvService is the kind of services that have an init script. One whose script tells no state is named NAME seen as TEXT.
const (
	sysvService = "init script"
	seenAs      = " seen as "
)

const scripts = "/etc/init.d"

// script is a service's init script; a path is one already.
func script(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return filepath.Join(scripts, name)
}

func scriptExists(name string) bool {
	_, err := os.Stat(script(name))
	return err == nil
}

// linked tells whether a service is started in a runlevel, in any with "".
func linked(name, runlevel string) bool { return links("S", name, runlevel) }

func links(letter, name, runlevel string) bool {
	folders := "/etc/rc"
	if info, err := os.Stat("/etc/rc0.d"); err != nil || !info.IsDir() {
		folders = "/etc/init.d/rc"
	}
	if runlevel == "" {
		runlevel = "?"
	}
	found, err := filepath.Glob(folders + runlevel + ".d/" + letter + "??" + name)
	return err == nil && len(found) > 0
}

// bootLinks is all that update-rc.d, insserv and chkconfig write.
func bootLinks() []string {
	out := []string{"/etc/systemd/system"} // update-rc.d keeps a native unit of the same name in step
	for _, level := range "0123456S" {
		out = append(out, "/etc/rc"+string(level)+".d", "/etc/rc.d/rc"+string(level)+".d", "/etc/init.d/rc"+string(level)+".d")
	}
	for _, moment := range []string{"boot", "start", "stop"} {
		out = append(out, "/etc/init.d/.depend."+moment)
	}
	for _, level := range []string{"boot", "default", "nonetwork", "off", "recovery", "shutdown", "single", "sysinit"} {
		out = append(out, "/etc/runlevels/"+level)
	}
	return out
}

// words tell, in what a script says of its status, that the service runs or does not; its own name tells nothing.
func readStatus(name, text string) (running, known bool) {
	text = strings.ReplaceAll(strings.ToLower(text), strings.ToLower(name), "")
	not := strings.Contains(text, "not ")
	switch {
	case strings.Contains(text, "stop"):
		return false, true
	case strings.Contains(text, "run"):
		return !not, true
	case strings.Contains(text, "start") && !not:
		return true, true
	}
	for _, dead := range []string{"could not access pid file", "is dead and pid file exists", "dead but subsys locked", "dead but pid file exists"} {
		if strings.Contains(text, dead) {
			return false, true
		}
	}
	return false, false
}

// judge reads a status: an exit status that means down is believed first, then words on a single line.
func judge(name string, out change.Output) (running, known bool) {
	if exitMeansDown(out.Code) {
		return false, true
	}
	if strings.Count(out.Stdout, "\n") <= 1 {
		if running, known := readStatus(name, out.Stdout); known {
			return running, true
		}
	}
	if out.Code == 0 || name == "iptables" && strings.Contains(out.Stdout, "ACCEPT") {
		return true, true
	}
	return false, false
}

func exitMeansDown(code int) bool { return code >= 1 && code <= 4 || code == 69 }

// processes tells whether some process has the text in its command line.
func processes(t change.Tools, text string) (bool, error) {
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(found) == 0 {
		return processesByPs(t, text)
	}
	self := strconv.Itoa(os.Getpid())
	for _, path := range found {
		line, err := os.ReadFile(path)
		if err != nil || filepath.Base(filepath.Dir(path)) == self {
			continue
		}
		words := strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
		if strings.Contains(words, text) && !strings.Contains(words, "pattern=") {
			return true, nil
		}
	}
	return false, nil
}

func processesByPs(t change.Tools, text string) (bool, error) {
	listed, err := change.Demand(t, "ps", "auxww")
	for _, line := range strings.Split(listed, "\n") {
		if strings.Contains(line, text) && !strings.Contains(line, "pattern=") {
			return true, err
		}
	}
	return false, err
}

// sysvArgv is how a service's script is called: through the program service where there is one.
func sysvArgv(t change.Tools, name, verb string) []string {
	if program := lookFor(t, "service"); program != "" && !strings.HasPrefix(name, "/") {
		return []string{program, name, verb}
	}
	return []string{script(name), verb}
}

type sysvKind struct{}

// Inspect implements change.Kind.
func (sysvKind) Inspect(t change.Tools, thing string) (any, error) {
	name, pattern, seen := strings.Cut(thing, seenAs)
	if seen {
		running, err := processes(t, pattern)
		return activity(running), err
	}
	out, err := t.Run(sysvArgv(t, name, "status"), "")
	if err != nil {
		return nil, err
	}
	running, _ := judge(name, out)
	return activity(running), nil
}

// Restore implements change.Kind.
func (sysvKind) Restore(t change.Tools, thing string, before, _ any) error {
	name, _, _ := strings.Cut(thing, seenAs)
	verb := "stop"
	if wasActive(before) {
		verb = "start"
	}
	_, err := change.Demand(t, sysvArgv(t, name, verb)...)
	return err
}

// sysvThing is how the journal calls a service that has a script.
func sysvThing(name, pattern string) string {
	if pattern != "" {
		return name + seenAs + pattern
	}
	return name
}

// sysvAgain is a command for after an undo.
func sysvAgain(t change.Tools, name, verb string) []string {
	if verb == "restart" {
		verb = "stop, start"
	}
	argv := sysvArgv(t, name, verb)
	return ifRunning(verb, argv[:len(argv)-1]...)
}

// failedTo words a command that ended badly, as it said it itself.
func failedTo(what string, out change.Output) error {
	if text := kit.Said(out); text != "" {
		return fmt.Errorf("%s", text)
	}
	return fmt.Errorf("%s: exit status %d", what, out.Code)
}
