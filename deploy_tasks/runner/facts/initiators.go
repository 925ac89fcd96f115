package facts

import (
	"path/filepath"
	"strings"
)

// How storage networks know this host.

func fibreChannel(g *gathering) {
	names := []any{}
	ports, _ := filepath.Glob("/sys/class/fc_host/*/port_name")
	for _, port := range ports {
		names = append(names, strings.TrimPrefix(contentOf(port), "0x"))
	}
	g.set("fibre_channel_wwn", names)
}

func iscsi(g *gathering) {
	g.set("iscsi_iqn", firstWith("/etc/iscsi/initiatorname.iscsi", "InitiatorName="))
}

func nvme(g *gathering) {
	name := firstWith("/etc/nvme/hostnqn", "nqn.")
	if name != "" {
		name = "nqn." + name
	}
	g.set("hostnqn", name)
}

// firstWith is the rest of the first line that begins with the prefix, empty without one.
func firstWith(path, prefix string) string {
	for _, line := range lines(path) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			return rest
		}
	}
	return ""
}
