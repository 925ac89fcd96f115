package facts

import (
	"strings"
)

func apparmor(g *gathering) {
	status := "disabled"
	if exists("/sys/kernel/security/apparmor") {
		status = "enabled"
	}
	g.set("apparmor", dict("status", status))
}

func fips(g *gathering) {
	g.set("fips", contentOf("/proc/sys/crypto/fips_enabled") == "1")
}

func selinux(g *gathering) {
	if !exists("/sys/fs/selinux/enforce") {
		g.set("selinux", dict("status", "disabled"))
		return
	}
	config := map[string]string{}
	for _, line := range lines("/etc/selinux/config") {
		if key, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			config[key] = strings.TrimSpace(v)
		}
	}
	mode := "permissive"
	if contentOf("/sys/fs/selinux/enforce") == "1" {
		mode = "enforcing"
	}
	g.set("selinux", dict("status", "enabled", "policyvers", number(contentOf("/sys/fs/selinux/policyvers")),
		"config_mode", orUnknown(config["SELINUX"]), "mode", mode, "type", orUnknown(config["SELINUXTYPE"])))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
