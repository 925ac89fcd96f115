package system

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
)

// inFile is a host that keeps its name in a file of one line; the name it has now stays until it starts again.
type inFile struct {
	*naming
	path string
}

func (f inFile) current() (string, error) { return f.permanent() }

func (f inFile) permanent() (string, error) {
	text, err := kit.ReadAll(f.path)
	return strings.TrimSpace(string(text)), err
}

func (f inFile) setCurrent() error { return nil }

func (f inFile) setPermanent() error { return f.write(f.path, f.name+"\n") }

// byAlpine reads the name from the file at once.
type byAlpine struct {
	inFile
	program string
}

func (a byAlpine) setCurrent() error {
	return a.runningName(func() error {
		_, err := a.command(a.program, "-F", a.path)
		return err
	})
}

// byLine is a host with the name in a line of a file of settings.
type byLine struct {
	*naming
	path, start, quote string
	insisting          bool // a file without such a line is an error, and gets one
}

func (l byLine) current() (string, error) { return l.permanent() }

func (l byLine) setCurrent() error { return nil }

func (l byLine) permanent() (string, error) {
	text, err := kit.ReadAll(l.path)
	if err != nil {
		return "", fmt.Errorf("failed to read hostname: %s", kit.Reason(err))
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, l.start) {
			_, name, _ := strings.Cut(line, "=")
			return strings.Trim(strings.TrimSpace(name), l.quote), nil
		}
	}
	if l.insisting {
		return "", errors.New("Unable to locate HOSTNAME entry in " + l.path)
	}
	return "", nil
}

func (l byLine) setPermanent() error {
	text, err := kit.ReadAll(l.path)
	if err != nil {
		return fmt.Errorf("failed to update hostname: %s", kit.Reason(err))
	}
	return l.write(l.path, l.edited(string(text)))
}

func (l byLine) edited(text string) string {
	line := strings.TrimSuffix(l.start, "=") + "=" + l.quote + l.name + l.quote
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	found := false
	for i := range lines {
		if !l.insisting {
			lines[i] = strings.TrimSpace(lines[i])
		}
		if strings.HasPrefix(strings.TrimSpace(lines[i]), l.start) && (l.insisting || !found) {
			lines[i], found = line, true
		}
	}
	if !found && l.insisting {
		lines = append(lines, line)
	}
	return strings.TrimPrefix(strings.Join(lines, "\n")+"\n", "\n")
}

// byHostnamectl is a host with systemd.
type byHostnamectl struct {
	*naming
	program string
}

func (h byHostnamectl) current() (string, error) {
	return h.command(h.program, "--transient", "status")
}

func (h byHostnamectl) permanent() (string, error) {
	return h.command(h.program, "--static", "status")
}

func (h byHostnamectl) setCurrent() error { return h.set("--transient") }

// setPermanent changes the name that the kernel has, too, and files.
func (h byHostnamectl) setPermanent() error { return h.set("--pretty", "--static") }

func (h byHostnamectl) set(which ...string) error {
	if len(h.name) > 64 {
		return errors.New("name cannot be longer than 64 characters on systemd servers, try a shorter name")
	}
	argv := append(append([]string{h.program}, which...), "set-hostname", h.name)
	return h.runningName(func() error {
		return h.c.Log.Around([]string{"/etc/hostname", "/etc/machine-info"}, "hostnamectl "+strings.Join(which, " "), func() error {
			_, err := h.command(argv...)
			return err
		})
	})
}
