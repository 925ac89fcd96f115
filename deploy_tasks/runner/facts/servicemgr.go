package facts

import (
	"os"
	"path/filepath"
	"strings"
)

func serviceManager(g *gathering) {
	first := contentOf("/proc/1/comm")
	if first == "" {
		first, _ = os.Readlink("/sbin/init")
	}
	if first = filepath.Base(first); first == "." || first == "init" || strings.HasSuffix(first, "sh") {
		first = ""
	}
	known := map[string]string{"procd": "openwrt_init", "runit-init": "runit", "svscan": "svc", "openrc-init": "openrc"}
	switch {
	case known[first] != "":
		g.set("service_mgr", known[first])
	case first != "":
		g.set("service_mgr", first)
	default:
		g.set("service_mgr", guessedServiceManager(g))
	}
}

func guessedServiceManager(g *gathering) string {
	switch {
	case g.text("system") == "Darwin":
		return "launchd"
	case g.text("distribution") == "OpenWrt":
		return "openwrt_init"
	case g.text("distribution") == "SMGL":
		return "simpleinit_msb"
	case g.text("system") != "Linux":
		return "service"
	}
	systemctl := inPath(g.env, "systemctl") != ""
	init, _ := os.Readlink("/sbin/init")
	switch {
	case systemctl && (exists("/run/systemd/system/") || exists("/dev/.run/systemd/") || exists("/dev/.systemd/")):
		return "systemd"
	case inPath(g.env, "initctl") != "" && exists("/etc/init/"):
		return "upstart"
	case exists("/sbin/openrc"):
		return "openrc"
	case systemctl && filepath.Base(init) == "systemd":
		return "systemd"
	case exists("/etc/init.d/"):
		return "sysvinit"
	case exists("/etc/dinit.d/"):
		return "dinit"
	}
	return "service"
}
