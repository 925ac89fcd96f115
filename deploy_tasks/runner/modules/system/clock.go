package system

import (
	"errors"
	"os"
	"strings"

	"runner/change"
	"runner/modules/kit"
)

// clockKind is the kind of the hardware clock: whether it has the local time or UTC.
const clockKind = "clock"

const adjtime = "/etc/adjtime"

type clock struct{}

// Inspect implements change.Kind: what the third line of /etc/adjtime says; nil without the file.
func (clock) Inspect(change.Tools, string) (any, error) {
	if !kit.Exists(adjtime) {
		return nil, nil
	}
	return adjusted()
}

// adjusted is local or UTC, which is what holds when nothing is said.
func adjusted() (string, error) {
	text, err := kit.ReadAll(adjtime)
	for _, line := range strings.Split(string(text), "\n") {
		if line == "UTC" || line == "LOCAL" {
			return map[bool]string{true: "UTC", false: "local"}[line == "UTC"], err
		}
	}
	return "UTC", err
}

// Restore implements change.Kind: the clock is set from the time of the system.
func (clock) Restore(t change.Tools, _ string, before, _ any) error {
	argv, err := clockTool(func(name string) string { return kit.FindTool(t.Find, name) }, before == "local")
	if err != nil {
		return err
	}
	if _, err := change.Demand(t, argv...); err != nil {
		return err
	}
	if before != nil {
		return nil
	}
	if err := os.Remove(adjtime); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// clockTool is the command that sets the clock from the time of the system; systems with systemd may have no hwclock.
func clockTool(find func(string) string, local bool) ([]string, error) {
	if program := find("hwclock"); program != "" {
		return []string{program, "--systohc", map[bool]string{true: "--localtime", false: "--utc"}[local]}, nil
	}
	if program := find("timedatectl"); program != "" {
		return []string{program, "set-local-rtc", map[bool]string{true: "yes", false: "no"}[local]}, nil
	}
	return nil, errors.New("neither hwclock nor timedatectl is there any more")
}
