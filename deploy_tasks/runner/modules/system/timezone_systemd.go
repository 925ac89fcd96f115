package system

import (
	"strings"

	"runner/fmt"
)

// byTimedatectl is a host with systemd.
type byTimedatectl struct {
	*zoning
	program string
}

// timedateFiles are what systemd writes, and what older tools read.
var timedateFiles = []string{localtime, "/etc/timezone", "/etc/adjtime"}

func (b *byTimedatectl) get(key string, _ bool) (string, error) {
	status, err := b.execute(b.program, "status")
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(status, "\n") {
		name, said, ok := strings.Cut(line, ":")
		words := strings.Fields(said)
		if !ok || len(words) == 0 {
			continue
		}
		switch name = strings.TrimSpace(name); {
		case key == "name" && (name == "Time zone" || name == "Timezone"):
			return words[0], nil
		case key == "hwclock" && name == "RTC in local TZ":
			return map[bool]string{true: "local", false: "UTC"}[words[0] == "yes"], nil
		}
	}
	return "", fmt.Errorf("timedatectl does not tell the %s", key)
}

func (b *byTimedatectl) set(key string) error {
	words := []string{b.program, "set-timezone", b.zone}
	if key == "hwclock" {
		words = []string{b.program, "set-local-rtc", map[bool]string{true: "yes", false: "no"}[b.wanted[key] == "local"]}
	}
	act := func() error {
		_, err := b.execute(words...)
		return err
	}
	var err error
	if key == "hwclock" {
		err = b.c.Log.Set(clockKind, "hardware clock", act)
	} else {
		err = b.c.Log.Around(timedateFiles[:2], "timedatectl set-timezone", act)
	}
	if err == nil {
		b.said = append(b.said, "executed `"+strings.Join(words, " ")+"`")
	}
	return err
}
