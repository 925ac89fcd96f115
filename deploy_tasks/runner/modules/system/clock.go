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
	option := "--utc"
	if before == "local" {
		option = "--localtime"
	}
	if _, err := change.Demand(t, kit.FindTool(t.Find, "hwclock"), "--systohc", option); err != nil {
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
