package services

import (
	"slices"
	"strings"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("service_facts", serviceFacts) }

var serviceFactsSpec = kit.Spec{}

// serviceFacts lists the host's services with their states; they become ansible_facts.services.
func serviceFacts(c *module.Call) module.Result {
	if _, err := serviceFactsSpec.Parse("service_facts", c); err != nil {
		return kit.Failure(err)
	}
	h, found := kit.Tools{Call: c}, kit.Dict()
	for _, list := range []func(host, *value.Dict) error{listScripts, listUnits} {
		if err := list(h, found); err != nil {
			return kit.Failure(err)
		}
	}
	if found.Len() == 0 {
		return module.Result{Skipped: true, Msg: "Failed to find any services. This can be due to privileges or some other configuration issue."}
	}
	return module.Result{Facts: kit.Dict("services", found)}
}

// listScripts lists what is no unit: init scripts, or OpenRC's services.
func listScripts(h host, into *value.Dict) error {
	service, chkconfig := h.Find("service"), h.Find("chkconfig")
	rcStatus, rcUpdate := h.Find("rc-status"), h.Find("rc-update")
	switch {
	case chkconfig != "":
		return listChkconfig(h, chkconfig, service, into)
	case rcStatus != "" && rcUpdate != "":
		return listOpenRC(h, rcStatus, rcUpdate, into)
	case service != "":
		out, err := h.Run([]string{service, "--status-all"}, "")
		readStatusAll(out.Stdout, into)
		return err
	}
	return nil
}

// readStatusAll reads lines such as " [ + ]  cron"; those with a question mark are of scripts without a status.
func readStatusAll(text string, into *value.Dict) {
	for _, line := range strings.Split(text, "\n") {
		sign, name, ok := strings.Cut(strings.TrimLeft(line, " \t"), " ]")
		name = strings.TrimLeft(name, " \t")
		if !ok || name == "" || sign != "[ +" && sign != "[ -" {
			continue
		}
		state := map[string]string{"[ +": "running", "[ -": "stopped"}[sign]
		into.Set(name, kit.Dict("name", name, "state", state, "source", "sysv"))
	}
}

func listChkconfig(h host, chkconfig, service string, into *value.Dict) error {
	out, err := h.Run([]string{chkconfig, "--list"}, "")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(out.Stdout, "\n") {
		name, enabled, ok := readChkconfig(line)
		if !ok || service == "" {
			continue
		}
		told, err := h.Run([]string{service, name, "status"}, "")
		if err != nil {
			return err
		}
		state := map[bool]string{true: "running", false: "stopped"}[told.Code == 0]
		status := map[bool]string{true: "enabled", false: "disabled"}[enabled]
		into.Set(name, kit.Dict("name", name, "state", state, "status", status, "source", "sysv"))
	}
	return nil
}

// readChkconfig reads a line with a name and, for each of seven runlevels, N:on or N:off.
func readChkconfig(line string) (name string, enabled, ok bool) {
	words := strings.Fields(line)
	if len(words) != 8 {
		return "", false, false
	}
	for _, word := range words[1:] {
		if _, state, cut := strings.Cut(word, ":"); !cut || state != "on" && state != "off" {
			return "", false, false
		}
	}
	return words[0], slices.Contains(words, "3:on"), true
}

func listOpenRC(h host, rcStatus, rcUpdate string, into *value.Dict) error {
	status, err := h.Run([]string{rcStatus, "-a", "-s", "-m"}, "")
	if err != nil {
		return err
	}
	shown, err := h.Run([]string{rcUpdate, "show", "-v"}, "")
	readOpenRC(status.Stdout+status.Stderr, shown.Stdout+shown.Stderr, into)
	return err
}

// readOpenRC joins the indented lines of rc-status, "cron [ started ]", with those of rc-update, "cron | default".
func readOpenRC(status, shown string, into *value.Dict) {
	levels := map[string][]string{}
	for _, line := range strings.Split(shown, "\n") {
		if name, list, ok := strings.Cut(line, "|"); ok {
			levels[strings.TrimSpace(name)] = strings.Fields(list)
		}
	}
	for _, line := range strings.Split(status, "\n") {
		words := strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(line))
		if !strings.HasPrefix(line, " ") || len(words) < 2 || words[0] == "*" {
			continue
		}
		in, known := levels[words[0]]
		if !known {
			continue
		}
		var runlevels any
		if len(in) > 0 {
			runlevels = kit.Items(in)
		}
		into.Set(words[0], kit.Dict("name", words[0], "runlevels", runlevels, "state", words[1], "source", "openrc"))
	}
}

// listUnits lists systemd's services, loaded ones and those that only have a file.
func listUnits(h host, into *value.Dict) error {
	systemctl := h.Find("systemctl")
	if systemctl == "" || !booted() {
		return nil
	}
	units, err := change.Demand(h, systemctl, "list-units", "--no-pager", "--type", "service", "--all", "--plain")
	if err != nil {
		return err
	}
	readUnits(units, into)
	files, err := change.Demand(h, systemctl, "list-unit-files", "--no-pager", "--type", "service", "--all")
	if err != nil {
		return err
	}
	return readUnitFiles(files, into, func(name string) (string, error) {
		out, err := h.Run([]string{systemctl, "show", name, "--property=ActiveState"}, "")
		if err != nil || out.Code != 0 || out.Stdout == "" {
			return "unknown", err
		}
		return strings.TrimRight(strings.TrimPrefix(out.Stdout, "ActiveState="), "\n "), nil
	})
}

var badStates = []string{"not-found", "masked", "failed"}

// readUnits reads UNIT LOAD ACTIVE SUB DESCRIPTION.
func readUnits(text string, into *value.Dict) {
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if !strings.Contains(line, ".service") || len(words) < 4 {
			continue
		}
		status := words[2]
		for _, word := range words[:len(words)-1] {
			if slices.Contains(badStates, word) {
				status = word
			}
		}
		state := map[bool]string{true: "running", false: "stopped"}[words[3] == "running"]
		into.Set(words[0], kit.Dict("name", words[0], "state", state, "status", status, "source", "systemd"))
	}
}

// readUnitFiles reads NAME STATE; active tells the state of a unit that is not loaded.
func readUnitFiles(text string, into *value.Dict, active func(string) (string, error)) error {
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if !strings.Contains(line, ".service") || len(words) < 2 {
			continue
		}
		name, status := words[0], words[1]
		if known, _ := at(into, name).(*value.Dict); known != nil {
			if !slices.Contains(badStates, value.Str(at(known, "status"))) {
				known.Set("status", status)
			}
			continue
		}
		state, err := active(name)
		if err != nil {
			return err
		}
		into.Set(name, kit.Dict("name", name, "state", state, "status", status, "source", "systemd"))
	}
	return nil
}
