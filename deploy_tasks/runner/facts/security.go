package facts

import (
	"path/filepath"
	"strings"
)

func apparmor(g *gathering) {
	status := "disabled"
	if exists("/sys/kernel/security/apparmor") {
		status = "enabled"
	}
	g.set("apparmor", dict("status", status))
}

// capabilities are what the system's own command says about itself.
func capabilities(g *gathering) {
	var enforced, held any = "N/A", "N/A"
	if out := g.printed("capsh", "--print"); out != "" {
		enforced, held = "NA", []any{}
		for _, line := range strings.Split(out, "\n") {
			if current, ok := strings.CutPrefix(line, "Current:"); ok && strings.TrimSpace(current) == "=ep" {
				enforced = "False"
			} else if parts := strings.Split(line, "="); ok && len(parts) > 1 {
				enforced, held = "True", texts(trimmed(strings.Split(parts[1], ",")))
			}
		}
	}
	g.set("system_capabilities_enforced", enforced)
	g.set("system_capabilities", held)
}

func trimmed(words []string) []string {
	for i, word := range words {
		words[i] = strings.TrimSpace(word)
	}
	return words
}

func fips(g *gathering) {
	g.set("fips", contentOf("/proc/sys/crypto/fips_enabled") == "1")
}

func selinux(g *gathering) {
	there := hasSELinuxLibrary()
	g.set("selinux_python_present", there)
	if !exists("/sys/fs/selinux/enforce") {
		status := "disabled"
		if !there {
			status = "Missing selinux Python library"
		}
		g.set("selinux", dict("status", status))
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

// hasSELinuxLibrary tells whether Ansible would have what it asks: Python loads the system's own library.
func hasSELinuxLibrary() bool {
	for _, folder := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*"} {
		if found, _ := filepath.Glob(folder + "/libselinux.so.1"); len(found) > 0 {
			return true
		}
	}
	return false
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
